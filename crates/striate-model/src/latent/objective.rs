//! What a training step minimises where there are latents.

use striate_base::Streams;
use striate_ops::{
    KlDirection, LatentPrior, MonteCarlo, Objective, Posterior, Var, gaussian_kl, last_frames,
};

use super::LatentPart;
use super::config::{KlKind, LatentObjective, Masking, WeightsKind};
use crate::error::ModelError;
use crate::likelihood::Likelihood;
use crate::pass::Pass;
use crate::twin::StepLoss;

/// A batch of one session.
pub(crate) struct LatentStep<'a> {
    pub(crate) session: usize,
    pub(crate) n_clips: usize,
    pub(crate) n_frames: usize,
    /// `[clip, frame, neuron]`, from the first frame on: the encoder warms up on those without prediction.
    pub(crate) responses: &'a [f32],
    /// `[clip, predicted frame, neuron]`
    pub(crate) targets: &'a Var,
    /// Factor of the likelihood.
    pub(crate) loss_scale: f64,
    /// Further factor of the divergence.
    pub(crate) divergence_factor: f64,
}

/// Scalars with their factors, and the loss in numbers.
pub(crate) type Terms = (Vec<(Var, f64)>, StepLoss);

/// Which responses the encoder does not see.
struct Hidden {
    /// `[clip, frame, neuron]`: what the encoder sees.
    seen: Var,
    /// 1 where the likelihood counts, `[clip, predicted frame, neuron]`; absent where all do.
    counted: Option<Var>,
    n_scored: u64,
}

impl LatentPart {
    /// What the likelihood of `read` and the divergence give to the loss; in the place of the regulariser
    /// its factor.
    pub(crate) fn loss(
        &self,
        pass: &mut Pass<'_>,
        likelihood: &dyn Likelihood,
        read: &[Var],
        step: &LatentStep<'_>,
    ) -> Result<Terms, ModelError> {
        let hidden = self.hide(pass, step)?;
        let all = self.posterior_mean(pass, step.session, &hidden.seen)?;
        let mean = last_frames(&mut pass.tape, &all, step.targets.shape()[1])?;
        let scale = self.posterior_scale(pass)?;
        let posterior = Posterior { mean: mean.clone(), scale: scale.clone() };
        let law = likelihood.law(pass)?;
        let loadings = self.loadings(pass, step.session)?;
        let samples = MonteCarlo {
            law: &law,
            heads: read,
            loadings: &loadings,
            posterior: &posterior,
            n_samples: self.config.n_samples,
            noise: &pass.sample_noise(),
        };
        let objective = match self.config.objective {
            LatentObjective::Elbo => Objective::Average,
            LatentObjective::Importance => Objective::Importance,
        };
        let (tape, counted) = (&mut pass.tape, hidden.counted.as_ref());
        let (loss, value) = samples.loss(tape, objective, step.targets, counted)?;
        let divergence = self.divergence(pass, &mean, &scale)?;
        Ok(self.weigh((loss, value), divergence, &hidden, step))
    }

    fn divergence(
        &self,
        pass: &mut Pass<'_>,
        mean: &Var,
        scale: &Var,
    ) -> Result<Option<(Var, f64)>, ModelError> {
        if self.config.objective == LatentObjective::Importance {
            return Ok(None);
        }
        let prior = match self.prior_coefficient(pass)? {
            None => LatentPrior::Independent,
            Some(coefficient) => LatentPrior::Autoregressive { coefficient },
        };
        let direction = match self.config.kl {
            KlKind::Proper => KlDirection::Proper,
            KlKind::Reversed => KlDirection::Reversed,
        };
        Ok(Some(gaussian_kl(&mut pass.tape, mean, scale, &prior, direction)?))
    }

