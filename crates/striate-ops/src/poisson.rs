//! Rates, and their Poisson likelihood.

use striate_kernels::pointwise;

use crate::error::OpError;
use crate::shape::check_shape;
use crate::tape::{Tape, Var};

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

/// Poisson loss `sum(rate - response log(rate + epsilon))`, accumulated in `f64`: as a scalar of
/// shape `[]`, and in double precision.
///
/// `responses` has the shape of `rate`, and gets no gradient. What depends on the responses alone is
/// left out.
///
/// # Errors
/// [`OpError::Shape`] where the shapes differ.
pub fn poisson_loss(
    tape: &mut Tape,
    rate: &Var,
    responses: &Var,
    epsilon: f32,
) -> Result<(Var, f64), OpError> {
    check_shape("poisson loss", "responses", responses.shape(), rate.shape())?;
    let loss = pointwise::poisson_loss(rate.values(), responses.values(), epsilon);
    let result = tape.pool().copy(&[loss as f32]);
    let (target, saved, responses) = (rate.target(), rate.clone(), responses.clone());
    let loss_var = tape.record(Vec::new(), result, &[rate], move |gradient, flow| {
        flow.add(target, |out| {
            let (rate, scale) = (saved.values(), gradient[0]);
            pointwise::poisson_loss_gradient(rate, responses.values(), epsilon, scale, out);
        });
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
        let case = Case::new().argument(&[2, 3], &[0.3, 0.7, 1.9, 2.2, 0.01, 4.0]);
        let responses = [0.0, 1.0, 2.5, 0.0, 3.0, 0.1];
        check(
            &case,
            |t, v| {
                let responses = t.constant(vec![2, 3], &responses)?;
                Ok(poisson_loss(t, &v[0], &responses, 1e-8)?.0)
            },
            |x| {
                let loss = |(r, &y): (&f64, &f32)| r - f64::from(y) * (r + 1e-8).ln();
                vec![x[0].iter().zip(&responses).map(loss).sum()]
            },
        );
    }
}
