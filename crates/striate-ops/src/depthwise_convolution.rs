//! Convolution over space, of each channel of each image on its own.

use striate_kernels::DepthwiseConvolution;

use crate::convolution::{Arguments, convolve};
use crate::error::OpError;
use crate::shape::{check_kernel, check_shape, images};
use crate::tape::{Tape, Var};

const NAME: &str = "depthwise convolution";

/// Convolution (cross-correlation) over height and width with one kernel per channel, stride 1,
/// `padding` zeros on each side in rows and columns.
///
/// # Shapes
/// `input` `[.., height, width, channel]`, `weight` `[row, column, channel]`, `bias` `[channel]`;
/// result `[.., height', width', channel]` with `height' = height + 2 padding - rows + 1`.
///
/// # Errors
/// [`OpError`] for shapes that do not fit together.
pub fn depthwise_convolution(
    tape: &mut Tape,
    input: &Var,
    weight: &Var,
    bias: Option<&Var>,
    padding: [usize; 2],
) -> Result<Var, OpError> {
    let geometry = geometry(input, weight, padding)?;
    let mut shape = input.shape().to_vec();
    let axes = shape.len();
    shape[axes - 3] = geometry.out_height();
    shape[axes - 2] = geometry.out_width();
    let arguments = Arguments { input, weight, bias };
    convolve(tape, NAME, geometry, arguments, shape)
}

fn geometry(
    input: &Var,
    weight: &Var,
    padding: [usize; 2],
) -> Result<DepthwiseConvolution, OpError> {
    let (n_images, [height, width, channels]) = images(NAME, input.shape())?;
    let &[rows, columns, weight_channels] = weight.shape() else {
        return Err(OpError::shape(NAME, "weight", weight.shape(), "[row, column, channel]"));
    };
    check_shape(NAME, "weight", &[weight_channels], &[channels])?;
    check_kernel(NAME, rows, height + 2 * padding[0])?;
    check_kernel(NAME, columns, width + 2 * padding[1])?;
    Ok(DepthwiseConvolution { n_images, height, width, channels, kernel: [rows, columns], padding })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, check};

    /// `[2, 4, 5, 3]` with `[3, 3, 3]`, by definition.
    fn naive(x: &[Vec<f64>], padding: usize) -> Vec<f64> {
        let (height, width) = (4 + 2 * padding - 2, 5 + 2 * padding - 2);
        let value = |index: usize| {
            let (c, place) = (index % 3, index / 3);
            let (column, row, image) =
                (place % width, place / width % height, place / width / height);
            let taps = (0..9).filter_map(|tap| {
                let y = (row + tap / 3).wrapping_sub(padding);
                let z = (column + tap % 3).wrapping_sub(padding);
                let inside = y < 4 && z < 5;
                inside.then(|| x[0][((image * 4 + y) * 5 + z) * 3 + c] * x[1][tap * 3 + c])
            });
            x[2][c] + taps.sum::<f64>()
        };
        (0..2 * height * width * 3).map(value).collect()
    }

    #[test]
    fn gradients_agree_with_differences() {
        for padding in [0, 1] {
            let case = Case::new().random(&[2, 4, 5, 3], 1).random(&[3, 3, 3], 2).random(&[3], 3);
            check(
                &case,
                |t, v| depthwise_convolution(t, &v[0], &v[1], Some(&v[2]), [padding; 2]),
                |x| naive(x, padding),
            );
        }
    }
}
