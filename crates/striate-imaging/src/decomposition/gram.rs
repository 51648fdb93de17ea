//! Covariances of all pixels that share a block, and the leading components of the blocks from them.

use std::collections::BTreeMap;

use rayon::prelude::*;
use striate_kernels::matrix::add_transposed_product;

use super::chunk::CellChunk;
use super::grid::BlockGrid;

/// `sum over frames of x_i x_j` for all pairs of pixels that share a block, pair of cells by pair of cells.
///
/// Neighbouring blocks share cells: one sum serves up to four blocks, so that the work is 900 operations per
/// value of the movie, for blocks of 20 x 20, where a sum for each block would take 1600.
#[derive(Debug)]
pub(crate) struct Gram {
    pairs: Vec<Pair>,
    of_cells: BTreeMap<(usize, usize), usize>,
}

#[derive(Debug)]
struct Pair {
    cells: (usize, usize),
    /// `[pixel of the first, pixel of the second]`.
    sums: Vec<f32>,
}

impl Gram {
    pub(crate) fn new(grid: &BlockGrid) -> Self {
        let cells = grid.cells();
        let of_cells: BTreeMap<(usize, usize), usize> =
            pairs(grid).into_iter().enumerate().map(|(i, pair)| (pair, i)).collect();
        let mut pairs: Vec<Pair> = Vec::with_capacity(of_cells.len());
        for &(a, b) in of_cells.keys() {
            let sums = vec![0.0; cells[a].n_pixels() * cells[b].n_pixels()];
            pairs.push(Pair { cells: (a, b), sums });
        }
        Self { pairs, of_cells }
    }

    /// Bytes of the sums for a grid.
    pub(crate) fn bytes(grid: &BlockGrid) -> u64 {
        let cells = grid.cells();
        let of_pair = |(a, b): (usize, usize)| 4 * cells[a].n_pixels() * cells[b].n_pixels();
        pairs(grid).into_iter().map(|pair| of_pair(pair) as u64).sum()
    }

    /// Add the frames of a chunk.
    pub(crate) fn add(&mut self, chunk: &CellChunk) {
        self.pairs.par_iter_mut().for_each(|pair| {
            let (a, b) = pair.cells;
            let shape = [chunk.n_pixels(a), chunk.n_frames(), chunk.n_pixels(b)];
            add_transposed_product(shape, chunk.cell(a), chunk.cell(b), &mut pair.sums);
        });
    }

    /// Overwrite `out` with the sums of block `i`, `[pixel, pixel]`, pixels row by row in the block.
    pub(crate) fn block(&self, grid: &BlockGrid, i: usize, out: &mut [f32]) {
        let (cells, block) = (grid.cells_of(i), grid.block(i));
        let d = block.n_pixels();
        let places: Vec<Vec<usize>> = cells.iter().map(|&cell| grid.places(cell, &block)).collect();
        for (p, &a) in cells.iter().enumerate() {
            for (q, &b) in cells.iter().enumerate().skip(p) {
                let sums = &self.pairs[self.of_cells[&(a, b)]].sums;
                for (&row, sums) in places[p].iter().zip(sums.chunks_exact(places[q].len())) {
                    for (&column, &sum) in places[q].iter().zip(sums) {
                        out[row * d + column] = sum;
                        out[column * d + row] = sum;
                    }
                }
            }
        }
    }
}

/// All pairs of cells that share a block, first cell not after the second.
fn pairs(grid: &BlockGrid) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for i in 0..grid.n_blocks() {
        let cells = grid.cells_of(i);
        for (p, &a) in cells.iter().enumerate() {
            pairs.extend(cells[p..].iter().map(|&b| (a, b)));
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}
