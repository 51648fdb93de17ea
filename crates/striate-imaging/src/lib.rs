//! Calcium movie to traces: registration, penalized matrix decomposition, demixing, deconvolution.
//!
//! Movies are `[frame, y, x]`, pixels of an image are numbered row by row (`y * width + x`), and
//! nothing here holds a whole movie: a [`Movie`] is read in stretches of frames.

pub mod decomposition;
pub mod deconvolution;
pub mod demixing;
mod error;
pub mod extraction;
mod footprint;
pub mod matching;
mod movie;
pub mod noise;
pub mod penalised;
mod range;
pub mod registration;
pub mod simulate;
pub mod traces;

pub use error::ImagingError;
pub use footprint::Footprint;
pub use movie::{
    ArrayMovie, Movie, MovieInspection, MovieInspectionConfig, MovieShape, StackMovie,
    inspect_movie,
};
