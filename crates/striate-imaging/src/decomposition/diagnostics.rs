//! What a decomposition kept and what it left out: the residual should look like noise.

mod snr;
mod sums;
#[cfg(test)]
mod tests;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use striate_base::{CancelToken, Progress};

use super::chunk::{CHUNK, for_each_chunk};
use super::config::DecompositionConfig;
use super::factorised::FactorisedMovie;
use super::roughness::Thresholds;
use crate::{ImagingError, Movie, MovieShape};
use snr::Sample;
pub use snr::SignalToNoise;
use sums::Strip;

/// Frames of the denoised movie computed by one task.
const FRAMES_PER_TASK: usize = 16;

/// The same of the recorded movie, of the denoised one, and of their difference.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Triple<T> {
    /// The movie as recorded.
    pub raw: T,
    /// What the components make of it.
    pub denoised: T,
    /// What they leave out.
    pub residual: T,
}

impl<T> Triple<T> {
    fn map<U>(&self, f: impl Fn(&T) -> U) -> Triple<U> {
        Triple { raw: f(&self.raw), denoised: f(&self.denoised), residual: f(&self.residual) }
    }
}

/// Images `[y, x]` of one movie. NaN where the pixel does not change.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MovieImages {
    /// Variance over time, in squared noise units; 0 where the pixel does not change.
    pub variance: Vec<f32>,
    /// Correlation of each frame with the next, `C(1) / C(0)`.
    pub lag_one: Vec<f32>,
    /// Mean correlation with the up to 8 neighbours.
    pub neighbour_correlation: Vec<f32>,
}

/// Smallest value, median and largest value of an image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Smallest value.
    pub least: f64,
    /// Median.
    pub median: f64,
    /// Largest value.
    pub most: f64,
}

impl Spread {
    /// Of the values that are not NaN; `None` without any.
    fn of(image: &[f32]) -> Option<Self> {
        let values: Vec<f64> = image.iter().filter(|v| !v.is_nan()).map(|&v| v.into()).collect();
        let median = snr::median(values.clone())?;
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Some(Self { least, median, most })
    }
}

/// A decomposition in numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecompositionSummary {
    /// Frames, rows and columns.
    pub shape: MovieShape,
    /// The settings.
    pub config: DecompositionConfig,
    /// Roughness above which a component counted as noise.
    pub thresholds: Thresholds,
    /// Overlapping blocks.
    pub n_blocks: usize,
    /// Components of all blocks.
    pub n_components: usize,
    /// Components per block, on average.
    pub mean_rank: f64,
    /// Components of the block with the most.
    pub max_rank: usize,
    /// Blocks without a component.
    pub n_empty_blocks: usize,
    /// Blocks with as many components as are allowed: there may be more signal.
    pub n_full_blocks: usize,
    /// Pixels that never change or have a NaN.
    pub n_dead_pixels: usize,
    /// [`FactorisedMovie::compression`]; `None` without components.
    pub compression: Option<f64>,
    /// [`FactorisedMovie::compression_of_one_tiling`]; `None` without components.
    pub compression_of_one_tiling: Option<f64>,
    /// Variance over time, mean over pixels, in squared noise units.
    pub variance: Triple<f64>,
    /// `1 - residual / raw` variance.
    pub variance_explained: f64,
    /// [`MovieImages::lag_one`]: of a residual that is white noise, near 0.
    pub lag_one: Triple<Option<Spread>>,
    /// [`MovieImages::neighbour_correlation`]: of a residual that is white noise, near 0.
    pub neighbour_correlation: Triple<Option<Spread>>,
    /// Signal-to-noise ratio before and after; `None` where no pixel has both.
    pub signal_to_noise: Option<SignalToNoise>,
}

/// A decomposition in numbers and images.
#[derive(Debug, Clone, PartialEq)]
pub struct DecompositionDiagnostics {
    /// The numbers.
    pub summary: DecompositionSummary,
    /// Images of the three movies.
    pub images: Triple<MovieImages>,
    /// Components of the blocks at each pixel, blended as the blocks are, `[y, x]`.
    pub rank: Vec<f32>,
}

