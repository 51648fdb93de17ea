//! The leading components of every block.

use rayon::prelude::*;
use striate_base::{CancelToken, Progress, Streams};

use super::Work;
use super::basis::Basis;
use super::config::{Penalty, RankRule};
use super::eigen::{Covariance, LOOSE_TOLERANCE, TOLERANCE};
use super::gram::Gram;
use super::memory::is_gram;
use super::roughness::spatial_roughness;
use super::sketch::Sketch;
use crate::ImagingError;

/// Vectors that the search for leading components starts with.
const START_WIDTH: usize = 16;

/// Blocks between two looks at whether to stop.
const BLOCKS_AT_ONCE: usize = 512;

impl Work<'_> {
    /// The components of every block that pass the test in space, strongest first; with [`RankRule::PlusOne`] one more.
    /// With a penalty there is no test.
    pub(super) fn candidates(
        &self,
        progress: &mut dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Vec<Basis>, ImagingError> {
        if is_gram(self.config.method, &self.grid) {
            let mut gram = Gram::new(&self.grid);
            self.each_chunk("covariances of pixels", progress, cancel, |_, chunk| {
                gram.add(chunk);
                Ok(())
            })?;
            return self
                .each_block(progress, cancel, |covariance, i| self.leading(&gram, i, covariance));
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
        self.each_block(progress, cancel, |_, i| self.prefix(&sketch.leading(i)))
    }

    /// The components of all blocks; `leading` gets room of its thread's own.
    fn each_block(
        &self,
        progress: &mut dyn Progress,
        cancel: &CancelToken,
        leading: impl Fn(&mut Vec<f32>, usize) -> Basis + Sync,
    ) -> Result<Vec<Basis>, ImagingError> {
        let n_blocks = self.grid.n_blocks();
        progress.start("components of blocks", Some(n_blocks as u64));
        let mut found = Vec::with_capacity(n_blocks);
        for start in (0..n_blocks).step_by(BLOCKS_AT_ONCE) {
            if cancel.is_cancelled() {
                return Err(ImagingError::Interrupted);
            }
            let blocks = start..(start + BLOCKS_AT_ONCE).min(n_blocks);
            let part = blocks.into_par_iter().map_init(Vec::new, &leading);
            found.extend(part.collect::<Vec<_>>());
            progress.advance((found.len() - start) as u64);
        }
        progress.finish();
        Ok(found)
    }

    /// Leading components of block `i` from its covariance.
    fn leading(&self, gram: &Gram, i: usize, covariance: &mut Vec<f32>) -> Basis {
        let d = self.grid.block(i).n_pixels();
        covariance.resize(d * d, 0.0);
        gram.block(&self.grid, i, covariance);
        let covariance = Covariance { values: covariance, d };
        let most = (self.config.max_components + 1).min(d);
        let wanted = |i: usize, u: &[f32]| i < most && self.is_candidate(u);
        let (start, tolerance) = match self.config.penalty {
            Penalty::None => (START_WIDTH, TOLERANCE),
            Penalty::TotalVariationTrendFilter => {
                (most.next_multiple_of(START_WIDTH), LOOSE_TOLERANCE)
            }
        };
        let mut width = start.min(d);
        loop {
            let streams = Streams::new(self.config.seed);
            let key = streams.stream("decomposition-start").next_u64();
            let basis = covariance.leading(Basis::random(d, width, key), tolerance, &wanted);
            let found = self.prefix(&basis);
            // All of them pass: there may be more.
            if found.k() < width || width >= most {
                return found;
            }
            width = (2 * width).min(d);
        }
    }

    fn is_candidate(&self, u: &[f32]) -> bool {
        if self.config.penalty != Penalty::None {
            return true;
        }
        // Blocks are of one size, clipped to the image.
        let width = self.grid.block(0).columns.len();
        spatial_roughness(u, width) < self.thresholds.spatial
    }

    /// The leading vectors that pass the test in space, and as many more as the rule wants.
    fn prefix(&self, basis: &Basis) -> Basis {
        let passes = (0..basis.k()).take_while(|&j| self.is_candidate(&basis.column(j))).count();
        let more = usize::from(self.config.rank_rule == RankRule::PlusOne);
        basis.truncate((passes + more).min(self.config.max_components).min(basis.k()))
    }
}
