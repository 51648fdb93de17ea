//! From a video to expected and to drawn responses.

use ndarray::{Array2, ArrayView3, Axis};
use striate_base::{CancelToken, RandomStream};
use striate_stimuli::GaussianBlur;

use super::config::NormalisationLaw;
use super::error::SimulationError;
use super::filter::GaborFilter;
use super::state::TrialState;
use super::truth::{CellKind, NeuronTruth};

/// A video as the cells see it: contrast and local contrast energy of every frame.
pub(super) struct SeenVideo {
    width: usize,
    /// Contrast (-1 black, 1 white), one vector of `height * width` per frame.
    contrast: Vec<Vec<f32>>,
    /// Variance of contrast under the pool's Gaussian, likewise.
    energy: Vec<Vec<f32>>,
    /// Weights of past energy in the pool, of sum 1; entry `l` weighs the frame `l` frames ago.
    memory: Vec<f32>,
    /// Square of the semi-saturation contrast.
    floor: f32,
}

impl SeenVideo {
    /// Prepare a video `[frame, height, width]` of luminances 0..255.
    pub(super) fn new(video: ArrayView3<f32>, law: &NormalisationLaw) -> Self {
        let width = video.len_of(Axis(2));
        let blur = GaussianBlur::new(law.pool_sigma_px);
        let mut scratch = Vec::new();
        let (mut contrast, mut energy) = (Vec::new(), Vec::new());
        for frame in video.axis_iter(Axis(0)) {
            let values: Vec<f32> =
                frame.iter().map(|v| v / striate_stimuli::MEAN_LUMINANCE - 1.0).collect();
            let mut mean = values.clone();
            blur.apply(&mut mean, width, &mut scratch);
            let mut variance: Vec<f32> = values.iter().map(|v| v * v).collect();
            blur.apply(&mut variance, width, &mut scratch);
            for (square, mean) in variance.iter_mut().zip(mean) {
                // Rounding can leave a uniform patch slightly below zero.
                *square = (*square - mean * mean).max(0.0);
            }
            contrast.push(values);
            energy.push(variance);
        }
        let n_lags = (4.0 * law.pool_frames).ceil() as usize;
        let raw: Vec<f64> = (0..=n_lags).map(|l| (-(l as f64) / law.pool_frames).exp()).collect();
        let total: f64 = raw.iter().sum();
        let memory = raw.iter().map(|w| (w / total) as f32).collect();
        Self { width, contrast, energy, memory, floor: law.semi_saturation.powi(2) as f32 }
    }

    /// Normalised drive of every neuron with the eye on the path `eye_px` (`[2, frame]`, still
    /// where absent): `[neuron, frame]`.
    pub(super) fn drive(
        &self,
        neurons: &[NeuronTruth],
        eye_px: Option<&Array2<f32>>,
        cancel: &CancelToken,
    ) -> Result<Array2<f32>, SimulationError> {
        let mut drive = Array2::zeros((neurons.len(), self.contrast.len()));
        for (neuron, mut row) in neurons.iter().zip(drive.rows_mut()) {
            if cancel.is_cancelled() {
                return Err(SimulationError::Cancelled);
            }
            for (value, computed) in row.iter_mut().zip(self.drive_of(neuron, eye_px)) {
                *value = computed;
            }
        }
        Ok(drive)
    }

    fn drive_of(&self, neuron: &NeuronTruth, eye_px: Option<&Array2<f32>>) -> Vec<f32> {
        let mut filter = GaborFilter::new(&neuron.receptive_field);
        let [x, y] = neuron.receptive_field.centre_px;
        let (mut linear, mut energy) = (Vec::new(), Vec::new());
        for (frame, (contrast, map)) in self.contrast.iter().zip(&self.energy).enumerate() {
            let shift = eye_px.map_or([0.0, 0.0], |path| {
                [f64::from(path[[0, frame]]), f64::from(path[[1, frame]])]
            });
            linear.push(filter.respond(contrast, self.width, shift));
            energy.push(self.interpolate(map, x + shift[0], y + shift[1]));
        }
        let single = |kernel: &[f64]| kernel.iter().map(|&k| k as f32).collect::<Vec<f32>>();
        let kernel = single(&neuron.kernel);
        let quadrature = neuron.quadrature_kernel.as_deref().map(single);
        let (sine, cosine) = neuron.receptive_field.phase_deg.to_radians().sin_cos();
        let at = |frame: usize| {
            let filtered = |k: &[f32]| [0, 1].map(|part| past_sum(k, frame, |f| linear[f][part]));
            let [mut re, mut im] = filtered(&kernel);
            if let Some(quadrature) = &quadrature {
                let [slow_re, slow_im] = filtered(quadrature);
                (re, im) = (re - slow_im, im + slow_re);
            }
            let squared = match neuron.kind {
                CellKind::Simple => (cosine as f32 * re - sine as f32 * im).max(0.0).powi(2),
                CellKind::Complex => re * re + im * im,
            };
            squared / (self.floor + past_sum(&self.memory, frame, |f| energy[f]))
        };
        (0..self.contrast.len()).map(at).collect()
    }

