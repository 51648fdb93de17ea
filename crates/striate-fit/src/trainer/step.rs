//! One optimiser step: a batch of every session, one movement of the parameters.

use std::sync::Arc;

use striate_model::{ClipInput, Gradients};
use striate_recording::{ClipBatch, Prefetcher};

use super::Trainer;
use crate::config::LossReduction;
use crate::error::FitError;
use crate::stage::StageKind;

impl Trainer<'_> {
    /// Batches from where the fit stands, read ahead in the background.
    pub(super) fn prefetch(&self) -> Prefetcher {
        let steps_per_epoch = self.rules.steps_per_epoch;
        // An epoch may have been stopped between its last step and its validation.
        let (epoch, step) = if self.state.step_in_epoch < steps_per_epoch {
            (self.state.epoch, self.state.step_in_epoch)
        } else {
            (self.state.epoch + 1, 0)
        };
        let recording = Arc::clone(&self.recording);
        Prefetcher::start(recording, self.sampler.clone(), epoch, step, steps_per_epoch)
    }

    /// Take one step.
    pub(super) fn step(&mut self, batches: &mut Prefetcher) -> Result<(), FitError> {
        // Schedule and moments count from the beginning of the stage.
        let step = self.state.step - self.state.stage.first_step;
        let rate = self.rules.schedule.rate(&self.state.schedule, step);
        self.twin.set_divergence_factor(self.divergence_factor(step));
        let mut gradients = Gradients::zeros(self.twin.parameters());
        let mut step_loss = 0.0;
        for session in 0..self.recording.sessions.len() {
            let batch = batches.next()?;
            step_loss += self.accumulate(session, &batch, rate, &mut gradients)?;
        }
        self.optimiser.step(&mut self.twin, &mut gradients, rate, step + 1);
        self.state.step += 1;
        self.state.step_in_epoch += 1;
        self.state.sums.n_steps += 1;
        self.state.sums.learning_rate = rate;
        let written = self.traces.trackers.step(self.state.step, step_loss);
        written.map_err(|e| FitError::io("cannot write the events", e, &self.traces.folder))
    }

    /// Add the gradients of one session's batch; the loss per scored value.
    fn accumulate(
        &mut self,
        session: usize,
        batch: &ClipBatch,
        learning_rate: f64,
        gradients: &mut Gradients,
    ) -> Result<f64, FitError> {
        let input = ClipInput {
            session,
            n_clips: batch.n_clips,
            n_frames: batch.n_frames,
            stimulus: &batch.stimulus,
            behaviour: batch.behaviour.as_deref(),
            pupil_center: batch.pupil_center.as_deref(),
        };
        let n_neurons = self.recording.sessions[session].info.n_neurons as u64;
        let n_values = self.n_predicted_frames(batch) * n_neurons;
        let scale = self.loss_scale(session, batch.n_clips, n_values);
        let name = format!("step {} session {session}", self.state.step);
        let mut random = self.rules.streams.stream(&name);
        let loss = self.twin.loss_and_gradients(
            &input,
            &batch.responses,
            scale,
            &mut random,
            gradients,
        )?;
        let total = loss.total();
        if !total.is_finite() {
            return Err(FitError::NonFinite {
                loss: total,
                step: self.state.step,
                session: self.recording.sessions[session].info.id.clone(),
                learning_rate,
            });
        }
        let unscaled = loss.likelihood / loss.scale;
        let n_frames = self.n_predicted_frames(batch);
        let sums = &mut self.state.sums;
        sums.likelihood += unscaled;
        sums.n_values += loss.n_scored;
        sums.divergence += loss.divergence_nats;
        sums.n_frames += n_frames;
        sums.regulariser += loss.regulariser;
        Ok(unscaled / loss.n_scored.max(1) as f64)
    }

    /// Frames of all clips that are predicted.
    fn n_predicted_frames(&self, batch: &ClipBatch) -> u64 {
        let n_frames = batch.n_frames.saturating_sub(self.twin.frames_consumed());
        (batch.n_clips * n_frames) as u64
    }

    /// What the latents' divergence counts at a step of the stage. Nothing at first: however small, it would
    /// be all that moves the posterior while loadings are near 0, and Adam moves by its sign.
    pub(super) fn divergence_factor(&self, step: u64) -> f64 {
        if self.state.stage.kind == StageKind::WithoutLatents {
            return 1.0;
        }
        let epochs = self.config.fit.joint.divergence_warmup_epochs as f64;
        let n_steps = (epochs * self.rules.steps_per_epoch as f64).max(1.0);
        (2.0 * (step + 1) as f64 / n_steps - 1.0).clamp(0.0, 1.0)
    }

    fn loss_scale(&self, session: usize, n_clips: usize, n_values: u64) -> f64 {
        match self.config.fit.reduction {
            LossReduction::RootTrials => {
                (self.n_train[session] as f64 / n_clips.max(1) as f64).sqrt()
            }
            LossReduction::Sum => 1.0,
            LossReduction::Mean => 1.0 / n_values.max(1) as f64,
        }
    }
}
