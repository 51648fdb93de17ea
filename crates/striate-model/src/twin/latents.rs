//! What a twin infers about its latents.

use std::ops::Range;

use striate_ops::Tape;

use super::Twin;
use super::input::fits;
use crate::error::ModelError;
use crate::latent::LatentPart;
use crate::pass::{Noise, Pass};

/// What is known about the latents in some frames: independent normal distributions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LatentState {
    /// Means `[clip, frame, dim]`.
    pub mean: Vec<f32>,
    /// Standard deviations `[dim]`.
    pub scale: Vec<f32>,
}

/// Responses from which latents are inferred.
#[derive(Debug, Clone, Copy)]
pub struct SeenResponses<'a> {
    /// Number of the session in the twin.
    pub session: usize,
    /// Clips.
    pub n_clips: usize,
    /// Frames of each clip.
    pub n_frames: usize,
    /// `[clip, frame, neuron]`; those of hidden neurons are not looked at.
    pub responses: &'a [f32],
    /// Which neurons are seen, `[neuron]`; absent: all.
    pub visible: Option<&'a [bool]>,
}

impl LatentState {
    /// Latents of some rows before anything is seen: standard normal.
    pub fn prior(n_rows: usize, dim: usize) -> Self {
        Self { mean: vec![0.0; n_rows * dim], scale: vec![1.0; dim] }
    }

    /// Some frames of each clip, of `n_frames` frames.
    ///
    /// # Panics
    /// Where there are no such frames.
    #[must_use]
    pub fn frames(&self, n_frames: usize, frames: &Range<usize>) -> Self {
        let dim = self.scale.len();
        let clips = self.mean.chunks_exact((n_frames * dim).max(1));
        let cut = |clip: &[f32]| clip[frames.start * dim..frames.end * dim].to_vec();
        Self { mean: clips.flat_map(cut).collect(), scale: self.scale.clone() }
    }

    /// Divergence of each latent from a standard normal prior in nats per frame, `[dim]`.
    pub fn divergence(&self) -> Vec<f64> {
        let dim = self.scale.len();
        let n_rows = (self.mean.len() / dim.max(1)).max(1) as f64;
        let of = |(d, &scale): (usize, &f32)| {
            let variance = f64::from(scale).powi(2);
            let squares = self.mean.iter().skip(d).step_by(dim).map(|&m| f64::from(m).powi(2));
            0.5 * (variance + squares.sum::<f64>() / n_rows - 1.0 - variance.ln())
        };
        self.scale.iter().enumerate().map(of).collect()
    }

    /// Half the mean square of each latent's means in nats per frame, `[dim]`: what of the divergence comes
    /// from the means, and 0 for a latent that nothing is inferred about, whatever its prior.
    pub fn signal(&self) -> Vec<f64> {
        let dim = self.scale.len();
        let n_rows = (self.mean.len() / dim.max(1)).max(1) as f64;
        let squares =
            |d: usize| self.mean.iter().skip(d).step_by(dim).map(|&m| f64::from(m).powi(2));
        (0..dim).map(|d| 0.5 * squares(d).sum::<f64>() / n_rows).collect()
    }
}

impl Twin {
    /// Whether latents take part: false makes the twin the one without them.
    pub fn use_latents(&mut self, uses: bool) {
        self.uses_latents = uses && self.latent.is_some();
    }

    /// A factor of the divergence in the loss of the next steps, besides `model.latent.kl_weight`: below 1
    /// while the loadings find their directions.
    pub fn set_divergence_factor(&mut self, factor: f64) {
        self.divergence_factor = factor;
    }

    /// Number of latents that take part.
    pub fn n_latents(&self) -> usize {
        self.active_latents().map_or(0, |latent| latent.config.dim)
    }

    pub(super) fn active_latents(&self) -> Option<&LatentPart> {
        self.latent.as_ref().filter(|_| self.uses_latents)
    }

    pub(super) fn latents(&self) -> Result<&LatentPart, ModelError> {
        self.active_latents()
            .ok_or_else(|| ModelError::mismatch("latents of the twin", "none", "`model.latent`"))
    }

    /// Infer the latents of every frame from responses. A frame's are inferred from that frame and those
    /// before it in its clip.
    ///
    /// # Errors
    /// [`ModelError::Mismatch`] for a twin without latents, [`ModelError::Length`] for responses of
    /// another size.
    pub fn infer(&self, seen: &SeenResponses<'_>) -> Result<LatentState, ModelError> {
        let latent = self.latents()?;
        let input = self.encoder_input(seen)?;
        let mut pass = self.evaluation();
        let shape = vec![seen.n_clips, seen.n_frames, input.len() / (seen.n_clips * seen.n_frames)];
        let input = pass.tape.constant(shape, &input)?;
        let mean = latent.posterior_mean(&mut pass, seen.session, &input)?.values().to_vec();
        let scale = latent.posterior_scale(&mut pass)?;
        Ok(LatentState { mean, scale: scale.values().iter().map(|scale| scale.abs()).collect() })
    }

