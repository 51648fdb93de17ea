//! Subjects for tests.

pub(crate) mod planted;

use striate_model::Twin;

use crate::subject::Subject;
use crate::training::TrainingSample;

/// A subject of one twin's first session that saw `training`.
pub(crate) fn subject_of(twin: &Twin, training: TrainingSample) -> Subject<'_> {
    Subject::of_sample(&[twin], "mouse", training).unwrap()
}
