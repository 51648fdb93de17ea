//! What the convolutions have in common: a kernel with three methods, and an optional bias.

use striate_kernels::{Bf16, DepthwiseConvolution, SpatialConvolution, TemporalConvolution};

use crate::channel_sums::channel_sums;
use crate::error::OpError;
use crate::shape::check_shape;
use crate::tape::{Tape, Var};

/// A convolution of known sizes. All methods overwrite their last argument.
pub(crate) trait Convolution: Copy + Send + 'static {
    fn out_channels(&self) -> usize;
    fn forward(&self, input: &[f32], weight: &[f32], bias: Option<&[f32]>, output: &mut [f32]);
    fn weight_gradient(&self, input: &[f32], gradient: &[f32], out: &mut [f32]);
    fn input_gradient(&self, weight: &[f32], gradient: &[f32], out: &mut [f32]);
}

macro_rules! convolution {
    ($kernel:ty, $($out_channels:tt).+) => {
        impl Convolution for $kernel {
            fn out_channels(&self) -> usize {
                self.$($out_channels).+
            }

            fn forward(&self, x: &[f32], weight: &[f32], bias: Option<&[f32]>, out: &mut [f32]) {
                <$kernel>::forward(self, x, weight, bias, out);
            }

            fn weight_gradient(&self, input: &[f32], gradient: &[f32], out: &mut [f32]) {
                <$kernel>::weight_gradient(self, input, gradient, out);
            }

            fn input_gradient(&self, weight: &[f32], gradient: &[f32], out: &mut [f32]) {
                <$kernel>::input_gradient(self, weight, gradient, out);
            }
        }
    };
}

convolution!(SpatialConvolution, out_channels);
convolution!(DepthwiseConvolution, channels);
convolution!(TemporalConvolution, out_channels);
convolution!(Bf16<SpatialConvolution>, 0.out_channels);
convolution!(Bf16<TemporalConvolution>, 0.out_channels);

/// The variables of a convolution.
#[derive(Clone, Copy)]
pub(crate) struct Arguments<'a> {
    pub(crate) input: &'a Var,
    pub(crate) weight: &'a Var,
    /// `[out]`
    pub(crate) bias: Option<&'a Var>,
}

/// Compute a convolution whose result has the shape `shape`.
pub(crate) fn convolve(
    tape: &mut Tape,
    name: &'static str,
    kernel: impl Convolution,
    arguments: Arguments<'_>,
    shape: Vec<usize>,
) -> Result<Var, OpError> {
    let Arguments { input, weight, bias } = arguments;
    if let Some(bias) = bias {
        check_shape(name, "bias", bias.shape(), &[kernel.out_channels()])?;
    }
    let mut output = tape.pool().take(shape.iter().product());
    kernel.forward(input.values(), weight.values(), bias.map(Var::values), &mut output);
    let (to_input, to_weight) = (input.target(), weight.target());
    let to_bias = bias.map(Var::target);
    let saved_input = to_weight.needs_gradient().then(|| input.clone());
    let saved_weight = to_input.needs_gradient().then(|| weight.clone());
    let mut all = vec![input, weight];
    all.extend(bias);
    Ok(tape.record(shape, output, &all, move |gradient, flow| {
        if let Some(to_bias) = to_bias {
            flow.add(to_bias, |out| channel_sums(&gradient, out));
        }
        if let Some(input) = saved_input {
            flow.add(to_weight, |out| kernel.weight_gradient(input.values(), &gradient, out));
        }
        if let Some(weight) = saved_weight {
            flow.add(to_input, |out| kernel.input_gradient(weight.values(), &gradient, out));
        }
    }))
}
