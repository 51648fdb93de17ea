//! Convolution over frames, of each pixel on its own.

use striate_kernels::TemporalConvolution;

use crate::convolution::{Arguments, convolve};
use crate::error::OpError;
use crate::shape::{check_kernel, check_shape};
use crate::tape::{Tape, Var};

const NAME: &str = "temporal convolution";

/// Convolution (cross-correlation) over frames without padding.
///
/// # Shapes
/// `input` `[clip, frame, height, width, in]`, `weight` `[tap, in, out]`, `bias` `[out]`; result
/// `[clip, frame - taps + 1, height, width, out]`.
///
/// # Errors
/// [`OpError`] for shapes that do not fit together.
pub fn temporal_convolution(
    tape: &mut Tape,
    input: &Var,
    weight: &Var,
    bias: Option<&Var>,
) -> Result<Var, OpError> {
    let geometry = geometry(input, weight)?;
    let mut shape = input.shape().to_vec();
    shape[1] = geometry.n_frames + 1 - geometry.kernel;
    shape[4] = geometry.out_channels;
    let arguments = Arguments { input, weight, bias };
    convolve(tape, NAME, geometry, arguments, shape)
}

fn geometry(input: &Var, weight: &Var) -> Result<TemporalConvolution, OpError> {
    let &[n_clips, n_frames, height, width, in_channels] = input.shape() else {
        let expected = "[clip, frame, height, width, channel]";
        return Err(OpError::shape(NAME, "input", input.shape(), expected));
    };
    let &[kernel, weight_channels, out_channels] = weight.shape() else {
        return Err(OpError::shape(NAME, "weight", weight.shape(), "[tap, in, out]"));
    };
    check_shape(NAME, "weight", &[weight_channels], &[in_channels])?;
    check_kernel(NAME, kernel, n_frames)?;
    let n_pixels = height * width;
    Ok(TemporalConvolution { n_clips, n_frames, n_pixels, in_channels, out_channels, kernel })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, check};

    #[test]
    fn gradients_agree_with_differences() {
        let case = Case::new().random(&[2, 6, 1, 3, 2], 1).random(&[3, 2, 3], 2).random(&[3], 3);
        // [clip, frame, pixel, channel] by definition.
        let naive = |x: &[Vec<f64>]| {
            let value = |index: usize| {
                let (o, place) = (index % 3, index / 3);
                let (pixel, frame, clip) = (place % 3, place / 3 % 4, place / 12);
                let tap = |tap: usize| {
                    let (t, i) = (tap / 2, tap % 2);
                    x[0][((clip * 6 + frame + t) * 3 + pixel) * 2 + i] * x[1][tap * 3 + o]
                };
                x[2][o] + (0..6).map(tap).sum::<f64>()
            };
            (0..2 * 4 * 3 * 3).map(value).collect()
        };
        check(&case, |t, v| temporal_convolution(t, &v[0], &v[1], Some(&v[2])), naive);
    }
}
