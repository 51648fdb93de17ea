//! Loss and gradients of a batch.

use striate_base::RandomStream;
use striate_ops::{Seed, Tape, Var, append_constant_channels};

use super::input::{fits, needs_behaviour};
use super::{ClipInput, Twin};
use crate::core::Penalty;
use crate::error::ModelError;
use crate::latent::{LatentStep, Terms};
use crate::parameters::{Gradients, ParameterId};
use crate::pass::{Mode, Noise, Pass};

/// The loss of a batch; what is minimised is the sum.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct StepLoss {
    /// Negative log-likelihood summed over clips, frames and neurons, times the loss scale. With latents
    /// of what was hidden from the encoder, averaged over samples.
    pub likelihood: f64,
    /// What the latents' divergence from their prior adds; 0 without latents.
    pub divergence: f64,
    /// The same in nats, summed over clips, frames and latents, without its factor.
    pub divergence_nats: f64,
    /// Weighted penalties of core and readout.
    pub regulariser: f64,
    /// Factor by which `likelihood` was multiplied.
    pub scale: f64,
    /// Responses that were scored.
    pub n_scored: u64,
}

impl StepLoss {
    /// What is minimised.
    pub fn total(&self) -> f64 {
        self.likelihood + self.divergence + self.regulariser
    }
}

/// Responses of a batch, and how much they count.
#[derive(Clone, Copy)]
pub(super) struct Objective<'a> {
    /// `[clip, frame, neuron]`; the first frames, which have no prediction, are ignored.
    pub(super) responses: &'a [f32],
    /// Factor of the likelihood.
    pub(super) loss_scale: f64,
}

/// What a step finds, apart from the parameters' gradients.
pub(super) struct StepResult {
    pub(super) loss: StepLoss,
    statistics: Vec<(ParameterId, Vec<f32>)>,
}

impl Twin {
    /// Loss of a batch in training (batch statistics, sampled positions); adds its gradients to
    /// `gradients` and moves the running statistics of the normalisation.
    ///
    /// `responses` are `[clip, frame, neuron]` as long as the stimulus; those of the first
    /// [`Twin::frames_consumed`] frames are ignored. The summed likelihood is multiplied by
    /// `loss_scale`, as `sqrt(n_train / n_clips)` in the Sensorium baselines. The penalties are
    /// added as they are, once per call. The gradients of frozen parameters stay as they were.
    ///
    /// # Errors
    /// [`ModelError::Length`] or [`ModelError::Mismatch`] for an input that does not fit the twin.
    pub fn loss_and_gradients(
        &mut self,
        input: &ClipInput<'_>,
        responses: &[f32],
        loss_scale: f64,
        random: &mut RandomStream,
        gradients: &mut Gradients,
    ) -> Result<StepLoss, ModelError> {
        let objective = Objective { responses, loss_scale };
        let result = self.compute_step(input, objective, Noise::Stream(random), gradients)?;
        self.keep_statistics(&result);
        Ok(result.loss)
    }

    /// Move the running statistics to what a step found.
    pub(super) fn keep_statistics(&mut self, result: &StepResult) {
        for (id, values) in &result.statistics {
            self.parameters.0[id.0].values.copy_from_slice(values);
        }
    }

    /// Loss, gradients and new statistics of a batch; the twin stays as it is.
    pub(super) fn compute_step(
        &self,
        input: &ClipInput<'_>,
        objective: Objective<'_>,
        noise: Noise<'_>,
        gradients: &mut Gradients,
    ) -> Result<StepResult, ModelError> {
        input.check(&self.spec, self.core.grid().n_lags)?;
        let mut pass = Pass::new(Tape::recording(&self.pool), &self.parameters, noise);
        let responses = self.targets(&mut pass, input, objective.responses)?;
        let stimulus = self.stimulus(&mut pass, input, false)?;
        let read = self.read(&mut pass, input, stimulus)?;
        let (terms, found) =
            self.likelihood_terms(&mut pass, input, (&read, &responses), objective)?;
        drop((read, responses));
        let penalties = self.penalties(&mut pass, input.session)?;
        let mut seeds: Vec<Seed> =
            terms.iter().map(|(term, factor)| Seed::scaled(term, *factor as f32)).collect();
        let factor = |penalty: &Penalty| found.regulariser * penalty.weight;
        seeds.extend(penalties.iter().map(|p| Seed::scaled(&p.value, factor(p) as f32)));
        let regulariser = penalties.iter().map(|p| factor(p) * f64::from(p.value.scalar())).sum();
        drop((terms, penalties));
        let (tape, leaves, statistics) = pass.finish();
        leaves.add_to(gradients, tape.backward(seeds));
        Ok(StepResult { loss: StepLoss { regulariser, ..found }, statistics })
    }

