//! Work on many frames, a few at a time.

use rayon::prelude::*;
use striate_base::{CancelToken, Progress};

use crate::{ImagingError, Movie};

/// Pixels held at a time: 64 MiB.
const CHUNK_PIXELS: usize = 1 << 24;
/// Frames held at a time at most.
const MOST_FRAMES: usize = 256;

fn chunk_of(movie: &dyn Movie) -> usize {
    (CHUNK_PIXELS / movie.shape().n_pixels()).clamp(1, MOST_FRAMES)
}

/// `work` on every frame, in order, read in chunks.
pub(super) fn map_all<T: Send>(
    movie: &dyn Movie,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
    work: impl Fn(&[f32]) -> T + Sync,
) -> Result<Vec<T>, ImagingError> {
    let (n_frames, n_pixels) = (movie.shape().n_frames, movie.shape().n_pixels());
    let chunk = chunk_of(movie).min(n_frames);
    let mut pixels = vec![0.0; chunk * n_pixels];
    let mut results = Vec::with_capacity(n_frames);
    for first in (0..n_frames).step_by(chunk) {
        if cancel.is_cancelled() {
            return Err(ImagingError::Interrupted);
        }
        let frames = first..(first + chunk).min(n_frames);
        let pixels = &mut pixels[..frames.len() * n_pixels];
        movie.read(frames.clone(), pixels)?;
        let found: Result<Vec<T>, ImagingError> = pixels
            .par_chunks_exact(n_pixels)
            .zip(frames.clone())
            .map(|(frame, index)| check_finite(frame, index).map(|()| work(frame)))
            .collect();
        results.extend(found?);
        progress.advance(frames.len() as u64);
    }
    Ok(results)
}

/// `work` on the frames at `indices`, in that order, each read by itself.
pub(super) fn map<T: Send>(
    movie: &dyn Movie,
    indices: &[usize],
    cancel: &CancelToken,
    work: impl Fn(usize, &[f32]) -> T + Sync,
) -> Result<Vec<T>, ImagingError> {
    let one = |&index: &usize| {
        if cancel.is_cancelled() {
            return Err(ImagingError::Interrupted);
        }
        let mut frame = vec![0.0; movie.shape().n_pixels()];
        movie.read(index..index + 1, &mut frame)?;
        check_finite(&frame, index)?;
        Ok(work(index, &frame))
    };
    indices.par_iter().map(one).collect()
}

/// Mean of the frames at `indices`.
pub(super) fn mean(
    movie: &dyn Movie,
    indices: &[usize],
    cancel: &CancelToken,
) -> Result<Vec<f32>, ImagingError> {
    mean_of(movie, indices, cancel, |_, frame| frame.to_vec())
}

/// Mean of what `change` makes of the frames at `indices`; sums in the order of the frames.
pub(super) fn mean_of(
    movie: &dyn Movie,
    indices: &[usize],
    cancel: &CancelToken,
    change: impl Fn(usize, &[f32]) -> Vec<f32> + Sync,
) -> Result<Vec<f32>, ImagingError> {
    let mut sums = vec![0.0_f64; movie.shape().n_pixels()];
    for indices in indices.chunks(chunk_of(movie)) {
        let images = map(movie, indices, cancel, &change)?;
        sums.par_iter_mut().enumerate().for_each(|(pixel, sum)| {
            images.iter().for_each(|image| *sum += f64::from(image[pixel]));
        });
    }
    let n = indices.len().max(1) as f64;
    Ok(sums.into_iter().map(|sum| (sum / n) as f32).collect())
}

/// `n` frames or fewer, evenly spread over the movie.
pub(super) fn spread(movie: &dyn Movie, n: usize) -> Vec<usize> {
    let n_frames = movie.shape().n_frames;
    let n = n.min(n_frames);
    (0..n).map(|i| (2 * i + 1) * n_frames / (2 * n)).collect()
}

fn check_finite(frame: &[f32], index: usize) -> Result<(), ImagingError> {
    match frame.iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(pixel) => Err(ImagingError::input(
            format!("pixel {pixel} of frame {index}"),
            frame[pixel],
            "a finite number",
        )),
    }
}
