//! The run folder: everything one fit leaves behind.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `config.toml` | the resolved configuration |
//! | `provenance.json` | data hash, configuration hash, version, seed, machine |
//! | `metrics.jsonl` | one [`MetricsRecord`] a line, equal in equal runs |
//! | `timing.jsonl` | wall-clock times; differ from run to run |
//! | `events.out.tfevents.*` | the same curves for TensorBoard |
//! | `checkpoints/` | what a stopped run goes on from |
//! | `status.json` | [`RunStatus`] |
//! | `twin.safetensors`, `twin.json` | the fitted twin |
//! | `without-latents/` | the twin that a twin with latents started from, where it was fitted in two stages |

mod compare;
mod files;
mod foreign;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use striate_base::provenance::Provenance;

use crate::config::FitConfig;
use crate::error::FitError;
use crate::outcome::FitSummary;
use crate::stage::StageKind;
use crate::trackers::METRICS_FILE;

pub(crate) use compare::{decisive_hash, refuse_other_config};
pub(crate) use files::{TimingLog, write_new, write_status};
pub(crate) use foreign::refuse_foreign;

const CONFIG_FILE: &str = "config.toml";
const PROVENANCE_FILE: &str = "provenance.json";
const STATUS_FILE: &str = "status.json";
const TIMING_FILE: &str = "timing.jsonl";

/// Folder with the twin at the end of the stage without latents.
pub(crate) const WITHOUT_LATENTS: &str = "without-latents";

/// A run folder, for those who read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// The run in `path`, which must hold a `config.toml`.
    ///
    /// # Errors
    /// [`FitError::NotARun`] where it does not.
    pub fn open(path: &Path) -> Result<Self, FitError> {
        if path.join(CONFIG_FILE).is_file() {
            Ok(Self { path: path.to_owned() })
        } else {
            Err(FitError::NotARun { path: path.to_owned() })
        }
    }

    /// The folder itself; `Twin::load` takes it once the run is finished.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The configuration the run was started with.
    ///
    /// # Errors
    /// Whatever makes the saved configuration unreadable.
    pub fn config(&self) -> Result<FitConfig, FitError> {
        Ok(FitConfig::open(&self.path.join(CONFIG_FILE), &[])?)
    }

    /// Where the run came from.
    ///
    /// # Errors
    /// [`FitError::Io`] or [`FitError::Corrupt`] for a file that cannot be used.
    pub fn provenance(&self) -> Result<Provenance, FitError> {
        files::read_json(&self.path.join(PROVENANCE_FILE))
    }

    /// Where the run stands.
    ///
    /// # Errors
    /// [`FitError::Io`] or [`FitError::Corrupt`] for a status file that cannot be used.
    pub fn status(&self) -> Result<RunStatus, FitError> {
        files::read_json(&self.path.join(STATUS_FILE))
    }

    /// The learning curves so far, oldest first.
    ///
    /// # Errors
    /// [`FitError::Io`] or [`FitError::Corrupt`] for a metrics file that cannot be used. A last line
    /// without its end, as a kill may leave it, is left out.
    pub fn metrics(&self) -> Result<Vec<MetricsRecord>, FitError> {
        files::read_lines(&self.path.join(METRICS_FILE))
    }

    /// The folder of the twin at the end of the stage without latents, where there was one.
    pub fn without_latents(&self) -> Option<PathBuf> {
        let folder = self.path.join(WITHOUT_LATENTS);
        folder.join("twin.json").is_file().then_some(folder)
    }

    /// What to type to go on with this run.
    pub fn resume_command(&self) -> String {
        let config = self.path.join(CONFIG_FILE);
        format!("striate fit {} --out {}", files::quoted(&config), files::quoted(&self.path))
    }
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum RunStatus {
    /// Begun and not ended: going on right now, or killed.
    Running,
    /// Stopped on request.
    Interrupted {
        /// Optimiser steps done.
        step: u64,
    },
    /// The twin is fitted and saved.
    Finished {
        /// The end in numbers.
        summary: FitSummary,
    },
}

/// One line of `metrics.jsonl`: the end of one epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricsRecord {
    /// Epochs done.
    pub epoch: u64,
    /// Optimiser steps done.
    pub step: u64,
    /// What was fitted.
    #[serde(default)]
    pub stage: StageKind,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Mean over the epoch's steps of the likelihood part of the loss, per scored value.
    pub train_loss: f64,
    /// Divergence of the latents from their prior in nats per frame, mean over the epoch; 0 without
    /// latents.
    #[serde(default)]
    pub divergence: f64,
    /// Mean over the epoch's steps of the regularisers, as added to the loss.
    pub regulariser: f64,
    /// Validation score, where this epoch was validated.
    pub validation_score: Option<f64>,
    /// Validation score of each session by id.
    pub session_scores: std::collections::BTreeMap<String, f64>,
    /// Best validation score so far.
    pub best_score: Option<f64>,
    /// Round of the early stopping, from 0.
    pub round: u64,
}
