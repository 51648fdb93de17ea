//! Rates, and their Poisson likelihood.

use rayon::prelude::*;
use striate_kernels::pointwise;

use crate::error::OpError;
use crate::shape::check_shape;
use crate::tape::{Tape, Var};

/// Enough values for a task of their own.
const VALUES_PER_TASK: usize = 1 << 16;

/// `ELU(x) + 1`, above 0 for every `x`; any shape.
pub fn elu_plus_one(tape: &mut Tape, input: &Var) -> Var {
    let mut rate = tape.pool().take(input.values().len());
    pointwise::elu_plus_one(input.values(), &mut rate);
    let (target, saved) = (input.target(), input.clone());
    tape.record(input.shape().to_vec(), rate, &[input], move |mut gradient, flow| {
        pointwise::elu_plus_one_backward(saved.values(), &mut gradient);
        flow.pass(target, gradient);
    })
}

/// Poisson loss `sum(rate - response log(rate + epsilon))` of the rates [`elu_plus_one`] of what was
/// read, accumulated in `f64`: as a scalar of shape `[]`, and in double precision. Loss and gradient
/// are found together; the rates are not kept.
///
/// `responses` has the shape of `read`, and gets no gradient. What depends on the responses alone is
/// left out.
///
/// # Errors
/// [`OpError::Shape`] where the shapes differ.
pub fn poisson_loss(
    tape: &mut Tape,
    read: &Var,
    responses: &Var,
    epsilon: f32,
) -> Result<(Var, f64), OpError> {
    check_shape("poisson loss", "responses", responses.shape(), read.shape())?;
    let mut slopes = tape.pool().take(read.values().len());
    let loss = pointwise::poisson_loss(read.values(), responses.values(), epsilon, &mut slopes);
    let (result, target) = (tape.pool().copy(&[loss as f32]), read.target());
    let loss_var = tape.record(Vec::new(), result, &[read], move |gradient, flow| {
        let scale = gradient[0];
        slopes.par_iter_mut().with_min_len(VALUES_PER_TASK).for_each(|slope| *slope *= scale);
        flow.pass(target, slopes);
    });
    Ok((loss_var, loss))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, check};

    #[test]
    fn gradients_agree_with_differences() {
        let case = Case::new().argument(&[2, 3], &[0.3, -0.7, 1.9, -2.2, 0.01, 4.0]);
        let rate = |x: f64| if x > 0.0 { x + 1.0 } else { x.exp() };
        check(
            &case,
            |t, v| Ok(elu_plus_one(t, &v[0])),
            |x| x[0].iter().map(|&x| rate(x)).collect(),
        );
        let responses = [0.0, 1.0, 2.5, 0.0, 3.0, 0.1];
        check(
            &case,
            |t, v| {
                let responses = t.constant(vec![2, 3], &responses)?;
                Ok(poisson_loss(t, &v[0], &responses, 1e-8)?.0)
            },
            |x| {
                let loss = |(r, &y): (f64, &f32)| r - f64::from(y) * (r + 1e-8).ln();
                let rates = x[0].iter().map(|&x| rate(x));
                vec![rates.zip(&responses).map(loss).sum()]
            },
        );
    }
}
