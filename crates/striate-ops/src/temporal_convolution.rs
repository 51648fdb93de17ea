//! Convolution over frames, of each pixel on its own.

use striate_kernels::{Bf16, TemporalConvolution};

use crate::convolution::{Arguments, convolve};
use crate::error::OpError;
use crate::precision::Precision;
use crate::shape::{check_kernel, check_shape};
use crate::tape::{Tape, Var};

const NAME: &str = "temporal convolution";

/// Convolution (cross-correlation) over frames without padding; `precision` is that of the output and
/// of the gradients.
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
    precision: Precision,
) -> Result<Var, OpError> {
    let geometry = geometry(input, weight)?;
    let mut shape = input.shape().to_vec();
    shape[1] = geometry.n_frames + 1 - geometry.kernel;
    shape[4] = geometry.out_channels;
    let arguments = Arguments { input, weight, bias };
    match precision {
        Precision::F32 => convolve(tape, NAME, geometry, arguments, shape),
        Precision::Bf16 => convolve(tape, NAME, Bf16(geometry), arguments, shape),
    }
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
    use striate_base::Streams;

    use super::*;
    use crate::pool::Pool;
    use crate::tape::Seed;
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
        let f32 = Precision::F32;
        check(&case, |t, v| temporal_convolution(t, &v[0], &v[1], Some(&v[2]), f32), naive);
    }

    /// Output and gradients, one after the other.
    fn results(precision: Precision) -> [Vec<f32>; 3] {
        let numbers = |length: usize, seed: u64| {
            let mut values = vec![0.0; length];
            Streams::new(seed).stream("argument").fill_normal(&mut values);
            values
        };
        let mut tape = Tape::recording(&Pool::new());
        let input = tape.leaf(vec![1, 16, 1, 2, 32], &numbers(16 * 2 * 32, 1)).unwrap();
        let weight = tape.leaf(vec![5, 32, 32], &numbers(5 * 32 * 32, 2)).unwrap();
        let output = temporal_convolution(&mut tape, &input, &weight, None, precision).unwrap();
        let values = output.values().to_vec();
        let weights = numbers(values.len(), 3);
        let seed = Seed::weighted(&tape, &output, &weights).unwrap();
        let mut gradients = tape.backward(vec![seed]);
        [
            values,
            gradients.take(&input).unwrap().to_vec(),
            gradients.take(&weight).unwrap().to_vec(),
        ]
    }

    #[test]
    fn bf16_rounds_the_output_and_both_gradients() {
        let square = |x: f32| f64::from(x).powi(2);
        for (exact, found) in results(Precision::F32).iter().zip(&results(Precision::Bf16)) {
            let difference: f64 = exact.iter().zip(found).map(|(e, f)| square(e - f)).sum();
            let error = (difference / exact.iter().map(|&e| square(e)).sum::<f64>()).sqrt();
            // Rounding costs 1 %, a missing or wrong term of 160 at least 8 %.
            assert!((1e-4..0.03).contains(&error), "{error}");
        }
    }
}