impl FactorisedMovie {
    /// Compare this movie with the recording `raw` that it was made from: one pass over both. Beside the components
    /// it takes about 1300 bytes a pixel and 25 megabytes, for any number of frames.
    ///
    /// # Errors
    /// Where `raw` has another shape, where one of the movies cannot be read, and when cancelled.
    ///
    /// ```
    /// use striate_base::{CancelToken, NoProgress};
    /// use striate_imaging::{ArrayMovie, decomposition::{DecompositionConfig, decompose}};
    ///
    /// let mut values = vec![0.0; 300 * 20 * 20];
    /// striate_kernels::noise::fill_normal(1, &mut values);
    /// let movie = ArrayMovie::new(ndarray::Array3::from_shape_vec((300, 20, 20), values)?);
    /// let found = decompose(&movie, &DecompositionConfig::default(), None, &mut NoProgress, &CancelToken::new())?;
    /// let summary = found.diagnose(&movie, &mut NoProgress, &CancelToken::new())?.summary;
    /// // Noise stays noise.
    /// assert_eq!((summary.n_empty_blocks, summary.variance_explained), (1, 0.0));
    /// assert!(summary.lag_one.residual.unwrap().median.abs() < 0.02);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn diagnose(
        &self,
        raw: &dyn Movie,
        progress: &mut dyn Progress,
        cancel: &CancelToken,
    ) -> Result<DecompositionDiagnostics, ImagingError> {
        if raw.shape() != self.shape {
            let (found, expected) = (format!("{:?}", raw.shape()), format!("{:?}", self.shape));
            return Err(ImagingError::input("shape of the movie", found, expected));
        }
        let (images, sample) = self.compare(raw, progress, cancel)?;
        let signal_to_noise = sample.summary(&images.raw.variance, &images.denoised.variance);
        let summary = self.summary(&images, signal_to_noise);
        Ok(DecompositionDiagnostics { summary, images, rank: self.rank_image() })
    }

    /// The pass over both movies.
    fn compare(
        &self,
        raw: &dyn Movie,
        progress: &mut dyn Progress,
        cancel: &CancelToken,
    ) -> Result<(Triple<MovieImages>, Sample), ImagingError> {
        progress.start("diagnostics", Some(self.shape.n_frames as u64));
        let n_pixels = self.shape.n_pixels();
        let mut strips = Strip::all(self.shape.height, self.shape.width);
        let mut sample = Sample::new(self.shape);
        let mut denoised = Vec::new();
        for_each_chunk(raw, CHUNK, progress, cancel, |frames, raw| {
            raw.par_chunks_mut(n_pixels).for_each(|frame| self.standard.apply_to_frame(frame));
            denoised.resize(raw.len(), 0.0);
            self.denoise(frames.start, &mut denoised)?;
            sample.add(frames.start, raw, &denoised);
            strips.par_iter_mut().for_each(|strip| {
                strip.sums.raw.add(raw);
                strip.sums.denoised.add(&denoised);
            });
            let difference = |(raw, denoised): (&mut f32, &f32)| *raw -= denoised;
            raw.par_iter_mut().zip(&denoised).with_min_len(n_pixels).for_each(difference);
            strips.par_iter_mut().for_each(|strip| strip.sums.residual.add(raw));
            Ok(())
        })?;
        progress.finish();
        Ok((sums::images(&strips, self.shape), sample))
    }

    /// Frames from `first` on in noise units, with all threads.
    fn denoise(&self, first: usize, out: &mut [f32]) -> Result<(), ImagingError> {
        let n_pixels = self.shape.n_pixels();
        let tasks = out.par_chunks_mut(FRAMES_PER_TASK * n_pixels).enumerate();
        tasks.try_for_each(|(task, out)| {
            let start = first + task * FRAMES_PER_TASK;
            self.read_standardised(start..start + out.len() / n_pixels, out)
        })
    }

    fn summary(
        &self,
        images: &Triple<MovieImages>,
        signal_to_noise: Option<SignalToNoise>,
    ) -> DecompositionSummary {
        let ranks = || self.blocks.iter().map(|block| block.rank);
        let variance = images.map(|images| mean(&images.variance));
        let explained = 1.0 - variance.residual / variance.raw;
        let finite = |value: f64| value.is_finite().then_some(value);
        DecompositionSummary {
            shape: self.shape,
            config: self.config.clone(),
            thresholds: self.thresholds,
            n_blocks: self.blocks.len(),
            n_components: self.n_components(),
            mean_rank: self.mean_rank(),
            max_rank: ranks().max().unwrap_or(0),
            n_empty_blocks: ranks().filter(|&rank| rank == 0).count(),
            n_full_blocks: ranks().filter(|&rank| rank == self.config.most_components()).count(),
            n_dead_pixels: images.raw.lag_one.iter().filter(|value| value.is_nan()).count(),
            compression: finite(self.compression()),
            compression_of_one_tiling: finite(self.compression_of_one_tiling()),
            variance,
            variance_explained: finite(explained).unwrap_or(0.0),
            lag_one: images.map(|images| Spread::of(&images.lag_one)),
            neighbour_correlation: images.map(|images| Spread::of(&images.neighbour_correlation)),
            signal_to_noise,
        }
    }

    fn rank_image(&self) -> Vec<f32> {
        let mut image = vec![0.0; self.shape.n_pixels()];
        for block in &self.blocks {
            for (pixel, weight) in block.place.pixels(self.shape.width).zip(&block.weights) {
                image[pixel] += weight * block.rank as f32;
            }
        }
        image
    }
}

fn mean(image: &[f32]) -> f64 {
    image.iter().map(|&value| f64::from(value)).sum::<f64>() / image.len() as f64
}
