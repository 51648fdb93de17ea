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
//! - No penalties in the decomposition itself; `penalised` has them.
//! - Thresholds from the law of the statistics for plain Gaussian vectors, not from simulated movies.
//! - The first component that fails ends a block, and is left out ([`RankRule`]); a block may have none. Its
//!   weight stays, so that the movie blends towards its mean there.
//! - Noise from `C(0) - C(1)` instead of a spectrum.

mod basis;
mod chunk;
mod config;
mod diagnostics;
mod eigen;
mod factorised;
mod file;
mod gram;
mod grid;
mod moments;
mod project;
mod roughness;
mod rows;
mod sketch;
#[cfg(test)]
mod tests;

use std::path::Path;

use rayon::prelude::*;
use striate_base::Streams;
use striate_base::{CancelToken, Progress};

use crate::{ImagingError, Movie};
use basis::Basis;
use chunk::{CHUNK, CellChunk, for_each_chunk};
pub use config::{DecompositionConfig, Method, RankRule};
pub use diagnostics::{
    DecompositionDiagnostics, DecompositionSummary, MovieImages, SignalToNoise, Spread, Triple,
};
use eigen::Covariance;
pub use factorised::{BlockComponents, FactorisedMovie};
use gram::Gram;
pub use grid::{BlockGrid, Rectangle};
pub use moments::Standard;
use project::{Projection, project};
pub use roughness::{TemporalRoughness, Thresholds, spatial_roughness, temporal_roughness};
pub use rows::RowStore;
use rows::RowWriter;
use sketch::Sketch;

/// Vectors that the search for leading components starts with.
const START_WIDTH: usize = 16;

/// Sums of covariances above this are not kept: `auto` sketches then.
const GRAM_BYTES: u64 = 4 << 30;

/// Decompose `movie`. Temporal components go to the new file `scratch` on the way, or stay in memory without one.
///
/// The movie is read three times with `gram` (moments, covariances, temporal components), and once more for each
/// power iteration with `sketch`. Same bits for any number of threads.
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
    let block = grid.block(0);
    let sides = [block.rows.len(), block.columns.len()];
    let thresholds = Thresholds::of_noise(sides, shape.n_frames, config.false_accept, config.seed);
    let work = Work { movie, grid, standard, thresholds, config };
    let bases = work.candidates(progress, cancel)?;
    work.factorise(&bases, scratch, progress, cancel)
}

/// Bytes that [`decompose`] takes at its peak, with a scratch file, at most.
pub fn memory_bytes(shape: crate::MovieShape, config: &DecompositionConfig) -> u64 {
    let grid = BlockGrid::new(shape.height, shape.width, config.block);
    let chunk = (CHUNK.min(shape.n_frames) * shape.n_pixels() * size_of::<f32>()) as u64;
    let sums =
        if is_gram(config.method, &grid) { Gram::bytes(&grid) } else { Sketch::bytes(&grid) };
    // Frames raw and by cells; moments; spatial components at the most that blocks usually have.
    2 * chunk
        + sums
        + (shape.n_pixels() * 64) as u64
        + (grid.n_blocks() * block_bytes(&grid)) as u64
}

fn block_bytes(grid: &BlockGrid) -> usize {
    const USUAL_RANK: usize = 8;
    2 * USUAL_RANK * size_of::<f32>() * (grid.block(0).n_pixels() + CHUNK)
}

