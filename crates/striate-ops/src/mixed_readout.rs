//! Reading feature maps at the neurons' positions, mixed over frames and channels before the weights.

#[cfg(test)]
mod tests;

use rayon::prelude::*;
use striate_kernels::readout::{BilinearReadout, MixedGradients, MixedReadout, MixedWeights};

use crate::bilinear_readout::Positions;
use crate::channel_sums::channel_sums;
use crate::error::OpError;
use crate::shape::check_shape;
use crate::tape::{Tape, Target, Var};

const NAME: &str = "mixed readout";

/// A convolution over frames and channel numbers, the same for all neurons.
#[derive(Debug, Clone)]
pub struct Mixing {
    /// `[output, frame, channel]`, odd lengths.
    pub weight: Var,
    /// `[output]`
    pub bias: Var,
}

/// What one output multiplies mixed features with, and adds.
#[derive(Debug, Clone)]
pub struct MixedOutput {
    /// `[neuron, channel]`
    pub weights: Var,
    /// `[neuron]`
    pub bias: Option<Var>,
}

/// The features of each neuron's position in all frames of a clip, convolved (cross-correlation, zeros
/// outside) with one kernel per output; then for each output the dot product with the neuron's weights, plus
/// its bias. See [`crate::bilinear_readout`] for positions.
///
/// # Shapes
/// `features` `[clip, frame, height, width, channel]`, result for each output `[clip, frame, neuron]`.
///
/// # Errors
/// [`OpError::Shape`] for shapes that do not fit together.
pub fn mixed_readout(
    tape: &mut Tape,
    features: &Var,
    positions: Positions,
    outputs: &[MixedOutput],
    mixing: &Mixing,
) -> Result<Vec<Var>, OpError> {
    let kernel = geometry(features, outputs, mixing)?;
    positions.check(NAME, kernel.readout.n_frames, kernel.readout.n_neurons)?;
    let weights: Vec<Var> = outputs.iter().map(|output| output.weights.clone()).collect();
    let all = read(tape, kernel, features, positions, weights, &mixing.weight);
    let finish = |(index, output)| add_constants(tape, kernel, (&all, index), output, &mixing.bias);
    Ok(outputs.iter().enumerate().map(finish).collect())
}

fn geometry(
    features: &Var,
    outputs: &[MixedOutput],
    mixing: &Mixing,
) -> Result<MixedReadout, OpError> {
    let &[n_clips, per_clip, height, width, channels] = features.shape() else {
        let expected = "[clip, frame, height, width, channel]";
        return Err(OpError::shape(NAME, "features", features.shape(), expected));
    };
    let first = outputs.first().and_then(|output| output.weights.shape().first());
    let n_neurons = first.copied().unwrap_or(0);
    for MixedOutput { weights, bias } in outputs {
        check_shape(NAME, "weights", weights.shape(), &[n_neurons, channels])?;
        if let Some(bias) = bias {
            check_shape(NAME, "bias", bias.shape(), &[n_neurons])?;
        }
    }
    let n_outputs = outputs.len();
    check_shape(NAME, "bias of the mixing", mixing.bias.shape(), &[n_outputs])?;
    let shape = mixing.weight.shape();
    let &[of_outputs, frames, mixed] = shape else {
        return Err(OpError::shape(NAME, "mixing", shape, "[output, frame, channel]"));
    };
    if of_outputs != n_outputs || frames % 2 == 0 || mixed % 2 == 0 {
        let expected = format!("{n_outputs} outputs, odd numbers of frames and channels");
        return Err(OpError::shape(NAME, "mixing", shape, expected));
    }
    let n_frames = n_clips * per_clip;
    let readout = BilinearReadout { n_frames, height, width, channels, n_neurons };
    Ok(MixedReadout { readout, n_clips, n_outputs, mixing: [frames, mixed] })
}

