//! Experiments on fitted twins.
//!
//! A [`Subject`] is what an animal is to an experimenter: one twin, or several of the same recording that
//! answer as one, looking at a display of which it is known what grey and full contrast are
//! ([`TrainingSample`]). Experiments show it stimuli and give an [`Experiment`]: columns with a value for
//! each neuron, arrays, and where all of it comes from.

mod error;
pub mod exciting;
mod experiment;
mod familiarity;
mod feature_visualisation;
mod geometry;
mod jackknife;
pub mod parametric;
mod parts;
mod receptive_field;
mod subject;
#[cfg(test)]
mod testing;
mod training;
mod truth;
mod tuning;
mod twins;

pub use error::InsilicoError;
pub use experiment::{Axis, Column, Experiment, NamedArray, Origin};
pub use familiarity::{Deviation, Familiarity, Strangeness};
pub use feature_visualisation::{FeatureConfig, feature_visualisation};
pub use geometry::{GeometryConfig, geometry, geometry_bytes};
pub use parts::{Part, Parts};
pub use receptive_field::{
    ReceptiveFieldConfig, compare_recorded, receptive_field_bytes, receptive_fields,
};
pub use subject::{OwnClips, Subject};
pub use training::{TrainingConfig, TrainingSample};
pub use truth::TruthComparison;
pub use tuning::{TuningConfig, tuning, tuning_bytes};
