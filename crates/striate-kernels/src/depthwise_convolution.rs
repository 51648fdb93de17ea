//! Convolution over height and width, channel by channel.

mod row;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use crate::check::check_length;
use crate::columns::{WideRows, fill_rows, narrow, padded};
use crate::images::copy_columns;
use crate::partition::sum_over;
use crate::scratch::with_scratch;
use crate::simd::Level;
use row::{RowSums, RowWeightGradient};

/// Convolution (cross-correlation) over height and width with one kernel per channel and stride 1,
/// of each image on its own, with the gradients of its arguments.
///
/// `output[y, x, c] = bias[c] + sum over r and k of input[y + r - py, x + k - px, c] weight[r, k, c]`
/// with padding `[py, px]`, zeros outside of the image.
///
/// # Shapes
/// `input` `[image, height, width, channel]`, `weight` `[row, column, channel]`, `bias` `[channel]`,
/// `output` and its `gradient` `[image, height', width', channel]` with
/// `height' = height + 2 padding - rows + 1`.
///
/// ```
/// use striate_kernels::DepthwiseConvolution;
///
/// // Two channels: differences of neighbours in one, sums in the other.
/// let geometry = DepthwiseConvolution {
///     n_images: 1,
///     height: 1,
///     width: 3,
///     channels: 2,
///     kernel: [1, 2],
///     padding: [0, 0],
/// };
/// let (input, weight) = ([1.0, 1.0, 2.0, 2.0, 4.0, 4.0], [-1.0, 1.0, 1.0, 1.0]);
/// let mut output = [0.0; 4];
/// geometry.forward(&input, &weight, None, &mut output);
/// assert_eq!(output, [1.0, 3.0, 2.0, 6.0]);
///
/// let gradient = [1.0, 0.0, 0.0, 1.0];
/// let mut of_weight = [0.0; 4];
/// geometry.weight_gradient(&input, &gradient, &mut of_weight);
/// assert_eq!(of_weight, [1.0, 2.0, 2.0, 4.0]);
/// let mut of_input = [0.0; 6];
/// geometry.input_gradient(&weight, &gradient, &mut of_input);
/// assert_eq!(of_input, [-1.0, 0.0, 1.0, 1.0, 0.0, 1.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DepthwiseConvolution {
    /// Images, each on its own.
    pub n_images: usize,
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Channels of input and output.
    pub channels: usize,
    /// Rows and columns of the kernel, at least 1 and at most those of the padded image.
    pub kernel: [usize; 2],
    /// Zeros on each side, in rows and columns.
    pub padding: [usize; 2],
}