    fn weigh(
        &self,
        (loss, value): (Var, f64),
        divergence: Option<(Var, f64)>,
        hidden: &Hidden,
        step: &LatentStep<'_>,
    ) -> Terms {
        let n_rows = (step.n_clips * step.targets.shape()[1]).max(1) as f64;
        let kl_weight = step.divergence_factor * self.config.kl_weight;
        let [likelihood, of_divergence, regulariser] = match self.config.weights {
            WeightsKind::Elbo => [step.loss_scale, step.loss_scale * kl_weight, 1.0],
            WeightsKind::Released => [
                step.loss_scale / n_rows,
                kl_weight / n_rows,
                1.0 / (self.config.n_samples as f64 * n_rows),
            ],
        };
        let nats = divergence.as_ref().map_or(0.0, |(_, nats)| *nats);
        let mut terms = vec![(loss, likelihood)];
        terms.extend(divergence.map(|(var, _)| (var, of_divergence)));
        let found = StepLoss {
            likelihood: likelihood * value,
            divergence: of_divergence * nats,
            divergence_nats: nats,
            regulariser,
            scale: likelihood,
            n_scored: hidden.n_scored,
        };
        (terms, found)
    }

    /// Hide responses at random, and scale up the others so that their sum stays the same on average.
    fn hide(&self, pass: &mut Pass<'_>, step: &LatentStep<'_>) -> Result<Hidden, ModelError> {
        let n_neurons = step.targets.shape()[2];
        let n_predicted = step.targets.shape()[1];
        let shape = vec![step.n_clips, step.n_frames, n_neurons];
        if self.config.hidden_fraction == 0.0 {
            let seen = pass.tape.constant(shape, step.responses)?;
            let n_scored = step.targets.values().len() as u64;
            return Ok(Hidden { seen, counted: None, n_scored });
        }
        let mut hidden = pass.tape.pool().take(step.responses.len());
        self.draw_hidden(pass, [step.n_frames, n_neurons], &mut hidden);
        let factor = (1.0 / (1.0 - self.config.hidden_fraction)) as f32;
        let mut seen = pass.tape.pool().copy(step.responses);
        for (seen, &hidden) in seen.iter_mut().zip(hidden.iter()) {
            // Not a product: what is hidden may be NaN.
            *seen = if hidden > 0.0 { 0.0 } else { factor * *seen };
        }
        let per_clip = step.n_frames * n_neurons;
        let mut counted = pass.tape.pool().take(step.targets.values().len());
        let parts = counted.chunks_exact_mut((n_predicted * n_neurons).max(1));
        for (counted, clip) in parts.zip(hidden.chunks_exact(per_clip.max(1))) {
            counted.copy_from_slice(&clip[per_clip - n_predicted * n_neurons..]);
        }
        let n_scored = counted.iter().filter(|&&counts| counts > 0.0).count() as u64;
        Ok(Hidden {
            seen: pass.tape.constant_buffer(shape, seen)?,
            counted: Some(pass.tape.constant_buffer(step.targets.shape().to_vec(), counted)?),
            n_scored,
        })
    }

    /// 1 where a response is hidden, else 0, `[clip, frame, neuron]`.
    fn draw_hidden(
        &self,
        pass: &mut Pass<'_>,
        [n_frames, n_neurons]: [usize; 2],
        hidden: &mut [f32],
    ) {
        if let Some(given) = pass.given_hidden() {
            return hidden.copy_from_slice(given);
        }
        let mut random = Streams::new(pass.key()).stream("hidden responses");
        let fraction = self.config.hidden_fraction;
        let mut draw = |values: &mut [f32]| {
            for value in values {
                *value = f32::from(u8::from(random.uniform() < fraction));
            }
        };
        match self.config.masking {
            Masking::PerEntry => draw(hidden),
            Masking::EntireTrial => {
                for clip in hidden.chunks_exact_mut((n_frames * n_neurons).max(1)) {
                    let (first, others) = clip.split_at_mut(n_neurons);
                    draw(first);
                    for frame in others.chunks_exact_mut(n_neurons.max(1)) {
                        frame.copy_from_slice(first);
                    }
                }
            }
        }
    }
}
