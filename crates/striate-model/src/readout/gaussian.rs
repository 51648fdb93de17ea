//! The full-covariance Gaussian readout.
//!
//! Neuron n has a receptive-field centre `mu_n`, a matrix `Sigma_n`, features `f_n` and a bias. In
//! training its position is drawn for every clip and frame, `p = clamp(mu_n + Sigma_n eps, -1, 1)`
//! with `eps` standard normal; in evaluation `p = mu_n`. What is read is the dot product of `f_n`
//! with the feature maps at `p` (bilinear, corners aligned, zero outside), plus the bias. A shift is
//! added to `p`. A likelihood with several outputs per neuron has features and bias for each of them;
//! all are read at the same place. (Lurz et al. 2021, "Generalization in data-driven models of primary visual cortex",
//! ICLR, section 3.2 and eq. 1; centres from cortical positions: section 3.3.)
//!
//! With `mixing`, a small convolution over frames and channel numbers, shared by all neurons of the session,
//! comes between the features at the position and the weights ([`super::mixing`]).
//!
//! Where the session's coordinates in the tissue are given, a small network (2-30-2, ELU, tanh) maps
//! them to the centres; otherwise the centres are free parameters.
//!
//! # Differences from the paper
//! The position network has one hidden layer of ELU units, as in the Sensorium baselines. Free
//! centres are kept within [-1, 1] by the clamp and not by a projection after each step.

use serde::{Deserialize, Serialize};
use striate_ops::{MixedOutput, Positions, Sampling, Var, bilinear_readout, l1, mixed_readout};

use super::mixing::{Mixing, MixingConfig};
use super::{Readout, ReadoutInput, ReadoutSettings};
use crate::config::{count, in_range, not_negative};
use crate::core::Penalty;
use crate::error::ModelError;
use crate::network::{Activation, Activations, Network};
use crate::parameters::{ParameterBuilder, ParameterId, uniform};
use crate::pass::{Mode, Pass};

/// Settings of the Gaussian readout; the defaults are the Sensorium 2023 baseline's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GaussianConfig {
    /// Centres without coordinates or given positions start uniformly within this, 0 to 1. Default
    /// 0.2.
    pub init_mu_range: f64,
    /// Entries of Sigma start uniformly within this, at least 0. Default 1 (2022: 0.1).
    pub init_sigma: f64,
    /// Weight of the sum of absolute features. Default 0 (2022: 0.0076).
    pub gamma_features: f64,
    /// Hidden units of the position network, 1 to 4096. Default 30.
    pub position_units: usize,
    /// Whether neurons have biases. Default true.
    pub bias: bool,
    /// What the biases start from. Default `"mean-response"`.
    pub init_bias: InitialBias,
    /// A convolution over frames and channels before the weights; absent: none. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mixing: Option<MixingConfig>,
}

/// What the biases of a readout start from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InitialBias {
    /// The neuron's mean response, as in the Sensorium baselines; for a likelihood with several
    /// outputs as `mean-rate`.
    #[default]
    MeanResponse,
    /// The value at which the likelihood's mean equals the neuron's mean response (and its fraction of
    /// active frames the neuron's, where the likelihood has one).
    MeanRate,
    /// 0.
    Zero,
}

impl InitialBias {
    /// Of one output, `[neuron]`.
    fn of(self, input: ReadoutInput<'_>, output: usize) -> Vec<f32> {
        match self {
            Self::MeanResponse if input.outputs.len() == 1 => input.start.mean_response.clone(),
            Self::MeanResponse | Self::MeanRate => input.matching[output].clone(),
            Self::Zero => vec![0.0; input.n_neurons],
        }
    }
}

impl Default for GaussianConfig {
    fn default() -> Self {
        Self {
            init_mu_range: 0.2,
            init_sigma: 1.0,
            gamma_features: 0.0,
            position_units: 30,
            bias: true,
            init_bias: InitialBias::MeanResponse,
            mixing: None,
        }
    }
}

impl ReadoutSettings for GaussianConfig {
    fn check(&self) -> Result<(), ModelError> {
        let (key, range) = ("model.readout.init_mu_range", self.init_mu_range);
        in_range(key, range, (0.0..=1.0).contains(&range), "0 to 1")?;
        not_negative("model.readout.init_sigma", self.init_sigma)?;
        not_negative("model.readout.gamma_features", self.gamma_features)?;
        count("model.readout.position_units", self.position_units)?;
        self.mixing.as_ref().map_or(Ok(()), MixingConfig::check)
    }

