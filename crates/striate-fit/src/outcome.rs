//! What a fit hands back.

use serde::{Deserialize, Serialize};

/// How a call of [`crate::fit`] or [`crate::resume`] ended.
#[derive(Debug, Clone, PartialEq)]
pub enum FitOutcome {
    /// The twin is fitted and saved in the run folder.
    Finished(FitSummary),
    /// The run had been finished by an earlier call; nothing was computed.
    AlreadyFinished(FitSummary),
    /// Stopped on request after a checkpoint was written.
    Interrupted {
        /// Optimiser steps done.
        step: u64,
        /// What to type to go on.
        resume_command: String,
    },
}

impl FitOutcome {
    /// The summary of a finished fit.
    pub fn summary(&self) -> Option<&FitSummary> {
        match self {
            Self::Finished(summary) | Self::AlreadyFinished(summary) => Some(summary),
            Self::Interrupted { .. } => None,
        }
    }
}

/// The end of a fit in numbers. Holds nothing that differs between equal runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitSummary {
    /// Why the fit ended.
    pub ended_by: FitEnd,
    /// Optimiser steps done.
    pub steps: u64,
    /// Epochs done.
    pub epochs: u64,
    /// Best validation score; absent where there was nothing to validate on.
    pub best_score: Option<f64>,
    /// Step at which the kept weights were reached.
    pub best_step: u64,
    /// Trainable numbers of the twin.
    pub n_parameters: u64,
}

/// Why a fit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FitEnd {
    /// `fit.max_epochs` were done.
    MaxEpochs,
    /// `fit.max_steps` were done.
    MaxSteps,
    /// The validation score had stopped rising.
    EarlyStopping,
}
