//! From the responses of the neurons that are seen to the posterior of the latents.
//!
//! Neurons of a session -> linear -> layer norm -> ELU -> GRU -> linear -> posterior mean; the standard
//! deviation is a parameter. The first layer belongs to the session, all others are shared. (Schmidt et
//! al. 2024, arXiv 2410.16136.) A frame's latents are inferred from that frame and those before it.

use striate_ops::{GruWeights, Var, affine, elu, expand, gru, layer_norm};

use super::config::{LatentConfig, PosteriorScale};
use crate::error::ModelError;
use crate::parameters::{ParameterBuilder, ParameterId, uniform};
use crate::pass::Pass;

/// Added to the variance by the layer norm.
const NORM_EPS: f32 = 1e-5;

/// What all sessions share.
pub(super) struct Encoder {
    dim: usize,
    norm: [ParameterId; 2],
    gru: [ParameterId; 4],
    output: [ParameterId; 2],
    scale: ParameterId,
}

/// The first layer, a session's own: weight `[neuron, hidden]` and bias.
pub(super) struct InputLayer {
    weight: ParameterId,
    bias: ParameterId,
}

impl InputLayer {
    pub(super) fn new(
        config: &LatentConfig,
        n_neurons: usize,
        builder: &mut ParameterBuilder<'_>,
    ) -> Self {
        let bound = 1.0 / (n_neurons.max(1) as f64).sqrt();
        Self {
            weight: builder.random("weight", &[n_neurons, config.hidden], uniform(bound)),
            bias: builder.random("bias", &[config.hidden], uniform(bound)),
        }
    }

    /// `[row, hidden]` from responses `[row, neuron]`.
    pub(super) fn forward(&self, pass: &mut Pass<'_>, seen: &Var) -> Result<Var, ModelError> {
        let (weight, bias) = (pass.parameter(self.weight)?, pass.parameter(self.bias)?);
        Ok(affine(&mut pass.tape, seen, &weight, &bias)?)
    }

    /// The weights `[neuron, hidden]`.
    pub(super) fn weight<'p>(&self, pass: &Pass<'p>) -> &'p [f32] {
        pass.values(self.weight)
    }

    /// The biases `[hidden]`.
    pub(super) fn bias<'p>(&self, pass: &Pass<'p>) -> &'p [f32] {
        pass.values(self.bias)
    }
}

impl Encoder {
    pub(super) fn new(config: &LatentConfig, builder: &mut ParameterBuilder<'_>) -> Self {
        let LatentConfig { dim, hidden, state, .. } = *config;
        let bound = 1.0 / (state as f64).sqrt();
        let mut drawn = |name: &str, shape: &[usize]| builder.random(name, shape, uniform(bound));
        let gru = [
            drawn("gru.input_weight", &[hidden, 3 * state]),
            drawn("gru.hidden_weight", &[state, 3 * state]),
            drawn("gru.input_bias", &[3 * state]),
            drawn("gru.hidden_bias", &[3 * state]),
        ];
        let output = [drawn("output.weight", &[state, dim]), drawn("output.bias", &[dim])];
        let n_scales = match config.posterior_scale {
            PosteriorScale::Shared => 1,
            PosteriorScale::PerDimension => dim,
        };
        Self {
            dim,
            norm: [
                builder.constant("norm.weight", &[hidden], 1.0),
                builder.constant("norm.bias", &[hidden], 0.0),
            ],
            gru,
            output,
            scale: builder.constant("scale", &[n_scales], config.init_scale as f32),
        }
    }

    /// Posterior means `[clip, frame, dim]` from the first layer's output `[clip, frame, hidden]`.
    pub(super) fn mean(&self, pass: &mut Pass<'_>, units: Var) -> Result<Var, ModelError> {
        let [weight, bias] = parameters(pass, self.norm)?;
        let normal = layer_norm(&mut pass.tape, &units, &weight, &bias, NORM_EPS)?;
        let active = elu(&mut pass.tape, &normal);
        let [input_weight, hidden_weight, input_bias, hidden_bias] = &parameters(pass, self.gru)?;
        let weights = GruWeights { input_weight, hidden_weight, input_bias, hidden_bias };
        let state = gru(&mut pass.tape, &active, weights)?;
        let &[n_clips, n_frames, n_units] = state.shape() else {
            return Err(ModelError::mismatch("axes of a state", state.shape().len(), 3));
        };
        let rows = state.reshape(vec![n_clips * n_frames, n_units])?;
        let [weight, bias] = parameters(pass, self.output)?;
        let mean = affine(&mut pass.tape, &rows, &weight, &bias)?;
        Ok(mean.reshape(vec![n_clips, n_frames, self.dim])?)
    }

    /// Posterior standard deviations `[dim]`; their sign means nothing.
    pub(super) fn scale(&self, pass: &mut Pass<'_>) -> Result<Var, ModelError> {
        let scale = pass.parameter(self.scale)?;
        if scale.values().len() == self.dim {
            return Ok(scale);
        }
        Ok(expand(&mut pass.tape, &scale, self.dim)?)
    }
}

fn parameters<const N: usize>(
    pass: &mut Pass<'_>,
    ids: [ParameterId; N],
) -> Result<[Var; N], ModelError> {
    let vars = ids.iter().map(|&id| pass.parameter(id)).collect::<Result<Vec<_>, _>>()?;
    let n_vars = vars.len();
    vars.try_into().map_err(|_| ModelError::mismatch("parameters", n_vars, N))
}
