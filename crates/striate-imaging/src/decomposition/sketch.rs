//! Random combinations of frames, sharpened, and the leading components of the blocks from them.

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

#[derive(Debug)]
struct Block {
    cells: Vec<usize>,
    /// Where the pixels of each cell lie in the block.
    places: Vec<Vec<usize>>,
    /// Orthonormal vectors over the block.
    basis: Basis,
    /// Images of the basis under the covariance, per cell `[pixel, vector]`.
    images: Vec<Vec<f32>>,
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
            let sums: Vec<&[f32]> =
                block.cells.iter().map(|&cell| random[cell].as_slice()).collect();
            block.set_basis(&sums);
        });
    }

    /// Add what the frames of a chunk make of the images of the bases.
    pub(crate) fn add_images(&mut self, chunk: &CellChunk) {
        self.blocks.par_iter_mut().for_each(|block| {
            let along = block.project(chunk);
            let along = Rows { values: &along, step: WIDTH };
            for (&cell, sums) in block.cells.iter().zip(&mut block.images) {
                let shape = [chunk.n_pixels(cell), chunk.n_frames(), WIDTH];
                add_transposed_product(shape, chunk.cell(cell), along, sums);
            }
        });
    }

    /// The end of a power iteration: the images become the bases.
    pub(crate) fn turn(&mut self) {
        self.blocks.par_iter_mut().for_each(|block| {
            let mut images = std::mem::take(&mut block.images);
            block.set_basis(&images.iter().map(Vec::as_slice).collect::<Vec<_>>());
            images.iter_mut().for_each(|sums| sums.fill(0.0));
            block.images = images;
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
        let Block { basis, products, .. } = &self.blocks[i];
        let products = Mat::from_fn(WIDTH, WIDTH, |i, j| f64::from(products[i * WIDTH + j]));
        basis.combine(&eigen_descending(&products).1)
    }
}

impl Block {
    fn new(grid: &BlockGrid, i: usize) -> Self {
        let (cells, block) = (grid.cells_of(i), grid.block(i));
        let places: Vec<_> = cells.iter().map(|&cell| grid.places(cell, &block)).collect();
        let images = places.iter().map(|pixels| vec![0.0; pixels.len() * WIDTH]).collect();
        let basis = Basis::zeros(block.n_pixels(), WIDTH);
        Self { cells, places, basis, images, products: vec![0.0; WIDTH * WIDTH] }
    }

    /// The frames of the chunk along the vectors of the basis, `[frame, vector]`, with padding.
    fn project(&self, chunk: &CellChunk) -> Vec<f32> {
        let mut out = vec![0.0; chunk.n_frames() * WIDTH + PADDING];
        for (&cell, places) in self.cells.iter().zip(&self.places) {
            let part = self.basis.rows_at(places);
            let shape = [chunk.n_frames(), places.len(), WIDTH];
            add_product(shape, chunk.cell(cell), Rows { values: &part, step: WIDTH }, &mut out);
        }
        out
    }

    /// Make the basis of the parts over the cells: in its place, so that memory does not come from many threads.
    fn set_basis(&mut self, parts: &[&[f32]]) {
        let basis = self.basis.values_mut();
        for (places, part) in self.places.iter().zip(parts) {
            for (&place, values) in places.iter().zip(part.chunks_exact(WIDTH)) {
                basis[place * WIDTH..(place + 1) * WIDTH].copy_from_slice(values);
            }
        }
        self.basis.orthonormalise();
    }
}
