//! The loop over steps and epochs.
//!
//! Each step takes one batch of every session, adds up the gradients and moves the parameters once
//! (as both Sensorium baselines do). The state between two steps is all in [`TrainState`], the twin,
//! the optimiser's moments and the best weights: the same four that a checkpoint holds.

mod saved;
mod stages;
mod step;
mod validate;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use striate_base::{CancelToken, Progress, Streams};
use striate_model::Twin;
use striate_recording::{ClipSampler, Recording};

use crate::checkpoint::{CheckpointStore, Tensors};
use crate::config::{ScheduleConfig, ValidFitConfig};
use crate::error::FitError;
use crate::optimiser::Optimiser;
use crate::outcome::{FitEnd, FitSummary};
use crate::run::{MetricsRecord, TimingLog};
use crate::schedule::Schedule;
use crate::stage::StageKind;
use crate::state::{EpochSums, TrainState};
use crate::stopping::{Stopper, Verdict};
use crate::trackers::{TrackerLengths, Trackers};

/// Where a fit leaves its traces.
#[derive(Debug)]
pub(crate) struct Traces {
    pub(crate) store: CheckpointStore,
    pub(crate) trackers: Trackers,
    pub(crate) timing: TimingLog,
    /// Hash of the part of the configuration that decides the result.
    pub(crate) config_hash: String,
    /// The run folder.
    pub(crate) folder: PathBuf,
}

impl Traces {
    /// Bring everything written so far to the disk.
    fn sync(&mut self) -> Result<TrackerLengths, FitError> {
        self.trackers.sync().map_err(|e| FitError::io("cannot write", e, &self.folder))
    }
}

/// Everything a fit consists of while it runs.
pub(crate) struct Trainer<'a> {
    pub(crate) config: &'a ValidFitConfig,
    pub(crate) recording: Arc<Recording>,
    pub(crate) sampler: ClipSampler,
    pub(crate) twin: Twin,
    pub(crate) optimiser: Optimiser,
    /// The weights of the best validation so far.
    pub(crate) best: Option<Tensors>,
    pub(crate) rules: Rules,
    pub(crate) state: TrainState,
    pub(crate) traces: Traces,
    /// Trials each session is fitted on.
    pub(crate) n_train: Vec<usize>,
    /// Tier the twin is judged on, where the recording has one.
    pub(crate) validation_tier: Option<String>,
}

/// How the loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoopEnd {
    /// The fit is over; the weights to keep are in the twin.
    Finished(FitEnd),
    /// Stopped on request, a checkpoint was written.
    Interrupted,
}

/// The rules of a fit that follow from its configuration.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) schedule: Schedule,
    pub(crate) stopper: Stopper,
    pub(crate) steps_per_epoch: usize,
    /// Of the stage.
    pub(crate) max_epochs: u64,
    /// Of the stage.
    pub(crate) max_steps: u64,
    pub(crate) streams: Streams,
}

impl Rules {
    /// The rules of a stage for epochs of at most `epoch_steps` steps.
    pub(crate) fn new(config: &ValidFitConfig, stage: StageKind, epoch_steps: usize) -> Self {
        let fit = stage.settings(config);
        let steps_per_epoch = fit.steps_per_epoch.unwrap_or(epoch_steps).max(1);
        let in_epochs = fit.max_epochs.saturating_mul(steps_per_epoch as u64);
        let max_steps = fit.max_steps.unwrap_or(u64::MAX).min(in_epochs);
        let (rounds, usual_patience) = match &fit.schedule {
            ScheduleConfig::Plateau(plateau) => (plateau.decay_rounds, 5),
            ScheduleConfig::Cosine(_) | ScheduleConfig::Constant => (1, 0),
        };
        let patience = fit.stopping.patience.unwrap_or(usual_patience);
        Self {
            schedule: Schedule::new(fit.schedule, fit.learning_rate, max_steps),
            stopper: Stopper { patience, rounds, threshold: fit.stopping.threshold },
            steps_per_epoch,
            max_epochs: fit.max_epochs,
            max_steps,
            streams: Streams::new(config.seed).child("fit"),
        }
    }
}