    /// A map's value between pixels, bilinearly; outside, that of the nearest border.
    fn interpolate(&self, map: &[f32], x: f64, y: f64) -> f32 {
        let height = map.len() / self.width;
        let (x0, x1, along_x) = neighbours(x, self.width);
        let (y0, y1, along_y) = neighbours(y, height);
        let row = |y: usize| {
            let (left, right) = (map[y * self.width + x0], map[y * self.width + x1]);
            left + along_x * (right - left)
        };
        row(y0) + along_y * (row(y1) - row(y0))
    }
}

/// The pixels around a coordinate on an axis of `length` pixels, and how far it lies between them.
fn neighbours(at: f64, length: usize) -> (usize, usize, f32) {
    let last = length.saturating_sub(1);
    let at = at.clamp(0.0, last as f64);
    let low = at.floor() as usize;
    (low, (low + 1).min(last), (at - low as f64) as f32)
}

/// Weighted sum over this frame and those before it; before the first frame all is grey.
fn past_sum(weights: &[f32], frame: usize, value: impl Fn(usize) -> f32) -> f32 {
    weights
        .iter()
        .take(frame + 1)
        .enumerate()
        .map(|(lag, weight)| weight * value(frame - lag))
        .sum()
}

/// Rates at the state's mean gain, from normalised drive; both `[neuron, frame]`.
pub(super) fn stimulus_rates(neurons: &[NeuronTruth], mut drive: Array2<f32>) -> Array2<f32> {
    for (neuron, mut row) in neurons.iter().zip(drive.rows_mut()) {
        row.mapv_inplace(|d| (neuron.spontaneous_rate + neuron.drive_gain * f64::from(d)) as f32);
    }
    drive
}

/// Rates in the state of a trial: `stimulus_rates` times the gain `exp(w . z - |w|^2 / 2)`, whose
/// mean over states is 1.
pub(super) fn rates(
    neurons: &[NeuronTruth],
    stimulus_rates: &Array2<f32>,
    state: &TrialState,
) -> Array2<f32> {
    let mut rates = stimulus_rates.clone();
    for (neuron, mut row) in neurons.iter().zip(rates.rows_mut()) {
        let half_square = 0.5 * neuron.loadings.iter().map(|w| w * w).sum::<f64>();
        for (frame, rate) in row.iter_mut().enumerate() {
            let latents = state.latents.column(frame);
            let load: f64 =
                neuron.loadings.iter().zip(latents).map(|(w, &z)| w * f64::from(z)).sum();
            *rate *= (load - half_square).exp() as f32;
        }
    }
    rates
}

