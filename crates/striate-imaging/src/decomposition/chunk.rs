//! Frames of a movie, standardised and sorted into cells.

#[cfg(test)]
mod tests;

use std::ops::Range;

use rayon::prelude::*;
use striate_base::{CancelToken, Progress};
use striate_kernels::matrix::{PADDING, Rows};

use super::grid::Rectangle;
use super::moments::Standard;
use crate::{ImagingError, Movie};

/// Frames worked on at a time. Fixed, so that sums over chunks have the same bits everywhere.
pub(crate) const CHUNK: usize = 128;

/// Pixels whose means and noise stay in the cache for all frames of a task.
const STRIP: usize = 2048;

/// Frames read by one task.
pub(crate) const FRAMES_PER_TASK: usize = 4;

/// Hand all frames of a movie, `at_once` at a time, to `work`: `[frame, pixel]`, for it to use up, and which frames
/// they are.
pub(crate) fn for_each_chunk(
    movie: &dyn Movie,
    at_once: usize,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
    mut work: impl FnMut(Range<usize>, &mut [f32]) -> Result<(), ImagingError>,
) -> Result<(), ImagingError> {
    let shape = movie.shape();
    let n_pixels = shape.n_pixels();
    let mut buffer = vec![0.0; at_once.min(shape.n_frames) * n_pixels];
    for start in (0..shape.n_frames).step_by(at_once) {
        if cancel.is_cancelled() {
            return Err(ImagingError::Interrupted);
        }
        let frames = start..(start + at_once).min(shape.n_frames);
        let values = &mut buffer[..frames.len() * n_pixels];
        read_parallel(movie, frames.start, n_pixels, values)?;
        work(frames.clone(), values)?;
        progress.advance(frames.len() as u64);
    }
    Ok(())
}

fn read_parallel(
    movie: &dyn Movie,
    first: usize,
    n_pixels: usize,
    values: &mut [f32],
) -> Result<(), ImagingError> {
    let tasks = values.par_chunks_mut(FRAMES_PER_TASK * n_pixels).enumerate();
    tasks.try_for_each(|(task, values)| {
        let start = first + task * FRAMES_PER_TASK;
        movie.read(start..start + values.len() / n_pixels, values)
    })
}

/// The standardised values of a chunk, cell by cell: `[frame, pixel of the cell]` each.
#[derive(Debug)]
pub(crate) struct CellChunk {
    cells: Vec<Rectangle>,
    /// Pixels in the cells before each, and in all.
    offsets: Vec<usize>,
    values: Vec<f32>,
    n_frames: usize,
    standard: Standard,
}

impl CellChunk {
    pub(crate) fn new(cells: Vec<Rectangle>, standard: &Standard) -> Self {
        let mut offsets = vec![0];
        for cell in &cells {
            offsets.push(offsets[offsets.len() - 1] + cell.n_pixels());
        }
        let standard = standard.clone();
        Self { cells, offsets, values: Vec::new(), n_frames: 0, standard }
    }

    /// Frames in the chunk.
    pub(crate) fn n_frames(&self) -> usize {
        self.n_frames
    }

    /// Pixels of a cell.
    pub(crate) fn n_pixels(&self, cell: usize) -> usize {
        self.cells[cell].n_pixels()
    }

    /// Overwrite with `frames` of a movie. Each task reads a few frames, so that they are still in the cache when
    /// they are standardised and sorted.
    pub(crate) fn read(
        &mut self,
        movie: &dyn Movie,
        frames: Range<usize>,
    ) -> Result<(), ImagingError> {
        let (n_pixels, width) = (movie.shape().n_pixels(), movie.shape().width);
        self.n_frames = frames.len();
        self.values.resize(frames.len() * n_pixels + PADDING, 0.0);
        let (cells, standard) = (&self.cells, &self.standard);
        let tasks = parts_of_tasks(cells, frames.len(), &mut self.values).into_par_iter();
        tasks.enumerate().try_for_each_init(Vec::new, |raw: &mut Vec<f32>, (task, parts)| {
            let start = frames.start + task * FRAMES_PER_TASK;
            let own = start..(start + FRAMES_PER_TASK).min(frames.end);
            raw.resize(own.len() * n_pixels, 0.0);
            movie.read(own, raw)?;
            standardise(raw, standard);
            for (cell, part) in cells.iter().zip(parts) {
                copy_cell(cell, raw, [n_pixels, width], part);
            }
            Ok(())
        })
    }

    /// The values of a cell, `[frame, pixel]`, with padding behind them.
    pub(crate) fn cell(&self, cell: usize) -> Rows<'_> {
        let values = &self.values[self.offsets[cell] * self.n_frames..];
        Rows { values, step: self.cells[cell].n_pixels() }
    }
}

/// What each task writes of every cell.
fn parts_of_tasks<'a>(
    cells: &[Rectangle],
    n_frames: usize,
    values: &'a mut [f32],
) -> Vec<Vec<&'a mut [f32]>> {
    let n_tasks = n_frames.div_ceil(FRAMES_PER_TASK);
    let mut tasks: Vec<_> = (0..n_tasks).map(|_| Vec::with_capacity(cells.len())).collect();
    let mut rest = values;
    for cell in cells {
        let (part, others) = rest.split_at_mut(cell.n_pixels() * n_frames);
        let parts = part.chunks_mut(FRAMES_PER_TASK * cell.n_pixels());
        tasks.iter_mut().zip(parts).for_each(|(task, part)| task.push(part));
        rest = others;
    }
    tasks
}

/// `(value - mean) / noise` of frames, in their place; 0 where that is NaN.
fn standardise(frames: &mut [f32], Standard { mean, noise }: &Standard) {
    let strips = mean.chunks(STRIP).zip(noise.chunks(STRIP)).enumerate();
    for (strip, (strip_mean, strip_noise)) in strips {
        for frame in frames.chunks_exact_mut(mean.len()) {
            let values = frame[strip * STRIP..].iter_mut();
            for ((value, mean), noise) in values.zip(strip_mean).zip(strip_noise) {
                let z = (*value - mean) / noise;
                *value = if z.is_nan() { 0.0 } else { z };
            }
        }
    }
}

/// Copy a few values: for rows of cells, a call of the general routine takes longer than the copy.
fn copy_short(from: &[f32], to: &mut [f32]) {
    let (eights, rest) = from.as_chunks::<8>();
    let (to_eights, to_rest) = to.as_chunks_mut::<8>();
    to_eights.iter_mut().zip(eights).for_each(|(to, from)| *to = *from);
    let (pairs, rest) = rest.as_chunks::<2>();
    let (to_pairs, to_rest) = to_rest.as_chunks_mut::<2>();
    to_pairs.iter_mut().zip(pairs).for_each(|(to, from)| *to = *from);
    if let ([to], [from]) = (to_rest, rest) {
        *to = *from;
    }
}

/// Copy the pixels of a cell out of frames of `n_pixels`, `width` wide.
fn copy_cell(cell: &Rectangle, frames: &[f32], [n_pixels, width]: [usize; 2], out: &mut [f32]) {
    let mut rows = out.chunks_exact_mut(cell.columns.len());
    for frame in frames.chunks_exact(n_pixels) {
        for (y, row) in cell.rows.clone().zip(&mut rows) {
            copy_short(&frame[y * width..][cell.columns.clone()], row);
        }
    }
}
