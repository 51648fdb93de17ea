//! A fully connected layer for small networks.

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
    let (&[rows, ins], &[weight_ins, outs]) = (input.shape(), weight.shape()) else {
        return Err(OpError::shape(NAME, "input", input.shape(), "[row, in], weight [in, out]"));
    };
    check_shape(NAME, "weight", &[weight_ins], &[ins])?;
    check_shape(NAME, "bias", bias.shape(), &[outs])?;
    let mut output = tape.pool().take(rows * outs);
    for (out, x) in rows_of(&mut output, outs).zip(input.values().chunks_exact(ins.max(1))) {
        out.copy_from_slice(bias.values());
        for (&x, weights) in x.iter().zip(weight.values().chunks_exact(outs.max(1))) {
            add_scaled(out, x, weights);
        }
    }
    let (to_input, to_weight, to_bias) = (input.target(), weight.target(), bias.target());
    let (x, w) = (input.clone(), weight.clone());
    Ok(tape.record(vec![rows, outs], output, &[input, weight, bias], move |gradient, flow| {
        flow.add(to_bias, |out| channel_sums(&gradient, out));
        flow.add(to_weight, |out| weight_gradient(x.values(), &gradient, [ins, outs], out));
        flow.add(to_input, |out| input_gradient(w.values(), &gradient, [ins, outs], out));
    }))
}

fn weight_gradient(x: &[f32], gradient: &[f32], [ins, outs]: [usize; 2], out: &mut [f32]) {
    // Double precision: rows are neurons or frames, of which there may be many.
    let mut sums = vec![0.0f64; ins * outs];
    for (x, gradient) in x.chunks_exact(ins.max(1)).zip(gradient.chunks_exact(outs.max(1))) {
        for (&x, sums) in x.iter().zip(sums.chunks_exact_mut(outs.max(1))) {
            for (sum, &g) in sums.iter_mut().zip(gradient) {
                *sum += f64::from(x) * f64::from(g);
            }
        }
    }
    for (out, sum) in out.iter_mut().zip(sums) {
        *out = sum as f32;
    }
}

fn input_gradient(weight: &[f32], gradient: &[f32], [ins, outs]: [usize; 2], out: &mut [f32]) {
    for (out, gradient) in rows_of(out, ins).zip(gradient.chunks_exact(outs.max(1))) {
        for (out, weights) in out.iter_mut().zip(weight.chunks_exact(outs.max(1))) {
            *out = weights.iter().zip(gradient).map(|(w, g)| w * g).sum();
        }
    }
}

fn rows_of(values: &mut [f32], length: usize) -> std::slice::ChunksExactMut<'_, f32> {
    values.chunks_exact_mut(length.max(1))
}

fn add_scaled(out: &mut [f32], factor: f32, values: &[f32]) {
    for (out, &value) in out.iter_mut().zip(values) {
        *out += factor * value;
    }
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
}
