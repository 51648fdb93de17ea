//! Convolution over space, of each image on its own.

use striate_kernels::{Bf16, SpatialConvolution};

use crate::convolution::{Arguments, convolve};
use crate::error::OpError;
use crate::precision::Precision;
use crate::shape::{check_kernel, check_shape, images};
use crate::tape::{Tape, Var};

const NAME: &str = "spatial convolution";

/// Padding with zeros and stride of a spatial convolution, in rows and columns, and its precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvolutionOptions {
    /// Zeros on each side.
    pub padding: [usize; 2],
    /// Pixels from one output to the next.
    pub stride: [usize; 2],
    /// Of the output and the gradient of the weights; the gradient of the input is computed in `f32`.
    pub precision: Precision,
}

impl Default for ConvolutionOptions {
    fn default() -> Self {
        Self { padding: [0; 2], stride: [1; 2], precision: Precision::F32 }
    }
}

/// Convolution (cross-correlation) over height and width.
///
/// # Shapes
/// `input` `[.., height, width, in]`, `weight` `[row, column, in, out]`, `bias` `[out]`; result
/// `[.., height', width', out]` with `height' = (height + 2 padding - rows) / stride + 1`.
///
/// # Errors
/// [`OpError`] for shapes that do not fit together.
pub fn spatial_convolution(
    tape: &mut Tape,
    input: &Var,
    weight: &Var,
    bias: Option<&Var>,
    options: ConvolutionOptions,
) -> Result<Var, OpError> {
    let geometry = geometry(input, weight, options)?;
    let mut shape = input.shape().to_vec();
    let axes = shape.len();
    shape[axes - 3] = geometry.out_height();
    shape[axes - 2] = geometry.out_width();
    shape[axes - 1] = geometry.out_channels;
    let arguments = Arguments { input, weight, bias };
    match options.precision {
        Precision::F32 => convolve(tape, NAME, geometry, arguments, shape),
        Precision::Bf16 => convolve(tape, NAME, Bf16(geometry), arguments, shape),
    }
}

fn geometry(
    input: &Var,
    weight: &Var,
    options: ConvolutionOptions,
) -> Result<SpatialConvolution, OpError> {
    let (n_images, [height, width, in_channels]) = images(NAME, input.shape())?;
    let &[rows, columns, weight_channels, out_channels] = weight.shape() else {
        return Err(OpError::shape(NAME, "weight", weight.shape(), "[row, column, in, out]"));
    };
    check_shape(NAME, "weight", &[weight_channels], &[in_channels])?;
    check_kernel(NAME, rows, height + 2 * options.padding[0])?;
    check_kernel(NAME, columns, width + 2 * options.padding[1])?;
    if options.stride.contains(&0) {
        return Err(OpError::shape(NAME, "stride", &options.stride, "at least 1"));
    }
    Ok(SpatialConvolution {
        n_images,
        height,
        width,
        in_channels,
        out_channels,
        kernel: [rows, columns],
        padding: options.padding,
        stride: options.stride,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, check};

    /// `[2, height, width, in]` with `[rows, columns, in, out]` by definition.
    fn naive(
        x: &[Vec<f64>],
        [height, width, ins, outs]: [usize; 4],
        kernel: usize,
        options: ConvolutionOptions,
    ) -> Vec<f64> {
        let size = |n: usize, axis: usize| {
            (n + 2 * options.padding[axis] - kernel) / options.stride[axis] + 1
        };
        let mut result = Vec::new();
        for index in 0..2 * size(height, 0) * size(width, 1) * outs {
            let (o, place) = (index % outs, index / outs);
            let (column, place) = (place % size(width, 1), place / size(width, 1));
            let (row, image) = (place % size(height, 0), place / size(height, 0));
            let mut sum = x.get(2).map_or(0.0, |bias| bias[o]);
            for tap in 0..kernel * kernel * ins {
                let (i, at) = (tap % ins, tap / ins);
                let y = (row * options.stride[0] + at / kernel).wrapping_sub(options.padding[0]);
                let z = (column * options.stride[1] + at % kernel).wrapping_sub(options.padding[1]);
                if y < height && z < width {
                    sum +=
                        x[0][((image * height + y) * width + z) * ins + i] * x[1][tap * outs + o];
                }
            }
            result.push(sum);
        }
        result
    }

    #[test]
    fn gradients_agree_with_differences() {
        for (padding, stride) in [([0; 2], [1; 2]), ([1; 2], [1; 2]), ([1; 2], [2; 2])] {
            let options = ConvolutionOptions { padding, stride, precision: Precision::F32 };
            let case =
                Case::new().random(&[2, 5, 6, 2], 1).random(&[3, 3, 2, 3], 2).random(&[3], 3);
            check(
                &case,
                |t, v| spatial_convolution(t, &v[0], &v[1], Some(&v[2]), options),
                |x| naive(x, [5, 6, 2, 3], 3, options),
            );
        }
        let case = Case::new().random(&[2, 4, 4, 1], 1).random(&[3, 3, 1, 2], 2);
        let options = ConvolutionOptions::default();
        check(
            &case,
            |t, v| spatial_convolution(t, &v[0], &v[1], None, options),
            |x| naive(x, [4, 4, 1, 2], 3, options),
        );
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        let mut tape = Tape::forward_only(&crate::Pool::new());
        let input = tape.constant(vec![1, 4, 4, 2], &[0.0; 32]).unwrap();
        let weight = tape.constant(vec![3, 3, 1, 2], &[0.0; 18]).unwrap();
        let options = ConvolutionOptions::default();
        let error = spatial_convolution(&mut tape, &input, &weight, None, options).unwrap_err();
        assert!(error.to_string().contains("expected [2]"), "{error}");
        let large = tape.constant(vec![5, 5, 2, 1], &[0.0; 50]).unwrap();
        let error = spatial_convolution(&mut tape, &input, &large, None, options).unwrap_err();
        assert!(matches!(error, OpError::KernelTooLarge { kernel: 5, input: 4, .. }), "{error}");
    }
}