    /// Infer the latents of one clip as many times as there are `hidden` neurons, each time without one
    /// of them (and without those not visible): the clips of the result, `[hidden, frame, dim]`.
    ///
    /// # Errors
    /// As [`Twin::infer`].
    pub fn infer_without_each(
        &self,
        seen: &SeenResponses<'_>,
        hidden: &[usize],
    ) -> Result<LatentState, ModelError> {
        let latent = self.latents()?;
        let mut pass = self.evaluation();
        let input = self.encoder_input(seen)?;
        let n_neurons = self.spec.sessions[seen.session].n_neurons;
        if let Some(neuron) = hidden.iter().find(|&&neuron| neuron >= n_neurons) {
            let expected = format!("below {n_neurons}");
            return Err(ModelError::mismatch("neuron to be hidden", neuron, expected));
        }
        let visible = |neuron: usize| seen.visible.is_none_or(|visible| visible[neuron]);
        let n_visible = (0..n_neurons).filter(|&neuron| visible(neuron)).count();
        let shape = vec![1, seen.n_frames, n_neurons];
        let input = pass.tape.constant(shape, &input)?;
        let factor = |is_seen: bool| match (latent.config.rescale_at_test, is_seen) {
            (true, true) => n_visible as f32 / (n_visible.max(2) - 1) as f32,
            _ => 1.0,
        };
        let without: Vec<(usize, bool, f32)> =
            hidden.iter().map(|&n| (n, visible(n), factor(visible(n)))).collect();
        let mean = latent.posterior_mean_without(&mut pass, seen.session, &input, &without)?;
        let scale = latent.posterior_scale(&mut pass)?;
        let scale = scale.values().iter().map(|scale| scale.abs()).collect();
        Ok(LatentState { mean: mean.values().to_vec(), scale })
    }

    /// What the encoder sees, `[clip, frame, neuron]`: hidden responses are 0.
    fn encoder_input(&self, seen: &SeenResponses<'_>) -> Result<Vec<f32>, ModelError> {
        let latent = self.latents()?;
        let shape = self.spec.sessions.get(seen.session).ok_or_else(|| {
            let expected = format!("below {}", self.spec.sessions.len());
            ModelError::mismatch("session number", seen.session, expected)
        })?;
        let axes = [seen.n_clips, seen.n_frames, shape.n_neurons];
        fits("responses", seen.responses, &axes, "clip, frame, neuron")?;
        if seen.responses.is_empty() {
            return Err(ModelError::mismatch("frames to infer latents of", 0, "at least one"));
        }
        let Some(visible) = seen.visible else { return Ok(seen.responses.to_vec()) };
        if visible.len() != shape.n_neurons {
            return Err(ModelError::mismatch("visible neurons", visible.len(), shape.n_neurons));
        }
        let n_visible = visible.iter().filter(|&&visible| visible).count();
        let factor = if latent.config.rescale_at_test {
            shape.n_neurons as f32 / n_visible.max(1) as f32
        } else {
            1.0
        };
        let frames = seen.responses.chunks_exact(shape.n_neurons);
        let see = |(&response, &visible): (&f32, &bool)| {
            if visible { factor * response } else { 0.0 }
        };
        Ok(frames.flat_map(|frame| frame.iter().zip(visible).map(see)).collect())
    }

    /// Loadings of a session's neurons, `[dim, neuron]` for each output of the readout.
    ///
    /// # Errors
    /// As [`Twin::infer`].
    pub fn loadings(&self, session: usize) -> Result<Vec<Vec<f32>>, ModelError> {
        let mut pass = self.evaluation();
        let loadings = self.latents()?.loadings(&mut pass, session)?;
        Ok(loadings.iter().map(|var| var.values().to_vec()).collect())
    }

    /// Names of the readout's outputs, in the order of [`Twin::loadings`].
    pub fn output_names(&self) -> &'static [&'static str] {
        self.spec.model.likelihood.settings().outputs()
    }

    /// Correlation of each latent with itself a frame later under the prior, `[dim]`; zeros where frames
    /// are independent.
    ///
    /// # Errors
    /// As [`Twin::infer`].
    pub fn prior_coefficients(&self) -> Result<Vec<f32>, ModelError> {
        let latent = self.latents()?;
        let found = latent.prior_coefficient(&mut self.evaluation())?;
        Ok(found.map_or_else(|| vec![0.0; latent.config.dim], |var| var.values().to_vec()))
    }

    fn evaluation(&self) -> Pass<'_> {
        Pass::new(Tape::forward_only(&self.pool), &self.parameters, Noise::Absent)
    }
}
