//! The signal-to-noise ratio as the paper's figures have it.

use serde::{Deserialize, Serialize};

use crate::MovieShape;
use crate::noise::NoiseEstimator;

/// Pixels looked at, about.
const PIXELS: usize = 1024;

/// Frames taken from each of start, middle and end of a long movie.
const PART: usize = 1024;

/// Signal-to-noise ratio of pixels, `sd over time / noise`, before and after denoising.
///
/// The noise is the root of the median of half the power spectrum above a quarter of the frame rate. Denoising makes
/// both smaller, so that the gain says little about the error to the truth: on the synthetic movies of the tests it is
/// 1.6 to 3 where that error falls 10 to 11 times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SignalToNoise {
    /// Median over pixels of the recording.
    pub raw: f64,
    /// Median over pixels of the denoised movie.
    pub denoised: f64,
    /// Median over pixels of `denoised / raw`.
    pub gain: f64,
    /// Pixels looked at, spread evenly; those that do not change are not counted.
    pub n_pixels: usize,
}

/// Traces of some pixels, of as many frames as the spectrum needs.
pub(super) struct Sample {
    pixels: Vec<usize>,
    n_pixels: usize,
    /// First frames of the parts, and their length.
    starts: Vec<usize>,
    length: usize,
    /// `[pixel, frame]`.
    raw: Vec<Vec<f32>>,
    denoised: Vec<Vec<f32>>,
}

impl Sample {
    pub(super) fn new(shape: MovieShape) -> Self {
        let n_pixels = shape.n_pixels();
        let step = (n_pixels as f64 / PIXELS as f64).sqrt().ceil().max(1.0) as usize;
        // Sides shorter than half a step have their middle.
        let along = |length: usize| ((step / 2).min(length / 2)..length).step_by(step);
        let pixels: Vec<usize> = along(shape.height)
            .flat_map(|y| along(shape.width).map(move |x| y * shape.width + x))
            .collect();
        let n = shape.n_frames;
        let (starts, length) =
            if n <= 3 * PART { (vec![0], n) } else { (vec![0, n / 2 - PART / 2, n - PART], PART) };
        let n_kept = starts.len() * length;
        let traces = || pixels.iter().map(|_| Vec::with_capacity(n_kept)).collect();
        Self { raw: traces(), denoised: traces(), pixels, n_pixels, starts, length }
    }

    /// Add the frames from `first` on, `[frame, pixel]` in noise units.
    pub(super) fn add(&mut self, first: usize, raw: &[f32], denoised: &[f32]) {
        let frames = raw.chunks_exact(self.n_pixels).zip(denoised.chunks_exact(self.n_pixels));
        for (t, (raw, denoised)) in (first..).zip(frames) {
            if self.starts.iter().any(|&start| (start..start + self.length).contains(&t)) {
                for (i, &pixel) in self.pixels.iter().enumerate() {
                    self.raw[i].push(raw[pixel]);
                    self.denoised[i].push(denoised[pixel]);
                }
            }
        }
    }

    /// From the variances of all pixels.
    pub(super) fn summary(&self, raw: &[f32], denoised: &[f32]) -> Option<SignalToNoise> {
        let ratio = |trace: &[f32], variance: f32| {
            let noise = NoiseEstimator::BandMedian.deviation(trace)?;
            Some(f64::from(variance).sqrt() / noise)
                .filter(|ratio| ratio.is_finite() && *ratio > 0.0)
        };
        let pairs: Vec<(f64, f64)> = (0..self.pixels.len())
            .filter_map(|i| {
                let pixel = self.pixels[i];
                Some((ratio(&self.raw[i], raw[pixel])?, ratio(&self.denoised[i], denoised[pixel])?))
            })
            .collect();
        let of = |pick: fn(&(f64, f64)) -> f64| median(pairs.iter().map(pick).collect());
        let (raw, denoised, gain) =
            (of(|pair| pair.0)?, of(|pair| pair.1)?, of(|pair| pair.1 / pair.0)?);
        Some(SignalToNoise { raw, denoised, gain, n_pixels: pairs.len() })
    }
}

/// The mean of the two in the middle of an even number; `None` of nothing.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let half = values.len() / 2;
    let upper = *values.get(half)?;
    Some(if values.len() % 2 == 1 { upper } else { 0.5 * (values[half - 1] + upper) })
}
