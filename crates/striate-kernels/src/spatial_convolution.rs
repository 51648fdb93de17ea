//! Convolution over height and width.

mod bf16;
mod input_gradient;
#[cfg(test)]
mod tests;
mod weight_gradient;
mod winograd;

use rayon::prelude::*;

use crate::check::check_length;
use crate::columns::{WideRows, fill_rows};
use crate::images::with_columns;
use crate::product::{Layout, Product, Run};
use crate::simd::Level;
use winograd::Tiled;

/// Convolution (cross-correlation) over height and width, of each image on its own, with the
/// gradients of its arguments.
///
/// `output[y, x, o] = bias[o] + sum over r, c and i of input[sy y + r - py, sx x + c - px, i]
/// weight[r, c, i, o]` with stride `[sy, sx]` and padding `[py, px]`, zeros outside of the image.
///
/// Where stride, kernel and channels make it worth while, all three methods work in tiles of 8 x 8
/// pixels with fewer multiplications (Winograd 1980, "Arithmetic complexity of computations"; Lavin &
/// Gray 2016, "Fast algorithms for convolutional neural networks"). Rounding errors are then five to
/// eight times those of a plain sum: about 2e-6 of a typical value, 8e-6 for 20 taps.
///
/// # Shapes
/// `input` `[image, height, width, in]`, `weight` `[row, column, in, out]`, `bias` `[out]`, `output`
/// and its `gradient` `[image, height', width', out]` with
/// `height' = (height + 2 padding - rows) / stride + 1`.
///
/// ```
/// use striate_kernels::SpatialConvolution;
///
/// // Sums of two neighbours in a row of 3 pixels, 'same' on the left.
/// let geometry = SpatialConvolution {
///     n_images: 1,
///     height: 1,
///     width: 3,
///     in_channels: 1,
///     out_channels: 1,
///     kernel: [1, 2],
///     padding: [0, 1],
///     stride: [1, 1],
/// };
/// let (input, weight) = ([1.0, 2.0, 3.0], [1.0, 10.0]);
/// let mut output = [0.0; 4];
/// geometry.forward(&input, &weight, None, &mut output);
/// assert_eq!(output, [10.0, 21.0, 32.0, 3.0]);
///
/// let gradient = [1.0, 0.0, 0.0, 2.0];
/// let mut of_weight = [0.0; 2];
/// geometry.weight_gradient(&input, &gradient, &mut of_weight);
/// assert_eq!(of_weight, [2.0 * 3.0, 1.0]);
/// let mut of_input = [0.0; 3];
/// geometry.input_gradient(&weight, &gradient, &mut of_input);
/// assert_eq!(of_input, [10.0, 0.0, 2.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpatialConvolution {
    /// Images, each on its own.
    pub n_images: usize,
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// Rows and columns of the kernel, at least 1 and at most those of the padded image.
    pub kernel: [usize; 2],
    /// Zeros on each side, in rows and columns.
    pub padding: [usize; 2],
    /// Pixels from one output to the next, in rows and columns; at least 1.
    pub stride: [usize; 2],
}

impl SpatialConvolution {
    /// Rows of the output.
    ///
    /// # Panics
    /// Where the stride is 0 or the kernel empty or larger than the padded image.
    pub fn out_height(&self) -> usize {
        self.out_size(self.height, 0)
    }

    /// Columns of the output.
    ///
    /// # Panics
    /// As [`Self::out_height`].
    pub fn out_width(&self) -> usize {
        self.out_size(self.width, 1)
    }

    fn out_size(&self, size: usize, axis: usize) -> usize {
        let padded = size + 2 * self.padding[axis];
        let kernel = self.kernel[axis];
        assert!(
            (1..=padded).contains(&kernel),
            "a kernel of {kernel} does not fit {padded} pixels"
        );
        assert!(self.stride[axis] > 0, "a stride of 0");
        (padded - kernel) / self.stride[axis] + 1
    }

    fn in_shape(&self) -> [usize; 4] {
        [self.n_images, self.height, self.width, self.in_channels]
    }

    fn out_shape(&self) -> [usize; 4] {
        [self.n_images, self.out_height(), self.out_width(), self.out_channels]
    }

    fn weight_shape(&self) -> [usize; 4] {
        let [rows, columns] = self.kernel;
        [rows, columns, self.in_channels, self.out_channels]
    }

    /// Row of the input that a row of the kernel meets for a row of the output.
    fn in_row(&self, out_row: usize, kernel_row: usize) -> Option<usize> {
        let row = (out_row * self.stride[0] + kernel_row).checked_sub(self.padding[0])?;
        (row < self.height).then_some(row)
    }

    /// Columns of the padded input.
    fn padded_width(&self) -> usize {
        self.width + 2 * self.padding[1]
    }

    fn check_forward(&self, input: &[f32], weight: &[f32], bias: Option<&[f32]>, output: &[f32]) {
        check_length("input", input.len(), &self.in_shape());
        check_length("weight", weight.len(), &self.weight_shape());
        check_length("output", output.len(), &self.out_shape());
        if let Some(bias) = bias {
            check_length("bias", bias.len(), &[self.out_channels]);
        }
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
        if let Some(tiled) = Tiled::new(self).filter(Tiled::is_cheaper) {
            return tiled.write(input, weight, bias, output);
        }
        let level = Level::active();
        let weight = WideRows::new(weight, self.out_channels, level.lanes());
        let [_, in_height, in_width, ins] = self.in_shape();
        let [_, out_height, out_width, outs] = self.out_shape();
        let in_image = in_height * in_width * ins;
        let images = output.par_chunks_exact_mut((out_height * out_width * outs).max(1));
        images.enumerate().for_each(|(image, output)| {
            let input = &input[image * in_image..][..in_image];
            let columns = [self.padding[1] as isize, self.padded_width() as isize];
            with_columns(input, [in_height, in_width, ins], columns, |input| {
                self.write_rows(level, input, &weight, bias, output);
            });
        });
    }

    /// Overwrite `output` with the convolution of one image whose rows are padded.
    fn write_rows(
        &self,
        level: Level,
        input: &[f32],
        weight: &WideRows<'_>,
        bias: Option<&[f32]>,
        output: &mut [f32],
    ) {
        let [kernel_rows, kernel_columns, ins, outs] = self.weight_shape();
        let [in_row, out_row] = [self.padded_width() * ins, self.out_width() * outs];
        let kernel_row = kernel_columns * ins * weight.step;
        for (y, output) in output.chunks_exact_mut(out_row.max(1)).enumerate() {
            let run = |r| Some(Run { a: self.in_row(y, r)? * in_row, b: r * kernel_row });
            let runs: Vec<Run> = (0..kernel_rows).filter_map(run).collect();
            if let Some(bias) = bias {
                fill_rows(output, bias);
            }
            Product {
                rows: self.out_width(),
                columns: outs,
                depth: kernel_columns * ins,
                runs: &runs,
                a: input,
                layout: Layout::RowsApart(self.stride[1] * ins),
                b: &weight.values,
                b_step: weight.step,
                out: output,
                out_step: outs,
                adds: bias.is_some(),
            }
            .compute(level);
        }
    }
}
