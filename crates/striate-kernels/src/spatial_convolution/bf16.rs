//! Convolution with products of bf16 numbers, where it is computed directly.
//!
//! For outputs, pairs are neighbouring rows of the kernel, and so of the image; for the gradient of
//! the weights they are neighbouring rows of the output. Either way a row of the image is paired with
//! another one some rows on, and all columns stay in their places.

use std::ops::Range;

use rayon::prelude::*;

use super::SpatialConvolution;
use super::winograd::Tiled;
use crate::bf16::Bf16;
use crate::columns::{WideRows, fill_rows, narrow, padded, widen};
use crate::pairs::{pair_rows, pair_slices};
use crate::partition::sum_over;
use crate::product::{Layout, Product, Run};
use crate::scratch::with_scratch;
use crate::simd::Level;

impl Bf16<SpatialConvolution> {
    /// As [`SpatialConvolution::forward`].
    ///
    /// # Panics
    /// As [`SpatialConvolution::forward`].
    pub fn forward(&self, input: &[f32], weight: &[f32], bias: Option<&[f32]>, output: &mut [f32]) {
        let g = &self.0;
        if Tiled::new(g).is_some_and(|tiled| tiled.is_cheaper()) {
            return g.forward(input, weight, bias, output);
        }
        g.check_forward(input, weight, bias, output);
        let level = Level::active();
        let [kernel_rows, kernel_columns, ins, outs] = g.weight_shape();
        let weight = WideRows::new(weight, outs, level.lanes());
        let kernel_row = kernel_columns * ins * weight.step;
        let mut pairs = vec![0.0; kernel_rows.div_ceil(2) * kernel_row];
        pair_rows(level, &weight.values, kernel_row, &mut pairs);
        let in_image = g.height * g.width * ins;
        let images = output.par_chunks_exact_mut((g.out_height() * g.out_width() * outs).max(1));
        images.enumerate().for_each(|(image, output)| {
            let image = &input[image * in_image..][..in_image];
            self.with_paired_rows(level, image, 1, |rows| {
                self.write_rows(level, rows, &pairs, bias, output);
            });
        });
    }

    /// As [`SpatialConvolution::input_gradient`], in `f32`.
    ///
    /// # Panics
    /// As [`SpatialConvolution::forward`].
    pub fn input_gradient(&self, weight: &[f32], gradient: &[f32], out: &mut [f32]) {
        self.0.input_gradient(weight, gradient, out);
    }

    /// As [`SpatialConvolution::weight_gradient`].
    ///
    /// # Panics
    /// As [`SpatialConvolution::forward`].
    pub fn weight_gradient(&self, input: &[f32], gradient: &[f32], out: &mut [f32]) {
        let g = &self.0;
        if Tiled::new(g).is_some_and(|tiled| tiled.is_cheaper()) {
            return g.weight_gradient(input, gradient, out);
        }
        g.check_weight_gradient(input, gradient, out);
        let level = Level::active();
        let [kernel_rows, kernel_columns, ins, outs] = g.weight_shape();
        let wide = padded(outs, level.lanes());
        let in_image = g.height * g.width * ins;
        let out_image = g.out_height() * g.out_width() * outs;
        let length = kernel_rows * kernel_columns * ins * wide;
        let sums = sum_over(g.n_images, length, |sums, image| {
            let input = &input[image * in_image..][..in_image];
            let gradient = &gradient[image * out_image..][..out_image];
            self.with_paired_rows(level, input, g.stride[0], |rows| {
                self.with_paired_gradient(level, gradient, |gradient| {
                    self.add_products(level, rows, gradient, sums);
                });
            });
        });
        narrow(&sums, wide, out, outs);
    }

    /// Run `task` on an image whose columns are padded and whose row `j` is made of pairs of the rows
    /// `j - apart` and `j`.
    fn with_paired_rows(
        &self,
        level: Level,
        image: &[f32],
        apart: usize,
        task: impl FnOnce(&[f32]),
    ) {
        let [_, height, width, ins] = self.0.in_shape();
        let (row, padding) = (self.0.padded_width() * ins, self.0.padding[1] * ins);
        let values = |index: usize| {
            let is_there = index < height;
            if is_there { &image[index * width * ins..][..width * ins] } else { &[] }
        };
        with_scratch((height + apart) * row, |rows| {
            for (index, pairs) in rows.chunks_exact_mut(row.max(1)).enumerate() {
                pairs[..padding].fill(0.0);
                pairs[row - padding..].fill(0.0);
                let before = index.checked_sub(apart).map_or(&[][..], values);
                pair_slices(level, before, values(index), &mut pairs[padding..row - padding]);
            }
            task(rows);
        });
    }

