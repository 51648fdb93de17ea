//! Movies and footprints to traces: means over cells, neuropil, dF/F.

mod baseline;
mod extraction;
mod neuropil;
mod ratio;

#[cfg(test)]
mod tests;

pub(crate) use baseline::percentile_of;
pub use baseline::{maximin, running_percentile};
pub use extraction::extract;
pub use neuropil::{AnnulusConfig, annuli, robust_coefficient, subtract_neuropil};
pub use ratio::{BaselineMethod, DffConfig, dff, dff_all};
