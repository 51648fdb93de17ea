//! Random combinations of frames, sharpened, and the leading components of the blocks from them.

use std::ops::Range;

use faer::Mat;
use rayon::prelude::*;
use striate_base::Streams;
use striate_kernels::matrix::{PADDING, Rows, add_product, add_transposed_product};

use super::basis::Basis;
use super::chunk::CellChunk;
use super::eigen::eigen_descending;
use super::grid::BlockGrid;

/// Random combinations: two vectors of the widest instructions.
pub(crate) const WIDTH: usize = 32;

/// The randomized range finder (Halko, Martinsson & Tropp 2011, algorithms 4.1 and 4.3) for all blocks at once,
/// in passes over the movie: one pass of [`Self::add_random`], then as many of [`Self::add_images`] as there are
/// power iterations, then one of [`Self::add_products`].
#[derive(Debug)]
pub(crate) struct Sketch {
    /// Random combinations of frames, per cell `[pixel, combination]`: shared by the blocks.
    random: Vec<Vec<f32>>,
    blocks: Vec<Block>,
    streams: Streams,
}

/// Pixels go cell by cell, so that what belongs to a cell lies together.
#[derive(Debug)]
struct Block {
    /// Cells, and the pixels before and in each.
    cells: Vec<(usize, Range<usize>)>,
    /// Where each pixel lies in the block.
    places: Vec<usize>,
    /// Orthonormal vectors over the block.
    basis: Basis,
    /// Images of the basis under the covariance, `[pixel, vector]`.
    images: Vec<f32>,
    /// Products of the frames along the vectors, `[vector, vector]`.
    products: Vec<f32>,
}

impl Sketch {
    pub(crate) fn new(grid: &BlockGrid, seed: u64) -> Self {
        let random = grid.cells().iter().map(|cell| vec![0.0; cell.n_pixels() * WIDTH]).collect();
        let blocks = (0..grid.n_blocks()).map(|i| Block::new(grid, i)).collect();
        let streams = Streams::new(seed).child("decomposition-sketch");
        Self { random, blocks, streams }
    }

    /// Bytes for a grid.
    pub(crate) fn bytes(grid: &BlockGrid) -> u64 {
        let d = grid.block(0).n_pixels();
        // Basis, images, places; products.
        let of_block = d * (2 * WIDTH * size_of::<f32>() + size_of::<usize>()) + 4 * WIDTH * WIDTH;
        (grid.n_pixels() * WIDTH * size_of::<f32>() + grid.n_blocks() * of_block) as u64
    }

    /// Add random combinations of the frames of a chunk, of which `first` is the first one.
    pub(crate) fn add_random(&mut self, first: usize, chunk: &CellChunk) {
        let mut random = vec![0.0; chunk.n_frames() * WIDTH + PADDING];
        let key = self.streams.stream(&first.to_string()).next_u64();
        striate_kernels::noise::fill_normal(key, &mut random);
        let random = Rows { values: &random, step: WIDTH };
        self.random.par_iter_mut().enumerate().for_each(|(cell, sums)| {
            let shape = [chunk.n_pixels(cell), chunk.n_frames(), WIDTH];
            add_transposed_product(shape, chunk.cell(cell), random, sums);
        });
    }

    /// The end of the first pass.
    pub(crate) fn begin(&mut self) {
        let random = &self.random;
        self.blocks.par_iter_mut().for_each(|block| {
            for (cell, pixels) in &block.cells {
                let own = pixels.start * WIDTH..pixels.end * WIDTH;
                block.basis.values_mut()[own].copy_from_slice(&random[*cell]);
            }
            block.orthonormalise();
        });
    }

    /// Add what the frames of a chunk make of the images of the bases.
    pub(crate) fn add_images(&mut self, chunk: &CellChunk) {
        self.blocks.par_iter_mut().for_each(|block| {
            let along = block.project(chunk);
            let along = Rows { values: &along, step: WIDTH };
            for (cell, pixels) in &block.cells {
                let shape = [pixels.len(), chunk.n_frames(), WIDTH];
                let sums = &mut block.images[pixels.start * WIDTH..pixels.end * WIDTH];
                add_transposed_product(shape, chunk.cell(*cell), along, sums);
            }
        });
    }

    /// The end of a power iteration: the images become the bases.
    pub(crate) fn turn(&mut self) {
        self.blocks.par_iter_mut().for_each(|block| {
            block.basis.values_mut().copy_from_slice(&block.images);
            block.images.fill(0.0);
            block.orthonormalise();
        });
    }

    /// Add the products of the frames of a chunk along the bases.
    pub(crate) fn add_products(&mut self, chunk: &CellChunk) {
        self.blocks.par_iter_mut().for_each(|block| {
            let along = block.project(chunk);
            let along = Rows { values: &along, step: WIDTH };
            let shape = [WIDTH, chunk.n_frames(), WIDTH];
            add_transposed_product(shape, along, along, &mut block.products);
        });
    }

    /// The vectors found for block `i`, strongest first.
    pub(crate) fn leading(&self, i: usize) -> Basis {
        let Block { basis, products, places, .. } = &self.blocks[i];
        let products = Mat::from_fn(WIDTH, WIDTH, |i, j| f64::from(products[i * WIDTH + j]));
        basis.combine(&eigen_descending(&products).1).moved_to(places)
    }
}

impl Block {
    fn new(grid: &BlockGrid, i: usize) -> Self {
        let block = grid.block(i);
        let (mut cells, mut places) = (Vec::new(), Vec::with_capacity(block.n_pixels()));
        for cell in grid.cells_of(i) {
            let first = places.len();
            places.extend(grid.places(cell, &block));
            cells.push((cell, first..places.len()));
        }
        let images = vec![0.0; block.n_pixels() * WIDTH];
        let basis = Basis::zeros(block.n_pixels(), WIDTH);
        Self { cells, places, basis, images, products: vec![0.0; WIDTH * WIDTH] }
    }

    /// Make the basis orthonormal, with its pixels row by row meanwhile.
    fn orthonormalise(&mut self) {
        let mut basis = self.basis.moved_to(&self.places);
        basis.orthonormalise();
        for (row, &place) in self.basis.values_mut().chunks_exact_mut(WIDTH).zip(&self.places) {
            row.copy_from_slice(basis.row(place));
        }
    }

    /// The frames of the chunk along the vectors of the basis, `[frame, vector]`, with padding.
    fn project(&self, chunk: &CellChunk) -> Vec<f32> {
        let mut out = vec![0.0; chunk.n_frames() * WIDTH + PADDING];
        for (cell, pixels) in &self.cells {
            let shape = [chunk.n_frames(), pixels.len(), WIDTH];
            add_product(shape, chunk.cell(*cell), self.basis.rows_from(pixels.start), &mut out);
        }
        out
    }
}