/// Responses drawn from their rates, both `[neuron, frame]`: zero where no event falls into a
/// frame, else the sum of its events, which is gamma with `shape` times as many degrees.
pub(super) fn draw_responses(
    neurons: &[NeuronTruth],
    rates: &Array2<f32>,
    shape: f64,
    random: &mut RandomStream,
) -> Array2<f32> {
    let mut responses = rates.clone();
    for (neuron, mut row) in neurons.iter().zip(responses.rows_mut()) {
        row.mapv_inplace(|rate| {
            let events = random.poisson(f64::from(rate) / neuron.event_size) as f64;
            random.gamma(events * shape, neuron.event_size / shape) as f32
        });
    }
    responses
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::config::SimulationConfig;
    use crate::simulate::population::draw_population;
    use striate_base::Streams;
    use striate_stimuli::{Canvas, Grating, grating};

    fn cell(kind: CellKind) -> NeuronTruth {
        let mut neuron = draw_population(&SimulationConfig::tiny(), &Streams::new(1)).remove(0);
        neuron.kind = kind;
        neuron.receptive_field.centre_px = [20.0, 12.0];
        neuron
    }

    /// Drive by a grating of the cell's orientation and wavelength drifting at 4 Hz.
    fn drive(kind: CellKind, contrast: f64) -> Vec<f32> {
        let neuron = cell(kind);
        let canvas = Canvas { n_frames: 60, height: 25, width: 41, frame_rate_hz: 30.0 };
        let shown = Grating {
            direction_deg: neuron.receptive_field.orientation_deg + 90.0,
            frequency_cycles_per_px: 1.0 / neuron.receptive_field.wavelength_px,
            temporal_frequency_hz: 4.0,
            contrast,
            ..Grating::default()
        };
        let video = grating(&canvas, &shown).unwrap();
        let seen = SeenVideo::new(video.view(), &NormalisationLaw::default());
        let drive = seen.drive(&[neuron], None, &CancelToken::new()).unwrap();
        drive.row(0).iter().skip(30).copied().collect()
    }

    fn modulation(drive: &[f32]) -> f32 {
        let high = drive.iter().copied().fold(0.0, f32::max);
        let low = drive.iter().copied().fold(f32::MAX, f32::min);
        (high - low) / (high + low)
    }

    #[test]
    fn simple_cell_follows_the_phase_and_complex_cell_does_not() {
        assert!(modulation(&drive(CellKind::Simple, 0.5)) > 0.95);
        // The pooled energy itself swings a little with the phase of the grating.
        assert!(modulation(&drive(CellKind::Complex, 0.5)) < 0.15);
    }

    #[test]
    fn normalisation_saturates_with_contrast() {
        let mean = |c| drive(CellKind::Complex, c).iter().sum::<f32>() / 30.0;
        let (low, middle, high) = (mean(0.05), mean(0.1), mean(0.8));
        // Drive over s^2 + c^2 / 2: nearly quadratic at low contrast, nearly flat at high.
        assert!(middle / low > 3.0 && high / mean(0.4) < 1.3, "{low} {middle} {high}");
    }

    #[test]
    fn moving_the_eye_is_moving_the_picture() {
        let config = SimulationConfig::tiny();
        let canvas = Canvas { n_frames: 20, height: 25, width: 41, frame_rate_hz: 30.0 };
        let mut random = Streams::new(2).stream("video");
        let video = striate_stimuli::natural_video(&canvas, &config.video, &mut random).unwrap();
        let seen = SeenVideo::new(video.view(), &NormalisationLaw::default());
        let neuron = cell(CellKind::Complex);
        let mut moved = neuron.clone();
        moved.receptive_field.centre_px = [23.0, 11.0];
        let eye = Array2::from_shape_fn((2, 20), |(axis, _)| if axis == 0 { 3.0 } else { -1.0 });
        let cancel = CancelToken::new();
        let by_eye = seen.drive(&[neuron], Some(&eye), &cancel).unwrap();
        assert_eq!(by_eye, seen.drive(&[moved], None, &cancel).unwrap());
    }

    #[test]
    fn responses_have_the_stated_moments_and_zeros() {
        let mut neuron = cell(CellKind::Simple);
        neuron.event_size = 2.0;
        let n = 200_000;
        let rates = Array2::from_elem((1, n), 1.5f32);
        let mut random = Streams::new(3).stream("noise");
        let drawn = draw_responses(&[neuron], &rates, 2.0, &mut random);
        let mean = drawn.iter().map(|&v| f64::from(v)).sum::<f64>() / n as f64;
        let square = drawn.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / n as f64;
        let zeros = drawn.iter().filter(|&&v| v == 0.0).count() as f64 / n as f64;
        // Five standard errors; variance = 1.5 * 2 * (1 + 1/2) = 4.5, zeros = e^{-0.75}.
        assert!((mean - 1.5).abs() < 5.0 * (4.5 / n as f64).sqrt());
        assert!((square - mean * mean - 4.5).abs() < 0.2, "{}", square - mean * mean);
        assert!((zeros - (-0.75f64).exp()).abs() < 5.0 * (0.25 / n as f64).sqrt());
    }
}
