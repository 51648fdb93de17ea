//! What cores are made of: convolutions with their parameters, and batch normalisation.

use serde::{Deserialize, Serialize};
use striate_ops::{
    Activation, ConvolutionOptions, Normalisation, Precision, Var, batch_norm_elu,
    depthwise_convolution, frozen_norm_elu, spatial_convolution, temporal_convolution,
};

use crate::config::in_range;
use crate::error::ModelError;
use crate::parameters::{ParameterBuilder, ParameterId, xavier_normal};
use crate::pass::{Mode, Pass};

/// Added to the variance before its root, as in Ioffe & Szegedy 2015, algorithm 1.
const EPSILON: f64 = 1e-5;

/// What a convolution does at the edges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Padding {
    /// No padding: the output is smaller by the kernel less one.
    #[default]
    Valid,
    /// Zeros, so that the output has the size of the input (before the stride); odd kernels only.
    Same,
}

impl Padding {
    /// Zeros on each side of a kernel of that length.
    pub(crate) fn of(self, kernel: usize) -> usize {
        match self {
            Self::Valid => 0,
            Self::Same => kernel / 2,
        }
    }

    /// Refuse an even kernel where it has no centre to pad around.
    pub(crate) fn check(self, key: &str, kernel: usize) -> Result<(), ModelError> {
        in_range(key, kernel, (1..=99).contains(&kernel), "1 to 99")?;
        let fits = self == Self::Valid || kernel % 2 == 1;
        in_range(key, kernel, fits, "an odd number with padding \"same\"")
    }
}

/// A convolution with a square kernel over space.
pub(crate) struct Spatial {
    pub(crate) weight: ParameterId,
    bias: Option<ParameterId>,
    options: ConvolutionOptions,
}

/// Sizes of a [`Spatial`] convolution, and the precision of its products.
#[derive(Clone, Copy)]
pub(crate) struct SpatialShape {
    pub(crate) kernel: usize,
    pub(crate) in_channels: usize,
    pub(crate) out_channels: usize,
    pub(crate) padding: usize,
    pub(crate) stride: usize,
    pub(crate) has_bias: bool,
    pub(crate) precision: Precision,
}

impl SpatialShape {
    /// A mixture of channels at each pixel.
    pub(crate) fn pointwise(in_channels: usize, out_channels: usize, has_bias: bool) -> Self {
        let (kernel, padding, stride, precision) = (1, 0, 1, Precision::F32);
        Self { kernel, in_channels, out_channels, padding, stride, has_bias, precision }
    }
}

impl Spatial {
    /// Weights `[row, column, in, out]` by Glorot's normal rule, biases 0.
    pub(crate) fn new(builder: &mut ParameterBuilder<'_>, name: &str, shape: SpatialShape) -> Self {
        let SpatialShape { kernel, in_channels, out_channels, .. } = shape;
        let area = kernel * kernel;
        let draw = xavier_normal(area * in_channels, area * out_channels);
        let weight = builder.random(
            &format!("{name}.weight"),
            &[kernel, kernel, in_channels, out_channels],
            draw,
        );
        let bias = bias(builder, name, out_channels, shape.has_bias);
        let options = ConvolutionOptions {
            padding: [shape.padding; 2],
            stride: [shape.stride; 2],
            precision: shape.precision,
        };
        Self { weight, bias, options }
    }

    pub(crate) fn forward(&self, pass: &mut Pass<'_>, input: &Var) -> Result<Var, ModelError> {
        let weight = pass.parameter(self.weight)?;
        let bias = self.bias.map(|bias| pass.parameter(bias)).transpose()?;
        let tape = &mut pass.tape;
        Ok(spatial_convolution(tape, input, &weight, bias.as_ref(), self.options)?)
    }
}

fn bias(
    builder: &mut ParameterBuilder<'_>,
    name: &str,
    channels: usize,
    wanted: bool,
) -> Option<ParameterId> {
    wanted.then(|| builder.constant(&format!("{name}.bias"), &[channels], 0.0))
}

/// A convolution over space, each channel on its own, with padding to the same size.
pub(crate) struct Depthwise {
    weight: ParameterId,
    bias: Option<ParameterId>,
    padding: usize,
}

impl Depthwise {
    /// Weights `[row, column, channel]` by Glorot's normal rule (fan in: one channel, fan out: all,
    /// as is usual for grouped kernels), biases 0.
    pub(crate) fn new(
        builder: &mut ParameterBuilder<'_>,
        name: &str,
        kernel: usize,
        channels: usize,
        has_bias: bool,
    ) -> Self {
        let area = kernel * kernel;
        let draw = xavier_normal(area, area * channels);
        let weight = builder.random(&format!("{name}.weight"), &[kernel, kernel, channels], draw);
        let bias = bias(builder, name, channels, has_bias);
        Self { weight, bias, padding: kernel / 2 }
    }

