//! A fully connected layer.

#[cfg(test)]
mod tests;

use rayon::prelude::*;

use crate::check::check_length;
use crate::columns::{WideRows, fill_rows, padded, widen};
use crate::partition::sum_over;
use crate::product::{Layout, Product, Run};
use crate::scratch::with_scratch;
use crate::simd::Level;

/// Terms that are added before the next rows: their factors stay in near memory meanwhile, and sums
/// of many terms lose less when they are added in blocks.
const TERMS: usize = 256;
/// Multiplications worth a task of their own, and bounds of its rows.
const WORK: usize = 1 << 20;
const ROWS: [usize; 2] = [32, 4096];
/// Inputs per task in the gradient of the weights, and from how many inputs on they are divided
/// among tasks. With fewer, the rows are.
const INPUTS: usize = 128;
const MANY_INPUTS: usize = 8 * INPUTS;

/// `output[row, o] = bias[o] + sum over i of input[row, i] weight[i, o]`, with the gradients of its
/// arguments but the bias (whose gradient is a sum of rows).
///
/// # Shapes
/// `input` `[row, in]`, `weight` `[in, out]`, `bias` `[out]`, `output` and its `gradient` `[row, out]`.
///
/// ```
/// use striate_kernels::Affine;
///
/// let layer = Affine { n_rows: 1, in_channels: 2, out_channels: 1 };
/// let (input, weight) = ([2.0, 3.0], [1.0, 10.0]);
/// let mut output = [0.0];
/// layer.forward(&input, &weight, &[0.5], &mut output);
/// assert_eq!(output, [32.5]);
/// let mut of_weight = [0.0; 2];
/// layer.weight_gradient(&input, &[2.0], &mut of_weight);
/// assert_eq!(of_weight, [4.0, 6.0]);
/// let mut of_input = [0.0; 2];
/// layer.input_gradient(&weight, &[2.0], &mut of_input);
/// assert_eq!(of_input, [2.0, 20.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Affine {
    /// Rows, each on its own.
    pub n_rows: usize,
    /// Inputs per row.
    pub in_channels: usize,
    /// Outputs per row.
    pub out_channels: usize,
}

impl Affine {
    fn in_shape(&self) -> [usize; 2] {
        [self.n_rows, self.in_channels]
    }

    fn out_shape(&self) -> [usize; 2] {
        [self.n_rows, self.out_channels]
    }

    fn weight_shape(&self) -> [usize; 2] {
        [self.in_channels, self.out_channels]
    }

    /// Overwrite `output`.
    ///
    /// # Panics
    /// Where a slice does not have its shape's length.
    pub fn forward(&self, input: &[f32], weight: &[f32], bias: &[f32], output: &mut [f32]) {
        check_length("input", input.len(), &self.in_shape());
        check_length("weight", weight.len(), &self.weight_shape());
        check_length("bias", bias.len(), &[self.out_channels]);
        check_length("output", output.len(), &self.out_shape());
        let weight = WideRows::new(weight, self.out_channels, Level::active().lanes());
        let terms_columns = [self.in_channels, self.out_channels];
        add_products(input, &weight, terms_columns, output, |rows| fill_rows(rows, bias));
    }

    /// Overwrite `out`, the gradient of the input, from that of the output.
    ///
    /// # Panics
    /// As [`Self::forward`].
    pub fn input_gradient(&self, weight: &[f32], gradient: &[f32], out: &mut [f32]) {
        check_length("weight", weight.len(), &self.weight_shape());
        check_length("gradient", gradient.len(), &self.out_shape());
        check_length("input gradient", out.len(), &self.in_shape());
        let [ins, outs] = self.weight_shape();
        let weight = WideRows::transposed(weight, ins, outs, Level::active().lanes());
        add_products(gradient, &weight, [outs, ins], out, |rows| rows.fill(0.0));
    }

    /// Overwrite `out`, the gradient of the weights, from that of the output.
    ///
    /// # Panics
    /// As [`Self::forward`].
    pub fn weight_gradient(&self, input: &[f32], gradient: &[f32], out: &mut [f32]) {
        check_length("input", input.len(), &self.in_shape());
        check_length("gradient", gradient.len(), &self.out_shape());
        check_length("weight gradient", out.len(), &self.weight_shape());
        let [ins, outs] = self.weight_shape();
        let n_blocks = self.n_rows.div_ceil(TERMS);
        if ins < MANY_INPUTS {
            let sums = sum_over(n_blocks, ins * outs, |sums, block| {
                self.add_block(input, gradient, block, 0, sums);
            });
            return out.copy_from_slice(&sums);
        }
        out.par_chunks_mut((INPUTS * outs).max(1)).enumerate().for_each(|(chunk, out)| {
            out.fill(0.0);
            for block in 0..n_blocks {
                self.add_block(input, gradient, block, chunk * INPUTS, out);
            }
        });
    }

    /// Add what one block of rows makes of the gradient of the weights of inputs from `first` on, as
    /// many as `out` has.
    fn add_block(
        &self,
        input: &[f32],
        gradient: &[f32],
        block: usize,
        first: usize,
        out: &mut [f32],
    ) {
        let ([ins, outs], level) = (self.weight_shape(), Level::active());
        let (row, wide) = (block * TERMS, padded(outs, level.lanes()));
        let n_rows = (self.n_rows - row).min(TERMS);
        let gradient = &gradient[row * outs..][..n_rows * outs];
        with_scratch(n_rows * wide, |scratch| {
            widen(gradient, outs, scratch, wide);
            Product {
                rows: out.len() / outs.max(1),
                columns: outs,
                depth: n_rows,
                runs: &[Run { a: row * ins + first, b: 0 }],
                a: input,
                layout: Layout::TermsApart(ins),
                b: scratch,
                b_step: wide,
                out,
                out_step: outs,
                adds: true,
            }
            .compute(level);
        });
    }
}

/// Overwrite the rows of `output` with what `begin` writes and the product of the rows of `input` and
/// a matrix `[term, column]`. Terms are added in order within blocks, and blocks in order.
fn add_products(
    input: &[f32],
    matrix: &WideRows<'_>,
    [n_terms, n_columns]: [usize; 2],
    output: &mut [f32],
    begin: impl Fn(&mut [f32]) + Sync,
) {
    let level = Level::active();
    let n_rows = (WORK / (n_terms * n_columns).max(1)).clamp(ROWS[0], ROWS[1]);
    output.par_chunks_mut((n_rows * n_columns).max(1)).enumerate().for_each(|(chunk, output)| {
        begin(output);
        for first in (0..n_terms).step_by(TERMS) {
            Product {
                rows: output.len() / n_columns,
                columns: n_columns,
                depth: (n_terms - first).min(TERMS),
                runs: &[Run { a: chunk * n_rows * n_terms + first, b: first * matrix.step }],
                a: input,
                layout: Layout::RowsApart(n_terms),
                b: &matrix.values,
                b_step: matrix.step,
                out: output,
                out_step: n_columns,
                adds: true,
            }
            .compute(level);
        }
    });
}
