//! Temporal components: the movie along the spatial ones, and whether they are noise.

use rayon::prelude::*;
use striate_kernels::matrix::{PADDING, Rows, add_product};

use super::basis::Basis;
use super::chunk::CellChunk;
use super::grid::BlockGrid;
use super::roughness::TemporalRoughness;

/// The spatial components of a block, on their way over the movie.
#[derive(Debug)]
pub(crate) struct Projection {
    parts: Vec<Part>,
    k: usize,
    roughness: Vec<TemporalRoughness>,
    /// The latest chunk, `[frame, component]`, with padding.
    latest: Vec<f32>,
}

/// The components over one cell.
#[derive(Debug)]
struct Part {
    cell: usize,
    /// `[pixel, component]`, with padding.
    values: Vec<f32>,
}

impl Projection {
    pub(crate) fn new(grid: &BlockGrid, i: usize, basis: &Basis) -> Self {
        let block = grid.block(i);
        let part = |cell| Part { cell, values: basis.rows_at(&grid.places(cell, &block)) };
        let parts = grid.cells_of(i).into_iter().map(part).collect();
        let roughness = vec![TemporalRoughness::default(); basis.k()];
        Self { parts, k: basis.k(), roughness, latest: Vec::new() }
    }

    /// Components.
    pub(crate) fn k(&self) -> usize {
        self.k
    }

    fn add(&mut self, chunk: &CellChunk) {
        let k = self.k;
        self.latest.clear();
        self.latest.resize(chunk.n_frames() * k + PADDING, 0.0);
        for Part { cell, values } in &self.parts {
            let shape = [chunk.n_frames(), chunk.n_pixels(*cell), k];
            add_product(shape, chunk.cell(*cell), Rows { values, step: k }, &mut self.latest);
        }
        for frame in self.latest[..chunk.n_frames() * k].chunks_exact(k) {
            self.roughness.iter_mut().zip(frame).for_each(|(sums, &v)| sums.push(v));
        }
    }

    /// How rough each component is over all frames added.
    pub(crate) fn roughness(&self) -> impl Iterator<Item = f64> + '_ {
        self.roughness.iter().map(TemporalRoughness::value)
    }
}

/// The frames of a chunk along the components of all blocks, `[frame, component]`.
pub(crate) fn project(blocks: &mut [Projection], chunk: &CellChunk) -> Vec<f32> {
    blocks.par_iter_mut().filter(|block| block.k > 0).for_each(|block| block.add(chunk));
    let n_components: usize = blocks.iter().map(Projection::k).sum();
    let mut rows = Vec::with_capacity(chunk.n_frames() * n_components);
    for frame in 0..chunk.n_frames() {
        for block in blocks.iter().filter(|block| block.k > 0) {
            rows.extend_from_slice(&block.latest[frame * block.k..(frame + 1) * block.k]);
        }
    }
    rows
}
