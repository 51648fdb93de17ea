//! How much memory a decomposition takes.

use super::chunk::{CHUNK, FRAMES_PER_TASK};
use super::config::{DecompositionConfig, Method, Penalty};
use super::gram::Gram;
use super::grid::BlockGrid;
use super::moments::FRAMES;
use super::penalty;
use super::sketch::{Sketch, WIDTH};
use crate::MovieShape;

/// Sums of covariances above this are not kept: `auto` sketches then.
const GRAM_BYTES: u64 = 4 << 30;

/// Whatever does not depend on the movie: the program itself, draws of the null distributions, threads.
const FIXED: u64 = 16 << 20;

/// Bytes that [`decompose`](super::decompose) takes at its peak, with a scratch file, at most; without one, the
/// temporal components come on top (4 bytes a frame and component). Measured peaks are more than half of it.
///
/// ```
/// use striate_imaging::{MovieShape, decomposition::{DecompositionConfig, memory_bytes}};
///
/// let bytes = |n_frames| {
///     memory_bytes(MovieShape { n_frames, height: 512, width: 512 }, &DecompositionConfig::default())
/// };
/// assert!(bytes(1000) < 1 << 30);
/// assert_eq!(bytes(1000), bytes(1_000_000));
/// ```
pub fn memory_bytes(shape: MovieShape, config: &DecompositionConfig) -> u64 {
    let grid = BlockGrid::new(shape.height, shape.width, config.block);
    let (n_pixels, n_blocks, d) = (grid.n_pixels(), grid.n_blocks(), grid.block(0).n_pixels());
    let float = size_of::<f32>();
    let chunk = CHUNK.min(shape.n_frames) * n_pixels * float;
    let is_gram = is_gram(config.method, &grid);
    let sums = if is_gram { Gram::bytes(&grid) } else { Sketch::bytes(&grid) } as usize;
    let most = (config.max_components + 1).min(d);
    let bases = n_blocks * most * d * float;
    // A covariance, and what the search for its eigenvectors keeps.
    let search = (if is_gram { d * d } else { 0 } + 8 * WIDTH.max(most) * d) * float;
    // Four blocks share a cell: what it makes of their components, and the sums over cells.
    let rows = 5 * CHUNK.min(shape.n_frames) * n_blocks * most * float;
    let threads = rayon::current_num_threads();
    let read = chunk + (threads * FRAMES_PER_TASK + 2) * n_pixels * float;
    let k = config.max_components.min(d);
    let penalised = match config.penalty {
        Penalty::None => 0,
        Penalty::TotalVariationTrendFilter => {
            penalty::bytes(n_blocks, k, shape.n_frames, config) + 2 * chunk + 3 * bases
        }
    };
    let stages = [
        (FRAMES.min(shape.n_frames) * float + 56) * n_pixels,
        read + sums,
        sums + bases + threads * search,
        read + 2 * bases + rows,
        4 * bases,
        penalised,
    ];
    // An allocator keeps buffers of up to about 32 MiB when they are handed back, and another may not fit there.
    let kept = if chunk <= 32 << 20 { chunk } else { 0 };
    let standard_and_weights = 2 * n_pixels * float + n_blocks * d * float;
    let largest = stages.into_iter().max().unwrap_or(0);
    FIXED + (largest + standard_and_weights + kept) as u64
}

/// Whether covariances are summed, or a sketch.
pub(super) fn is_gram(method: Method, grid: &BlockGrid) -> bool {
    match method {
        Method::Gram => true,
        Method::Sketch => false,
        Method::Auto => Gram::bytes(grid) <= GRAM_BYTES,
    }
}
