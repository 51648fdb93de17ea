//! Convolution with products of bf16 numbers.

use super::TemporalConvolution;
use super::winograd::Tiled;
use crate::bf16::Bf16;
use crate::columns::reversed_transposes;

impl Bf16<TemporalConvolution> {
    /// As [`TemporalConvolution::forward`].
    ///
    /// # Panics
    /// As [`TemporalConvolution::forward`].
    pub fn forward(&self, input: &[f32], weight: &[f32], bias: Option<&[f32]>, output: &mut [f32]) {
        let tiled = Tiled::new(&self.0).in_bf16();
        if !tiled.is_cheaper() {
            return self.0.forward(input, weight, bias, output);
        }
        self.0.check_forward(input, weight, bias, output);
        tiled.write(input, weight, bias, output);
    }

    /// As [`TemporalConvolution::input_gradient`].
    ///
    /// # Panics
    /// As [`TemporalConvolution::forward`].
    pub fn input_gradient(&self, weight: &[f32], gradient: &[f32], out: &mut [f32]) {
        let tiled = Tiled::adjoint(&self.0).in_bf16();
        if !tiled.is_cheaper() {
            return self.0.input_gradient(weight, gradient, out);
        }
        self.0.check_input_gradient(weight, gradient, out);
        let weight = reversed_transposes(weight, self.0.in_channels, self.0.out_channels);
        tiled.write(gradient, &weight, None, out);
    }

    /// As [`TemporalConvolution::weight_gradient`].
    ///
    /// # Panics
    /// As [`TemporalConvolution::forward`].
    pub fn weight_gradient(&self, input: &[f32], gradient: &[f32], out: &mut [f32]) {
        let tiled = Tiled::new(&self.0).in_bf16();
        if !tiled.is_cheaper() {
            return self.0.weight_gradient(input, gradient, out);
        }
        self.0.check_weight_gradient(input, gradient, out);
        tiled.weight_gradient(input, gradient, out);
    }
}
