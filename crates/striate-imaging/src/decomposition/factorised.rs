//! A movie as a product of spatial and temporal components.

use std::ops::Range;

use striate_kernels::matrix::{PADDING, Rows, add_product};

use super::config::DecompositionConfig;
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
    /// Of norm 1, not blended, `[component, pixel of the block]`; orthogonal without a penalty only.
    pub spatial: Vec<f32>,
    /// Weight of each pixel when blocks are blended.
    pub weights: Vec<f32>,
}

/// The compressed movie: `mean + noise * sum over components of weight * u * v`.
///
/// [`save`](Self::save) puts it into a file, [`open`](Self::open) takes it from there.
///
/// As a [`Movie`] it is the denoised movie, computed for the frames that are read.
#[derive(Debug)]
pub struct FactorisedMovie {
    pub(crate) config: DecompositionConfig,
    pub(crate) shape: MovieShape,
    pub(crate) grid: BlockGrid,
    pub(crate) standard: Standard,
    pub(crate) thresholds: Thresholds,
    pub(crate) blocks: Vec<BlockComponents>,
    pub(crate) temporal: RowStore,
}

impl FactorisedMovie {
    /// The settings it was made with.
    pub fn config(&self) -> &DecompositionConfig {
        &self.config
    }

    /// Mean and noise of every pixel.
    pub fn standard(&self) -> &Standard {
        &self.standard
    }

    /// The blocks, row by row.
    pub fn blocks(&self) -> &[BlockComponents] {
        &self.blocks
    }

    /// Roughness above which a component counted as noise: ratios of means, with a penalty as well.
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
        self.compression_of(&self.blocks.iter().collect::<Vec<_>>())
    }

    /// The same for blocks that tile the image once, as the first implementation of the method counts it (those
    /// at the last edges overlap where the image is no multiple of the block).
    pub fn compression_of_one_tiling(&self) -> f64 {
        let tiles = self.grid.tiling();
        self.compression_of(&tiles.into_iter().map(|i| &self.blocks[i]).collect::<Vec<_>>())
    }

    fn compression_of(&self, blocks: &[&BlockComponents]) -> f64 {
        let n_frames = self.shape.n_frames;
        let of_block =
            |b: &&BlockComponents| b.rank as f64 * (b.place.n_pixels() + n_frames) as f64;
        let kept: f64 = blocks.iter().map(of_block).sum();
        self.shape.n_pixels() as f64 * n_frames as f64 / kept
    }

    /// Spatial component `r` of a block with its weights in the blend: pixels of the image (`y * width + x`,
    /// ascending) and values.
    ///
    /// # Panics
    /// For a component that the block does not have.
    pub fn blended(&self, block: &BlockComponents, r: usize) -> impl Iterator<Item = (usize, f32)> {
        let d = block.place.n_pixels();
        let values = block.spatial[r * d..(r + 1) * d].iter().zip(&block.weights);
        block.place.pixels(self.shape.width).zip(values.map(|(u, w)| u * w))
    }

    /// Frames in noise units, less the mean: `[frame, y, x]`.
    ///
    /// # Errors
    /// Where the temporal components cannot be read.
    ///
    /// # Panics
    /// For frames that are not there, or an `out` of another length.
    pub fn read_standardised(
        &self,
        frames: Range<usize>,
        out: &mut [f32],
    ) -> Result<(), ImagingError> {
        assert_eq!(
            out.len(),
            frames.len() * self.shape.n_pixels(),
            "as many values as frames have"
        );
        let mut temporal = vec![0.0; frames.len() * self.temporal.n_columns()];
        self.temporal.read(frames, &mut temporal)?;
        out.fill(0.0);
        for block in self.blocks.iter().filter(|block| block.rank > 0) {
            self.add_block(block, &temporal, out);
        }
        Ok(())
    }

    /// Add one block's share to frames in noise units, from all their temporal components.
    fn add_block(&self, block: &BlockComponents, temporal: &[f32], frames: &mut [f32]) {
        let (n_pixels, n_components) = (self.shape.n_pixels(), self.temporal.n_columns());
        let (d, n_frames) = (block.place.n_pixels(), frames.len() / n_pixels);
        let mut spatial = block.spatial.clone();
        spatial.resize(spatial.len() + PADDING, 0.0);
        let mut sums = vec![0.0; n_frames * d];
        let (u, v) = (Rows { values: &spatial, step: d }, &temporal[block.first..]);
        let v = Rows { values: v, step: n_components };
        add_product([n_frames, block.rank, d], v, u, &mut sums);
        let n = block.place.columns.len();
        for (frame, sums) in frames.chunks_exact_mut(n_pixels).zip(sums.chunks_exact(d)) {
            let parts = sums.chunks_exact(n).zip(block.weights.chunks_exact(n));
            for (y, (sums, weights)) in block.place.rows.clone().zip(parts) {
                let start = y * self.shape.width + block.place.columns.start;
                let row = frame[start..start + n].iter_mut().zip(sums.iter().zip(weights));
                row.for_each(|(value, (sum, weight))| *value += sum * weight);
            }
        }
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
            frame
                .iter_mut()
                .zip(pixels)
                .for_each(|(value, (mean, noise))| *value = mean + noise * *value);
        }
        Ok(())
    }
}
