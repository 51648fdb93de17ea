//! Calcium movie to traces: registration, penalized matrix decomposition, demixing, deconvolution.
//!
//! Movies are `[frame, y, x]`, pixels of an image are numbered row by row (`y * width + x`), and
//! nothing here holds a whole movie: a [`Movie`] is read in stretches of frames.

pub mod deconvolution;
mod error;
mod footprint;
mod movie;
pub mod noise;
pub mod penalised;
pub mod traces;

pub use error::ImagingError;
pub use footprint::Footprint;
pub use movie::{ArrayMovie, Movie, MovieShape};
