//! Mean and noise of every pixel, in one pass.

#[cfg(test)]
mod tests;

use std::ops::Range;

use rayon::prelude::*;
use striate_base::{CancelToken, Progress};

use super::chunk::for_each_chunk;
use crate::{ImagingError, Movie};

/// A noise below this is none: the pixel is constant.
const NO_NOISE: f64 = 1e-8;

/// Frames read at a time: few enough to be still in the cache when they are summed.
pub(crate) const FRAMES: usize = 16;

/// Frames summed in f32 before they are added to sums in f64.
const FRAMES_IN_F32: usize = 128;

/// Pixels per task.
const STRIP: usize = 2048;

/// Mean and noise standard deviation of every pixel, `[y, x]`.
///
/// Pixels that are constant have noise 1; pixels with a NaN or an infinity in any frame count as constant with
/// mean NaN.
#[derive(Debug, Clone, PartialEq)]
pub struct Standard {
    /// Mean, in units of the recording.
    pub mean: Vec<f32>,
    /// Standard deviation of the noise, in units of the recording.
    pub noise: Vec<f32>,
}

impl Standard {
    /// `(value - mean) / noise` of all pixels of a frame, in its place; 0 where that is NaN.
    pub(crate) fn apply_to_frame(&self, frame: &mut [f32]) {
        for ((value, mean), noise) in frame.iter_mut().zip(&self.mean).zip(&self.noise) {
            let z = (*value - mean) / noise;
            *value = if z.is_nan() { 0.0 } else { z };
        }
    }

    /// Means and noise of `movie`: the noise variance is `C(0) - C(1)`, the variance less the covariance with the
    /// next frame, so that whatever changes slowly is no noise.
    ///
    /// # Errors
    /// Where the movie cannot be read, has fewer than 3 frames, or has NaN in every pixel.
    pub fn of(
        movie: &dyn Movie,
        progress: &mut dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Self, ImagingError> {
        let shape = movie.shape();
        if shape.n_frames < 3 {
            return Err(ImagingError::input("frames of the movie", shape.n_frames, "at least 3"));
        }
        progress.start("mean and noise of every pixel", Some(shape.n_frames as u64));
        let n_pixels = shape.n_pixels();
        let mut strips: Vec<Sums> = (0..n_pixels)
            .step_by(STRIP)
            .map(|start| Sums::new(start..(start + STRIP).min(n_pixels)))
            .collect();
        for_each_chunk(movie, FRAMES, progress, cancel, |_, values| {
            strips.par_iter_mut().for_each(|strip| strip.add(values, n_pixels));
            Ok(())
        })?;
        progress.finish();
        strips.iter_mut().for_each(Sums::flush);
        let moments = strips.iter().flat_map(|strip| strip.moments(shape.n_frames));
        let (mean, noise): (Vec<f32>, Vec<f32>) = moments.unzip();
        if mean.iter().all(|mean| mean.is_nan()) {
            let expected = "at least one pixel without; drop or fill frames that are missing";
            return Err(ImagingError::input("movie", "NaN in every pixel", expected));
        }
        Ok(Self { mean, noise })
    }
}

/// Sums over frames of the pixels of a strip, less the first frame: 16-bit baselines would eat up the digits.
#[derive(Debug)]
struct Sums {
    pixels: Range<usize>,
    first: Vec<f32>,
    last: Vec<f32>,
    sum: Vec<f64>,
    square: Vec<f64>,
    /// Of products with the next frame.
    product: Vec<f64>,
    /// What the latest frames add to these three.
    parts: [Vec<f32>; 3],
    n_in_parts: usize,
}

impl Sums {
    fn new(pixels: Range<usize>) -> Self {
        let zeros = vec![0.0; pixels.len()];
        let (sum, square, product) = (zeros.clone(), zeros.clone(), zeros);
        let parts = std::array::from_fn(|_| vec![0.0; pixels.len()]);
        let (first, last) = (Vec::new(), Vec::new());
        Self { pixels, first, last, sum, square, product, parts, n_in_parts: 0 }
    }

    fn add(&mut self, values: &[f32], n_pixels: usize) {
        let n = self.pixels.len();
        if self.first.is_empty() {
            self.first = values[self.pixels.clone()].to_vec();
            self.last = vec![0.0; n];
        }
        for frame in values.chunks_exact(n_pixels) {
            let frame = &frame[self.pixels.clone()];
            let [sum, square, product] = &mut self.parts;
            add_frame(frame, &self.first, &mut self.last, sum, square, product);
            self.n_in_parts += 1;
            if self.n_in_parts == FRAMES_IN_F32 {
                self.flush();
            }
        }
    }

    /// Add what was summed in f32 to the sums in f64.
    fn flush(&mut self) {
        let totals = [&mut self.sum, &mut self.square, &mut self.product];
        for (total, part) in totals.into_iter().zip(&mut self.parts) {
            total.iter_mut().zip(part.iter()).for_each(|(total, &part)| *total += f64::from(part));
            part.fill(0.0);
        }
        self.n_in_parts = 0;
    }

    fn moments(&self, n_frames: usize) -> impl Iterator<Item = (f32, f32)> + '_ {
        let n = n_frames as f64;
        (0..self.pixels.len()).map(move |i| {
            let mean = self.sum[i] / n;
            let variance = self.square[i] / n - mean * mean;
            // The first value is 0: all but the last, and all but the first, add up to this.
            let ends = 2.0 * self.sum[i] - f64::from(self.last[i]);
            let covariance = self.product[i] / (n - 1.0) - mean * ends / (n - 1.0) + mean * mean;
            let (mean, noise) = (f64::from(self.first[i]) + mean, variance - covariance);
            if !(mean + noise).is_finite() {
                return (f32::NAN, 1.0);
            }
            let noise = noise.max(0.0).sqrt();
            (mean as f32, if noise > NO_NOISE { noise as f32 } else { 1.0 })
        })
    }
}

/// A function of its own, and slices of one length: only then are pixels worked on several at a time.
fn add_frame(
    frame: &[f32],
    first: &[f32],
    last: &mut [f32],
    sum: &mut [f32],
    square: &mut [f32],
    product: &mut [f32],
) {
    let n = frame.len();
    let (first, last) = (&first[..n], &mut last[..n]);
    let (sum, square, product) = (&mut sum[..n], &mut square[..n], &mut product[..n]);
    for i in 0..n {
        let value = frame[i] - first[i];
        sum[i] += value;
        square[i] += value * value;
        product[i] += value * last[i];
        last[i] = value;
    }
}
