//! Sums over time of every pixel, of its products with its neighbours and with the next frame.

use std::ops::Range;

use super::{MovieImages, Triple};
use crate::MovieShape;

/// Pixels of a strip, about.
const STRIP: usize = 4096;

/// A variance below this, in squared noise units, is rounding: the pixel does not change.
const NO_VARIANCE: f64 = 1e-10;

/// Rows of the image, worked on by one task.
pub(super) struct Strip {
    pub(super) sums: Triple<Sums>,
}

impl Strip {
    /// Strips of the whole image, from top to bottom.
    pub(super) fn all(height: usize, width: usize) -> Vec<Self> {
        let n_rows = (STRIP / width).max(1);
        let starts = (0..height).step_by(n_rows);
        starts
            .map(|start| {
                let pixels = start * width..(start + n_rows).min(height) * width;
                let sums = || Sums::new(pixels.clone(), height * width, width);
                Self { sums: Triple { raw: sums(), denoised: sums(), residual: sums() } }
            })
            .collect()
    }
}

/// Sums of one movie over some pixels.
pub(super) struct Sums {
    pixels: Range<usize>,
    n_pixels: usize,
    /// From a pixel to its neighbours to the right, below, and below to the left and right.
    neighbours: [usize; 4],
    first: Vec<f32>,
    last: Vec<f32>,
    /// Values, squares, products with the next frame, and with the four neighbours. Neighbours beyond the end of
    /// a row are pixels of the next: nobody looks at their sums.
    totals: [Vec<f64>; 7],
}

impl Sums {
    fn new(pixels: Range<usize>, n_pixels: usize, width: usize) -> Self {
        let totals = std::array::from_fn(|_| vec![0.0; pixels.len()]);
        let neighbours = [1, width, width - 1, width + 1];
        Self { pixels, n_pixels, neighbours, first: Vec::new(), last: Vec::new(), totals }
    }

    /// Add frames of the whole image, `[frame, pixel]`: in f32 within a chunk, in f64 over chunks.
    pub(super) fn add(&mut self, frames: &[f32]) {
        let n = self.pixels.len();
        if self.first.is_empty() {
            self.first = frames[self.pixels.clone()].to_vec();
            self.last = vec![0.0; n];
        }
        let mut parts: [Vec<f32>; 7] = std::array::from_fn(|_| vec![0.0; n]);
        for frame in frames.chunks_exact(self.n_pixels) {
            let own = &frame[self.pixels.clone()];
            parts[0].iter_mut().zip(own).for_each(|(sum, value)| *sum += value);
            add_products(&mut parts[1], own, own);
            add_products(&mut parts[2], own, &self.last);
            for (part, step) in parts[3..].iter_mut().zip(self.neighbours) {
                add_products(part, own, frame.get(self.pixels.start + step..).unwrap_or(&[]));
            }
            self.last.copy_from_slice(own);
        }
        for (total, part) in self.totals.iter_mut().zip(&parts) {
            total.iter_mut().zip(part).for_each(|(total, &part)| *total += f64::from(part));
        }
    }

    /// Mean and variance of the `i`-th pixel.
    fn moments(&self, i: usize, n_frames: f64) -> (f64, f64) {
        let mean = self.totals[0][i] / n_frames;
        (mean, (self.totals[1][i] / n_frames - mean * mean).max(0.0))
    }

    /// `C(1)` of the `i`-th pixel.
    fn lag_one(&self, i: usize, n_frames: f64) -> f64 {
        let mean = self.totals[0][i] / n_frames;
        // All but the last value, and all but the first.
        let ends = f64::from(self.first[i]) + f64::from(self.last[i]);
        let sum = self.totals[2][i] - mean * (2.0 * self.totals[0][i] - ends);
        sum / (n_frames - 1.0) + mean * mean
    }
}

fn add_products(sums: &mut [f32], a: &[f32], b: &[f32]) {
    sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
}

/// Images of the three movies.
pub(super) fn images(strips: &[Strip], shape: MovieShape) -> Triple<MovieImages> {
    let of = |pick: fn(&Triple<Sums>) -> &Sums| {
        movie_images(strips.iter().map(|strip| pick(&strip.sums)), shape)
    };
    Triple {
        raw: of(|sums| &sums.raw),
        denoised: of(|sums| &sums.denoised),
        residual: of(|sums| &sums.residual),
    }
}

fn movie_images<'a>(
    strips: impl Iterator<Item = &'a Sums> + Clone,
    shape: MovieShape,
) -> MovieImages {
    let n_frames = shape.n_frames as f64;
    let moments: Vec<(f64, f64)> =
        strips.clone().flat_map(|s| (0..s.pixels.len()).map(|i| s.moments(i, n_frames))).collect();
    let mut images = MovieImages::default();
    let mut correlations = vec![(0.0, 0); shape.n_pixels()];
    for sums in strips {
        for i in 0..sums.pixels.len() {
            let p = sums.pixels.start + i;
            let (mean, variance) = moments[p];
            let changes = variance > NO_VARIANCE;
            images.variance.push(if changes { variance as f32 } else { 0.0 });
            let lag_one = (sums.lag_one(i, n_frames) / variance) as f32;
            images.lag_one.push(if changes { lag_one } else { f32::NAN });
            for (j, q) in neighbours_after(p, shape) {
                let (other, other_variance) = moments[q];
                if changes && other_variance > NO_VARIANCE {
                    let covariance = sums.totals[3 + j][i] / n_frames - mean * other;
                    let correlation = covariance / (variance * other_variance).sqrt();
                    for pixel in [p, q] {
                        correlations[pixel].0 += correlation;
                        correlations[pixel].1 += 1;
                    }
                }
            }
        }
    }
    let mean = |(sum, n): (f64, i32)| (sum / f64::from(n)) as f32;
    images.neighbour_correlation = correlations.into_iter().map(mean).collect();
    images
}

/// Which of the four neighbours a pixel has, and their pixels.
fn neighbours_after(p: usize, shape: MovieShape) -> impl Iterator<Item = (usize, usize)> {
    let (width, x) = (shape.width, p % shape.width);
    let (right, below, left) = (x + 1 < width, p + width < shape.n_pixels(), x > 0);
    let there = [right, below, below && left, below && right];
    let places = [p + 1, p + width, p + width - 1, p + width + 1];
    (0..4).filter(move |&j| there[j]).map(move |j| (j, places[j]))
}