    pub(crate) fn forward(&self, pass: &mut Pass<'_>, input: &Var) -> Result<Var, ModelError> {
        let weight = pass.parameter(self.weight)?;
        let bias = self.bias.map(|bias| pass.parameter(bias)).transpose()?;
        let padding = [self.padding; 2];
        Ok(depthwise_convolution(&mut pass.tape, input, &weight, bias.as_ref(), padding)?)
    }
}

/// A convolution over frames without padding.
pub(crate) struct Temporal {
    pub(crate) weight: ParameterId,
    bias: Option<ParameterId>,
    precision: Precision,
}

/// Sizes of a [`Temporal`] convolution, and the precision of its products.
#[derive(Clone, Copy)]
pub(crate) struct TemporalShape {
    pub(crate) kernel: usize,
    pub(crate) channels: usize,
    pub(crate) has_bias: bool,
    pub(crate) precision: Precision,
}

impl Temporal {
    /// Weights `[frame, in, out]` by Glorot's normal rule, biases 0.
    pub(crate) fn new(
        builder: &mut ParameterBuilder<'_>,
        name: &str,
        shape: TemporalShape,
    ) -> Self {
        let TemporalShape { kernel, channels, has_bias, precision } = shape;
        let draw = xavier_normal(kernel * channels, kernel * channels);
        let weight = builder.random(&format!("{name}.weight"), &[kernel, channels, channels], draw);
        Self { weight, bias: bias(builder, name, channels, has_bias), precision }
    }

    pub(crate) fn forward(&self, pass: &mut Pass<'_>, input: &Var) -> Result<Var, ModelError> {
        let weight = pass.parameter(self.weight)?;
        let bias = self.bias.map(|bias| pass.parameter(bias)).transpose()?;
        Ok(temporal_convolution(&mut pass.tape, input, &weight, bias.as_ref(), self.precision)?)
    }
}

/// Batch normalisation with scale and shift, then ELU or nothing.
pub(crate) struct BatchNorm {
    scale: ParameterId,
    shift: ParameterId,
    mean: ParameterId,
    variance: ParameterId,
    momentum: f64,
    activation: Activation,
}

impl BatchNorm {
    /// Scale 1, shift 0, running mean 0 and variance 1. With momentum `m` the running statistics
    /// become `(1 - m) running + m batch`.
    pub(crate) fn new(
        builder: &mut ParameterBuilder<'_>,
        name: &str,
        channels: usize,
        momentum: f64,
        activation: Activation,
    ) -> Self {
        Self {
            scale: builder.constant(&format!("{name}.scale"), &[channels], 1.0),
            shift: builder.constant(&format!("{name}.shift"), &[channels], 0.0),
            mean: builder.statistic(&format!("{name}.mean"), &[channels], vec![0.0; channels]),
            variance: builder.statistic(
                &format!("{name}.variance"),
                &[channels],
                vec![1.0; channels],
            ),
            momentum,
            activation,
        }
    }

    pub(crate) fn forward(&self, pass: &mut Pass<'_>, input: &Var) -> Result<Var, ModelError> {
        let scale = pass.parameter(self.scale)?;
        let shift = pass.parameter(self.shift)?;
        let affine = Normalisation {
            scale: &scale,
            shift: &shift,
            epsilon: EPSILON,
            activation: self.activation,
        };
        if pass.mode() == Mode::Evaluation {
            let (mean, variance) = (pass.values(self.mean), pass.values(self.variance));
            return Ok(frozen_norm_elu(&mut pass.tape, input, &affine, mean, variance)?);
        }
        let (output, batch) = batch_norm_elu(&mut pass.tape, input, &affine)?;
        let mean = self.moved(pass.values(self.mean), &batch.mean);
        let variance = self.moved(pass.values(self.variance), &batch.unbiased_variance());
        pass.set_statistic(self.mean, mean);
        pass.set_statistic(self.variance, variance);
        Ok(output)
    }

    fn moved(&self, running: &[f32], batch: &[f64]) -> Vec<f32> {
        let towards = |(&running, &batch): (&f32, &f64)| {
            ((1.0 - self.momentum) * f64::from(running) + self.momentum * batch) as f32
        };
        running.iter().zip(batch).map(towards).collect()
    }
}

/// Refuse a momentum outside [0, 1].
pub(crate) fn check_momentum(key: &str, momentum: f64) -> Result<(), ModelError> {
    in_range(key, momentum, (0.0..=1.0).contains(&momentum), "0 to 1")
}