    /// What the likelihood and the latents give to the loss: scalars with their factors, and in numbers,
    /// the factor of the regularisers in their place.
    fn likelihood_terms(
        &self,
        pass: &mut Pass<'_>,
        input: &ClipInput<'_>,
        (read, responses): (&[Var], &Var),
        objective: Objective<'_>,
    ) -> Result<Terms, ModelError> {
        let likelihood = &*self.session(input.session)?.likelihood;
        let scale = objective.loss_scale;
        let Some(latent) = self.latent.as_ref().filter(|_| self.uses_latents) else {
            let (loss, value) = likelihood.loss(pass, read, responses)?;
            let found = StepLoss {
                likelihood: scale * value,
                regulariser: 1.0,
                scale,
                n_scored: responses.values().len() as u64,
                ..StepLoss::default()
            };
            return Ok((vec![(loss, scale)], found));
        };
        let step = LatentStep {
            session: input.session,
            n_clips: input.n_clips,
            n_frames: input.n_frames,
            responses: objective.responses,
            targets: responses,
            loss_scale: scale,
            divergence_factor: self.divergence_factor,
        };
        latent.loss(pass, likelihood, read, &step)
    }

    /// Responses `[clip, frame - frames consumed, neuron]` to the frames that are predicted.
    fn targets(
        &self,
        pass: &mut Pass<'_>,
        input: &ClipInput<'_>,
        responses: &[f32],
    ) -> Result<Var, ModelError> {
        let n_neurons = input.shape(&self.spec)?.n_neurons;
        let axes = [input.n_clips, input.n_frames, n_neurons];
        fits("responses", responses, &axes, "clip, frame, neuron")?;
        let last = input.n_frames - self.frames_consumed();
        self.last_frames(pass, responses, [input.n_clips, last, n_neurons])
    }

    /// The last frames of every clip, `[clip, last frames, value]` as in `shape`, from `[clip, frame,
    /// value]`.
    fn last_frames(
        &self,
        pass: &mut Pass<'_>,
        values: &[f32],
        shape: [usize; 3],
    ) -> Result<Var, ModelError> {
        let [n_clips, last, per_frame] = shape;
        let mut found = self.pool.take(n_clips * last * per_frame);
        let clips = values.chunks_exact((values.len() / n_clips).max(1));
        for (found, clip) in found.chunks_exact_mut((last * per_frame).max(1)).zip(clips) {
            found.copy_from_slice(&clip[clip.len() - last * per_frame..]);
        }
        Ok(pass.tape.constant_buffer(shape.to_vec(), found)?)
    }

    /// The stimulus `[clip, frame, height, width, 1]` as a variable.
    pub(super) fn stimulus(
        &self,
        pass: &mut Pass<'_>,
        input: &ClipInput<'_>,
        needs_gradient: bool,
    ) -> Result<Var, ModelError> {
        let shape = vec![input.n_clips, input.n_frames, self.spec.height, self.spec.width, 1];
        let tape = &mut pass.tape;
        Ok(if needs_gradient {
            tape.leaf(shape, input.stimulus)?
        } else {
            tape.constant(shape, input.stimulus)?
        })
    }

    /// Rates `[clip, frame - frames consumed, neuron]`.
    pub(super) fn rates(
        &self,
        pass: &mut Pass<'_>,
        input: &ClipInput<'_>,
        stimulus: Var,
    ) -> Result<Var, ModelError> {
        let read = self.read(pass, input, stimulus)?;
        self.session(input.session)?.likelihood.rate(pass, &read)
    }

    /// What the readout gives, each output in the shape of the rates.
    pub(super) fn read(
        &self,
        pass: &mut Pass<'_>,
        input: &ClipInput<'_>,
        stimulus: Var,
    ) -> Result<Vec<Var>, ModelError> {
        let parts = self.session(input.session)?;
        let seen = self.with_behaviour(pass, input, stimulus)?;
        let features = self.features(pass, seen)?;
        let shift = match (&parts.shifter, input.pupil_center) {
            (Some(shifter), Some(pupil_center)) => {
                let last = input.n_frames - self.frames_consumed();
                let centre = self.last_frames(pass, pupil_center, [input.n_clips, last, 2])?;
                let centre = centre.reshape(vec![input.n_clips * last, 2])?;
                Some(shifter.forward(pass, &centre)?)
            }
            _ => None,
        };
        parts.readout.forward(pass, features, shift)
    }

    fn with_behaviour(
        &self,
        pass: &mut Pass<'_>,
        input: &ClipInput<'_>,
        stimulus: Var,
    ) -> Result<Var, ModelError> {
        let shape = input.shape(&self.spec)?;
        match input.behaviour.filter(|_| needs_behaviour(&self.spec, shape)) {
            Some(behaviour) => {
                let axes = vec![input.n_clips, input.n_frames, shape.n_behaviour];
                let behaviour = pass.tape.constant(axes, behaviour)?;
                Ok(append_constant_channels(&mut pass.tape, &stimulus, &behaviour)?)
            }
            None => Ok(stimulus),
        }
    }

    /// The core's output; a frozen core keeps its statistics.
    fn features(&self, pass: &mut Pass<'_>, seen: Var) -> Result<Var, ModelError> {
        let is_fitted = self.parameters.0.iter().any(|p| p.group == "core" && p.needs_gradient());
        if is_fitted {
            return self.core.forward(pass, seen);
        }
        let before = pass.switch(Mode::Evaluation);
        let features = self.core.forward(pass, seen);
        pass.switch(before);
        features
    }

    fn penalties(&self, pass: &mut Pass<'_>, session: usize) -> Result<Vec<Penalty>, ModelError> {
        let mut penalties = self.core.penalties(pass)?;
        penalties.extend(self.session(session)?.readout.penalties(pass)?);
        Ok(penalties)
    }
}