    fn build(
        &self,
        input: ReadoutInput<'_>,
        builder: &mut ParameterBuilder<'_>,
    ) -> Result<Box<dyn Readout>, ModelError> {
        let ReadoutInput { channels, n_neurons, outputs, .. } = input;
        let centres = self.centres(n_neurons, input, builder)?;
        let spread = builder.random("sigma", &[n_neurons, 2, 2], uniform(self.init_sigma));
        builder.is_position(spread);
        let share = 1.0 / channels.max(1) as f32;
        let output = |(index, name): (usize, &&str)| {
            // The only output needs no name.
            let suffix = if outputs.len() == 1 { String::new() } else { format!("_{name}") };
            let shape = [n_neurons, channels];
            let features = builder.constant(&format!("features{suffix}"), &shape, share);
            let bias = self
                .bias
                .then(|| builder.vector(&format!("bias{suffix}"), self.init_bias.of(input, index)));
            Output { features, bias }
        };
        let outputs: Vec<Output> = outputs.iter().enumerate().map(output).collect();
        let mixing = self.mixing.as_ref().map(|mixing| mixing.build(outputs.len(), builder));
        let gamma_features = self.gamma_features;
        Ok(Box::new(GaussianReadout { centres, spread, outputs, mixing, gamma_features }))
    }
}

impl GaussianConfig {
    fn centres(
        &self,
        n_neurons: usize,
        input: ReadoutInput<'_>,
        builder: &mut ParameterBuilder<'_>,
    ) -> Result<Centres, ModelError> {
        if let Some(coordinates) = &input.start.coordinates {
            refuse_other_length("coordinates", coordinates.len(), n_neurons)?;
            let source =
                builder.statistic("coordinates", &[n_neurons, 2], source_grid(coordinates));
            let sizes = [2, self.position_units, 2];
            let activations = Activations { hidden: Activation::Elu, output: Activation::Tanh };
            let network = Network::new(builder, "position", &sizes, activations);
            return Ok(Centres::Network { source, network });
        }
        let centres = match &input.start.positions {
            Some(positions) => {
                refuse_other_length("positions", positions.len(), n_neurons)?;
                builder.pairs("mu", positions)
            }
            None => builder.random("mu", &[n_neurons, 2], uniform(self.init_mu_range)),
        };
        builder.is_position(centres);
        Ok(Centres::Free(centres))
    }
}

fn refuse_other_length(what: &str, found: usize, n_neurons: usize) -> Result<(), ModelError> {
    if found == n_neurons {
        return Ok(());
    }
    let expected = format!("{n_neurons}, one for each neuron");
    Err(ModelError::mismatch(format!("{what} of the neurons"), found, expected))
}

/// Coordinates less their mean over neurons, divided by the largest absolute value of both axes;
/// `[neuron, 2]`. One maximum for both axes keeps the aspect ratio.
fn source_grid(coordinates: &[[f32; 2]]) -> Vec<f32> {
    let n = coordinates.len().max(1) as f64;
    let mean = |axis: usize| coordinates.iter().map(|c| f64::from(c[axis])).sum::<f64>() / n;
    let means = [mean(0), mean(1)];
    let centred: Vec<f64> = coordinates
        .iter()
        .flat_map(|c| [0, 1].map(|axis| f64::from(c[axis]) - means[axis]))
        .collect();
    let largest = centred.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
    let unit = if largest > 0.0 { largest } else { 1.0 };
    centred.into_iter().map(|value| (value / unit) as f32).collect()
}

enum Centres {
    /// From normalised coordinates `[neuron, 2]`.
    Network { source: ParameterId, network: Network },
    /// `[neuron, 2]`.
    Free(ParameterId),
}

struct GaussianReadout {
    centres: Centres,
    /// `[neuron, 2, 2]`
    spread: ParameterId,
    outputs: Vec<Output>,
    mixing: Option<Mixing>,
    gamma_features: f64,
}

/// What is read for each neuron.
struct Output {
    /// `[neuron, channel]`
    features: ParameterId,
    /// `[neuron]`
    bias: Option<ParameterId>,
}

impl GaussianReadout {
    fn positions(
        &self,
        pass: &mut Pass<'_>,
        n_frames: usize,
        shift: Option<Var>,
    ) -> Result<Positions, ModelError> {
        let centres = self.centres(pass)?;
        let sampling = match pass.mode() {
            Mode::Training => {
                let shape = vec![n_frames, 2, centres.shape()[0]];
                let mut noise = pass.tape.pool().take(n_frames * centres.values().len());
                pass.fill_normal(&mut noise);
                let noise = pass.tape.constant_buffer(shape, noise)?;
                Some(Sampling { spread: pass.parameter(self.spread)?, noise })
            }
            Mode::Evaluation => None,
        };
        Ok(Positions { centres, sampling, shift })
    }
}

