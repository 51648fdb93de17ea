//! Penalized matrix decomposition: a movie as few local components, the rest being noise.
//!
//! The movie is standardised (mean 0, noise 1 in every pixel) and cut into overlapping blocks. In each block the
//! leading singular vectors are kept as long as they are smoother than noise would be, in space and in time; the
//! blocks are blended with weights that add up to 1. What is left out is noise: its statistics are known exactly,
//! so nothing has to be tuned.
//!
//! Buchanan et al. 2018, "Penalized matrix decomposition for denoising, compression, and improved demixing of
//! functional imaging data" (arXiv 1807.06203); the block form without penalties is that of its successors.
//!
//! # Differences from the paper
//! - No penalties, unless [`Penalty::TotalVariationTrendFilter`] asks for them. With them the images of a block are
//!   not orthogonal, so that the energies of components do not add up to the energy of their sum; nothing here takes
//!   them to be.
//! - Thresholds from the law of the statistics for plain Gaussian vectors, not from simulated movies; with penalties
//!   from simulated blocks of noise.
//! - The first component that fails ends a block, and is left out ([`RankRule`]); a block may have none. Its
//!   weight stays, so that the movie blends towards its mean there.
//! - Noise from `C(0) - C(1)` instead of a spectrum.
//!
//! # Limits
//! - The law of the statistics holds for noise that is white in space; interpolation after registration makes it
//!   smoother, and more of it passes.
//! - In short movies the estimate of the noise favours pixels that happen to look slow, and more noise passes: 0.8 %
//!   of the first components of noise with 101 frames and blocks of 10 x 10, 0.3 % with 1500, where 0.25 % were asked
//!   for.
//! - A frame much brighter than all others counts as noise in every pixel. Drop or fill such frames first.

mod basis;
mod candidates;
mod chunk;
mod config;
mod diagnostics;
mod eigen;
mod factorise;
mod factorised;
mod file;
mod gram;
mod grid;
mod memory;
mod moments;
mod penalty;
mod project;
mod roughness;
mod rows;
mod sketch;
#[cfg(test)]
mod tests;

use std::path::Path;

use striate_base::{CancelToken, Progress};

use crate::{ImagingError, Movie};
use chunk::{CHUNK, CellChunk};
pub use config::{DecompositionConfig, Method, Penalty, RankRule};
pub use diagnostics::{
    DecompositionDiagnostics, DecompositionSummary, MovieImages, SignalToNoise, Spread, Triple,
};
pub use factorised::{BlockComponents, FactorisedMovie};
pub use grid::{BlockGrid, Rectangle};
pub use memory::memory_bytes;
pub use moments::Standard;
pub use roughness::{TemporalRoughness, Thresholds, spatial_roughness, temporal_roughness};
pub use rows::RowStore;

/// Decompose `movie`. Temporal components go to the new file `scratch` on the way, or stay in memory without one.
///
/// The movie is read three times with `gram` (moments, covariances, temporal components), and once more for each
/// power iteration with `sketch`. A penalty takes a pass more for each half gigabyte of courses of candidates (4 bytes
/// a frame, block and candidate). Same bits for any number of threads.
///
/// # Errors
/// For settings out of range, a movie that cannot be read, has fewer than 3 frames or no pixel without NaN, and
/// when cancelled.
///
/// ```
/// use striate_base::{CancelToken, NoProgress};
/// use striate_imaging::{ArrayMovie, decomposition::{DecompositionConfig, decompose}};
///
/// // One blob that changes slowly, without noise: one component in every block that sees it.
/// let blob = |y: usize, x: usize| (-((y as f32 - 10.0).powi(2) + (x as f32 - 10.0).powi(2)) / 18.0).exp();
/// let movie = ndarray::Array3::from_shape_fn((200, 20, 20), |(t, y, x)| (t as f32 / 20.0).sin() * blob(y, x));
/// let found = decompose(&ArrayMovie::new(movie), &DecompositionConfig::default(), None, &mut NoProgress, &CancelToken::new())?;
/// assert!(found.n_components() >= 1);
/// # Ok::<(), striate_imaging::ImagingError>(())
/// ```
pub fn decompose(
    movie: &dyn Movie,
    config: &DecompositionConfig,
    scratch: Option<&Path>,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<FactorisedMovie, ImagingError> {
    config.check()?;
    let shape = movie.shape();
    let standard = Standard::of(movie, progress, cancel)?;
    let grid = BlockGrid::new(shape.height, shape.width, config.block);
    let thresholds = match config.penalty {
        Penalty::None => {
            let block = grid.block(0);
            let sides = [block.rows.len(), block.columns.len()];
            Thresholds::of_noise(sides, shape.n_frames, config.false_accept, config.seed)
        }
        Penalty::TotalVariationTrendFilter => {
            penalty::thresholds_of_noise(shape, &grid, config, progress, cancel)?
        }
    };
    let work = Work { movie, grid, standard, thresholds, config };
    let bases = work.candidates(progress, cancel)?;
    match config.penalty {
        Penalty::None => work.factorise(&bases, &bases, scratch, progress, cancel),
        Penalty::TotalVariationTrendFilter => {
            let found = work.penalise(&bases, progress, cancel)?;
            drop(bases);
            work.factorise(&found.filters, &found.images, scratch, progress, cancel)
        }
    }
}

/// What all stages of a decomposition share.
struct Work<'a> {
    movie: &'a dyn Movie,
    grid: BlockGrid,
    standard: Standard,
    thresholds: Thresholds,
    config: &'a DecompositionConfig,
}

impl Work<'_> {
    /// Standardised chunks of the movie, with their first frames.
    fn each_chunk(
        &self,
        stage: &str,
        progress: &mut dyn Progress,
        cancel: &CancelToken,
        mut work: impl FnMut(usize, &CellChunk) -> Result<(), ImagingError>,
    ) -> Result<(), ImagingError> {
        let n_frames = self.movie.shape().n_frames;
        progress.start(stage, Some(n_frames as u64));
        let mut chunk = CellChunk::new(self.grid.cells(), &self.standard);
        for start in (0..n_frames).step_by(CHUNK) {
            if cancel.is_cancelled() {
                return Err(ImagingError::Interrupted);
            }
            let frames = start..(start + CHUNK).min(n_frames);
            chunk.read(self.movie, frames.clone())?;
            work(start, &chunk)?;
            progress.advance(frames.len() as u64);
        }
        progress.finish();
        Ok(())
    }
}
