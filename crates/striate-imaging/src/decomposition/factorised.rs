//! A movie as a product of spatial and temporal components.

use std::ops::Range;

use super::grid::{BlockGrid, Rectangle};
use super::moments::Standard;
use super::roughness::Thresholds;
use super::rows::RowStore;
use crate::{ImagingError, Movie, MovieShape};

/// Components of one block.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockComponents {
    /// Where the block lies.
    pub place: Rectangle,
    /// Number of its first component among all.
    pub first: usize,
    /// Its number of components.
    pub rank: usize,
    /// Orthonormal, not blended, `[component, pixel of the block]`.
    pub spatial: Vec<f32>,
    /// Weight of each pixel when blocks are blended.
    pub weights: Vec<f32>,
}

/// The compressed movie: `mean + noise * sum over components of weight * u * v`.
///
/// As a [`Movie`] it is the denoised movie, computed for the frames that are read.
#[derive(Debug)]
pub struct FactorisedMovie {
    pub(crate) shape: MovieShape,
    pub(crate) grid: BlockGrid,
    pub(crate) standard: Standard,
    pub(crate) thresholds: Thresholds,
    pub(crate) blocks: Vec<BlockComponents>,
    pub(crate) temporal: RowStore,
}

impl FactorisedMovie {
    /// Mean and noise of every pixel.
    pub fn standard(&self) -> &Standard {
        &self.standard
    }

    /// The blocks, row by row.
    pub fn blocks(&self) -> &[BlockComponents] {
        &self.blocks
    }

    /// Roughness above which a component counted as noise.
    pub fn thresholds(&self) -> Thresholds {
        self.thresholds
    }

    /// Temporal components, `[frame, component]`, in noise units.
    pub fn temporal(&self) -> &RowStore {
        &self.temporal
    }

    /// Components of all blocks.
    pub fn n_components(&self) -> usize {
        self.blocks.iter().map(|block| block.rank).sum()
    }

    /// Components per block, on average.
    pub fn mean_rank(&self) -> f64 {
        self.n_components() as f64 / self.blocks.len() as f64
    }

    /// `D T / sum over all blocks of rank (d + T)`: all overlapping blocks are counted. Infinite without components.
    pub fn compression(&self) -> f64 {
        let n_frames = self.shape.n_frames;
        let of_block = |b: &BlockComponents| b.rank * (b.place.n_pixels() + n_frames);
        let kept: usize = self.blocks.iter().map(of_block).sum();
        (self.shape.n_pixels() * n_frames) as f64 / kept as f64
    }

    /// Blended spatial component `r` of a block: pixels of the image and values, in noise units.
    pub(crate) fn blended(&self, block: &BlockComponents, r: usize) -> impl Iterator<Item = (usize, f32)> {
        let d = block.place.n_pixels();
        let values = block.spatial[r * d..(r + 1) * d].iter().zip(&block.weights);
        block.place.pixels(self.shape.width).zip(values.map(|(u, w)| u * w))
    }

    /// Add one frame in noise units, less the mean, to `frame`, from its temporal components.
    pub(crate) fn add_frame(&self, temporal: &[f32], frame: &mut [f32]) {
        let mut sum = Vec::new();
        for block in self.blocks.iter().filter(|block| block.rank > 0) {
            let d = block.place.n_pixels();
            sum.clear();
            sum.resize(d, 0.0f32);
            for (u, &v) in block.spatial.chunks_exact(d).zip(&temporal[block.first..]) {
                sum.iter_mut().zip(u).for_each(|(sum, &u)| *sum += u * v);
            }
            let n = block.place.columns.len();
            let rows = block.place.rows.clone().zip(sum.chunks_exact(n).zip(block.weights.chunks_exact(n)));
            for (y, (sum, weights)) in rows {
                let start = y * self.shape.width + block.place.columns.start;
                let row = frame[start..start + n].iter_mut();
                row.zip(sum.iter().zip(weights)).for_each(|(value, (sum, w))| *value += sum * w);
            }
        }
    }

    /// Frames in noise units, less the mean: `[frame, y, x]`.
    ///
    /// # Errors
    /// Where the temporal components cannot be read.
    pub fn read_standardised(&self, frames: Range<usize>, out: &mut [f32]) -> Result<(), ImagingError> {
        let mut temporal = vec![0.0; frames.len() * self.temporal.n_columns()];
        self.temporal.read(frames, &mut temporal)?;
        let n_components = self.temporal.n_columns();
        for (t, frame) in out.chunks_exact_mut(self.shape.n_pixels()).enumerate() {
            frame.fill(0.0);
            self.add_frame(&temporal[t * n_components..(t + 1) * n_components], frame);
        }
        Ok(())
    }
}

impl Movie for FactorisedMovie {
    fn shape(&self) -> MovieShape {
        self.shape
    }

    fn read(&self, frames: Range<usize>, out: &mut [f32]) -> Result<(), ImagingError> {
        self.read_standardised(frames, out)?;
        for frame in out.chunks_exact_mut(self.shape.n_pixels()) {
            let pixels = self.standard.mean.iter().zip(&self.standard.noise);
            frame.iter_mut().zip(pixels).for_each(|(value, (mean, noise))| *value = mean + noise * *value);
        }
        Ok(())
    }
}
