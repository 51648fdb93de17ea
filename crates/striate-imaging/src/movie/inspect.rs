//! What a movie looks like and what is odd about it, found in one pass over its frames.
//!
//! Sums for mean, noise and correlations are taken in `f64` of the differences from a reference image,
//! the mean of the first stretch that is read. Each row of pixels is one piece of parallel work, so the
//! results have the same bits for any number of threads.

mod frames;
mod pixels;
#[cfg(test)]
mod tests;
mod top;

use std::ops::Range;

use rayon::prelude::*;
use striate_base::{CancelToken, Progress};

use super::{Movie, MovieShape};
use crate::ImagingError;
use frames::FrameSeries;
use pixels::Row;
use top::Top;

/// Settings of [`inspect_movie`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MovieInspectionConfig {
    /// Pixel values read at most, 1 or more: of a longer movie an evenly spread part. Default 8e9,
    /// some 30,000 frames of 512 x 512.
    pub max_values: u64,
    /// Pixel values held at once, 1 or more; at least two frames are. Default 2^23 (32 MiB).
    pub stretch_values: u64,
}

impl Default for MovieInspectionConfig {
    fn default() -> Self {
        Self { max_values: 8_000_000_000, stretch_values: 1 << 23 }
    }
}

impl MovieInspectionConfig {
    /// Refuse settings out of their range.
    ///
    /// # Errors
    /// [`ImagingError::Config`] with the setting.
    pub fn check(&self) -> Result<(), ImagingError> {
        for (key, value) in [
            ("inspection.max_values", self.max_values),
            ("inspection.stretch_values", self.stretch_values),
        ] {
            if value == 0 {
                return Err(ImagingError::config(key, value, "1 or more"));
            }
        }
        Ok(())
    }

    /// Memory that the inspection of a movie takes at most, in bytes.
    pub fn memory_bytes(&self, shape: MovieShape) -> u64 {
        let n_pixels = shape.n_pixels() as u64;
        let stretch = self.stretch_frames(shape) as u64 * n_pixels * 4;
        stretch + n_pixels * Row::BYTES_A_PIXEL + 9 * 4 * n_pixels + 16 * shape.n_frames as u64
    }

    fn stretch_frames(&self, shape: MovieShape) -> usize {
        let n = self.stretch_values / (shape.n_pixels() as u64).max(1);
        usize::try_from(n).unwrap_or(usize::MAX).max(2).min(shape.n_frames.max(1))
    }

    /// Stretches to read, all but the last of equal length, evenly spread.
    fn stretches(&self, shape: MovieShape) -> Vec<Range<usize>> {
        let length = self.stretch_frames(shape);
        let n_all = shape.n_frames.div_ceil(length);
        let affordable = self.max_values / (length as u64 * shape.n_pixels() as u64).max(1);
        let n = usize::try_from(affordable).unwrap_or(usize::MAX).clamp(1, n_all);
        let spread = |i: usize| if n == 1 { 0 } else { i * (n_all - 1) / (n - 1) };
        (0..n)
            .map(|i| spread(i) * length)
            .map(|start| start..(start + length).min(shape.n_frames))
            .collect()
    }
}

/// What [`inspect_movie`] finds. Serialised, it is a summary without the images.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct MovieInspection {
    /// Numbers of frames, rows and columns.
    pub shape: MovieShape,
    /// Frames that were read; fewer than there are if the movie is very long.
    pub n_frames_read: usize,
    /// Smallest finite value; NaN where there is none.
    pub min: f32,
    /// Largest finite value; NaN where there is none.
    pub max: f32,
    /// Mean over all pixels and frames read.
    pub mean: f64,
    /// Median over pixels of the noise s.d., in units of the movie; constant pixels are left out.
    pub median_noise: f64,
    /// Median over pixels of mean local correlation; constant pixels are left out.
    pub median_correlation: f64,
    /// Share of values at the level where the detector saturates; 0 where there is no sign of one.
    pub saturated_share: f64,
    /// That level.
    pub saturation_level: Option<f32>,
    /// Pixels that never change.
    pub n_constant_pixels: usize,
    /// Values that are NaN or infinite; they are left out of everything else.
    pub n_not_finite: u64,
    /// Frames equal to the one before, pixel by pixel.
    pub repeated_frames: Vec<usize>,
    /// Frames all of whose pixels are equal.
    pub blank_frames: Vec<usize>,
    /// Frames, not blank, whose mean is more than 10 robust standard deviations from the median of
    /// frames.
    pub outlying_frames: Vec<usize>,
    /// Mean of each pixel, `[y, x]`.
    #[serde(skip)]
    pub mean_image: Vec<f32>,
    /// Largest value of each pixel, `[y, x]`.
    #[serde(skip)]
    pub max_image: Vec<f32>,
    /// Noise s.d. of each pixel, `[y, x]`: the root of C(0) - C(1), where C(k) is the autocovariance at
    /// a lag of k frames; 0 where that is not positive.
    #[serde(skip)]
    pub noise_image: Vec<f32>,
    /// Mean correlation of each pixel with its up to 8 neighbours, `[y, x]`; constant neighbours are
    /// left out, and a pixel without others has 0.
    #[serde(skip)]
    pub correlation_image: Vec<f32>,
}

