//! Where to look for a receptive field in a picture, before any least squares.

use std::f64::consts::{PI, TAU};

use rustfft::FftPlanner;
use rustfft::num_complex::Complex;
use striate_stimuli::GaussianBlur;

use super::surface::Picture;

/// Peaks of the spectrum tried per place.
const N_PEAKS: usize = 2;

/// A place where there may be something of a size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Blob {
    /// x and y.
    pub(super) centre: [f64; 2],
    pub(super) sigma: f64,
}

/// For each of several sizes the place with most contrast energy under a Gaussian of that size.
pub(super) fn blobs(picture: &Picture) -> Vec<Blob> {
    let mut found = Vec::new();
    let mut sigma = 1.0;
    while sigma <= (0.25 * picture.side()).max(1.0) {
        found.push(Blob { centre: energy_peak(picture, sigma), sigma });
        sigma *= 1.5;
    }
    found
}

fn energy_peak(picture: &Picture, sigma: f64) -> [f64; 2] {
    let mut energy: Vec<f32> = picture.values.iter().map(|&value| (value * value) as f32).collect();
    GaussianBlur::new(sigma).apply(&mut energy, picture.width, &mut Vec::new());
    let peak = (0..energy.len()).max_by(|&a, &b| energy[a].total_cmp(&energy[b])).unwrap_or(0);
    [(peak % picture.width) as f64, (peak / picture.width) as f64]
}

/// Wave vectors, x and y in radians per pixel, of the highest peaks in the Fourier amplitude of the
/// picture under a Gaussian window, highest first; waves shorter than two pixels are left out.
pub(super) fn wave_vectors(picture: &Picture, blob: Blob) -> Vec<[f64; 2]> {
    let spectrum = Spectrum::new(picture, blob);
    let (n_rows, n_columns) = (spectrum.height, spectrum.width);
    let frequency = |index: usize, n: usize| {
        let signed = if index <= n / 2 { index as f64 } else { index as f64 - n as f64 };
        TAU * signed / n as f64
    };
    let mut peaks = Vec::new();
    for row in 0..n_rows {
        for column in 0..n_columns {
            let wave = [frequency(column, n_columns), frequency(row, n_rows)];
            // A real picture has every peak twice, at opposite vectors.
            let first_of_two = wave[1] > 0.0 || (wave[1] == 0.0 && wave[0] > 0.0);
            if first_of_two && wave[0].hypot(wave[1]) <= PI && spectrum.is_peak(row, column) {
                peaks.push((spectrum.power(row, column), wave));
            }
        }
    }
    peaks.sort_by(|a, b| b.0.total_cmp(&a.0));
    peaks.into_iter().take(N_PEAKS).map(|(_, wave)| wave).collect()
}

/// Power of a windowed picture on a grid twice as dense as its own frequencies.
struct Spectrum {
    width: usize,
    height: usize,
    /// Row by row.
    power: Vec<f64>,
}

impl Spectrum {
    fn new(picture: &Picture, blob: Blob) -> Self {
        let (width, height) = (2 * picture.width, 2 * picture.height);
        let mut rows = vec![Complex::default(); width * height];
        for (line, y) in windowed(picture, blob).chunks_exact(picture.width).zip(0..) {
            for (value, target) in line.iter().zip(&mut rows[y * width..]) {
                target.re = *value;
            }
        }
        let mut planner = FftPlanner::<f64>::new();
        planner.plan_fft_forward(width).process(&mut rows[..picture.height * width]);
        let mut columns = vec![Complex::default(); width * height];
        for (index, value) in rows.into_iter().enumerate() {
            columns[(index % width) * height + index / width] = value;
        }
        planner.plan_fft_forward(height).process(&mut columns);
        let power = (0..width * height)
            .map(|index| columns[(index % width) * height + index / width].norm_sqr())
            .collect();
        Self { width, height, power }
    }

    fn power(&self, row: usize, column: usize) -> f64 {
        self.power[(row % self.height) * self.width + column % self.width]
    }

    /// Whether there is power, and no more of it at the eight neighbours.
    fn is_peak(&self, row: usize, column: usize) -> bool {
        let here = self.power(row, column);
        let around = [self.height - 1, 0, 1].into_iter().flat_map(|down| {
            [self.width - 1, 0, 1].map(|right| self.power(row + down, column + right))
        });
        here > 0.0 && around.fold(0.0, f64::max) <= here
    }
}

/// The picture less its mean under the blob's Gaussian, times the Gaussian.
fn windowed(picture: &Picture, Blob { centre, sigma }: Blob) -> Vec<f64> {
    let weight = |index: usize| {
        let (x, y) = ((index % picture.width) as f64, (index / picture.width) as f64);
        let square = (x - centre[0]).powi(2) + (y - centre[1]).powi(2);
        (-0.5 * square / (sigma * sigma)).exp()
    };
    let weights: Vec<f64> = (0..picture.values.len()).map(weight).collect();
    let sum: f64 = picture.values.iter().zip(&weights).map(|(value, weight)| value * weight).sum();
    let mean = sum / weights.iter().sum::<f64>();
    picture.values.iter().zip(weights).map(|(value, weight)| (value - mean) * weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate_stimuli::Gabor;

    #[test]
    fn place_and_wave_of_a_gabor_are_found() {
        let gabor = Gabor {
            centre_px: [40.0, 12.0],
            sigma_px: 4.0,
            wavelength_px: 8.0,
            orientation_deg: 30.0,
            phase_deg: 70.0,
        };
        let picture = Picture::new(gabor.picture(36, 64).unwrap().view()).unwrap();
        let found = blobs(&picture);
        let blob = found.iter().find(|blob| blob.sigma > 3.0).copied().unwrap();
        let [dx, dy] = [blob.centre[0] - 40.0, blob.centre[1] - 12.0];
        assert!(dx.hypot(dy) < 2.0, "{blob:?}");
        let [kx, ky] = gabor.wave_vector();
        let best = wave_vectors(&picture, blob)[0];
        // Either of both signs; the grid's step is 0.05 along x and 0.05 along y.
        let off = (best[0] - kx).hypot(best[1] - ky).min((best[0] + kx).hypot(best[1] + ky));
        assert!(off < 0.06, "{best:?} {kx} {ky}");
    }
}
