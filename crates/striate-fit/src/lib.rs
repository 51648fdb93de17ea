//! Fitting a twin to a recording: configuration, objective, optimiser, schedule, early stopping,
//! validation, checkpoint and resume, trackers, and the run folder that holds it all.

mod checkpoint;
pub mod config;
mod correlation;
mod error;
mod exact;
mod fingerprint;
mod initial;
mod memory;
mod optimiser;
mod outcome;
mod run;
mod schedule;
mod stage;
mod start;
mod state;
mod stopping;
mod trackers;
mod trainer;
mod transfer;
mod validation_tier;

use std::path::Path;

use striate_base::{CancelToken, Progress};

pub use config::{FitConfig, ValidFitConfig};
pub use error::{CheckpointError, ConfigError, FitError};
pub use fingerprint::data_hash;
pub use outcome::{FitEnd, FitOutcome, FitSummary};
pub use run::{MetricsRecord, RunFolder, RunStatus};
pub use stage::StageKind;

/// Fit a twin as configured and leave everything in the folder `run`.
///
/// An unfinished run of the same configuration in that folder is gone on with, from its newest
/// intact checkpoint; it ends with the same bits as a run that was never stopped.
///
/// # Errors
/// [`FitError`], by class: configuration, input data, resources.
pub fn fit(
    config: &ValidFitConfig,
    run: &Path,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<FitOutcome, FitError> {
    start::fit(config, run, progress, cancel)
}

/// Go on with the run in that folder, with the configuration saved there.
///
/// # Errors
/// As [`fit`], and [`FitError::NotARun`] for a folder without a run.
pub fn resume(
    run: &Path,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<FitOutcome, FitError> {
    let config = RunFolder::open(run)?.config()?.check()?;
    start::fit(&config, run, progress, cancel)
}
