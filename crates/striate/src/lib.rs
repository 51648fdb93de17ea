//! # Striate
//!
//! Functional digital twins of the visual cortex. This crate re-exports the parts; see each for its documentation.

pub use striate_base as base;
pub use striate_fit as fit;
pub use striate_formats as formats;
pub use striate_imaging as imaging;
pub use striate_insilico as insilico;
pub use striate_kernels as kernels;
pub use striate_model as model;
pub use striate_ops as ops;
pub use striate_recording as recording;
pub use striate_report as report;
pub use striate_score as score;
pub use striate_stimuli as stimuli;
