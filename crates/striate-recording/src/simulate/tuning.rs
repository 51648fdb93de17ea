//! What a model neuron prefers, from its parameters alone.

use std::f64::consts::{PI, TAU};

use ndarray::Array3;

use super::filter::GaborFilter;
use super::truth::NeuronTruth;

/// Points of the temporal spectrum per frame of the kernel, so dense that none of its peaks lies
/// between two of them unseen.
const POINTS_PER_LAG: usize = 16;

impl NeuronTruth {
    /// Modulus of the linear response to drifting gratings of the cell's orientation and wavelength
    /// at full contrast: drifting towards `orientation_deg + 90`, and towards `orientation_deg - 90`.
    ///
    /// Drift of angular frequency `w` turns the response of the complex Gabor by `w` a frame, so
    /// that these are `|H(w)|` and `|H(-w)|` with `H` the transform of `k + i q`. Both are equal
    /// in a cell without a second kernel. Envelopes cut by the border of the screen are not
    /// accounted for.
    ///
    /// # Units
    /// `frequency_hz` and `frame_rate_hz` per second; the moduli in units of the single kernel's
    /// absolute sum, 1.
    pub fn temporal_gains(&self, frequency_hz: f64, frame_rate_hz: f64) -> [f64; 2] {
        self.gains(TAU * frequency_hz / frame_rate_hz)
    }

    /// Temporal frequency, from 0 to half the frame rate, at which a grating of the preferred
    /// orientation, wavelength and direction drives the linear stage most: where the amplitude
    /// spectrum of the kernel has its maximum.
    ///
    /// # Units
    /// Of `frame_rate_hz`, per second.
    ///
    /// ```
    /// # use striate_base::{CancelToken, NoProgress};
    /// # use striate_recording::simulate::{SimulationConfig, simulate};
    /// # let folder = std::env::temp_dir().join(format!("striate-doc-tuning-{}", std::process::id()));
    /// # let config = SimulationConfig { n_neurons: 1, ..SimulationConfig::tiny() }.check()?;
    /// # let truth = simulate(&config, &folder, &mut NoProgress, &CancelToken::new())?;
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// let neuron = &truth.sessions[0].neurons[0];
    /// let best = neuron.preferred_temporal_frequency_hz(30.0);
    /// assert!((2.0..5.0).contains(&best));
    /// assert!(neuron.temporal_gains(best, 30.0)[0] > neuron.temporal_gains(1.2 * best, 30.0)[0]);
    /// # Ok::<(), striate_recording::simulate::SimulationError>(())
    /// ```
    pub fn preferred_temporal_frequency_hz(&self, frame_rate_hz: f64) -> f64 {
        frame_rate_hz * self.preferred_angular_frequency() / TAU
    }

    /// Direction of drift that drives the cell most at its preferred temporal frequency:
    /// `orientation_deg + 90` or `- 90`, within 0..360, as [`striate_stimuli::Grating`] counts
    /// directions (counter-clockwise on the screen, 0 to the right). None where both are the same to
    /// the cell.
    pub fn preferred_direction_deg(&self) -> Option<f64> {
        let [forwards, backwards] = self.gains(self.preferred_angular_frequency());
        // Rounding alone makes moduli of order 1 differ by some 1e-16.
        if (forwards - backwards).abs() <= 1e-9 * forwards.max(backwards) {
            return None;
        }
        let turn = if forwards > backwards { 90.0 } else { -90.0 };
        Some((self.receptive_field.orientation_deg + turn).rem_euclid(360.0))
    }

    /// The linear stage of the cell as a filter in space and time, scaled to norm 1: of all videos
    /// of that norm, added to grey, the one to which the linear stage responds most in the last
    /// frame. Frames are in the order in which they are shown; those longer ago than the kernel
    /// reaches are 0, as is all of it where the receptive field lies off the screen.
    ///
    /// For a simple cell this is the stimulus of the largest drive before normalisation, which
    /// divides by contrast energy however distributed. A complex cell has a quadrature pair of such
    /// filters and no preference among their mixtures; this is the member of phase
    /// `receptive_field.phase_deg`.
    ///
    /// # Shapes
    /// Returns `[frame, height, width]`, in units of contrast.
    pub fn optimal_stimulus(&self, n_frames: usize, height: usize, width: usize) -> Array3<f32> {
        let filter = GaborFilter::new(&self.receptive_field);
        let (phase_sine, phase_cosine) = self.receptive_field.phase_deg.to_radians().sin_cos();
        let mut video = Array3::<f64>::zeros((n_frames, height, width));
        for y in 0..height {
            for x in 0..width {
                let [re, im] = filter.weight(x as f64, y as f64);
                let even = phase_cosine * re - phase_sine * im;
                let odd = phase_sine * re + phase_cosine * im;
                for (lag, frame) in (0..n_frames).rev().enumerate().take(self.kernel.len()) {
                    let [fast, slow] = self.kernels_at(lag);
                    video[[frame, y, x]] = fast * even - slow * odd;
                }
            }
        }
        let norm = video.iter().map(|value| value * value).sum::<f64>().sqrt();
        let scale = if norm > 0.0 { 1.0 / norm } else { 0.0 };
        video.mapv(|value| (scale * value) as f32)
    }

    /// Both kernels at a lag.
    fn kernels_at(&self, lag: usize) -> [f64; 2] {
        let slow = self.quadrature_kernel.as_ref().and_then(|kernel| kernel.get(lag));
        [self.kernel[lag], slow.copied().unwrap_or(0.0)]
    }

    /// `|H(w)|` and `|H(-w)|` at `w` radians per frame, `H(w) = sum of (k + i q)(lag) e^{-i w lag}`.
    fn gains(&self, radians: f64) -> [f64; 2] {
        let mut sums = [[0.0f64; 2]; 2];
        for lag in 0..self.kernel.len() {
            let (sine, cosine) = (radians * lag as f64).sin_cos();
            let [fast, slow] = self.kernels_at(lag);
            for (sum, sine) in sums.iter_mut().zip([sine, -sine]) {
                sum[0] += fast * cosine + slow * sine;
                sum[1] += slow * cosine - fast * sine;
            }
        }
        sums.map(|[re, im]| re.hypot(im))
    }

    /// Where the larger of both gains has its maximum within 0..=pi: the best of dense points, refined
    /// by golden sections of the interval around it.
    fn preferred_angular_frequency(&self) -> f64 {
        let best_gain = |radians| self.gains(radians).into_iter().fold(0.0, f64::max);
        let n_points = POINTS_PER_LAG * self.kernel.len().max(1);
        let step = PI / n_points as f64;
        let best = (0..=n_points)
            .map(|point| step * point as f64)
            .max_by(|&a, &b| best_gain(a).total_cmp(&best_gain(b)))
            .unwrap_or(0.0);
        maximum(best_gain, [(best - step).max(0.0), (best + step).min(PI)])
    }
}

/// The place of the maximum of a function with one peak in the interval, by golden sections.
fn maximum(function: impl Fn(f64) -> f64, [mut low, mut high]: [f64; 2]) -> f64 {
    let golden = 0.5 * (5f64.sqrt() - 1.0);
    // Each step leaves 0.62 of the interval; a smooth peak is flat to rounding within 1e-8 of it.
    for _ in 0..40 {
        let (left, right) = (high - golden * (high - low), low + golden * (high - low));
        if function(left) < function(right) {
            low = left;
        } else {
            high = right;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests;
