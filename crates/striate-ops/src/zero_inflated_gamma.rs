//! The zero-inflated gamma likelihood of two outputs per neuron, and its mean.

use rayon::prelude::*;
use striate_kernels::zero_inflated_gamma::{self as kernel, Convention, HeadGradients};

use crate::error::OpError;
use crate::shape::check_shape;
use crate::tape::{Tape, Var};

const NAME: &str = "zero-inflated gamma";

/// Enough values for a task of their own.
const VALUES_PER_TASK: usize = 1 << 16;

/// Distributions of one session's neurons: see [`kernel::ZeroInflatedGamma`].
#[derive(Debug, Clone)]
pub struct ZeroInflatedGamma {
    /// Shape of each neuron's gamma distribution, `[neuron]`; gets no gradient.
    pub shape: Var,
    /// `lgamma` of these shapes, `[neuron]`.
    pub log_gamma: Var,
    /// End of the spike and start of the gamma distribution.
    pub rho: f32,
}

/// What the readout gives: variables of equal shape `[.., neuron]`.
#[derive(Debug, Clone)]
pub struct ZeroInflatedHeads {
    /// From it the probability of an active frame.
    pub q: Var,
    /// From it the scale.
    pub theta: Var,
}

impl ZeroInflatedHeads {
    fn values(&self) -> kernel::Heads<'_> {
        kernel::Heads { q: self.q.values(), theta: self.theta.values() }
    }
}

impl ZeroInflatedGamma {
    /// Negative log-likelihood of the responses, summed in `f64`: as a scalar of shape `[]`, and in
    /// double precision. Loss and gradients are found together. `responses` get no gradient.
    ///
    /// # Errors
    /// [`OpError::Shape`] where shapes differ, or end in another number of neurons.
    pub fn loss(
        &self,
        tape: &mut Tape,
        convention: Convention,
        heads: &ZeroInflatedHeads,
        responses: &Var,
    ) -> Result<(Var, f64), OpError> {
        self.check(heads)?;
        check_shape(NAME, "responses", responses.shape(), heads.q.shape())?;
        let n_values = responses.values().len();
        let mut of_q = tape.pool().take(n_values);
        let mut of_theta = tape.pool().take(n_values);
        let gradients = HeadGradients { q: &mut of_q, theta: &mut of_theta };
        let values = heads.values();
        let loss = self.kernel().loss(convention, values, responses.values(), gradients);
        let result = tape.pool().copy(&[loss as f32]);
        let targets = [heads.q.target(), heads.theta.target()];
        let arguments = [&heads.q, &heads.theta];
        let loss_var = tape.record(Vec::new(), result, &arguments, move |gradient, flow| {
            let factor = gradient[0];
            for (target, mut slopes) in targets.into_iter().zip([of_q, of_theta]) {
                let values = slopes.par_iter_mut().with_min_len(VALUES_PER_TASK);
                values.for_each(|slope| *slope *= factor);
                flow.pass(target, slopes);
            }
        });
        Ok((loss_var, loss))
    }

    /// Mean response, in the shape of the heads.
    ///
    /// # Errors
    /// As [`Self::loss`].
    pub fn mean(&self, tape: &mut Tape, heads: &ZeroInflatedHeads) -> Result<Var, OpError> {
        self.check(heads)?;
        let mut mean = tape.pool().take(heads.q.values().len());
        self.kernel().mean(heads.values(), &mut mean);
        let (law, saved) = (self.clone(), heads.clone());
        let shape = heads.q.shape().to_vec();
        Ok(tape.record(shape, mean, &[&heads.q, &heads.theta], move |gradient, flow| {
            let n_values = gradient.len();
            let (mut of_q, mut of_theta) = (flow.take(n_values), flow.take(n_values));
            let gradients = HeadGradients { q: &mut of_q, theta: &mut of_theta };
            law.kernel().mean_backward(saved.values(), &gradient, gradients);
            flow.pass(saved.q.target(), of_q);
            flow.pass(saved.theta.target(), of_theta);
        }))
    }

