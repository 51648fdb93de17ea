//! Calcium movie to traces: registration, penalized matrix decomposition, demixing, deconvolution.
//!
//! Movies are `[frame, y, x]`, pixels of an image are numbered row by row (`y * width + x`), and
//! nothing here holds a whole movie: a [`Movie`] is read in stretches of frames.

mod error;
mod footprint;
pub mod matching;
mod movie;
pub mod registration;
pub mod simulate;

pub use error::ImagingError;
pub use footprint::Footprint;
pub use movie::{ArrayMovie, Movie, MovieShape};
