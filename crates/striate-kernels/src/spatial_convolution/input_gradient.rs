//! The gradient of the input.
//!
//! With a stride of `s` columns, input columns fall into `s` phases: those of one phase meet the same
//! columns of the kernel, and neighbours among them meet neighbouring outputs. Each phase is a
//! convolution with stride 1 of the output's gradient with some columns of the kernel, in reverse.

use rayon::prelude::*;

use super::SpatialConvolution;
use crate::check::check_length;
use crate::columns::{padded, transpose};
use crate::images::with_columns;
use crate::product::{Layout, Product, Run};
use crate::simd::Level;

/// Input columns that meet the same columns of the kernel.
struct Phase {
    /// Of these columns the first, counted in the input.
    first_column: usize,
    n_columns: usize,
    /// Column of the padded gradient where the sum for the first column begins.
    first_gradient_column: usize,
    /// Columns of the kernel.
    n_taps: usize,
    /// Rows of input channels, padded: `[kernel row, tap, out]`.
    weight: Vec<f32>,
}

impl SpatialConvolution {
    /// Overwrite `out`, the gradient of the input, from that of the output.
    ///
    /// # Panics
    /// As [`Self::forward`].
    pub fn input_gradient(&self, weight: &[f32], gradient: &[f32], out: &mut [f32]) {
        check_length("weight", weight.len(), &self.weight_shape());
        check_length("gradient", gradient.len(), &self.out_shape());
        check_length("input gradient", out.len(), &self.in_shape());
        let level = Level::active();
        let phases: Vec<Phase> =
            (0..self.stride[1]).filter_map(|phase| self.phase(phase, weight, level)).collect();
        let [_, in_height, in_width, ins] = self.in_shape();
        let [_, out_height, out_width, outs] = self.out_shape();
        let columns = self.gradient_columns();
        let out_image = out_height * out_width * outs;
        let images = out.par_chunks_exact_mut((in_height * in_width * ins).max(1));
        images.enumerate().for_each(|(image, out)| {
            let gradient = &gradient[image * out_image..][..out_image];
            with_columns(gradient, [out_height, out_width, outs], columns, |gradient| {
                out.fill(0.0);
                for (y, out) in out.chunks_exact_mut((in_width * ins).max(1)).enumerate() {
                    for phase in &phases {
                        self.add_phase(level, phase, y, gradient, out);
                    }
                }
            });
        });
    }

    /// Most columns of the kernel in one phase.
    fn most_taps(&self) -> usize {
        self.kernel[1].div_ceil(self.stride[1])
    }

    /// Zeros before the gradient's columns, and the number of columns with those before and after.
    fn gradient_columns(&self) -> [isize; 2] {
        let left = self.most_taps() - 1;
        let last = (self.width + self.padding[1]).saturating_sub(1) / self.stride[1];
        [left as isize, (left + self.out_width().max(last + 1)) as isize]
    }

    /// The input columns `x` with `(x + padding) % stride == phase`, if there are any.
    fn phase(&self, phase: usize, weight: &[f32], level: Level) -> Option<Phase> {
        let [stride, padding] = [self.stride[1], self.padding[1]];
        let first_column = (phase + stride - padding % stride) % stride;
        let n_columns = self.width.checked_sub(first_column)?.div_ceil(stride);
        let n_taps = self.kernel[1].checked_sub(phase)?.div_ceil(stride);
        if n_columns == 0 || n_taps == 0 {
            return None;
        }
        let first_out = (first_column + padding) / stride;
        Some(Phase {
            first_column,
            n_columns,
            first_gradient_column: self.most_taps() - 1 + first_out - (n_taps - 1),
            n_taps,
            weight: self.phase_weight(phase, n_taps, weight, level),
        })
    }

    fn phase_weight(&self, phase: usize, n_taps: usize, weight: &[f32], level: Level) -> Vec<f32> {
        let [kernel_rows, kernel_columns, ins, outs] = self.weight_shape();
        let wide = padded(ins, level.lanes());
        let mut packed = vec![0.0; kernel_rows * n_taps * outs * wide];
        for (index, packed) in packed.chunks_exact_mut((outs * wide).max(1)).enumerate() {
            let (row, tap) = (index / n_taps, index % n_taps);
            let column = phase + self.stride[1] * (n_taps - 1 - tap);
            let matrix = &weight[(row * kernel_columns + column) * ins * outs..][..ins * outs];
            transpose(matrix, ins, outs, packed, wide);
        }
        packed
    }

    /// Add one phase to row `y` of the gradient of an image.
    fn add_phase(&self, level: Level, phase: &Phase, y: usize, gradient: &[f32], out: &mut [f32]) {
        let [kernel_rows, _, ins, outs] = self.weight_shape();
        let wide = padded(ins, level.lanes());
        let gradient_row = self.gradient_columns()[1] as usize * outs;
        let run = |r: usize| {
            let place = (y + self.padding[0]).checked_sub(r)?;
            let row = place / self.stride[0];
            let meets = place.is_multiple_of(self.stride[0]) && row < self.out_height();
            let b = r * phase.n_taps * outs * wide;
            meets.then_some(Run { a: row * gradient_row + phase.first_gradient_column * outs, b })
        };
        // Upwards through the gradient.
        let runs: Vec<Run> = (0..kernel_rows).rev().filter_map(run).collect();
        Product {
            rows: phase.n_columns,
            columns: ins,
            depth: phase.n_taps * outs,
            runs: &runs,
            a: gradient,
            layout: Layout::RowsApart(outs),
            b: &phase.weight,
            b_step: wide,
            out: &mut out[phase.first_column * ins..],
            out_step: self.stride[1] * ins,
        }
        .add(level);
    }
}
