//! Benchmark submissions: written, read back, and scored on one's own machine.
//!
//! Sensorium 2022 (still images) takes CSV, one row per trial; Sensorium 2023 (video) takes Parquet,
//! one row per trial, without the first 50 frames. [`write_submission`] writes one file per tier and
//! reads each back before it is done: one row per trial, as many predictions as neurons, the
//! recording's neuron ids in its order, finite numbers. [`score_submission`] scores a file, whoever wrote
//! it, against the recording, where it has responses.

mod check;
mod index;
mod names;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use striate_base::{CancelToken, Progress};
use striate_recording::Recording;

pub use names::NameScheme;
pub use write::write_submission;

use crate::error::ScoreError;
use crate::scorer::{ScoreConfig, score};
use crate::scores::Scores;
use check::check;
use read::SubmittedPredictions;

/// What a submission holds and what its files are called.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SubmissionConfig {
    /// Where the files go.
    pub folder: PathBuf,
    /// The tiers, a file each; without them every test tier.
    pub tiers: Option<Vec<String>>,
    /// The scheme of the files' names; Sensorium 2022 has only one.
    pub names: NameScheme,
}

/// Score a submission against the responses of a recording.
///
/// The tier is the one whose trials the file holds, and the frames are those that it has, whatever
/// `config` says. Predictions of one session at a time are in memory.
///
/// # Errors
/// A file that cannot be read, rows that do not fit the recording (as [`write_submission`] checks
/// them), a tier without responses, cancellation.
pub fn score_submission(
    path: &Path,
    recording: &Recording,
    config: &ScoreConfig,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<Scores, ScoreError> {
    let tier = check(path, recording, cancel)?;
    let submitted = SubmittedPredictions::new(path, recording)?;
    let config = ScoreConfig { tiers: Some(vec![tier]), from_frame: None, ..config.clone() };
    score(&submitted, recording, &config, progress, cancel)
}