fn is_gram(method: Method, grid: &BlockGrid) -> bool {
    match method {
        Method::Gram => true,
        Method::Sketch => false,
        Method::Auto => Gram::bytes(grid) <= GRAM_BYTES,
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
    /// The components of every block that pass the test in space, strongest first; with [`RankRule::PlusOne`] one more.
    fn candidates(
        &self,
        progress: &mut dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Vec<Basis>, ImagingError> {
        let n_blocks = self.grid.n_blocks();
        if is_gram(self.config.method, &self.grid) {
            let mut gram = Gram::new(&self.grid);
            self.each_chunk("covariances of pixels", progress, cancel, |_, chunk| {
                gram.add(chunk);
                Ok(())
            })?;
            let leading = |covariance: &mut Vec<f32>, i: usize| self.leading(&gram, i, covariance);
            return Ok((0..n_blocks).into_par_iter().map_init(Vec::new, leading).collect());
        }
        let mut sketch = Sketch::new(&self.grid, self.config.seed);
        self.each_chunk("random combinations of frames", progress, cancel, |first, chunk| {
            sketch.add_random(first, chunk);
            Ok(())
        })?;
        sketch.begin();
        for _ in 0..self.config.sketch_power_iterations {
            self.each_chunk("power iteration", progress, cancel, |_, chunk| {
                sketch.add_images(chunk);
                Ok(())
            })?;
            sketch.turn();
        }
        self.each_chunk("frames along the sketch", progress, cancel, |_, chunk| {
            sketch.add_products(chunk);
            Ok(())
        })?;
        let leading = |i| self.prefix(&sketch.leading(i));
        Ok((0..n_blocks).into_par_iter().map(leading).collect())
    }

    /// Standardised chunks of the movie, with their first frames.
    fn each_chunk(
        &self,
        stage: &str,
        progress: &mut dyn Progress,
        cancel: &CancelToken,
        mut work: impl FnMut(usize, &CellChunk) -> Result<(), ImagingError>,
    ) -> Result<(), ImagingError> {
        progress.start(stage, Some(self.movie.shape().n_frames as u64));
        let mut chunk = CellChunk::new(self.grid.cells());
        for_each_chunk(self.movie, progress, cancel, |frames, values| {
            chunk.fill(values, &self.standard, self.grid.width());
            work(frames.start, &chunk)
        })?;
        progress.finish();
        Ok(())
    }

    /// Leading components of block `i` from its covariance.
    fn leading(&self, gram: &Gram, i: usize, covariance: &mut Vec<f32>) -> Basis {
        let d = self.grid.block(i).n_pixels();
        covariance.resize(d * d, 0.0);
        gram.block(&self.grid, i, covariance);
        let covariance = Covariance { values: covariance, d };
        let most = (self.config.max_components + 1).min(d);
        let wanted = |i: usize, u: &[f32]| i < most && self.is_smooth(u);
        let mut width = START_WIDTH.min(d);
        loop {
            let streams = Streams::new(self.config.seed);
            let key = streams.stream("decomposition-start").next_u64();
            let basis = covariance.leading(Basis::random(d, width, key), &wanted);
            let found = self.prefix(&basis);
            // All of them pass: there may be more.
            if found.k() < width || width >= most {
                return found;
            }
            width = (2 * width).min(d);
        }
    }

    fn is_smooth(&self, u: &[f32]) -> bool {
        // Blocks are of one size, clipped to the image.
        let width = self.grid.block(0).columns.len();
        spatial_roughness(u, width) < self.thresholds.spatial
    }

    /// The leading vectors that pass the test in space, and as many more as the rule wants.
    fn prefix(&self, basis: &Basis) -> Basis {
        let passes = (0..basis.k()).take_while(|&j| self.is_smooth(&basis.column(j))).count();
        let more = usize::from(self.config.rank_rule == RankRule::PlusOne);
        basis.truncate((passes + more).min(self.config.max_components).min(basis.k()))
    }

    /// Temporal components of the candidates, the test in time, and what is left.
    fn factorise(
        &self,
        bases: &[Basis],
        scratch: Option<&Path>,
        progress: &mut dyn Progress,
        cancel: &CancelToken,
    ) -> Result<FactorisedMovie, ImagingError> {
        let shape = self.movie.shape();
        let bases_of = bases.iter().enumerate();
        let mut blocks: Vec<Projection> =
            bases_of.map(|(i, basis)| Projection::new(&self.grid, i, basis)).collect();
        let n_candidates = blocks.iter().map(Projection::k).sum();
        let mut rows = RowWriter::new(scratch, shape.n_frames, n_candidates)?;
        self.each_chunk("temporal components", progress, cancel, |_, chunk| {
            rows.push(&project(&mut blocks, chunk))
        })?;
        let rows = rows.finish(shape.n_frames)?;
        let ranks: Vec<usize> = blocks.iter().map(|block| self.rank(block)).collect();
        let temporal = keep_prefixes(rows, bases, &ranks);
        let mut first = 0;
        let mut components = Vec::with_capacity(bases.len());
        for (i, weights) in self.grid.weights().into_iter().enumerate() {
            let (place, rank) = (self.grid.block(i), ranks[i]);
            let spatial = (0..rank).flat_map(|j| bases[i].column(j)).collect();
            components.push(BlockComponents { place, first, rank, spatial, weights });
            first += rank;
        }
        let (grid, standard) = (self.grid.clone(), self.standard.clone());
        let (thresholds, config, blocks) = (self.thresholds, self.config.clone(), components);
        Ok(FactorisedMovie { config, shape, grid, standard, thresholds, blocks, temporal })
    }

    /// How many candidates of a block stay after the test in time.
    fn rank(&self, block: &Projection) -> usize {
        let passes =
            block.roughness().take_while(|&value| value < self.thresholds.temporal).count();
        let more = usize::from(self.config.rank_rule == RankRule::PlusOne);
        (passes + more).min(block.k())
    }
}

/// The rows without the candidates that were rejected.
fn keep_prefixes(rows: RowStore, bases: &[Basis], ranks: &[usize]) -> RowStore {
    let mut keep = Vec::new();
    let mut first = 0;
    for (basis, &rank) in bases.iter().zip(ranks) {
        keep.extend(first..first + rank);
        first += basis.k();
    }
    rows.select_columns(keep)
}
