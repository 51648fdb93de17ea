//! Energies of a Gabor pyramid, pooled over a coarse grid, and coarse pixel blocks.

use std::f64::consts::{PI, TAU};

use ndarray::{Array2, ArrayView2, Axis, s};
use serde::{Deserialize, Serialize};

use super::BaselineError;

/// Standard deviation of the Gabor's envelope in wavelengths: a bandwidth of one octave, and a
/// response to a constant image of less than 0.3 %.
const ENVELOPE_WAVELENGTHS: f64 = 0.56;

/// The envelope is cut off at this many standard deviations.
const REACH: f64 = 2.5;

/// Energies are taken at every second row and column: less than half an envelope apart.
const STRIDE: usize = 2;

/// Levels end before a side becomes shorter than this, in pixels.
const LEAST_SIDE: usize = 6;

/// Settings of the features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GaborPyramidConfig {
    /// Wavelength on the first level in pixels; each further level doubles it. 2 to 32.
    pub wavelength_px: f64,
    /// Most levels; fewer where the image becomes too small. 1 to 8.
    pub n_levels: usize,
    /// Orientations, evenly spread. 1 to 32.
    pub n_orientations: usize,
    /// Energies and pixels are averaged over a grid of this many rows and columns. 1 to 32.
    pub grid: usize,
}

impl Default for GaborPyramidConfig {
    fn default() -> Self {
        Self { wavelength_px: 4.0, n_levels: 4, n_orientations: 4, grid: 8 }
    }
}

impl GaborPyramidConfig {
    pub(super) fn check(&self) -> Result<(), BaselineError> {
        let out = |key, found, expected| Err(BaselineError::OutOfRange { key, found, expected });
        if !(2.0..=32.0).contains(&self.wavelength_px) {
            return out("wavelength_px", self.wavelength_px.to_string(), "2 to 32");
        }
        if !(1..=8).contains(&self.n_levels) {
            return out("n_levels", self.n_levels.to_string(), "1 to 8");
        }
        if !(1..=32).contains(&self.n_orientations) {
            return out("n_orientations", self.n_orientations.to_string(), "1 to 32");
        }
        if !(1..=32).contains(&self.grid) {
            return out("grid", self.grid.to_string(), "1 to 32");
        }
        Ok(())
    }
}

/// Features of one image, before logarithms.
pub(super) struct Features {
    /// Shape `[group][value]`: pooled energies of each level and orientation.
    pub(super) energies: Vec<Vec<f64>>,
    /// Mean brightness of each block of the grid, row by row.
    pub(super) blocks: Vec<f64>,
}

/// A complex Gabor as the product of a filter along rows and one along columns.
struct Gabor {
    along_columns: Vec<[f32; 2]>,
    along_rows: Vec<[f32; 2]>,
}

/// The filters of a pyramid.
pub(super) struct GaborPyramid {
    config: GaborPyramidConfig,
    gabors: Vec<Gabor>,
}

impl GaborPyramid {
    pub(super) fn new(config: &GaborPyramidConfig) -> Self {
        let orientation = |i: usize| PI * i as f64 / config.n_orientations as f64;
        let gabor = |i| Gabor::new(config.wavelength_px, orientation(i));
        let gabors = (0..config.n_orientations).map(gabor).collect();
        Self { config: config.clone(), gabors }
    }

    /// Features of an image `[height, width]`.
    pub(super) fn features(&self, image: ArrayView2<'_, f32>) -> Features {
        let mean = image.mean().unwrap_or(0.0);
        let mut level = image.mapv(|value| value - mean);
        let mut energies = Vec::new();
        for depth in 0..self.config.n_levels {
            if depth > 0 {
                level = halved(&level);
            }
            if level.nrows().min(level.ncols()) < LEAST_SIDE && depth > 0 {
                break;
            }
            let energy = |gabor: &Gabor| pooled(gabor.energy(&level).view(), self.config.grid);
            energies.extend(self.gabors.iter().map(energy));
        }
        Features { energies, blocks: pooled(image, self.config.grid) }
    }
}

impl Gabor {
    /// Waves run along `angle`, in radians from the direction of rising columns.
    fn new(wavelength_px: f64, angle: f64) -> Self {
        let sd = ENVELOPE_WAVELENGTHS * wavelength_px;
        let reach = (REACH * sd).ceil() as i32;
        let filter = |frequency: f64| {
            let weights = (-reach..=reach).map(|at| (-0.5 * (f64::from(at) / sd).powi(2)).exp());
            let sum: f64 = weights.clone().sum();
            let wave = |(at, weight): (i32, f64)| {
                let phase = TAU * frequency * f64::from(at) / wavelength_px;
                [(weight / sum * phase.cos()) as f32, (weight / sum * phase.sin()) as f32]
            };
            (-reach..=reach).zip(weights).map(wave).collect()
        };
        Self { along_columns: filter(angle.cos()), along_rows: filter(angle.sin()) }
    }

