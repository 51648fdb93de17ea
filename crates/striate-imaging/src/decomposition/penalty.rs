//! The penalised form, PMD(TF,TV): components that total variation and a trend filter have found.
//!
//! Buchanan et al. 2018 (arXiv 1807.06203); inside a block see `penalised`. The block is replaced by its leading
//! singular vectors and their courses, so that a step costs `k (d + T)` and not `d T`, and so are the blocks of
//! noise that tell the thresholds: what is lost by that is lost in both.

mod null;
#[cfg(test)]
mod tests;

use std::ops::Range;

use ndarray::Array2;
use rayon::prelude::*;
use striate_base::{CancelToken, Progress};

use super::Work;
use super::basis::Basis;
use super::config::DecompositionConfig;
use super::project::Projection;
use super::roughness::Thresholds;
use crate::ImagingError;
use crate::penalised::{self, PenalisedBlock, PenalisedSettings, decompose_block};
pub(super) use null::thresholds_of_noise;

/// Courses of candidates that are kept at a time: blocks are worked on in groups whose courses fit, with a pass over
/// the movie for each.
const COURSE_BYTES: usize = 512 << 20;

/// Blocks for each thread between two looks at whether to stop.
const BLOCKS_PER_THREAD: usize = 4;

/// What is kept of all blocks.
#[derive(Default)]
pub(super) struct Penalised {
    /// Images of the components: of norm 1, not orthogonal.
    pub(super) images: Vec<Basis>,
    /// Along these the movie has their traces.
    pub(super) filters: Vec<Basis>,
}

