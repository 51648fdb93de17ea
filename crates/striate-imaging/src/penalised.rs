//! Penalised matrix decomposition, PMD(TF,TV): components that are smooth in time (trend filter)
//! and piecewise constant in space (total variation), and the solvers that it needs.
//!
//! Buchanan et al., "Penalized matrix decomposition for denoising, compression, and improved
//! demixing of functional imaging data" (arXiv 1807.06203). All solvers are exact or run to a
//! stated gap, unlike the first code of the method, whose total variation is a single sweep:
//! [`Accuracy::Sweeps`] repeats that.

pub(crate) mod banded;
mod block;
mod rank_one;
mod search;
mod statistics;
mod total_variation;
mod trend_filter;

#[cfg(test)]
mod tests;

pub use block::{PenalisedBlock, decompose_block};
pub use rank_one::{PenalisedSettings, Thresholds};
pub use statistics::{spatial_noise, spatial_roughness, temporal_roughness};
pub use total_variation::{
    Accuracy, ConstrainedVariation, Smooth, constrained_total_variation, total_variation,
    total_variation_2d,
};
pub use trend_filter::{
    ConstrainedTrend, Trend, constrained_trend_filter, largest_trend_penalty, trend_filter,
};
