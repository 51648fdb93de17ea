//! Latent factors that the stimulus does not explain.
//!
//! In every frame a few latents `z`, shared by all neurons, are added to what the readout gives:
//!
//! ```text
//! z ~ prior,    x[output, neuron] = readout[output, neuron] + sum over d of W[output, d, neuron] z[d]
//! ```
//!
//! and the response follows the likelihood at `x`. Given `z` neurons are independent; what correlates
//! them beyond the stimulus is `z`. An encoder infers the latents from the responses of the neurons that
//! are seen: posterior `Normal(mean(seen), diag scale^2)`. Loadings `W` start at zero, so that a twin with
//! latents starts as the twin without. (Schmidt, Turishcheva, Shrinivasan & Sinz 2024, "Learning dynamics
//! of neural populations with latents", arXiv 2410.16136; the encoder is that of a variational
//! autoencoder, Kingma & Welling 2014, arXiv 1312.6114.)
//!
//! # Differences from the paper
//! Silent frames, direction and weight of the divergence and the scale of the encoder's input in
//! evaluation follow the evidence lower bound; what the released code does is a setting of
//! [`LatentConfig`] each, and all of them together `compat = "released"` of a fit. Beyond the paper: an
//! autoregressive prior, posterior scales per dimension, the importance-weighted bound.

mod config;
mod encoder;
mod halves;
mod loadings;
mod objective;

use striate_ops::{Var, sigmoid};

pub use config::{
    HiddenHalf, KlKind, LatentConfig, LatentObjective, LoadingsKind, Masking, PosteriorScale,
    PredictionKind, PriorKind, WeightsKind,
};
pub use halves::{VisibleNeurons, hidden_halves, where_hidden};
pub(crate) use objective::{LatentStep, Terms};

use crate::error::ModelError;
use crate::parameters::{Parameter, ParameterBuilder, ParameterId};
use crate::pass::Pass;
use crate::twin::SessionStart;
use encoder::{Encoder, InputLayer};
use loadings::Loadings;

/// Whether a parameter belongs to the latent part of a twin.
pub fn is_latent(parameter: &Parameter) -> bool {
    parameter.group == LatentPart::GROUP
}

/// Where the coefficients of an autoregressive prior start, before the sigmoid: at 0.88 a frame.
const START_OF_COEFFICIENTS: f32 = 2.0;

/// The latent part of a twin.
pub(crate) struct LatentPart {
    pub(crate) config: LatentConfig,
    encoder: Encoder,
    /// Before the sigmoid, `[dim]`; for an autoregressive prior.
    coefficients: Option<ParameterId>,
    /// One for each session.
    inputs: Vec<InputLayer>,
    /// One for each session.
    loadings: Vec<Loadings>,
}

impl LatentPart {
    /// Group of its parameters, and the beginning of the names of those that all sessions share.
    pub(crate) const GROUP: &str = "latent";

    /// The shared parameters, no session yet.
    pub(crate) fn new(config: &LatentConfig, builder: &mut ParameterBuilder<'_>) -> Self {
        let encoder = Encoder::new(config, builder);
        let coefficients = (config.prior == PriorKind::Autoregressive)
            .then(|| builder.constant("prior.coefficient", &[config.dim], START_OF_COEFFICIENTS));
        Self {
            config: config.clone(),
            encoder,
            coefficients,
            inputs: Vec::new(),
            loadings: Vec::new(),
        }
    }

    /// Add the encoder's first layer of the next session.
    pub(crate) fn add_encoder(&mut self, n_neurons: usize, builder: &mut ParameterBuilder<'_>) {
        self.inputs.push(InputLayer::new(&self.config, n_neurons, builder));
    }

    /// Add the loadings of the next session on `outputs` of its readout.
    pub(crate) fn add_loadings(
        &mut self,
        of_session: (&SessionStart, usize),
        outputs: &[&str],
        builder: &mut ParameterBuilder<'_>,
    ) -> Result<(), ModelError> {
        self.loadings.push(Loadings::new(&self.config, of_session, outputs, builder)?);
        Ok(())
    }

