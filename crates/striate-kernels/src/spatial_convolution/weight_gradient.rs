//! The gradient of the weights.

use super::SpatialConvolution;
use super::winograd::Tiled;
use crate::columns::{narrow, padded, widen};
use crate::images::with_columns;
use crate::partition::sum_over;
use crate::product::{Layout, Product, Run};
use crate::scratch::with_scratch;
use crate::simd::Level;

impl SpatialConvolution {
    /// Overwrite `out`, the gradient of the weights, from that of the output.
    ///
    /// # Panics
    /// As [`Self::forward`].
    pub fn weight_gradient(&self, input: &[f32], gradient: &[f32], out: &mut [f32]) {
        self.check_weight_gradient(input, gradient, out);
        if let Some(tiled) = Tiled::new(self).filter(Tiled::is_cheaper) {
            return tiled.weight_gradient(input, gradient, out);
        }
        let level = Level::active();
        let [kernel_rows, kernel_columns, ins, outs] = self.weight_shape();
        let wide = padded(outs, level.lanes());
        let in_image = self.height * self.width * ins;
        let out_pixels = self.out_height() * self.out_width();
        let length = kernel_rows * kernel_columns * ins * wide;
        let sums = sum_over(self.n_images, length, |sums, image| {
            let input = &input[image * in_image..][..in_image];
            let gradient = &gradient[image * out_pixels * outs..][..out_pixels * outs];
            let columns = [self.padding[1] as isize, self.padded_width() as isize];
            with_columns(input, [self.height, self.width, ins], columns, |input| {
                if wide == outs {
                    return self.add_products(level, input, gradient, sums);
                }
                with_scratch(out_pixels * wide, |scratch| {
                    widen(gradient, outs, scratch, wide);
                    self.add_products(level, input, scratch, sums);
                });
            });
        });
        narrow(&sums, wide, out, outs);
    }

    /// Add the part of one image, rows of `input` padded and pixels of `gradient` as wide as rows of
    /// `sums`.
    fn add_products(&self, level: Level, input: &[f32], gradient: &[f32], sums: &mut [f32]) {
        let [_, kernel_columns, ins, outs] = self.weight_shape();
        let wide = padded(outs, level.lanes());
        let [in_row, out_row] = [self.padded_width() * ins, self.out_width() * wide];
        let kernel_row = kernel_columns * ins;
        // Some rows for every row of the kernel, then the next ones: they are read from near memory.
        let n_near = (level.near_terms() / self.out_width()).max(1);
        for first in (0..self.out_height()).step_by(n_near) {
            let rows = first..self.out_height().min(first + n_near);
            for (r, sums) in sums.chunks_exact_mut((kernel_row * wide).max(1)).enumerate() {
                let run = |y| Some(Run { a: self.in_row(y, r)? * in_row, b: y * out_row });
                let runs: Vec<Run> = rows.clone().filter_map(run).collect();
                Product {
                    rows: kernel_row,
                    columns: outs,
                    depth: self.out_width(),
                    runs: &runs,
                    a: input,
                    layout: Layout::TermsApart(self.stride[1] * ins),
                    b: gradient,
                    b_step: wide,
                    out: sums,
                    out_step: wide,
                    adds: true,
                }
                .compute(level);
            }
        }
    }
}
