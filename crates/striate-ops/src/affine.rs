//! A fully connected layer.

use striate_kernels::Affine;

use crate::channel_sums::channel_sums;
use crate::error::OpError;
use crate::shape::check_shape;
use crate::tape::{Tape, Var};

const NAME: &str = "affine layer";

/// `input weight + bias`.
///
/// # Shapes
/// `input` `[row, in]`, `weight` `[in, out]`, `bias` `[out]`; result `[row, out]`.
///
/// # Errors
/// [`OpError::Shape`] for shapes that do not fit together.
pub fn affine(tape: &mut Tape, input: &Var, weight: &Var, bias: &Var) -> Result<Var, OpError> {
    let (&[n_rows, in_channels], &[weight_channels, out_channels]) =
        (input.shape(), weight.shape())
    else {
        return Err(OpError::shape(NAME, "input", input.shape(), "[row, in], weight [in, out]"));
    };
    check_shape(NAME, "weight", &[weight_channels], &[in_channels])?;
    check_shape(NAME, "bias", bias.shape(), &[out_channels])?;
    let layer = Affine { n_rows, in_channels, out_channels };
    let mut output = tape.pool().take(n_rows * out_channels);
    layer.forward(input.values(), weight.values(), bias.values(), &mut output);
    let targets = [input, weight, bias].map(Var::target);
    let (x, w) = (input.clone(), weight.clone());
    let shape = vec![n_rows, out_channels];
    Ok(tape.record(shape, output, &[input, weight, bias], move |gradient, flow| {
        flow.add(targets[2], |out| channel_sums(&gradient, out));
        flow.add(targets[1], |out| layer.weight_gradient(x.values(), &gradient, out));
        flow.add(targets[0], |out| layer.input_gradient(w.values(), &gradient, out));
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, check};

    #[test]
    fn gradients_agree_with_differences() {
        let case = Case::new().random(&[5, 2], 1).random(&[2, 3], 2).random(&[3], 3);
        check(
            &case,
            |t, v| affine(t, &v[0], &v[1], &v[2]),
            |x| {
                let value = |index: usize| {
                    let (row, o) = (index / 3, index % 3);
                    x[2][o] + (0..2).map(|i| x[0][row * 2 + i] * x[1][i * 3 + o]).sum::<f64>()
                };
                (0..15).map(value).collect()
            },
        );
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        let mut tape = Tape::forward_only(&crate::Pool::new());
        let mut zeros = |shape: &[usize]| {
            tape.constant(shape.to_vec(), &vec![0.0; shape.iter().product()]).unwrap()
        };
        let (input, weight, bias) = (zeros(&[2, 3]), zeros(&[3, 4]), zeros(&[4]));
        let (short, deep) = (zeros(&[3]), zeros(&[1, 2, 3]));
        assert!(affine(&mut tape, &input, &weight, &bias).is_ok());
        assert!(affine(&mut tape, &input, &weight, &short).is_err());
        assert!(affine(&mut tape, &input, &input, &bias).is_err());
        assert!(affine(&mut tape, &deep, &weight, &bias).is_err());
    }
}