impl Work<'_> {
    /// The components of every block from its leading singular vectors.
    pub(super) fn penalise(
        &self,
        bases: &[Basis],
        progress: &mut dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Penalised, ImagingError> {
        let mut all = Penalised::default();
        for group in groups(bases, self.movie.shape().n_frames) {
            let courses = self.courses(bases, group.clone(), progress, cancel)?;
            progress.start("penalised components", Some(group.len() as u64));
            let at_once = BLOCKS_PER_THREAD * rayon::current_num_threads();
            for start in group.clone().step_by(at_once) {
                if cancel.is_cancelled() {
                    return Err(ImagingError::Interrupted);
                }
                let blocks = start..(start + at_once).min(group.end);
                let n_blocks = blocks.len() as u64;
                let work = |i: usize| self.penalised_block(&bases[i], courses.of(i));
                let found: Result<Vec<_>, _> = blocks.into_par_iter().map(work).collect();
                for [images, filters] in found? {
                    all.images.push(images);
                    all.filters.push(filters);
                }
                progress.advance(n_blocks);
            }
            progress.finish();
        }
        Ok(all)
    }

    /// The whole movie along the vectors of some blocks.
    fn courses(
        &self,
        bases: &[Basis],
        group: Range<usize>,
        progress: &mut dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Courses, ImagingError> {
        let mut firsts = vec![0];
        firsts.extend(bases[group.clone()].iter().scan(0, |end, basis| {
            *end += basis.k();
            Some(*end)
        }));
        // The other blocks have no vectors in this pass.
        let of_group = |(i, basis): (usize, &Basis)| {
            if group.contains(&i) { basis.clone() } else { basis.truncate(0) }
        };
        let bases: Vec<Basis> = bases.iter().enumerate().map(of_group).collect();
        let mut projection = Projection::new(&self.grid, &bases);
        let mut rows = Vec::with_capacity(firsts[group.len()] * self.movie.shape().n_frames);
        self.each_chunk("courses of candidates", progress, cancel, |_, chunk| {
            rows.extend(projection.project(chunk));
            Ok(())
        })?;
        Ok(Courses { first_block: group.start, firsts, rows })
    }

    /// Images and filters of one block, from its basis and its courses `[k, frame]`.
    fn penalised_block(
        &self,
        basis: &Basis,
        courses: Array2<f64>,
    ) -> Result<[Basis; 2], ImagingError> {
        let basis = basis.to_array();
        let found = self.decompose_reduced(&basis, courses)?;
        let (mut images, mut filters) = (found.images, basis.dot(&found.weights));
        for (row, mut pixel) in basis.rows().into_iter().zip(images.rows_mut()) {
            // Smoothing must not make a dead pixel shine.
            if row.iter().all(|&value| value == 0.0) {
                pixel.fill(0.0);
            }
        }
        for (mut image, mut filter) in images.columns_mut().into_iter().zip(filters.columns_mut()) {
            let norm = image.dot(&image).sqrt().max(f64::MIN_POSITIVE);
            image /= norm;
            filter *= norm;
        }
        Ok([Basis::of_array(&images), Basis::of_array(&filters)])
    }

    /// The block `basis . courses` with the thresholds of this work.
    fn decompose_reduced(
        &self,
        basis: &Array2<f64>,
        courses: Array2<f64>,
    ) -> Result<PenalisedBlock, ImagingError> {
        let block = self.grid.block(0);
        let sides = [block.rows.len(), block.columns.len()];
        let thresholds = as_sums(self.thresholds, self.movie.shape().n_frames);
        let settings = settings(self.config);
        decompose_block(basis.view(), courses.view(), sides, thresholds, &settings)
    }
}

/// The settings within a block; both limits to the number of components hold.
fn settings(config: &DecompositionConfig) -> PenalisedSettings {
    PenalisedSettings { max_components: config.most_components(), ..config.penalised }
}

/// Thresholds for ratios of sums over a trace, where [`Thresholds`] are of ratios of means.
fn as_sums(thresholds: Thresholds, n_frames: usize) -> penalised::Thresholds {
    let n = n_frames as f64;
    let temporal = thresholds.temporal * (n - 2.0) / n;
    penalised::Thresholds { spatial: thresholds.spatial, temporal }
}

/// The courses of the vectors of some blocks, `[frame, vector]`.
struct Courses {
    first_block: usize,
    /// First vector of each block, and the number of all.
    firsts: Vec<usize>,
    rows: Vec<f32>,
}

impl Courses {
    /// Those of block `i`, `[vector, frame]`.
    fn of(&self, i: usize) -> Array2<f64> {
        let (first, n) = (self.firsts[i - self.first_block], self.firsts[self.firsts.len() - 1]);
        let k = self.firsts[i - self.first_block + 1] - first;
        let n_frames = self.rows.len().checked_div(n).unwrap_or(0);
        Array2::from_shape_fn((k, n_frames), |(j, t)| self.rows[t * n + first + j].into())
    }
}

/// Groups of consecutive blocks whose courses fit into [`COURSE_BYTES`], or of one block.
fn groups(bases: &[Basis], n_frames: usize) -> Vec<Range<usize>> {
    let most = COURSE_BYTES / (size_of::<f32>() * n_frames);
    let (mut groups, mut n): (Vec<Range<usize>>, _) = (Vec::new(), 0);
    for (i, basis) in bases.iter().enumerate() {
        n += basis.k();
        match groups.last_mut() {
            Some(group) if n <= most => group.end = i + 1,
            _ => {
                groups.push(i..i + 1);
                n = basis.k();
            }
        }
    }
    groups
}

/// Bytes that the groups of blocks take: courses; for each thread a block's in double precision, components and what
/// the trend filter keeps.
pub(super) fn bytes(
    n_blocks: usize,
    k: usize,
    n_frames: usize,
    config: &DecompositionConfig,
) -> usize {
    let courses = size_of::<f32>() * n_frames * k;
    let most = config.most_components();
    let per_frame = size_of::<f64>() * (k + 2 * most + config.penalised.consecutive_failures + 40);
    (n_blocks * courses).min(COURSE_BYTES.max(courses))
        + rayon::current_num_threads() * per_frame * n_frames
}