    /// Squared magnitude at every second row and column; the image goes on beyond its edges with
    /// its edge values.
    fn energy(&self, image: &Array2<f32>) -> Array2<f32> {
        let (height, width) = image.dim();
        let columns = width.div_ceil(STRIDE);
        let mut rows = vec![[0.0f32; 2]; height * columns];
        for (row, out) in image.outer_iter().zip(rows.chunks_exact_mut(columns)) {
            let padded = padded(row, self.along_columns.len() / 2);
            for (column, out) in out.iter_mut().enumerate() {
                for (&[re, im], &value) in self.along_columns.iter().zip(&padded[column * STRIDE..])
                {
                    out[0] += re * value;
                    out[1] += im * value;
                }
            }
        }
        let reach = self.along_rows.len() / 2;
        Array2::from_shape_fn((height.div_ceil(STRIDE), columns), |(row, column)| {
            let mut sum = [0.0f32; 2];
            for (tap, &[re, im]) in self.along_rows.iter().enumerate() {
                let from = (row * STRIDE + tap).saturating_sub(reach).min(height - 1);
                let value = rows[from * columns + column];
                sum[0] += re * value[0] - im * value[1];
                sum[1] += re * value[1] + im * value[0];
            }
            sum[0] * sum[0] + sum[1] * sum[1]
        })
    }
}

fn padded(row: ndarray::ArrayView1<'_, f32>, reach: usize) -> Vec<f32> {
    let first = row.first().copied().unwrap_or(0.0);
    let last = row.last().copied().unwrap_or(0.0);
    let edge = |value| std::iter::repeat_n(value, reach);
    edge(first).chain(row.iter().copied()).chain(edge(last)).collect()
}

/// Means over blocks of two by two pixels; an odd last row or column is dropped.
fn halved(image: &Array2<f32>) -> Array2<f32> {
    Array2::from_shape_fn((image.nrows() / 2, image.ncols() / 2), |(row, column)| {
        let (r, c) = (2 * row, 2 * column);
        0.25 * (image[[r, c]] + image[[r, c + 1]] + image[[r + 1, c]] + image[[r + 1, c + 1]])
    })
}

/// Means over a grid of at most `grid` by `grid` blocks, row by row.
fn pooled(image: ArrayView2<'_, f32>, grid: usize) -> Vec<f64> {
    let (height, width) = image.dim();
    let (rows, columns) = (grid.min(height), grid.min(width));
    let mut means = Vec::with_capacity(rows * columns);
    for row in 0..rows {
        let band =
            image.slice_axis(Axis(0), (row * height / rows..(row + 1) * height / rows).into());
        for column in 0..columns {
            let (left, right) = (column * width / columns, (column + 1) * width / columns);
            let block = band.slice(s![.., left..right]);
            let sum: f64 = block.iter().map(|&value| f64::from(value)).sum();
            means.push(sum / block.len().max(1) as f64);
        }
    }
    means
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grating(wavelength_px: f64, angle: f64, phase: f64) -> Array2<f32> {
        Array2::from_shape_fn((64, 64), |(row, column)| {
            let along = column as f64 * angle.cos() + row as f64 * angle.sin();
            (TAU * along / wavelength_px + phase).cos() as f32 + 5.0
        })
    }

    fn total(image: &Array2<f32>) -> Vec<f64> {
        let features = GaborPyramid::new(&GaborPyramidConfig::default()).features(image.view());
        features.energies.iter().map(|energies| energies.iter().sum()).collect()
    }

    #[test]
    fn a_grating_excites_its_own_wavelength_and_orientation() {
        for (level, wavelength_px) in [(0, 4.0), (1, 8.0), (2, 16.0)] {
            for orientation in 0..4 {
                let angle = PI * orientation as f64 / 4.0;
                let energies = total(&grating(wavelength_px, angle, 0.3));
                let mut best = 0;
                for (i, &energy) in energies.iter().enumerate() {
                    if energy > energies[best] {
                        best = i;
                    }
                }
                assert_eq!(best, level * 4 + orientation);
            }
        }
    }

    #[test]
    fn energy_does_not_depend_on_phase_nor_on_brightness() {
        let (a, b) = (total(&grating(8.0, 0.0, 0.0)), total(&grating(8.0, 0.0, 1.5)));
        // The edges of the image cut the grating at other phases: some percent.
        assert!((a[4] / b[4] - 1.0).abs() < 0.1, "{} {}", a[4], b[4]);
        let brighter = total(&(grating(8.0, 0.0, 0.0) + 100.0));
        // Rounding of values near 100 to f32.
        assert!((brighter[4] / a[4] - 1.0).abs() < 1e-3);
    }

    #[test]
    fn blocks_are_means_of_pixels() {
        let image = Array2::from_shape_fn((4, 6), |(row, column)| (row * 6 + column) as f32);
        let config = GaborPyramidConfig { grid: 2, ..GaborPyramidConfig::default() };
        let features = GaborPyramid::new(&config).features(image.view());
        assert_eq!(features.blocks, [4.0, 7.0, 16.0, 19.0]);
    }

    #[test]
    fn small_images_give_finite_features() {
        for side in [1, 2, 7] {
            let image = Array2::from_elem((side, side), 1.0);
            assert!(total(&image).iter().all(|energy| energy.is_finite()));
        }
    }
}
