//! What a clip is like, in a few numbers that have a name.

use std::f64::consts::TAU;
use std::fmt;
use std::sync::Arc;

use ndarray::{ArrayView2, ArrayView3, Axis};
use rustfft::{Fft, FftPlanner, num_complex::Complex64};

use crate::error::InsilicoError;

/// Powers below this share of the variance in training are as good as none.
const LEAST_POWER: f64 = 1e-6;

/// Bands of spatial frequency at most.
const MOST_BANDS: usize = 6;

/// Features of clips of one size.
#[derive(Clone)]
pub(super) struct Features {
    names: Vec<String>,
    /// Whether clips have a time course.
    is_video: bool,
    size: [usize; 2],
    /// Power that counts as none.
    least: f64,
    /// Windows of rows and of columns that let the edges of the picture fade.
    tapers: [Vec<f64>; 2],
    transforms: [Arc<dyn Fft<f64>>; 2],
    /// `[row, column]` of the spectrum: its band.
    bands: Vec<usize>,
    n_bands: usize,
}

impl Features {
    /// For clips of `size` rows and columns whose pixels have that standard deviation in training.
    pub(super) fn new(is_video: bool, size: [usize; 2], deviation: f64) -> Self {
        let edges = edges(size);
        let mut names = ["mean_luminance", "contrast", "log_kurtosis"].map(String::from).to_vec();
        names.extend(band_names(&edges));
        if is_video {
            names.push("log_power_of_change".into());
        }
        let [height, width] = size;
        let band = |place: usize| {
            let (y, x) = (frequency(place / width, height), frequency(place % width, width));
            edges.partition_point(|&edge| edge <= y.hypot(x))
        };
        let mut planner = FftPlanner::new();
        Self {
            names,
            is_video,
            size,
            least: LEAST_POWER * deviation.powi(2).max(f64::MIN_POSITIVE),
            tapers: size.map(taper),
            transforms: size.map(|length| planner.plan_fft_forward(length)),
            bands: (0..height * width).map(band).collect(),
            n_bands: edges.len() + 1,
        }
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn is_video(&self) -> bool {
        self.is_video
    }

    pub(super) fn check(&self, n_frames: usize, size: [usize; 2]) -> Result<(), InsilicoError> {
        if size != self.size {
            let text = |[height, width]: [usize; 2]| format!("{height} x {width}");
            let what = "rows and columns of a clip to compare with those of training";
            return Err(InsilicoError::mismatch(what, text(size), text(self.size)));
        }
        let least = if self.is_video { 2 } else { 1 };
        if n_frames < least {
            let what = "frames of a clip to compare with those of training";
            return Err(InsilicoError::mismatch(what, n_frames, format!("at least {least}")));
        }
        Ok(())
    }

    /// Of a clip `[frame, height, width]`, in the order of the names.
    pub(super) fn of(&self, clip: ArrayView3<'_, f32>) -> Vec<f64> {
        let n = clip.len().max(1) as f64;
        let mean = clip.iter().map(|&value| f64::from(value)).sum::<f64>() / n;
        let moment = |power: i32| {
            clip.iter().map(|&value| (f64::from(value) - mean).powi(power)).sum::<f64>() / n
        };
        let variance = moment(2);
        // Pixels that are all the same are no more peaked than a normal distribution.
        let kurtosis = if variance <= self.least { 3.0 } else { moment(4) / variance.powi(2) };
        let mut found = vec![mean, variance.sqrt(), kurtosis.ln()];
        found.extend(self.spectrum(clip).into_iter().map(|power| (power + self.least).ln()));
        if self.is_video {
            found.push((change(clip) + self.least).ln());
        }
        found
    }

    /// Power in each band, averaged over frames: shares of the variance of the tapered picture.
    fn spectrum(&self, clip: ArrayView3<'_, f32>) -> Vec<f64> {
        let mut powers = vec![0.0; self.n_bands];
        for frame in clip.axis_iter(Axis(0)) {
            let spectrum = self.transform(frame);
            for (value, &band) in spectrum.iter().zip(&self.bands) {
                powers[band] += value.norm_sqr();
            }
        }
        let n_pixels = self.bands.len() as f64;
        let squares = |taper: &Vec<f64>| taper.iter().map(|value| value * value).sum::<f64>();
        let taper: f64 = self.tapers.iter().map(squares).product();
        let scale = clip.dim().0 as f64 * n_pixels * taper;
        powers.iter().map(|power| power / scale).collect()
    }

    /// Fourier transform of the tapered frame, columns by rows, without its mean under the taper.
    fn transform(&self, frame: ArrayView2<'_, f32>) -> Vec<Complex64> {
        let [rows, columns] = &self.tapers;
        let weights: f64 = rows.iter().sum::<f64>() * columns.iter().sum::<f64>();
        let weighted = frame.indexed_iter().map(|((y, x), &v)| rows[y] * columns[x] * f64::from(v));
        let mean = weighted.sum::<f64>() / weights;
        let of = |((y, x), &value): ((usize, usize), &f32)| {
            Complex64::from((f64::from(value) - mean) * rows[y] * columns[x])
        };
        let mut values: Vec<Complex64> = frame.indexed_iter().map(of).collect();
        let [height, width] = self.size;
        self.transforms[1].process(&mut values);
        let mut turned: Vec<Complex64> =
            (0..height * width).map(|i| values[(i % height) * width + i / height]).collect();
        self.transforms[0].process(&mut turned);
        (0..height * width).map(|i| turned[(i % width) * height + i / width]).collect()
    }
}

impl fmt::Debug for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Features")
            .field("names", &self.names)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// Borders of the bands in cycles per pixel, ascending: octaves below 1/4, as far as the picture resolves
/// them.
fn edges(size: [usize; 2]) -> Vec<f64> {
    let longest = size[0].max(size[1]) as f64;
    let octaves = (0..MOST_BANDS - 1).map(|octave| 0.25 / f64::from(1u32 << octave));
    // The taper blurs the spectrum by one frequency to each side.
    let mut edges: Vec<f64> = octaves.take_while(|edge| edge * longest >= 2.0).collect();
    edges.reverse();
    edges
}

/// `log_power_0_to_0.0625`, ...
fn band_names(edges: &[f64]) -> Vec<String> {
    let lower = std::iter::once("0".to_owned()).chain(edges.iter().map(f64::to_string));
    let upper = edges.iter().map(f64::to_string).chain(std::iter::once("0.5".to_owned()));
    lower.zip(upper).map(|(lower, upper)| format!("log_power_{lower}_to_{upper}")).collect()
}

/// Cycles per pixel, without sign.
fn frequency(place: usize, length: usize) -> f64 {
    place.min(length - place) as f64 / length as f64
}

/// Hann window without zeros at its ends.
fn taper(length: usize) -> Vec<f64> {
    (0..length).map(|i| 0.5 - 0.5 * (TAU * (i as f64 + 0.5) / length as f64).cos()).collect()
}

/// Mean square of the difference between a frame and the next.
fn change(clip: ArrayView3<'_, f32>) -> f64 {
    let n_frames = clip.dim().0;
    let mut sum = 0.0;
    for frame in 1..n_frames {
        let (now, before) = (clip.index_axis(Axis(0), frame), clip.index_axis(Axis(0), frame - 1));
        sum += now
            .iter()
            .zip(before)
            .map(|(&now, &before)| (f64::from(now) - f64::from(before)).powi(2))
            .sum::<f64>();
    }
    let per_frame = clip.len() / n_frames.max(1);
    sum / (n_frames.saturating_sub(1) * per_frame).max(1) as f64
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;

    #[test]
    fn a_flickering_grating_has_the_features_of_its_formula() {
        // Contrast 2 with 8 cycles over 32 pixels, turned to its negative in the second of two frames.
        let phase = |x: usize| TAU * (0.25 * x as f64 + 0.125);
        let grating = Array3::from_shape_fn((2, 16, 32), |(t, _, x)| {
            (5.0 + 2.0 * phase(x).cos() * if t == 0 { 1.0 } else { -1.0 }) as f32
        });
        let features = Features::new(true, [16, 32], 1.0);
        assert_eq!(
            features.names()[3..7],
            [
                "log_power_0_to_0.0625",
                "log_power_0.0625_to_0.125",
                "log_power_0.125_to_0.25",
                "log_power_0.25_to_0.5"
            ]
        );
        let found = features.of(grating.view());
        // Values are 5 +- sqrt(2): all of one size, so that the kurtosis is 1.
        assert!((found[0] - 5.0).abs() < 1e-6 && (found[1] - 2f64.sqrt()).abs() < 1e-6);
        assert!(found[2].abs() < 1e-5);
        assert!((found[7] - (8.0f64).ln()).abs() < 1e-5, "differences are +-2 sqrt(2)");
        // The taper leaves 1/6 of the power in each neighbouring frequency, here along x and y.
        let power: Vec<f64> = found[3..7].iter().map(|log| log.exp()).collect();
        let all: f64 = power.iter().sum();
        assert!((all - 2.0).abs() < 1e-3, "{power:?}");
        // Below 1/4: the frequency 7/32 along x, alone (2/3 of the power along y) or 1/16 to the side, where
        // hypot(7/32, 1/16) = 0.2275 is below 1/4 too. So a sixth of all.
        assert!((power[2] / all - 1.0 / 6.0).abs() < 1e-3, "{power:?}");
        assert!(power[0] + power[1] < 1e-4);
    }

    #[test]
    fn a_blank_clip_has_finite_features() {
        let features = Features::new(true, [3, 5], 0.0);
        assert!(features.of(Array3::zeros((1, 3, 5)).view()).iter().all(|value| value.is_finite()));
    }
}