    /// Loadings `[dim, neuron]` of a session for each output.
    pub(crate) fn loadings(
        &self,
        pass: &mut Pass<'_>,
        session: usize,
    ) -> Result<Vec<Var>, ModelError> {
        of_session(&self.loadings, session)?.values(pass)
    }

    /// Posterior means `[clip, frame, dim]` from what is seen, `[clip, frame, neuron]`.
    pub(crate) fn posterior_mean(
        &self,
        pass: &mut Pass<'_>,
        session: usize,
        seen: &Var,
    ) -> Result<Var, ModelError> {
        let &[n_clips, n_frames, n_neurons] = seen.shape() else {
            return Err(ModelError::mismatch("axes of what is seen", seen.shape().len(), 3));
        };
        let rows = seen.reshape(vec![n_clips * n_frames, n_neurons])?;
        let units = of_session(&self.inputs, session)?.forward(pass, &rows)?;
        let units = units.reshape(vec![n_clips, n_frames, self.config.hidden])?;
        self.encoder.mean(pass, units)
    }

    /// Posterior means `[hidden, frame, dim]` from the only clip that is seen, `[1, frame, neuron]`, each time
    /// without one neuron: its number, whether it is in there, and the factor for the others.
    pub(crate) fn posterior_mean_without(
        &self,
        pass: &mut Pass<'_>,
        session: usize,
        seen: &Var,
        without: &[(usize, bool, f32)],
    ) -> Result<Var, ModelError> {
        let (n_frames, n_neurons, hidden) = (seen.shape()[1], seen.shape()[2], self.config.hidden);
        let layer = of_session(&self.inputs, session)?;
        let rows = seen.reshape(vec![n_frames, n_neurons])?;
        let all = layer.forward(pass, &rows)?;
        let (weight, bias) = (layer.weight(pass), layer.bias(pass));
        // The first layer is linear: one neuron's share is taken out of its sums.
        let mut units = pass.tape.pool().take(without.len() * n_frames * hidden);
        let clips = units.chunks_exact_mut((n_frames * hidden).max(1));
        for (clip, &(neuron, is_seen, factor)) in clips.zip(without) {
            let of_neuron = &weight[neuron * hidden..(neuron + 1) * hidden];
            let frames = clip.chunks_exact_mut(hidden).zip(all.values().chunks_exact(hidden));
            for (frame, (units, sums)) in frames.enumerate() {
                let response =
                    if is_seen { seen.values()[frame * n_neurons + neuron] } else { 0.0 };
                for (((unit, sum), weight), bias) in
                    units.iter_mut().zip(sums).zip(of_neuron).zip(bias)
                {
                    *unit = factor * (sum - bias - response * weight) + bias;
                }
            }
        }
        let units = pass.tape.constant_buffer(vec![without.len(), n_frames, hidden], units)?;
        self.encoder.mean(pass, units)
    }

    /// Posterior standard deviations `[dim]`.
    pub(crate) fn posterior_scale(&self, pass: &mut Pass<'_>) -> Result<Var, ModelError> {
        self.encoder.scale(pass)
    }

    /// Correlation of each latent with itself a frame later, `[dim]`, where the prior has one.
    pub(crate) fn prior_coefficient(&self, pass: &mut Pass<'_>) -> Result<Option<Var>, ModelError> {
        let Some(id) = self.coefficients else { return Ok(None) };
        let before = pass.parameter(id)?;
        Ok(Some(sigmoid(&mut pass.tape, &before)))
    }
}

fn of_session<T>(all: &[T], session: usize) -> Result<&T, ModelError> {
    all.get(session).ok_or_else(|| {
        let expected = format!("below {}", all.len());
        ModelError::mismatch("session number", session, expected)
    })
}