    pub(crate) fn kernel(&self) -> kernel::ZeroInflatedGamma<'_> {
        kernel::ZeroInflatedGamma {
            shape: self.shape.values(),
            log_gamma: self.log_gamma.values(),
            rho: self.rho,
        }
    }

    fn check(&self, heads: &ZeroInflatedHeads) -> Result<(), OpError> {
        check_shape(NAME, "theta", heads.theta.shape(), heads.q.shape())?;
        check_shape(NAME, "lgamma", self.log_gamma.shape(), self.shape.shape())?;
        match heads.q.shape() {
            [.., n_neurons] if self.shape.shape() == [*n_neurons] => Ok(()),
            _ => {
                let expected = format!("[.., neuron] of {:?} neurons", self.shape.shape());
                Err(OpError::shape(NAME, "q", heads.q.shape(), expected))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, check};

    const SHAPES: [f64; 3] = [0.5, 0.9, 2.0];
    const LOG_GAMMA: [f64; 3] = [0.572_364_942_924_7, 0.066_376_239_734_743, 0.0];
    const RESPONSES: [f32; 6] = [0.0, 1.25, 2.5, 0.5, 0.0, 0.125];
    // A number that f32 has.
    const RHO: f64 = 0.0625;

    fn law(tape: &mut Tape) -> ZeroInflatedGamma {
        let mut constant =
            |values: [f64; 3]| tape.constant(vec![3], &values.map(|value| value as f32)).unwrap();
        let (shape, log_gamma) = (constant(SHAPES), constant(LOG_GAMMA));
        ZeroInflatedGamma { shape, log_gamma, rho: RHO as f32 }
    }

    fn heads(vars: &[Var]) -> ZeroInflatedHeads {
        ZeroInflatedHeads { q: vars[0].clone(), theta: vars[1].clone() }
    }

    fn parameters(x: &[Vec<f64>], i: usize) -> [f64; 3] {
        let (a, h) = (x[0][i], x[1][i]);
        let theta = if h > 0.0 { h + 1.0 } else { h.exp() } + 1e-6;
        [0.99999 / (1.0 + (-a).exp()) + 1e-6, theta, SHAPES[i % 3]]
    }

    #[test]
    fn gradients_agree_with_differences() {
        let case = Case::new()
            .argument(&[2, 3], &[0.3, -0.7, 1.9, -2.2, 0.01, 4.0])
            .argument(&[2, 3], &[-0.4, 0.8, 1.1, -1.7, 0.3, 0.6]);
        check(
            &case,
            |t, v| {
                let responses = t.constant(vec![2, 3], &RESPONSES)?;
                let law = law(t);
                Ok(law.loss(t, Convention::Released, &heads(v), &responses)?.0)
            },
            |x| {
                let term = |i: usize| {
                    let [q, theta, k] = parameters(x, i);
                    let (x, normaliser) =
                        (f64::from(RESPONSES[i]) - RHO, k * theta.ln() + LOG_GAMMA[i % 3]);
                    if x > 0.0 {
                        normaliser + x / theta - q.ln() - (k - 1.0) * x.ln()
                    } else {
                        normaliser - (1.0 - q).ln()
                    }
                };
                vec![(0..6).map(term).sum()]
            },
        );
        check(
            &case,
            |t, v| law(t).mean(t, &heads(v)),
            |x| {
                let mean = |i: usize| {
                    let [q, theta, k] = parameters(x, i);
                    (1.0 - q) * RHO / 2.0 + q * (k * theta + RHO)
                };
                (0..6).map(mean).collect()
            },
        );
    }

    #[test]
    fn other_shapes_are_refused() {
        let mut tape = Tape::recording(&crate::Pool::new());
        let law = law(&mut tape);
        let of = |tape: &mut Tape, n: usize| tape.constant(vec![2, n], &vec![0.0; 2 * n]).unwrap();
        let (two, three) = (of(&mut tape, 2), of(&mut tape, 3));
        let uneven = ZeroInflatedHeads { q: three.clone(), theta: two.clone() };
        assert!(law.mean(&mut tape, &uneven).is_err());
        let others = ZeroInflatedHeads { q: two.clone(), theta: two.clone() };
        assert!(law.mean(&mut tape, &others).is_err());
        let right = ZeroInflatedHeads { q: three.clone(), theta: three };
        assert!(law.loss(&mut tape, Convention::Density, &right, &two).is_err());
    }
}
