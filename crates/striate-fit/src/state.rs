//! What a fit consists of between two steps, besides the twin: enough to go on bit by bit.
//!
//! Random numbers need no place here: every stream is named after the step, session or validation
//! that consumes it, and the clip sampler is a function of seed, epoch and step.

use serde::{Deserialize, Serialize};

use crate::exact;
use crate::outcome::FitEnd;
use crate::schedule::ScheduleState;
use crate::stage::{Stage, StageKind};
use crate::stopping::StopperState;
use crate::trackers::TrackerLengths;

/// The numbers of a fit between two steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TrainState {
    #[serde(default)]
    pub(crate) stage: Stage,
    /// Optimiser steps done.
    pub(crate) step: u64,
    /// Epochs done.
    pub(crate) epoch: u64,
    /// Steps done of the current epoch.
    pub(crate) step_in_epoch: usize,
    /// Sums over those steps.
    pub(crate) sums: EpochSums,
    pub(crate) schedule: ScheduleState,
    pub(crate) stopper: StopperState,
    /// Step at which the kept weights were reached.
    pub(crate) best_step: u64,
    /// Why the fit ended, once it has.
    pub(crate) ended: Option<FitEnd>,
    /// How long the trackers' files were.
    pub(crate) trackers: TrackerLengths,
}

impl TrainState {
    /// The state before the first step.
    pub(crate) fn start(kind: StageKind, schedule: ScheduleState) -> Self {
        Self {
            stage: Stage { kind, ..Stage::default() },
            step: 0,
            epoch: 0,
            step_in_epoch: 0,
            sums: EpochSums::default(),
            schedule,
            stopper: StopperState::default(),
            best_step: 0,
            ended: None,
            trackers: TrackerLengths::default(),
        }
    }
}

/// Sums over the steps of one epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct EpochSums {
    /// Likelihood part of the loss, unscaled.
    #[serde(with = "exact::number")]
    pub(crate) likelihood: f64,
    /// Scored values (frames times neurons) in that sum.
    pub(crate) n_values: u64,
    /// Divergence of the latents from their prior, in nats.
    #[serde(with = "exact::number", default)]
    pub(crate) divergence: f64,
    /// Frames (of all clips) in that sum.
    #[serde(default)]
    pub(crate) n_frames: u64,
    /// Regularisers, summed over the steps.
    #[serde(with = "exact::number")]
    pub(crate) regulariser: f64,
    /// Steps in the sums.
    pub(crate) n_steps: u64,
    /// Learning rate of the last step.
    #[serde(with = "exact::number")]
    pub(crate) learning_rate: f64,
}

impl EpochSums {
    /// Mean likelihood loss per scored value.
    pub(crate) fn loss(&self) -> f64 {
        self.likelihood / self.n_values.max(1) as f64
    }

    /// Mean divergence per frame.
    pub(crate) fn divergence(&self) -> f64 {
        self.divergence / self.n_frames.max(1) as f64
    }

    /// Mean regulariser per step.
    pub(crate) fn regulariser(&self) -> f64 {
        self.regulariser / self.n_steps.max(1) as f64
    }
}
