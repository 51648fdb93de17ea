//! Submissions to Sensorium 2023: a Parquet table, brotli-compressed, one row per trial.
//!
//! | column | type | contents |
//! | --- | --- | --- |
//! | `mouse` | string | the session |
//! | `trial_indices` | 64-bit integer | number of the trial |
//! | `prediction` | list of lists of 32-bit floats | `[neuron][frame]`, without the first 50 frames |
//! | `neuron_ids` | list of 64-bit integers | identifier of each neuron |
//!
//! The lists have the three-level form of the Parquet specification, as pandas with pyarrow writes
//! and reads it. Rows are written and read a few at a time.

mod guard;
mod levels;
mod page_header;
mod read;
mod schema;
mod write;

use ndarray::Array2;

pub use read::SubmissionReader;
pub use write::SubmissionWriter;

/// The prediction for one trial.
#[derive(Debug, Clone, PartialEq)]
pub struct SubmissionRow {
    /// Name of the session.
    pub mouse: String,
    /// Number of the trial.
    pub trial_index: i64,
    /// Predicted responses, shape `[neuron, frame]`, any layout; one value or more.
    pub prediction: Array2<f32>,
    /// Identifier of each neuron.
    pub neuron_ids: Vec<i64>,
}
