//! Experiments on fitted twins.
//!
//! A [`Subject`] is what an animal is to an experimenter: one twin, or several of the same recording that
//! answer as one, looking at a display of which it is known what grey and full contrast are
//! ([`TrainingSample`]). Experiments show it stimuli and give an [`Experiment`]: columns with a value for
//! each neuron, arrays, and where all of it comes from.

mod error;
pub mod exciting;
mod experiment;
pub mod parametric;
mod parts;
mod subject;
#[cfg(test)]
mod testing;
mod training;

pub use error::InsilicoError;
pub use experiment::{Axis, Column, Experiment, NamedArray, Origin};
pub use parts::{Part, Parts};
pub use subject::{OwnClips, Subject};
pub use training::{TrainingConfig, TrainingSample};