impl GaussianReadout {
    /// Read all outputs, mixed where there is mixing.
    fn read(
        &self,
        pass: &mut Pass<'_>,
        features: &Var,
        positions: &Positions,
        outputs: Vec<MixedOutput>,
    ) -> Result<Vec<Var>, ModelError> {
        if let Some(mixing) = &self.mixing {
            let (mixing, positions) = (mixing.values(pass)?, positions.clone());
            return Ok(mixed_readout(&mut pass.tape, features, positions, &outputs, &mixing)?);
        }
        let (n_clips, n_frames) = (features.shape()[0], features.shape()[1]);
        let mut all = Vec::with_capacity(outputs.len());
        for MixedOutput { weights, bias } in outputs {
            let (tape, positions) = (&mut pass.tape, positions.clone());
            let read = bilinear_readout(tape, features, positions, &weights, bias.as_ref())?;
            all.push(read.reshape(vec![n_clips, n_frames, weights.shape()[0]])?);
        }
        Ok(all)
    }
}

/// Rows of a parameter `[row, ..]`, as constants.
fn some_rows(pass: &mut Pass<'_>, id: ParameterId, rows: &[usize]) -> Result<Var, ModelError> {
    let all = pass.parameter(id)?;
    let mut shape = all.shape().to_vec();
    let length: usize = shape.iter().skip(1).product();
    let values: Vec<f32> =
        rows.iter().flat_map(|&row| &all.values()[row * length..][..length]).copied().collect();
    shape[0] = rows.len();
    Ok(pass.tape.constant(shape, &values)?)
}

impl Readout for GaussianReadout {
    fn forward(
        &self,
        pass: &mut Pass<'_>,
        features: Var,
        shift: Option<Var>,
    ) -> Result<Vec<Var>, ModelError> {
        let n_frames = features.shape()[0] * features.shape()[1];
        let positions = self.positions(pass, n_frames, shift)?;
        let mut outputs = Vec::with_capacity(self.outputs.len());
        for output in &self.outputs {
            let weights = pass.parameter(output.features)?;
            let bias = output.bias.map(|bias| pass.parameter(bias)).transpose()?;
            outputs.push(MixedOutput { weights, bias });
        }
        self.read(pass, &features, &positions, outputs)
    }

    fn forward_at(
        &self,
        pass: &mut Pass<'_>,
        features: Var,
        (neurons, centres): (&[usize], &[[f32; 2]]),
        shift: Option<Var>,
    ) -> Result<Vec<Var>, ModelError> {
        let centres = pass.tape.constant(vec![centres.len(), 2], centres.as_flattened())?;
        let positions = Positions { centres, sampling: None, shift };
        let mut outputs = Vec::with_capacity(self.outputs.len());
        for output in &self.outputs {
            let weights = some_rows(pass, output.features, neurons)?;
            let bias = output.bias.map(|bias| some_rows(pass, bias, neurons)).transpose()?;
            outputs.push(MixedOutput { weights, bias });
        }
        self.read(pass, &features, &positions, outputs)
    }

    fn penalties(&self, pass: &mut Pass<'_>) -> Result<Vec<Penalty>, ModelError> {
        if self.gamma_features == 0.0 {
            return Ok(Vec::new());
        }
        let mut penalties = Vec::with_capacity(self.outputs.len());
        for output in &self.outputs {
            let features = pass.parameter(output.features)?;
            let value = l1(&mut pass.tape, &features);
            penalties.push(Penalty { value, weight: self.gamma_features });
        }
        Ok(penalties)
    }

    fn frames_ahead(&self) -> usize {
        self.mixing.as_ref().map_or(0, Mixing::frames_ahead)
    }

    fn centres(&self, pass: &mut Pass<'_>) -> Result<Var, ModelError> {
        match &self.centres {
            Centres::Free(centres) => Ok(pass.parameter(*centres)?),
            Centres::Network { source, network } => {
                let source = pass.parameter(*source)?;
                network.forward(pass, &source)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_grid_keeps_the_aspect_ratio() {
        // Mean (1, 0); the largest deviation is 4, along the first axis.
        let grid = source_grid(&[[-3.0, 2.0], [5.0, -2.0], [1.0, 0.0]]);
        assert_eq!(grid, [-1.0, 0.5, 1.0, -0.5, 0.0, 0.0]);
        assert_eq!(source_grid(&[[2.0, 2.0]]), [0.0, 0.0]);
    }
}
