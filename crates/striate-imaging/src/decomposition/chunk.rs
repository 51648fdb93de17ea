//! Frames of a movie, standardised and sorted into cells.

use std::ops::Range;

use rayon::prelude::*;
use striate_base::{CancelToken, Progress};
use striate_kernels::matrix::{PADDING, Rows};

use super::grid::Rectangle;
use super::moments::Standard;
use crate::{ImagingError, Movie};

/// Frames worked on at a time. Fixed, so that sums over chunks have the same bits everywhere.
pub(crate) const CHUNK: usize = 128;

/// Frames read by one task.
const FRAMES_PER_TASK: usize = 4;

/// Hand all frames of a movie, chunk by chunk, to `work`: `[frame, pixel]`, for it to use up, and which frames they
/// are.
pub(crate) fn for_each_chunk(
    movie: &dyn Movie,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
    mut work: impl FnMut(Range<usize>, &mut [f32]) -> Result<(), ImagingError>,
) -> Result<(), ImagingError> {
    let shape = movie.shape();
    let n_pixels = shape.n_pixels();
    let mut buffer = vec![0.0; CHUNK.min(shape.n_frames) * n_pixels];
    for start in (0..shape.n_frames).step_by(CHUNK) {
        if cancel.is_cancelled() {
            return Err(ImagingError::Interrupted);
        }
        let frames = start..(start + CHUNK).min(shape.n_frames);
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
}

impl CellChunk {
    pub(crate) fn new(cells: Vec<Rectangle>) -> Self {
        let mut offsets = vec![0];
        for cell in &cells {
            offsets.push(offsets[offsets.len() - 1] + cell.n_pixels());
        }
        Self { cells, offsets, values: Vec::new(), n_frames: 0 }
    }

    /// Frames in the chunk.
    pub(crate) fn n_frames(&self) -> usize {
        self.n_frames
    }

    /// Pixels of a cell.
    pub(crate) fn n_pixels(&self, cell: usize) -> usize {
        self.cells[cell].n_pixels()
    }

    /// Overwrite with the frames `raw`, `[frame, pixel]`.
    pub(crate) fn fill(&mut self, raw: &[f32], standard: &Standard, width: usize) {
        let n_pixels = self.offsets[self.cells.len()];
        self.n_frames = raw.len() / n_pixels;
        self.values.resize(raw.len() + PADDING, 0.0);
        let mut rest = self.values.as_mut_slice();
        let mut parts = Vec::with_capacity(self.cells.len());
        for cell in &self.cells {
            let (part, others) = rest.split_at_mut(cell.n_pixels() * self.n_frames);
            parts.push((cell, part));
            rest = others;
        }
        parts.into_par_iter().for_each(|(cell, part)| {
            let n_columns = cell.columns.len();
            let mut rows = part.chunks_exact_mut(n_columns);
            for frame in raw.chunks_exact(n_pixels) {
                for y in cell.rows.clone() {
                    let at = y * width + cell.columns.start..y * width + cell.columns.end;
                    let row = rows.next().expect("as many rows as frames have in the cell");
                    standard.apply(&frame[at.clone()], at, row);
                }
            }
        });
    }

    /// The values of a cell, `[frame, pixel]`, with padding behind them.
    pub(crate) fn cell(&self, cell: usize) -> Rows<'_> {
        let values = &self.values[self.offsets[cell] * self.n_frames..];
        Rows { values, step: self.cells[cell].n_pixels() }
    }
}