    /// Overwrite `output` with the convolution of one image.
    fn write_rows(
        &self,
        level: Level,
        rows: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        output: &mut [f32],
    ) {
        let [kernel_rows, kernel_columns, ins, outs] = self.0.weight_shape();
        let wide = padded(outs, level.lanes());
        let in_row = self.0.padded_width() * ins;
        for (y, output) in output.chunks_exact_mut((self.0.out_width() * outs).max(1)).enumerate() {
            let run = |r| {
                let row = self.paired_row(y, r, 1)?;
                Some(Run { a: row * in_row, b: r / 2 * kernel_columns * ins * wide })
            };
            let runs: Vec<Run> = (0..kernel_rows).step_by(2).filter_map(run).collect();
            if let Some(bias) = bias {
                fill_rows(output, bias);
            }
            Product {
                rows: self.0.out_width(),
                columns: outs,
                depth: kernel_columns * ins,
                runs: &runs,
                a: rows,
                layout: Layout::RowsApart(self.0.stride[1] * ins),
                b: weight,
                b_step: wide,
                out: output,
                out_step: outs,
                adds: bias.is_some(),
            }
            .compute_as(level, true);
        }
    }

    /// The row of pairs whose first is the one that a row of the kernel meets for a row of the output.
    fn paired_row(&self, out_row: usize, kernel_row: usize, apart: usize) -> Option<usize> {
        let place = out_row * self.0.stride[0] + kernel_row + apart;
        place.checked_sub(self.0.padding[0]).filter(|&row| row < self.0.height + apart)
    }

    /// Run `task` on the gradient of an image's output as pairs of rows, channels padded.
    fn with_paired_gradient(&self, level: Level, gradient: &[f32], task: impl FnOnce(&[f32])) {
        let outs = self.0.out_channels;
        let wide = padded(outs, level.lanes());
        let row = self.0.out_width() * wide;
        with_scratch(self.0.out_height().div_ceil(2) * row, |pairs| {
            if wide == outs {
                pair_rows(level, gradient, row, pairs);
            } else {
                with_scratch(self.0.out_height() * row, |values| {
                    widen(gradient, outs, values, wide);
                    pair_rows(level, values, row, pairs);
                });
            }
            task(pairs);
        });
    }

    /// Add the part of one image.
    fn add_products(&self, level: Level, rows: &[f32], gradient: &[f32], sums: &mut [f32]) {
        // Some rows for every row of the kernel, then the next ones: they are read from near memory.
        let n_near = (level.near_terms() / self.0.out_width()).max(1);
        let n_rows = self.0.out_height().div_ceil(2);
        for first in (0..n_rows).step_by(n_near) {
            self.add_rows(level, [rows, gradient], first..n_rows.min(first + n_near), sums);
        }
    }

    /// Add the part of some pairs of rows of the output.
    fn add_rows(
        &self,
        level: Level,
        [rows, gradient]: [&[f32]; 2],
        near: Range<usize>,
        sums: &mut [f32],
    ) {
        let [_, kernel_columns, ins, outs] = self.0.weight_shape();
        let (wide, apart) = (padded(outs, level.lanes()), self.0.stride[0]);
        let [in_row, out_row] = [self.0.padded_width() * ins, self.0.out_width() * wide];
        let kernel_row = kernel_columns * ins;
        for (r, sums) in sums.chunks_exact_mut((kernel_row * wide).max(1)).enumerate() {
            let run = |pair: usize| {
                let row = self.paired_row(2 * pair, r, apart)?;
                Some(Run { a: row * in_row, b: pair * out_row })
            };
            let runs: Vec<Run> = near.clone().filter_map(run).collect();
            Product {
                rows: kernel_row,
                columns: outs,
                depth: self.0.out_width(),
                runs: &runs,
                a: rows,
                layout: Layout::TermsApart(self.0.stride[1] * ins),
                b: gradient,
                b_step: wide,
                out: sums,
                out_step: wide,
                adds: true,
            }
            .compute_as(level, true);
        }
    }
}