impl Trainer<'_> {
    /// Take steps until the fit ends or is asked to stop. A checkpoint is written in the latter
    /// case, and from time to time.
    pub(crate) fn run(
        &mut self,
        progress: &mut dyn Progress,
        cancel: &CancelToken,
    ) -> Result<LoopEnd, FitError> {
        let mut batches = self.prefetch();
        let mut clock = CheckpointClock::new(self.config);
        self.announce(progress);
        loop {
            if let Some(ended_by) = self.state.ended {
                progress.finish();
                if !self.begin_next_stage()? {
                    return Ok(LoopEnd::Finished(ended_by));
                }
                // A stage may end within an epoch; the next one begins with a new epoch.
                batches = self.prefetch();
                self.save()?;
                self.announce(progress);
            }
            if cancel.is_cancelled() {
                self.save()?;
                return Ok(LoopEnd::Interrupted);
            }
            if self.epoch_is_over() {
                // A cancelled validation leaves the epoch open; the next turn writes it down.
                self.end_epoch(progress, cancel)?;
                continue;
            }
            self.step(&mut batches)?;
            progress.advance(1);
            if clock.is_due(self.state.step) {
                self.save()?;
                clock.restart();
            }
        }
    }

    fn epoch_is_over(&self) -> bool {
        self.state.step_in_epoch >= self.rules.steps_per_epoch
            || self.steps_of_stage() >= self.rules.max_steps
    }

    /// Judge the twin, follow schedule and stopper, write the epoch down.
    fn end_epoch(
        &mut self,
        progress: &mut dyn Progress,
        cancel: &CancelToken,
    ) -> Result<(), FitError> {
        let is_last = self.is_last_epoch();
        let due = (self.state.epoch + 1).is_multiple_of(self.config.fit.validation.every_epochs);
        let judged = if due || is_last { self.validate(cancel)? } else { None };
        if cancel.is_cancelled() {
            return Ok(());
        }
        let score = judged.as_ref().map(|scores| scores.pooled);
        let round = self.state.stopper.round;
        // Weights found while the divergence does not count in full are not of the model that is wanted.
        let counts = self.divergence_factor(self.steps_of_stage()) >= 1.0;
        let verdict = score.filter(|_| counts).map(|score| self.observe(score));
        self.state.epoch += 1;
        let record = MetricsRecord {
            epoch: self.state.epoch,
            step: self.state.step,
            stage: self.state.stage.kind,
            learning_rate: self.state.sums.learning_rate,
            train_loss: self.state.sums.loss(),
            divergence: self.state.sums.divergence(),
            regulariser: self.state.sums.regulariser(),
            validation_score: score,
            session_scores: judged.map(|scores| scores.sessions).unwrap_or_default(),
            best_score: self.state.stopper.best,
            round,
        };
        self.write_down(&record, progress)?;
        self.state.step_in_epoch = 0;
        self.state.sums = EpochSums::default();
        self.decide_end(verdict)
    }

    fn is_last_epoch(&self) -> bool {
        self.epochs_of_stage() + 1 >= self.rules.max_epochs
            || self.steps_of_stage() >= self.rules.max_steps
    }

    /// Let schedule and stopper see a score; keep or put back the best weights as they say.
    fn observe(&mut self, score: f64) -> Verdict {
        self.rules.schedule.observe(&mut self.state.schedule, score);
        let verdict = self.rules.stopper.observe(&mut self.state.stopper, score);
        if verdict.is_best {
            self.best = Some(saved::snapshot(&self.twin));
            self.state.best_step = self.state.step;
        }
        verdict
    }

    /// End the fit where its time has come; the best weights are put back at the end of a round.
    fn decide_end(&mut self, verdict: Option<Verdict>) -> Result<(), FitError> {
        self.state.ended = match verdict {
            Some(Verdict { stop: true, .. }) => Some(FitEnd::EarlyStopping),
            _ if self.epochs_of_stage() >= self.rules.max_epochs => Some(FitEnd::MaxEpochs),
            _ if self.steps_of_stage() >= self.rules.max_steps => Some(FitEnd::MaxSteps),
            _ => None,
        };
        let round_over = verdict.is_some_and(|verdict| verdict.restore_best);
        match &self.best {
            Some(best) if round_over || self.state.ended.is_some() => {
                saved::restore(&mut self.twin, best)?;
            }
            None if self.state.ended.is_some() => self.state.best_step = self.state.step,
            _ => {}
        }
        Ok(())
    }

    fn write_down(
        &mut self,
        record: &MetricsRecord,
        progress: &mut dyn Progress,
    ) -> Result<(), FitError> {
        let written = self.traces.trackers.record(record);
        written.map_err(|e| FitError::io("cannot write the metrics", e, &self.traces.folder))?;
        self.traces.timing.epoch(record.epoch, record.step)?;
        let score = record.validation_score.map_or(String::new(), |s| format!(", score {s:.4}"));
        progress.note(&format!("epoch {}: loss {:.4}{score}", record.epoch, record.train_loss));
        Ok(())
    }

    /// The end in numbers.
    pub(crate) fn summary(&self, ended_by: FitEnd) -> FitSummary {
        FitSummary {
            ended_by,
            steps: self.state.step,
            epochs: self.state.epoch,
            best_score: self.state.stopper.best,
            best_step: self.state.best_step,
            n_parameters: self.twin.n_parameters() as u64,
        }
    }
}

/// When the next checkpoint is due.
struct CheckpointClock {
    every_steps: Option<u64>,
    every: Duration,
    last: Instant,
}

impl CheckpointClock {
    fn new(config: &ValidFitConfig) -> Self {
        let checkpoint = &config.fit.checkpoint;
        let every = Duration::try_from_secs_f64(checkpoint.every_s).unwrap_or(Duration::MAX);
        Self { every_steps: checkpoint.every_steps, every, last: Instant::now() }
    }

    fn is_due(&self, step: u64) -> bool {
        self.every_steps.is_some_and(|every| step.is_multiple_of(every))
            || self.last.elapsed() >= self.every
    }

    fn restart(&mut self) {
        self.last = Instant::now();
    }
}
