//! Element by element, for tensors of neurons and clips (not for whole activations).

use crate::error::OpError;
use crate::tape::{Tape, Var};
use crate::tensor::Tensor;

/// `max(x, 0) + min(exp(x) - 1, 0)`, any shape (Clevert et al. 2016, "Fast and accurate deep network
/// learning by exponential linear units", eq. 15 with alpha = 1).
///
/// ```
/// use striate_ops::{Pool, Tape, elu};
///
/// let mut tape = Tape::forward_only(&Pool::new());
/// let x = tape.constant(vec![2], &[2.0, -1.0])?;
/// assert_eq!(elu(&mut tape, &x).values(), [2.0, (-1.0f32).exp_m1()]);
/// # Ok::<(), striate_ops::OpError>(())
/// ```
pub fn elu(tape: &mut Tape, input: &Var) -> Var {
    // From the result: above 0 the slope is 1, below it is exp(x) = result + 1.
    map(
        tape,
        input,
        |x| if x > 0.0 { x } else { x.exp_m1() },
        |y| if y > 0.0 { 1.0 } else { y + 1.0 },
    )
}

/// Hyperbolic tangent, any shape.
pub fn tanh(tape: &mut Tape, input: &Var) -> Var {
    map(tape, input, f32::tanh, |y| 1.0 - y * y)
}

/// `1 / (1 + exp(-x))`, any shape.
pub fn sigmoid(tape: &mut Tape, input: &Var) -> Var {
    map(tape, input, |x| 1.0 / (1.0 + (-x).exp()), |y| y * (1.0 - y))
}

/// `factor * x`, any shape.
pub fn scale(tape: &mut Tape, input: &Var, factor: f32) -> Var {
    map(tape, input, move |x| factor * x, move |_| factor)
}

/// A function and its derivative as a function of the result.
fn map(
    tape: &mut Tape,
    input: &Var,
    function: impl Fn(f32) -> f32,
    slope: impl Fn(f32) -> f32 + Send + 'static,
) -> Var {
    let mut result = tape.pool().take(input.values().len());
    for (result, &x) in result.iter_mut().zip(input.values()) {
        *result = function(x);
    }
    let value = Tensor::new(input.shape().to_vec(), result).expect("as many values as the input");
    let (target, saved) = (input.target(), value.clone());
    tape.record_tensor(value, &[input], move |mut gradient, flow| {
        for (gradient, &y) in gradient.iter_mut().zip(saved.values()) {
            *gradient *= slope(y);
        }
        flow.pass(target, gradient);
    })
}

/// `a + b`, equal shapes.
///
/// # Errors
/// [`OpError::Shape`] for different shapes.
pub fn add(tape: &mut Tape, a: &Var, b: &Var) -> Result<Var, OpError> {
    if a.shape() != b.shape() {
        return Err(OpError::shape("add", "b", b.shape(), format!("{:?}", a.shape())));
    }
    let mut result = tape.pool().copy(a.values());
    for (result, &b) in result.iter_mut().zip(b.values()) {
        *result += b;
    }
    let (to_a, to_b) = (a.target(), b.target());
    Ok(tape.record(a.shape().to_vec(), result, &[a, b], move |gradient, flow| {
        flow.add(to_b, |out| out.copy_from_slice(&gradient));
        flow.pass(to_a, gradient);
    }))
}

/// Sum of all elements, accumulated in `f64`, as a scalar of shape `[]`.
pub fn sum(tape: &mut Tape, input: &Var) -> Var {
    let total: f64 = input.values().iter().map(|&x| f64::from(x)).sum();
    let result = tape.pool().copy(&[total as f32]);
    let target = input.target();
    tape.record(Vec::new(), result, &[input], move |gradient, flow| {
        flow.add(target, |out| out.fill(gradient[0]));
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, check};

    #[test]
    fn gradients_agree_with_differences() {
        let numbers = [0.3, -0.7, 1.9, -2.2, 0.01, 4.0];
        let case = || Case::new().argument(&[2, 3], &numbers);
        check(
            &case(),
            |t, v| Ok(elu(t, &v[0])),
            |x| x[0].iter().map(|&x| if x > 0.0 { x } else { x.exp_m1() }).collect(),
        );
        check(&case(), |t, v| Ok(tanh(t, &v[0])), |x| x[0].iter().map(|x| x.tanh()).collect());
        check(
            &case(),
            |t, v| Ok(sigmoid(t, &v[0])),
            |x| x[0].iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect(),
        );
        check(
            &case(),
            |t, v| Ok(scale(t, &v[0], -2.5)),
            |x| x[0].iter().map(|x| -2.5 * x).collect(),
        );
        check(&case(), |t, v| Ok(sum(t, &v[0])), |x| vec![x[0].iter().sum()]);
        let two = case().argument(&[2, 3], &[1.0, 2.0, -3.0, 0.5, 0.25, 0.0]);
        check(
            &two,
            |t, v| add(t, &v[0], &v[1]),
            |x| x[0].iter().zip(&x[1]).map(|(a, b)| a + b).collect(),
        );
        let same = case();
        check(&same, |t, v| add(t, &v[0], &v[0]), |x| x[0].iter().map(|a| 2.0 * a).collect());
    }
}
