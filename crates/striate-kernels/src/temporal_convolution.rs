//! Convolution over frames.

mod bf16;
mod blocks;
#[cfg(test)]
mod tests;
mod weight_gradient;
mod winograd;

use rayon::prelude::*;

use crate::check::check_length;
use crate::columns::{WideRows, fill_rows, reversed_transposes};
use crate::product::{Layout, Product, Run};
use crate::simd::Level;
use blocks::{Block, blocks_of};
use winograd::Tiled;

/// Convolution (cross-correlation) over frames without padding, of each pixel on its own, with the
/// gradients of its arguments.
///
/// `output[t, o] = bias[o] + sum over k and i of input[t + k, i] weight[k, i, o]`
///
/// Where kernel and channels make it worth while, all three methods work in tiles of 8 frames with
/// fewer multiplications (Winograd 1980, "Arithmetic complexity of computations"; Lavin & Gray 2016,
/// "Fast algorithms for convolutional neural networks"). Rounding errors are then 5e-7 to 1e-6
/// of a typical value.
///
/// # Shapes
/// `input` `[clip, frame, pixel, in]`, `weight` `[tap, in, out]`, `bias` `[out]`, `output` and its
/// `gradient` `[clip, frame - taps + 1, pixel, out]`.
///
/// ```
/// use striate_kernels::TemporalConvolution;
///
/// let geometry = TemporalConvolution {
///     n_clips: 1,
///     n_frames: 3,
///     n_pixels: 2,
///     in_channels: 1,
///     out_channels: 1,
///     kernel: 2,
/// };
/// let (input, weight) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 10.0]);
/// let mut output = [0.0; 4];
/// geometry.forward(&input, &weight, Some(&[0.5]), &mut output);
/// assert_eq!(output, [31.5, 42.5, 53.5, 64.5]);
///
/// let gradient = [1.0, 0.0, 0.0, 1.0];
/// let mut of_weight = [0.0; 2];
/// geometry.weight_gradient(&input, &gradient, &mut of_weight);
/// assert_eq!(of_weight, [1.0 + 4.0, 3.0 + 6.0]);
/// let mut of_input = [0.0; 6];
/// geometry.input_gradient(&weight, &gradient, &mut of_input);
/// assert_eq!(of_input, [1.0, 0.0, 10.0, 1.0, 0.0, 10.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TemporalConvolution {
    /// Clips, each on its own.
    pub n_clips: usize,
    /// Frames of the input.
    pub n_frames: usize,
    /// Pixels per frame.
    pub n_pixels: usize,
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// Taps, at least 1 and at most as many as frames.
    pub kernel: usize,
}

impl TemporalConvolution {
    /// Frames of the output.
    ///
    /// # Panics
    /// Where the kernel is empty or longer than the clip.
    pub fn out_frames(&self) -> usize {
        let fits = (1..=self.n_frames).contains(&self.kernel);
        assert!(fits, "{} taps do not fit {} frames", self.kernel, self.n_frames);
        self.n_frames + 1 - self.kernel
    }

    fn in_shape(&self) -> [usize; 4] {
        [self.n_clips, self.n_frames, self.n_pixels, self.in_channels]
    }

    fn out_shape(&self) -> [usize; 4] {
        [self.n_clips, self.out_frames(), self.n_pixels, self.out_channels]
    }

    fn weight_shape(&self) -> [usize; 3] {
        [self.kernel, self.in_channels, self.out_channels]
    }

    fn check_forward(&self, input: &[f32], weight: &[f32], bias: Option<&[f32]>, output: &[f32]) {
        check_length("input", input.len(), &self.in_shape());
        check_length("weight", weight.len(), &self.weight_shape());
        check_length("output", output.len(), &self.out_shape());
        if let Some(bias) = bias {
            check_length("bias", bias.len(), &[self.out_channels]);
        }
    }

    fn check_input_gradient(&self, weight: &[f32], gradient: &[f32], out: &[f32]) {
        check_length("weight", weight.len(), &self.weight_shape());
        check_length("gradient", gradient.len(), &self.out_shape());
        check_length("input gradient", out.len(), &self.in_shape());
    }

