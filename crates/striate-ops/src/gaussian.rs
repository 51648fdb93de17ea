//! The Gaussian likelihood of two outputs per neuron.

use rayon::prelude::*;
use striate_kernels::gaussian;

use crate::error::OpError;
use crate::shape::check_shape;
use crate::tape::{Tape, Var};

const NAME: &str = "Gaussian loss";

/// Enough values for a task of their own.
const VALUES_PER_TASK: usize = 1 << 16;

/// Negative log-likelihood of responses with the mean `mean` and the standard deviation
/// `ELU(deviation) + 1 + 1e-3`, summed in `f64`: as a scalar of shape `[]`, and in double precision.
/// Loss and gradients are found together.
///
/// All three have the same shape, any; `responses` get no gradient.
///
/// # Errors
/// [`OpError::Shape`] where the shapes differ.
pub fn gaussian_loss(
    tape: &mut Tape,
    mean: &Var,
    deviation: &Var,
    responses: &Var,
) -> Result<(Var, f64), OpError> {
    check_shape(NAME, "deviation", deviation.shape(), mean.shape())?;
    check_shape(NAME, "responses", responses.shape(), mean.shape())?;
    let n_values = mean.values().len();
    let (mut of_mean, mut of_deviation) = (tape.pool().take(n_values), tape.pool().take(n_values));
    let outputs = [mean.values(), deviation.values()];
    let loss = gaussian::loss(outputs, responses.values(), [&mut of_mean, &mut of_deviation]);
    let result = tape.pool().copy(&[loss as f32]);
    let targets = [mean.target(), deviation.target()];
    let loss_var = tape.record(Vec::new(), result, &[mean, deviation], move |gradient, flow| {
        let factor = gradient[0];
        for (target, mut slopes) in targets.into_iter().zip([of_mean, of_deviation]) {
            let values = slopes.par_iter_mut().with_min_len(VALUES_PER_TASK);
            values.for_each(|slope| *slope *= factor);
            flow.pass(target, slopes);
        }
    });
    Ok((loss_var, loss))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, check};

    #[test]
    fn gradients_agree_with_differences() {
        let case = Case::new()
            .argument(&[2, 3], &[0.3, -0.7, 1.9, -2.2, 0.01, 4.0])
            .argument(&[2, 3], &[-0.4, 0.8, 1.1, -1.7, 0.3, 0.6]);
        let responses = [0.0, 1.0, 2.5, 0.0, 3.0, 0.1];
        check(
            &case,
            |t, v| {
                let responses = t.constant(vec![2, 3], &responses)?;
                Ok(gaussian_loss(t, &v[0], &v[1], &responses)?.0)
            },
            |x| {
                let term = |i: usize| {
                    let (mean, h) = (x[0][i], x[1][i]);
                    let deviation = if h > 0.0 { h + 1.0 } else { h.exp() } + f64::from(1e-3f32);
                    let distance = (f64::from(responses[i]) - mean) / deviation;
                    let constant = 0.5 * (2.0 * std::f64::consts::PI).ln();
                    deviation.ln() + 0.5 * distance * distance + constant
                };
                vec![(0..6).map(term).sum()]
            },
        );
    }

    #[test]
    fn other_shapes_are_refused() {
        let mut tape = Tape::recording(&crate::Pool::new());
        let two = tape.constant(vec![2], &[0.0; 2]).unwrap();
        let three = tape.constant(vec![3], &[0.0; 3]).unwrap();
        assert!(gaussian_loss(&mut tape, &two, &three, &two).is_err());
        assert!(gaussian_loss(&mut tape, &two, &two, &three).is_err());
    }
}
