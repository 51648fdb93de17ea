//! The gradient of the input.
//!
//! What one pixel of the output's gradient adds to a row of the input's is contiguous: all columns of
//! the kernel with their channels. So these stretches are computed for a row of pixels as one
//! product, with all columns and channels side by side, and added where they belong, cut off at the
//! image's sides. This takes any stride as it is, and fills vectors even where the input has a single
//! channel.

use rayon::prelude::*;

use super::SpatialConvolution;
use super::winograd::Tiled;
use crate::check::check_length;
use crate::columns::{WideRows, reversed_transposes};
use crate::product::{Layout, Product, Run};
use crate::scratch::with_scratch;
use crate::simd::{Kernel, Level, Simd};

impl SpatialConvolution {
    /// Overwrite `out`, the gradient of the input, from that of the output.
    ///
    /// # Panics
    /// As [`Self::forward`].
    pub fn input_gradient(&self, weight: &[f32], gradient: &[f32], out: &mut [f32]) {
        check_length("weight", weight.len(), &self.weight_shape());
        check_length("gradient", gradient.len(), &self.out_shape());
        check_length("input gradient", out.len(), &self.in_shape());
        if let Some(adjoint) = Tiled::adjoint(self).filter(Tiled::is_cheaper) {
            let weight = reversed_transposes(weight, self.in_channels, self.out_channels);
            return adjoint.write(gradient, &weight, None, out);
        }
        let level = Level::active();
        let [_, kernel_columns, ins, outs] = self.weight_shape();
        let weight = WideRows::transposed(weight, kernel_columns * ins, outs, level.lanes());
        let image_length = self.out_height() * self.out_width() * outs;
        let images = out.par_chunks_exact_mut((self.height * self.width * ins).max(1));
        images.enumerate().for_each(|(image, out)| {
            let gradient = &gradient[image * image_length..][..image_length];
            with_scratch(self.out_width() * kernel_columns * ins, |stretches| {
                for (y, out) in out.chunks_exact_mut((self.width * ins).max(1)).enumerate() {
                    self.write_stretches(level, y, gradient, &weight, stretches);
                    out.fill(0.0);
                    level.run(Stretches {
                        values: stretches,
                        length: kernel_columns * ins,
                        step: self.stride[1] * ins,
                        before: self.padding[1] * ins,
                        out,
                    });
                }
            });
        });
    }

    /// Write for each column of the output what it adds to row `y` of the input:
    /// `[out column, kernel column, in]`.
    fn write_stretches(
        &self,
        level: Level,
        y: usize,
        gradient: &[f32],
        weight: &WideRows<'_>,
        stretches: &mut [f32],
    ) {
        let [kernel_rows, kernel_columns, ins, outs] = self.weight_shape();
        let run = |r: usize| {
            let place = (y + self.padding[0]).checked_sub(r)?;
            let row = place / self.stride[0];
            let meets = place.is_multiple_of(self.stride[0]) && row < self.out_height();
            meets.then_some(Run { a: row * self.out_width() * outs, b: r * outs * weight.step })
        };
        // Upwards through the gradient.
        let runs: Vec<Run> = (0..kernel_rows).rev().filter_map(run).collect();
        Product {
            rows: self.out_width(),
            columns: kernel_columns * ins,
            depth: outs,
            runs: &runs,
            a: gradient,
            layout: Layout::RowsApart(outs),
            b: &weight.values,
            b_step: weight.step,
            out: stretches,
            out_step: kernel_columns * ins,
            adds: false,
        }
        .compute(level);
    }
}

/// Add stretches of `length` values to a row, `step` apart, the first from `before` places before the
/// row on. What lies outside of the row is left out.
struct Stretches<'a> {
    values: &'a [f32],
    length: usize,
    step: usize,
    before: usize,
    out: &'a mut [f32],
}

impl Kernel for Stretches<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        for (index, stretch) in self.values.chunks_exact(self.length.max(1)).enumerate() {
            let start = index * self.step;
            let skipped = self.before.saturating_sub(start).min(self.length);
            let first = (start + skipped).saturating_sub(self.before).min(self.out.len());
            let out = self.out[first..].iter_mut();
            for (out, &more) in out.zip(&stretch[skipped..]) {
                *out += more;
            }
        }
    }
}
