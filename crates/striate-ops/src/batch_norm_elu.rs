//! Batch normalisation and the nonlinearity after it, as one operation.
//!
//! `y = f(scale (x - mean) / sqrt(variance + epsilon) + shift)` per channel, with `f` ELU or the
//! identity. (Ioffe & Szegedy 2015, "Batch normalization", algorithm 1; Clevert et al. 2016 for ELU.)
//! Only `x` is kept for the gradients: the slope of `f` is computed again from it.

use striate_kernels::Activation;
use striate_kernels::normalisation::{
    NormBackward, batch_norm_elu_backward, batch_statistics, frozen_norm_elu_backward,
    scale_shift_elu,
};

use crate::error::OpError;
use crate::shape::check_shape;
use crate::tape::{Tape, Var};

const NAME: &str = "batch normalisation";

/// What is applied after the statistics.
#[derive(Debug, Clone, Copy)]
pub struct Normalisation<'a> {
    /// `[channel]`
    pub scale: &'a Var,
    /// `[channel]`
    pub shift: &'a Var,
    /// Added to the variance.
    pub epsilon: f64,
    /// ELU or nothing.
    pub activation: Activation,
}

/// Statistics of a batch over everything but the channels.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchStatistics {
    /// `[channel]`
    pub mean: Vec<f64>,
    /// `[channel]`, divided by the number of values.
    pub variance: Vec<f64>,
    /// Values per channel.
    pub n_values: usize,
}

impl BatchStatistics {
    /// Variance `[channel]` divided by the number of values less one, for running statistics; NaN
    /// never: of a single value it is 0.
    pub fn unbiased_variance(&self) -> Vec<f64> {
        let n = self.n_values as f64;
        let factor = n / (n - 1.0).max(1.0);
        self.variance.iter().map(|variance| factor * variance).collect()
    }
}

/// Normalise with the statistics of the batch itself, through which gradients flow.
///
/// # Shapes
/// `input` and result `[.., channel]`.
///
/// # Errors
/// [`OpError::Shape`] for a scale or shift that does not fit the channels.
pub fn batch_norm_elu(
    tape: &mut Tape,
    input: &Var,
    affine: &Normalisation<'_>,
) -> Result<(Var, BatchStatistics), OpError> {
    let n_channels = n_channels(input, affine)?;
    let (mean, variance) = batch_statistics(input.values(), n_channels);
    let n_values = input.values().len() / n_channels.max(1);
    let map = ChannelMap::new(affine, &mean, &variance);
    let output = map.apply(tape, input, affine, batch_norm_elu_backward);
    Ok((output, BatchStatistics { mean, variance, n_values }))
}

/// Normalise with given statistics `mean` and `variance` `[channel]`, which are constants.
///
/// # Shapes
/// `input` and result `[.., channel]`.
///
/// # Errors
/// [`OpError::Shape`] for statistics, scale or shift that do not fit the channels.
pub fn frozen_norm_elu(
    tape: &mut Tape,
    input: &Var,
    affine: &Normalisation<'_>,
    mean: &[f32],
    variance: &[f32],
) -> Result<Var, OpError> {
    let n_channels = n_channels(input, affine)?;
    check_shape(NAME, "mean", &[mean.len()], &[n_channels])?;
    check_shape(NAME, "variance", &[variance.len()], &[n_channels])?;
    let wide = |values: &[f32]| values.iter().map(|&v| f64::from(v)).collect::<Vec<f64>>();
    let map = ChannelMap::new(affine, &wide(mean), &wide(variance));
    Ok(map.apply(tape, input, affine, frozen_norm_elu_backward))
}

fn n_channels(input: &Var, affine: &Normalisation<'_>) -> Result<usize, OpError> {
    let Some(&n_channels) = input.shape().last() else {
        return Err(OpError::shape(NAME, "input", input.shape(), "[.., channel]"));
    };
    check_shape(NAME, "scale", affine.scale.shape(), &[n_channels])?;
    check_shape(NAME, "shift", affine.shift.shape(), &[n_channels])?;
    Ok(n_channels)
}