/// `[output, frame, neuron]`, without what does not depend on features.
fn read(
    tape: &mut Tape,
    kernel: MixedReadout,
    features: &Var,
    positions: Positions,
    weights: Vec<Var>,
    mixing: &Var,
) -> Var {
    let (n_frames, n_neurons) = (kernel.readout.n_frames, kernel.readout.n_neurons);
    let mut output = tape.pool().take(kernel.n_outputs * n_frames * n_neurons);
    with_weights(&weights, mixing, |given| {
        kernel.forward(features.values(), &positions.values(), given, &mut output);
    });
    let spread = positions.sampling.as_ref().map(|sampling| &sampling.spread);
    let optional = [spread, positions.shift.as_ref()];
    let mut arguments = vec![features, &positions.centres, mixing];
    arguments.extend(optional.into_iter().flatten());
    arguments.extend(&weights);
    let target = |var: Option<&Var>| var.map_or_else(Target::default, Var::target);
    let [to_spread, to_shift] = optional.map(target);
    let [to_features, to_centres] = [features, &positions.centres].map(Var::target);
    let targets = [to_features, to_centres, to_spread, to_shift, mixing.target()];
    let of_weights: Vec<Target> = weights.iter().map(Var::target).collect();
    let shape = vec![kernel.n_outputs, n_frames, n_neurons];
    let saved = (features.clone(), positions.clone(), weights.clone(), mixing.clone());
    tape.record(shape, output, &arguments, move |gradient, flow| {
        let (features, positions, weights, mixing) = saved;
        let mut found = targets.map(|target| flow.buffer(target));
        let mut to_weights: Vec<_> = of_weights.iter().map(|&t| flow.buffer(t)).collect();
        let [of_features, centres, spread, shift, of_mixing] =
            found.each_mut().map(Option::as_deref_mut);
        let gradients = MixedGradients {
            features: of_features,
            centres,
            spread,
            shift,
            weights: to_weights.iter_mut().map(Option::as_deref_mut).collect(),
            mixing: of_mixing,
        };
        with_weights(&weights, &mixing, |given| {
            let (f, positions) = (features.values(), positions.values());
            kernel.backward(f, &positions, given, &gradient, gradients);
        });
        let found = targets.into_iter().zip(found).chain(of_weights.into_iter().zip(to_weights));
        for (target, found) in found {
            if let Some(found) = found {
                flow.pass(target, found);
            }
        }
    })
}

fn with_weights<T>(weights: &[Var], mixing: &Var, task: impl FnOnce(&MixedWeights<'_>) -> T) -> T {
    let features: Vec<&[f32]> = weights.iter().map(Var::values).collect();
    task(&MixedWeights { features: &features, mixing: mixing.values() })
}

/// One output `[clip, frame, neuron]` with its neurons' biases, and what the bias of the mixing adds: it
/// times the sum of the neuron's weights.
fn add_constants(
    tape: &mut Tape,
    kernel: MixedReadout,
    (all, index): (&Var, usize),
    output: &MixedOutput,
    constants: &Var,
) -> Var {
    let BilinearReadout { n_frames, n_neurons, channels, .. } = kernel.readout;
    let (weights, length) = (output.weights.clone(), n_frames * n_neurons);
    let sum = |weights: &[f32]| weights.iter().map(|&weight| f64::from(weight)).sum::<f64>() as f32;
    let sums: Vec<f32> = weights.values().chunks_exact(channels.max(1)).map(sum).collect();
    let constant = constants.values()[index];
    let mut added: Vec<f32> = sums.iter().map(|sum| constant * sum).collect();
    added.resize(n_neurons, 0.0);
    if let Some(bias) = &output.bias {
        added.iter_mut().zip(bias.values()).for_each(|(added, bias)| *added += bias);
    }
    let mut values = tape.pool().copy(&all.values()[index * length..][..length]);
    values.par_chunks_mut(n_neurons.max(1)).for_each(|row| {
        row.iter_mut().zip(&added).for_each(|(value, added)| *value += added);
    });
    let mut arguments = vec![all, &weights, constants];
    arguments.extend(&output.bias);
    let targets = [all, &weights, constants].map(Var::target);
    let to_bias = output.bias.as_ref().map_or_else(Target::default, Var::target);
    let shape = vec![kernel.n_clips, n_frames / kernel.n_clips.max(1), n_neurons];
    tape.record(shape, values, &arguments, move |gradient, flow| {
        let mut of_added = flow.take(n_neurons);
        channel_sums(&gradient, &mut of_added);
        let [to_all, to_weights, to_constants] = targets;
        flow.add(to_weights, |out| {
            for (out, of_added) in out.chunks_exact_mut(channels.max(1)).zip(of_added.iter()) {
                out.fill(constant * of_added);
            }
        });
        flow.add(to_constants, |out| {
            out.fill(0.0);
            let products = of_added.iter().zip(&sums).map(|(&a, &b)| f64::from(a) * f64::from(b));
            out[index] = products.sum::<f64>() as f32;
        });
        flow.add(to_all, |out| {
            out.fill(0.0);
            out[index * length..][..length].copy_from_slice(&gradient);
        });
        flow.pass(to_bias, of_added);
    })
}