/// Look through a movie once, in bounded memory ([`MovieInspectionConfig::memory_bytes`]).
///
/// ```
/// use striate_base::{CancelToken, NoProgress};
/// use striate_imaging::{ArrayMovie, MovieInspectionConfig, inspect_movie};
///
/// let mut frames = ndarray::Array3::from_shape_fn((50, 4, 5), |(t, y, x)| (t * t * (y + 1) + x) as f32 % 7.0);
/// frames.index_axis_mut(ndarray::Axis(0), 9).fill(0.0);
/// let config = MovieInspectionConfig::default();
/// let found =
///     inspect_movie(&ArrayMovie::new(frames), &config, &mut NoProgress, &CancelToken::new())?;
/// assert_eq!(found.blank_frames, [9]);
/// assert_eq!((found.min, found.max), (0.0, 6.0));
/// # Ok::<(), striate_imaging::ImagingError>(())
/// ```
///
/// # Errors
/// [`ImagingError::Config`] for settings out of range, [`ImagingError::Interrupted`] on request, and
/// whatever reading the movie reports.
pub fn inspect_movie(
    movie: &dyn Movie,
    config: &MovieInspectionConfig,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<MovieInspection, ImagingError> {
    config.check()?;
    let shape = movie.shape();
    if shape.n_frames == 0 || shape.n_pixels() == 0 {
        let found = format!("{} frames of {} pixels", shape.n_frames, shape.n_pixels());
        return Err(ImagingError::input("movie", found, "one frame of one pixel or more"));
    }
    let stretches = config.stretches(shape);
    let n_read: usize = stretches.iter().map(ExactSizeIterator::len).sum();
    progress.start("looking through the movie", Some(n_read as u64));
    let mut state = State::new(shape);
    let mut buffer = vec![0.0; stretches.first().map_or(0, Range::len) * shape.n_pixels()];
    for stretch in stretches {
        if cancel.is_cancelled() {
            return Err(ImagingError::Interrupted);
        }
        let (frames, _) = buffer.split_at_mut(stretch.len() * shape.n_pixels());
        movie.read(stretch.clone(), frames)?;
        state.take(stretch.clone(), frames);
        progress.advance(stretch.len() as u64);
    }
    progress.finish();
    Ok(state.finish())
}

/// All that is summed up.
struct State {
    shape: MovieShape,
    rows: Vec<Row>,
    series: FrameSeries,
    /// What is subtracted from every frame, `[y, x]`; empty before the first stretch.
    reference: Vec<f32>,
    /// The last frame taken, and its number.
    previous: (Option<usize>, Vec<f32>),
    n_read: usize,
}

impl State {
    fn new(shape: MovieShape) -> Self {
        Self {
            shape,
            rows: (0..shape.height).map(|_| Row::new(shape.width)).collect(),
            series: FrameSeries::default(),
            reference: Vec::new(),
            previous: (None, Vec::new()),
            n_read: 0,
        }
    }

    /// Take in the next stretch, `[frame, y, x]`.
    fn take(&mut self, stretch: Range<usize>, frames: &[f32]) {
        let (n_pixels, width) = (self.shape.n_pixels(), self.shape.width);
        if self.reference.is_empty() {
            self.reference = pixels::reference(frames, n_pixels);
        }
        let follows = stretch.start.checked_sub(1).is_some_and(|n| self.previous.0 == Some(n));
        let previous = if follows { Some(self.previous.1.as_slice()) } else { None };
        self.series.take(stretch.start, frames, n_pixels, previous);
        let reference = &self.reference;
        self.rows.par_iter_mut().enumerate().for_each(|(y, row)| {
            row.take(y * width, reference, frames, previous);
        });
        self.n_read += stretch.len();
        if let Some(last) = frames.chunks_exact(n_pixels).last() {
            self.previous = (Some(stretch.end - 1), last.to_vec());
        }
    }

    fn finish(self) -> MovieInspection {
        let (n, shape) = (self.n_read, self.shape);
        let images = pixels::images(&self.rows, &self.reference, shape, n);
        let top = self.rows.iter().fold(Top::default(), |top, row| top.joined(&row.top));
        let (saturation_level, n_saturated) = top.saturation();
        let n_values = n as f64 * shape.n_pixels() as f64;
        let changing: Vec<bool> = self.rows.iter().flat_map(Row::changing).collect();
        let median = |image: &[f32]| {
            let kept = image.iter().zip(&changing).filter(|(_, changes)| **changes);
            frames::median(kept.map(|(&value, _)| f64::from(value)).collect())
        };
        let n_not_finite = self.rows.iter().map(|row| row.n_not_finite).sum();
        let finite = self
            .rows
            .iter()
            .map(Row::range)
            .fold((f32::NAN, f32::NAN), |(low, high), row| (low.min(row.0), high.max(row.1)));
        MovieInspection {
            shape,
            n_frames_read: n,
            min: finite.0,
            max: finite.1,
            mean: images.mean.iter().map(|&v| f64::from(v)).sum::<f64>() / shape.n_pixels() as f64,
            median_noise: median(&images.noise),
            median_correlation: median(&images.correlation),
            saturated_share: n_saturated as f64 / n_values,
            saturation_level,
            n_constant_pixels: changing.iter().filter(|changes| !**changes).count(),
            n_not_finite,
            outlying_frames: self.series.outlying(),
            repeated_frames: self.series.repeated,
            blank_frames: self.series.blank,
            mean_image: images.mean,
            max_image: self.rows.iter().flat_map(|row| row.max.iter().copied()).collect(),
            noise_image: images.noise,
            correlation_image: images.correlation,
        }
    }
}