/// Overwrites the gradient of the result with that of the input; gives those of scale and shift.
type Backward = fn(&NormBackward<'_>, &mut [f32]) -> (Vec<f64>, Vec<f64>);

/// Statistics and affine map as one factor and one offset per channel.
struct ChannelMap {
    factor: Vec<f32>,
    offset: Vec<f32>,
    mean: Vec<f64>,
    /// `1 / sqrt(variance + epsilon)`
    inverse_deviation: Vec<f64>,
}

impl ChannelMap {
    fn new(affine: &Normalisation<'_>, mean: &[f64], variance: &[f64]) -> Self {
        let inverse_deviation: Vec<f64> =
            variance.iter().map(|v| 1.0 / (v + affine.epsilon).sqrt()).collect();
        let scaled = affine.scale.values().iter().zip(&inverse_deviation);
        let factor: Vec<f64> = scaled.map(|(&scale, inverse)| f64::from(scale) * inverse).collect();
        let centres = affine.shift.values().iter().zip(mean).zip(&factor);
        Self {
            offset: centres.map(|((&b, m), f)| (f64::from(b) - m * f) as f32).collect(),
            factor: factor.into_iter().map(|factor| factor as f32).collect(),
            mean: mean.to_vec(),
            inverse_deviation,
        }
    }

    fn apply(
        self,
        tape: &mut Tape,
        input: &Var,
        affine: &Normalisation<'_>,
        backward: Backward,
    ) -> Var {
        let Normalisation { scale, shift, activation, .. } = *affine;
        let mut output = tape.pool().take(input.values().len());
        scale_shift_elu(input.values(), &self.factor, &self.offset, &mut output, activation);
        let (to_scale, to_shift) = (scale.target(), shift.target());
        let (to_input, saved) = (input.target(), input.clone());
        let arguments = [input, scale, shift];
        tape.record(input.shape().to_vec(), output, &arguments, move |mut gradient, flow| {
            let forward = NormBackward {
                values: saved.values(),
                scale: &self.factor,
                shift: &self.offset,
                mean: &self.mean,
                inverse_deviation: &self.inverse_deviation,
                activation,
            };
            let (of_scale, of_shift) = backward(&forward, &mut gradient);
            flow.add(to_scale, |out| narrow(&of_scale, out));
            flow.add(to_shift, |out| narrow(&of_shift, out));
            flow.pass(to_input, gradient);
        })
    }
}

fn narrow(values: &[f64], out: &mut [f32]) {
    for (out, &value) in out.iter_mut().zip(values) {
        *out = value as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, check};

    const EPSILON: f64 = 1e-5;

    fn case() -> Case {
        Case::new().random(&[3, 4, 2], 1).random(&[2], 2).random(&[2], 3)
    }

    fn activate(x: f64, activation: Activation) -> f64 {
        if activation == Activation::Identity || x > 0.0 { x } else { x.exp_m1() }
    }

    /// `[12, 2]` with given statistics per channel.
    fn naive(x: &[Vec<f64>], [m, v]: [[f64; 2]; 2], activation: Activation) -> Vec<f64> {
        let value = |i: usize| {
            let c = i % 2;
            let normal = (x[0][i] - m[c]) / (v[c] + EPSILON).sqrt();
            activate(x[1][c] * normal + x[2][c], activation)
        };
        (0..24).map(value).collect()
    }

    fn moments(x: &[f64]) -> [[f64; 2]; 2] {
        let of = |c: usize| x.iter().skip(c).step_by(2);
        let mean = [0, 1].map(|c| of(c).sum::<f64>() / 12.0);
        let variance = [0, 1].map(|c| of(c).map(|x| (x - mean[c]).powi(2)).sum::<f64>() / 12.0);
        [mean, variance]
    }

    #[test]
    fn gradients_agree_with_differences() {
        for activation in [Activation::Elu, Activation::Identity] {
            check(
                &case(),
                |t, v| {
                    let affine =
                        Normalisation { scale: &v[1], shift: &v[2], epsilon: EPSILON, activation };
                    Ok(batch_norm_elu(t, &v[0], &affine)?.0)
                },
                |x| naive(x, moments(&x[0]), activation),
            );
            let (mean, variance) = ([0.25f32, -0.5], [1.5f32, 0.75]);
            check(
                &case(),
                |t, v| {
                    let affine =
                        Normalisation { scale: &v[1], shift: &v[2], epsilon: EPSILON, activation };
                    frozen_norm_elu(t, &v[0], &affine, &mean, &variance)
                },
                |x| naive(x, [mean.map(f64::from), variance.map(f64::from)], activation),
            );
        }
    }

    #[test]
    fn statistics_are_those_of_the_batch() {
        let mut tape = Tape::forward_only(&crate::Pool::new());
        let input = tape.constant(vec![3, 1], &[1.0, 2.0, 6.0]).unwrap();
        let one = tape.constant(vec![1], &[1.0]).unwrap();
        let affine =
            Normalisation { scale: &one, shift: &one, epsilon: 0.0, activation: Activation::Elu };
        let (_, found) = batch_norm_elu(&mut tape, &input, &affine).unwrap();
        assert_eq!((found.mean[0], found.n_values), (3.0, 3));
        // Squared deviations 4 + 1 + 9.
        assert!((found.variance[0] - 14.0 / 3.0).abs() < 1e-12);
        assert!((found.unbiased_variance()[0] - 7.0).abs() < 1e-12);
    }
}
