//! From candidates to the components that are kept.

use std::path::Path;

use striate_base::{CancelToken, Progress};

use super::Work;
use super::basis::Basis;
use super::config::{Penalty, RankRule};
use super::factorised::{BlockComponents, FactorisedMovie};
use super::project::Projection;
use super::roughness::TemporalRoughness;
use super::rows::{RowStore, RowWriter};
use crate::ImagingError;

impl Work<'_> {
    /// Temporal components of the candidates, the test in time, and what is left. `bases` are what the movie is
    /// projected on, `images` what it is put together from: the same without a penalty.
    pub(super) fn factorise(
        &self,
        bases: &[Basis],
        images: &[Basis],
        scratch: Option<&Path>,
        progress: &mut dyn Progress,
        cancel: &CancelToken,
    ) -> Result<FactorisedMovie, ImagingError> {
        let shape = self.movie.shape();
        let mut projection = Projection::new(&self.grid, bases);
        let mut rows = RowWriter::new(scratch, shape.n_frames, projection.n_components())?;
        self.each_chunk("temporal components", progress, cancel, |_, chunk| {
            rows.push(&projection.project(chunk))
        })?;
        let rows = rows.finish(shape.n_frames)?;
        let ranks: Vec<usize> = projection.blocks().map(|roughness| self.rank(roughness)).collect();
        let temporal = keep_prefixes(rows, bases, &ranks);
        let mut first = 0;
        let mut components = Vec::with_capacity(bases.len());
        for (i, weights) in self.grid.weights().into_iter().enumerate() {
            let (place, rank) = (self.grid.block(i), ranks[i]);
            let spatial = (0..rank).flat_map(|j| images[i].column(j)).collect();
            components.push(BlockComponents { place, first, rank, spatial, weights });
            first += rank;
        }
        let (grid, standard) = (self.grid.clone(), self.standard.clone());
        let (thresholds, config, blocks) = (self.thresholds, self.config.clone(), components);
        Ok(FactorisedMovie { config, shape, grid, standard, thresholds, blocks, temporal })
    }

    /// How many candidates of a block stay after the test in time; with a penalty they have passed it.
    fn rank(&self, roughness: &[TemporalRoughness]) -> usize {
        if self.config.penalty != Penalty::None {
            return roughness.len();
        }
        let passes =
            roughness.iter().take_while(|sums| sums.value() < self.thresholds.temporal).count();
        let more = usize::from(self.config.rank_rule == RankRule::PlusOne);
        (passes + more).min(roughness.len())
    }
}

/// The rows without the candidates that were rejected.
fn keep_prefixes(rows: RowStore, bases: &[Basis], ranks: &[usize]) -> RowStore {
    let mut keep = Vec::new();
    let mut first = 0;
    for (basis, &rank) in bases.iter().zip(ranks) {
        keep.extend(first..first + rank);
        first += basis.k();
    }
    rows.select_columns(keep)
}