impl DepthwiseConvolution {
    /// Rows of the output.
    ///
    /// # Panics
    /// Where the kernel is empty or larger than the padded image.
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
        padded - kernel + 1
    }

    fn in_shape(&self) -> [usize; 4] {
        [self.n_images, self.height, self.width, self.channels]
    }

    fn out_shape(&self) -> [usize; 4] {
        [self.n_images, self.out_height(), self.out_width(), self.channels]
    }

    fn weight_shape(&self) -> [usize; 3] {
        [self.kernel[0], self.kernel[1], self.channels]
    }

    /// Overwrite `output`.
    ///
    /// # Panics
    /// Where a slice does not have its shape's length, or the kernel does not fit.
    pub fn forward(&self, input: &[f32], weight: &[f32], bias: Option<&[f32]>, output: &mut [f32]) {
        check_length("input", input.len(), &self.in_shape());
        check_length("weight", weight.len(), &self.weight_shape());
        check_length("output", output.len(), &self.out_shape());
        if let Some(bias) = bias {
            check_length("bias", bias.len(), &[self.channels]);
        }
        let level = Level::active();
        let weight = WideRows::new(weight, self.channels, level.lanes());
        let correlation = Correlation {
            source: [self.height, self.width],
            result: [self.out_height(), self.out_width()],
            channels: self.channels,
            kernel: self.kernel,
            offset: self.padding.map(|padding| padding as isize),
        };
        correlation.write(level, input, &weight, bias, output);
    }

    /// Overwrite `out`, the gradient of the input, from that of the output.
    ///
    /// # Panics
    /// As [`Self::forward`].
    pub fn input_gradient(&self, weight: &[f32], gradient: &[f32], out: &mut [f32]) {
        check_length("weight", weight.len(), &self.weight_shape());
        check_length("gradient", gradient.len(), &self.out_shape());
        check_length("input gradient", out.len(), &self.in_shape());
        let level = Level::active();
        let taps = weight.chunks_exact(self.channels.max(1));
        let reversed: Vec<f32> = taps.rev().flatten().copied().collect();
        let weight = WideRows::new(&reversed, self.channels, level.lanes());
        let offset = |axis: usize| self.kernel[axis] as isize - 1 - self.padding[axis] as isize;
        let correlation = Correlation {
            source: [self.out_height(), self.out_width()],
            result: [self.height, self.width],
            channels: self.channels,
            kernel: self.kernel,
            offset: [offset(0), offset(1)],
        };
        correlation.write(level, gradient, &weight, None, out);
    }

    /// Overwrite `out`, the gradient of the weights, from that of the output.
    ///
    /// # Panics
    /// As [`Self::forward`].
    pub fn weight_gradient(&self, input: &[f32], gradient: &[f32], out: &mut [f32]) {
        check_length("input", input.len(), &self.in_shape());
        check_length("gradient", gradient.len(), &self.out_shape());
        check_length("weight gradient", out.len(), &self.weight_shape());
        let level = Level::active();
        let wide = padded(self.channels, level.lanes());
        let in_image = self.height * self.width * self.channels;
        let out_image = self.out_height() * self.out_width() * self.channels;
        let columns = self.width + 2 * self.padding[1];
        let length = self.kernel[0] * self.kernel[1] * wide;
        let sums = sum_over(self.n_images, length, |sums, image| {
            let input = &input[image * in_image..][..in_image];
            let gradient = &gradient[image * out_image..][..out_image];
            with_scratch(self.height * columns * wide, |scratch| {
                let left = self.padding[1] as isize;
                let shape = [self.width, self.channels];
                copy_columns(input, shape, left, scratch, [columns, wide]);
                self.add_weight_gradient(level, scratch, gradient, sums);
            });
        });
        narrow(&sums, wide, out, self.channels);
    }

    /// Add the part of one image, rows of `input` and channels of `input` and `sums` padded.
    fn add_weight_gradient(&self, level: Level, input: &[f32], gradient: &[f32], sums: &mut [f32]) {
        let wide = padded(self.channels, level.lanes());
        let in_row = (self.width + 2 * self.padding[1]) * wide;
        let gradients = gradient.chunks_exact((self.out_width() * self.channels).max(1));
        for (y, gradient) in gradients.enumerate() {
            let kernel_rows = sums.chunks_exact_mut((self.kernel[1] * wide).max(1));
            for (r, sums) in kernel_rows.enumerate() {
                let Some(row) = (y + r).checked_sub(self.padding[0]) else { continue };
                if row < self.height {
                    let input = &input[row * in_row..][..in_row];
                    level.run(RowWeightGradient::new(input, gradient, sums, [self.channels, wide]));
                }
            }
        }
    }
}

/// Correlation of images with one kernel per channel.
struct Correlation {
    /// Height and width of what is read.
    source: [usize; 2],
    /// Height and width of what is written.
    result: [usize; 2],
    channels: usize,
    kernel: [usize; 2],
    /// Result `y` reads from source `y - offset` on.
    offset: [isize; 2],
}

impl Correlation {
    /// Overwrite `out` `[image, height, width, channel]`.
    fn write(
        &self,
        level: Level,
        source: &[f32],
        weight: &WideRows<'_>,
        bias: Option<&[f32]>,
        out: &mut [f32],
    ) {
        let [height, width] = self.source;
        let columns = self.result[1] + self.kernel[1] - 1;
        let out_image = self.result[0] * self.result[1] * self.channels;
        let images = out.par_chunks_exact_mut(out_image.max(1));
        let source_image = height * width * self.channels;
        images.enumerate().for_each(|(image, out)| {
            let source = &source[image * source_image..][..source_image];
            with_scratch(height * columns * weight.step, |scratch| {
                let wide = [columns, weight.step];
                copy_columns(source, [width, self.channels], self.offset[1], scratch, wide);
                match bias {
                    Some(bias) => fill_rows(out, bias),
                    None => out.fill(0.0),
                }
                self.add_rows(level, scratch, weight, out);
            });
        });
    }

    /// Add the correlation of one image, rows and channels of `source` padded.
    fn add_rows(&self, level: Level, source: &[f32], weight: &WideRows<'_>, out: &mut [f32]) {
        let columns = self.result[1] + self.kernel[1] - 1;
        let [source_row, kernel_row] = [columns * weight.step, self.kernel[1] * weight.step];
        let rows = out.chunks_exact_mut((self.result[1] * self.channels).max(1));
        for (y, out) in rows.enumerate() {
            let meets = |r: usize| {
                let row = (y + r).checked_add_signed(-self.offset[0])?;
                (row < self.source[0]).then_some([row * source_row, r * kernel_row])
            };
            let starts: Vec<[usize; 2]> = (0..self.kernel[0]).filter_map(meets).collect();
            level.run(RowSums::new(
                source,
                &weight.values,
                &starts,
                out,
                [self.kernel[1], self.channels, weight.step],
            ));
        }
    }
}