    fn check_weight_gradient(&self, input: &[f32], gradient: &[f32], out: &[f32]) {
        check_length("input", input.len(), &self.in_shape());
        check_length("gradient", gradient.len(), &self.out_shape());
        check_length("weight gradient", out.len(), &self.weight_shape());
    }

    /// Overwrite `output`.
    ///
    /// # Panics
    /// Where a slice does not have its shape's length, or the kernel does not fit.
    pub fn forward(&self, input: &[f32], weight: &[f32], bias: Option<&[f32]>, output: &mut [f32]) {
        self.check_forward(input, weight, bias, output);
        let tiled = Tiled::new(self);
        if tiled.is_cheaper() {
            return tiled.write(input, weight, bias, output);
        }
        let level = Level::active();
        let weight = WideRows::new(weight, self.out_channels, level.lanes());
        let tap = [self.n_pixels * self.in_channels, self.in_channels * weight.step];
        let sums = TapSums { level, source: input, weight, channels: self.in_channels };
        sums.write(self.out_shape(), self.n_frames, output, bias, |frame| {
            (0..self.kernel).map(|k| Run { a: (frame + k) * tap[0], b: k * tap[1] }).collect()
        });
    }

    /// Overwrite `out`, the gradient of the input, from that of the output.
    ///
    /// # Panics
    /// As [`Self::forward`].
    pub fn input_gradient(&self, weight: &[f32], gradient: &[f32], out: &mut [f32]) {
        self.check_input_gradient(weight, gradient, out);
        let [_, ins, outs] = self.weight_shape();
        let tiled = Tiled::adjoint(self);
        if tiled.is_cheaper() {
            return tiled.write(gradient, &reversed_transposes(weight, ins, outs), None, out);
        }
        let level = Level::active();
        let out_frames = self.out_frames();
        let weight = WideRows::transposed(weight, ins, outs, level.lanes());
        let tap = [self.n_pixels * outs, outs * weight.step];
        let sums = TapSums { level, source: gradient, weight, channels: outs };
        sums.write(self.in_shape(), out_frames, out, None, |frame| {
            let first = frame.saturating_sub(self.kernel - 1);
            let frames = first..out_frames.min(frame + 1);
            frames.map(|t| Run { a: t * tap[0], b: (frame - t) * tap[1] }).collect()
        });
    }
}

/// For each frame a sum over taps of frames of `source` times the tap's matrix.
struct TapSums<'a> {
    level: Level,
    /// `[clip, frame, pixel, channel]`
    source: &'a [f32],
    /// Rows `[tap, channel]`.
    weight: WideRows<'a>,
    channels: usize,
}

impl TapSums<'_> {
    /// Overwrite `out` `[clip, frame, pixel, out channel]`; `runs` gives the taps of a frame, from
    /// the beginnings of its clip in `source` and of the weights.
    fn write(
        &self,
        [n_clips, out_frames, n_pixels, out_channels]: [usize; 4],
        source_frames: usize,
        out: &mut [f32],
        bias: Option<&[f32]>,
        runs: impl Fn(usize) -> Vec<Run>,
    ) {
        let runs: Vec<Vec<Run>> = (0..out_frames).map(runs).collect();
        let clip = source_frames * n_pixels * self.channels;
        let blocks = blocks_of(out, [n_clips, out_frames, n_pixels, out_channels]);
        blocks.into_par_iter().for_each(|Block { clip: index, first_pixel, frames }| {
            let source = &self.source[index * clip + first_pixel * self.channels..];
            for (out, runs) in frames.into_iter().zip(&runs) {
                if let Some(bias) = bias {
                    fill_rows(out, bias);
                }
                Product {
                    rows: out.len() / out_channels,
                    columns: out_channels,
                    depth: self.channels,
                    runs,
                    a: source,
                    layout: Layout::RowsApart(self.channels),
                    b: &self.weight.values,
                    b_step: self.weight.step,
                    out,
                    out_step: out_channels,
                    adds: bias.is_some(),
                }
                .compute(self.level);
            }
        });
    }
}
