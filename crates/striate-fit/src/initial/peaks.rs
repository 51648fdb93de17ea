//! Receptive-field positions from response-triggered averages.
//!
//! The average stimulus before a response, weighted by the response, stands out from noise where
//! the receptive field is. Neighbouring pixels of a receptive field agree and noise does not, so the
//! average is smoothed in space before its energy over lags is taken, as far as the receptive field is
//! coarse, and the energy is smoothed after. The peak of that map, refined by the centre of mass
//! around it, is the position; of several smoothings the one whose peak stands out most counts. (Simoncelli, Paninski, Pillow & Schwartz 2004, "Characterization of
//! neural responses with stochastic stimuli", section on spike-triggered averages.)

use ndarray::{Array2, ArrayView2, ArrayView3};

/// Smoothings of the average in pixels (standard deviation of the Gaussian): none for fine receptive
/// fields, of which smoothing leaves nothing, and that of a coarse one.
const SMOOTHINGS_OF_AVERAGE_PX: [f64; 2] = [0.0, 2.0];

/// Smoothing of the energy in pixels.
const SMOOTHING_OF_ENERGY_PX: f64 = 1.0;

/// A peak counts where it exceeds the map's median by this many robust standard deviations. The
/// largest of some thousand values of smoothed noise energy, whose law has a heavier tail than the
/// Gaussian, lies at 5 to 7.
const LEAST_HEIGHT: f64 = 8.0;

/// A receptive-field position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Peak {
    /// Column, in pixels from the centre of the first.
    pub(crate) x: f64,
    /// Row, in pixels from the centre of the first.
    pub(crate) y: f64,
    /// Height above the map's median in robust standard deviations.
    pub(crate) height: f64,
}

impl Peak {
    /// Whether the peak stands out from noise.
    pub(crate) fn is_clear(&self) -> bool {
        self.height > LEAST_HEIGHT
    }

    /// The one that stands out more.
    pub(crate) fn higher(self, other: Self) -> Self {
        if other.height > self.height { other } else { self }
    }
}

/// The peak of one neuron's response-triggered average `[lag, height, width]`.
pub(crate) fn peak(average: ArrayView3<'_, f32>) -> Peak {
    let of = |smoothing_px| peak_of_map(&energy(average, smoothing_px));
    let [fine, coarse] = SMOOTHINGS_OF_AVERAGE_PX.map(of);
    fine.higher(coarse)
}

fn peak_of_map(energy: &Array2<f64>) -> Peak {
    let mut at = (0, 0);
    for (index, &value) in energy.indexed_iter() {
        if value > energy[at] {
            at = index;
        }
    }
    let (median, spread) = robust(energy);
    let height = if spread > 0.0 { (energy[at] - median) / spread } else { 0.0 };
    let (y, x) = centre_of_mass(energy, at, median);
    Peak { x, y, height }
}

/// Sum over lags of the squared deviation from each lag's mean over space, `[height, width]`. The
/// mean over space is the stimulus' overall brightness before a response, not a place.
fn energy(average: ArrayView3<'_, f32>, smoothing_px: f64) -> Array2<f64> {
    let (_, height, width) = average.dim();
    let mut energy = Array2::zeros((height, width));
    for map in average.outer_iter() {
        let mean = map.iter().map(|&v| f64::from(v)).sum::<f64>() / map.len().max(1) as f64;
        let deviation = map.mapv(|value| f64::from(value) - mean);
        energy += &smoothed(deviation.view(), smoothing_px).mapv(|value| value * value);
    }
    smoothed(energy.view(), SMOOTHING_OF_ENERGY_PX)
}

/// Gaussian smoothing; outside the map is nothing, so that noise at the edges is not raised.
fn smoothed(map: ArrayView2<'_, f64>, width_px: f64) -> Array2<f64> {
    if width_px == 0.0 {
        return map.to_owned();
    }
    let along_width = smoothed_rows(map, width_px);
    smoothed_rows(along_width.t(), width_px).reversed_axes()
}

fn smoothed_rows(map: ArrayView2<'_, f64>, width_px: f64) -> Array2<f64> {
    let reach = (3.0 * width_px).ceil() as usize;
    let weight = |d: usize| (-0.5 * (d as f64 / width_px).powi(2)).exp();
    let weights: Vec<f64> = (0..=reach).map(weight).collect();
    let width = map.ncols();
    Array2::from_shape_fn(map.dim(), |(row, column)| {
        let near = column.saturating_sub(reach)..(column + reach + 1).min(width);
        near.map(|other| weights[other.abs_diff(column)] * map[[row, other]]).sum::<f64>()
    })
}

/// Median and robust standard deviation (1.4826 times the median absolute deviation).
fn robust(map: &Array2<f64>) -> (f64, f64) {
    let mut values: Vec<f64> = map.iter().copied().collect();
    let median = median(&mut values);
    let mut deviations: Vec<f64> = map.iter().map(|v| (v - median).abs()).collect();
    (median, 1.4826 * self::median(&mut deviations))
}

fn median(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// Centre of mass of what exceeds the midpoint of floor and peak, within two pixels of the peak;
/// as (row, column).
fn centre_of_mass(map: &Array2<f64>, (row, column): (usize, usize), floor: f64) -> (f64, f64) {
    let (height, width) = map.dim();
    let threshold = f64::midpoint(floor, map[(row, column)]);
    let (mut y, mut x, mut mass) = (0.0, 0.0, 0.0);
    for r in row.saturating_sub(2)..(row + 3).min(height) {
        for c in column.saturating_sub(2)..(column + 3).min(width) {
            let above = (map[(r, c)] - threshold).max(0.0);
            y += above * r as f64;
            x += above * c as f64;
            mass += above;
        }
    }
    if mass > 0.0 { (y / mass, x / mass) } else { (row as f64, column as f64) }
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;
    use striate_base::Streams;

    use super::*;

    /// Noise of standard deviation 1, plus a Gaussian bump of either sign at two lags.
    fn average(amplitude: f64, centre: (f64, f64)) -> Array3<f32> {
        let mut random = Streams::new(5).stream("noise");
        Array3::from_shape_fn((8, 30, 40), |(lag, row, column)| {
            let distance = (row as f64 - centre.0).powi(2) + (column as f64 - centre.1).powi(2);
            let sign = [0.0, 0.0, 1.0, -0.7][lag % 4] * f64::from(u8::from(lag < 4));
            (random.normal() + sign * amplitude * (-distance / 8.0).exp()) as f32
        })
    }

    #[test]
    fn planted_bump_is_found_to_a_pixel() {
        for centre in [(12.3, 27.6), (3.0, 3.5), (26.5, 36.0)] {
            let peak = peak(average(6.0, centre).view());
            assert!(peak.is_clear(), "height {}", peak.height);
            // The bump has a standard deviation of 2 pixels and a signal-to-noise ratio of 6 per
            // pixel; a pixel is the accuracy a start needs.
            assert!((peak.y - centre.0).abs() < 1.0, "{peak:?} for {centre:?}");
            assert!((peak.x - centre.1).abs() < 1.0, "{peak:?} for {centre:?}");
        }
    }

    #[test]
    fn noise_and_a_constant_have_no_clear_peak() {
        assert!(!peak(average(0.0, (0.0, 0.0)).view()).is_clear());
        assert!(!peak(Array3::from_elem((3, 10, 10), 2.5).view()).is_clear());
    }
}
