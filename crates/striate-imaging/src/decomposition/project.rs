//! Temporal components: the movie along the spatial ones, and whether they are noise.

use rayon::prelude::*;
use striate_kernels::matrix::{PADDING, Rows, add_product};

use super::basis::Basis;
use super::chunk::CellChunk;
use super::grid::BlockGrid;
use super::roughness::TemporalRoughness;

/// Frames added up by one task.
const FRAMES_PER_TASK: usize = 16;

/// The spatial components of all blocks, on their way over the movie.
///
/// Most blocks have few components, which alone would leave most lanes of a vector empty: over each cell, those of all
/// blocks that share it stand side by side.
#[derive(Debug)]
pub(crate) struct Projection {
    cells: Vec<Cell>,
    blocks: Vec<Block>,
    n_components: usize,
}

/// The components of all blocks over one cell.
#[derive(Debug, Default)]
struct Cell {
    k: usize,
    /// `[pixel, component]`, with padding.
    values: Vec<f32>,
    /// Products with the latest chunk, `[frame, component]`.
    latest: Vec<f32>,
}

#[derive(Debug)]
struct Block {
    /// Components of the blocks before.
    first: usize,
    /// Cells, and the first of the own components over each.
    parts: Vec<(usize, usize)>,
    roughness: Vec<TemporalRoughness>,
}

impl Projection {
    pub(crate) fn new(grid: &BlockGrid, bases: &[Basis]) -> Self {
        let mut owners = vec![Vec::new(); grid.cells().len()];
        let mut widths = vec![0; owners.len()];
        let mut n_components = 0;
        let mut blocks = Vec::with_capacity(bases.len());
        for (i, basis) in bases.iter().enumerate() {
            let mut parts = Vec::new();
            for cell in grid.cells_of(i).into_iter().filter(|_| basis.k() > 0) {
                parts.push((cell, widths[cell]));
                owners[cell].push(i);
                widths[cell] += basis.k();
            }
            let roughness = vec![TemporalRoughness::default(); basis.k()];
            blocks.push(Block { first: n_components, parts, roughness });
            n_components += basis.k();
        }
        let cells = owners.par_iter().enumerate();
        let cells = cells.map(|(cell, owners)| Cell::new(grid, cell, owners, bases)).collect();
        Self { cells, blocks, n_components }
    }

    /// Components of all blocks.
    pub(crate) fn n_components(&self) -> usize {
        self.n_components
    }

    /// The frames of a chunk along the components of all blocks, `[frame, component]`.
    pub(crate) fn project(&mut self, chunk: &CellChunk) -> Vec<f32> {
        let n = self.n_components;
        let mut rows = vec![0.0; chunk.n_frames() * n];
        if n == 0 {
            return rows;
        }
        self.cells.par_iter_mut().enumerate().for_each(|(i, cell)| cell.project(chunk, i));
        let (cells, blocks) = (&self.cells, &self.blocks);
        rows.par_chunks_mut(FRAMES_PER_TASK * n).enumerate().for_each(|(task, rows)| {
            let frame = task * FRAMES_PER_TASK;
            blocks.iter().for_each(|block| block.add_up(cells, frame, rows, n));
        });
        self.blocks.par_iter_mut().for_each(|block| block.push(&rows, n));
        rows
    }

    /// How rough the components of each block are over all frames so far.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = &[TemporalRoughness]> + '_ {
        self.blocks.iter().map(|block| block.roughness.as_slice())
    }
}

impl Cell {
    /// The components of the blocks `owners` over a cell.
    fn new(grid: &BlockGrid, cell: usize, owners: &[usize], bases: &[Basis]) -> Self {
        let k = owners.iter().map(|&i| bases[i].k()).sum();
        let places: Vec<_> = owners.iter().map(|&i| grid.places(cell, &grid.block(i))).collect();
        let n_pixels = places.first().map_or(0, Vec::len);
        let mut values = Vec::with_capacity(n_pixels * k + PADDING);
        for pixel in 0..n_pixels {
            for (&i, places) in owners.iter().zip(&places) {
                values.extend_from_slice(bases[i].row(places[pixel]));
            }
        }
        values.resize(n_pixels * k + PADDING, 0.0);
        Self { k, values, latest: Vec::new() }
    }

    fn project(&mut self, chunk: &CellChunk, cell: usize) {
        self.latest.clear();
        self.latest.resize(chunk.n_frames() * self.k, 0.0);
        let shape = [chunk.n_frames(), chunk.n_pixels(cell), self.k];
        let values = Rows { values: &self.values, step: self.k };
        add_product(shape, chunk.cell(cell), values, &mut self.latest);
    }
}

impl Block {
    /// Add what the cells hold of the own components to `rows`, `n` values each, of frames from `frame`.
    fn add_up(&self, cells: &[Cell], frame: usize, rows: &mut [f32], n: usize) {
        let k = self.roughness.len();
        for &(cell, column) in &self.parts {
            let cell = &cells[cell];
            let parts = cell.latest[frame * cell.k..].chunks_exact(cell.k);
            for (row, part) in rows.chunks_exact_mut(n).zip(parts) {
                let own = &mut row[self.first..self.first + k];
                own.iter_mut().zip(&part[column..column + k]).for_each(|(sum, v)| *sum += v);
            }
        }
    }

    /// Look at the own components of the next rows, `n` values each.
    fn push(&mut self, rows: &[f32], n: usize) {
        for row in rows.chunks_exact(n) {
            self.roughness.iter_mut().zip(&row[self.first..]).for_each(|(sums, &v)| sums.push(v));
        }
    }
}
