//! How far a Gaussian posterior of a latent state is from its prior.

mod frame;
#[cfg(test)]
mod tests;

use crate::error::OpError;
use crate::pool::Buffer;
use crate::shape::check_shape;
use crate::tape::{Tape, Target, Var};
use frame::Frame;

const NAME: &str = "Gaussian KL divergence";

/// What a latent state is expected to be before anything is seen; each dimension on its own.
#[derive(Debug, Clone)]
pub enum LatentPrior {
    /// Standard normal in every frame.
    Independent,
    /// The stationary autoregressive process of unit variance: `z_1 ~ N(0, 1)` and
    /// `z_t ~ N(a z_{t-1}, 1 - a^2)`.
    Autoregressive {
        /// `a` of each dimension `[dim]`, between -1 and 1; beyond, the divergence is NaN or infinite.
        coefficient: Var,
    },
}

/// Which distribution the expectation is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KlDirection {
    /// `KL(posterior || prior)`, that of the evidence lower bound.
    Proper,
    /// `KL(prior || posterior)`.
    Reversed,
}

/// Kullback-Leibler divergence between the posterior `q = product over t of N(mean_t, scale^2)` and
/// the prior `p`, summed over clips, frames and dimensions in `f64`: as a scalar of shape `[]`, and in
/// double precision.
///
/// For one dimension of a clip, with `v = 1 - a^2`, each frame adds (the first one, and all where the
/// prior is independent, with `a = 0`)
///
/// ```text
/// KL(q || p): ((mean_t - a mean_{t-1})^2 + scale^2 (1 + a^2)) / (2 v) + log(v) / 2 - 1/2 - log|scale|
/// KL(p || q): (1 + mean_t^2) / (2 scale^2) - log(v) / 2 - 1/2 + log|scale|
/// ```
///
/// For the first, frames of `q` are independent, so that the variance of `z_t - a z_{t-1}` is
/// `scale^2 (1 + a^2)`; for the second, every frame of `p` on its own is standard normal, and the
/// entropy of `p` is a sum over frames of that of `N(0, v)`. (Independent prior: Kingma & Welling
/// 2014, "Auto-encoding variational Bayes", arXiv 1312.6114, appendix B.)
///
/// # Shapes
/// `mean` `[clip, frame, dim]`, `scale` and the prior's coefficient `[dim]`. The sign of `scale` does
/// not matter; where it is 0 the divergence is infinite.
///
/// # Errors
/// [`OpError::Shape`] for shapes that do not fit together.
pub fn gaussian_kl(
    tape: &mut Tape,
    mean: &Var,
    scale: &Var,
    prior: &LatentPrior,
    direction: KlDirection,
) -> Result<(Var, f64), OpError> {
    let problem = Problem::new(mean, scale, prior, direction)?;
    let mut of_mean = tape.pool().take(mean.values().len());
    let [divergence, of_scale, of_coefficient] = problem.compute(&mut of_mean);
    let total: f64 = divergence.iter().sum();
    let result = tape.pool().copy(&[total as f32]);
    let (to_mean, to_scale) = (mean.target(), scale.target());
    let mut arguments = vec![mean, scale];
    let mut to_coefficient = Target::default();
    if let LatentPrior::Autoregressive { coefficient } = prior {
        arguments.push(coefficient);
        to_coefficient = coefficient.target();
    }
    let var = tape.record(Vec::new(), result, &arguments, move |gradient, flow| {
        let weight = gradient[0];
        let scaled = |slopes: &[f64], out: &mut [f32]| {
            for (out, slope) in out.iter_mut().zip(slopes) {
                *out = (f64::from(weight) * slope) as f32;
            }
        };
        flow.add(to_coefficient, |out| scaled(&of_coefficient, out));
        flow.add(to_scale, |out| scaled(&of_scale, out));
        flow.pass(to_mean, times(of_mean, weight));
    });
    Ok((var, total))
}

fn times(mut values: Buffer, factor: f32) -> Buffer {
    for value in values.iter_mut() {
        *value *= factor;
    }
    values
}

/// Values and sizes that were checked.
struct Problem<'a> {
    mean: &'a [f32],
    n_frames: usize,
    scale: &'a [f32],
    coefficient: Option<&'a [f32]>,
    direction: KlDirection,
}

impl<'a> Problem<'a> {
    fn new(
        mean: &'a Var,
        scale: &'a Var,
        prior: &'a LatentPrior,
        direction: KlDirection,
    ) -> Result<Self, OpError> {
        let &[_, n_frames, n_dims] = mean.shape() else {
            return Err(OpError::shape(NAME, "mean", mean.shape(), "[clip, frame, dim]"));
        };
        check_shape(NAME, "scale", scale.shape(), &[n_dims])?;
        let coefficient = match prior {
            LatentPrior::Independent => None,
            LatentPrior::Autoregressive { coefficient } => {
                check_shape(NAME, "coefficient", coefficient.shape(), &[n_dims])?;
                Some(coefficient.values())
            }
        };
        let (mean, scale) = (mean.values(), scale.values());
        Ok(Self { mean, n_frames, scale, coefficient, direction })
    }

    /// The divergence of each dimension and its derivatives by scale and coefficient; overwrites
    /// `of_mean` with those by the mean.
    fn compute(&self, of_mean: &mut [f32]) -> [Vec<f64>; 3] {
        let n_dims = self.scale.len();
        let mut sums = [0; 3].map(|_| vec![0.0; n_dims]);
        for index in 0..self.mean.len() {
            let dim = index % n_dims;
            let is_first = (index / n_dims).is_multiple_of(self.n_frames);
            let mean = |index: usize| f64::from(self.mean[index]);
            let coefficient = self.coefficient.filter(|_| !is_first).map(|a| f64::from(a[dim]));
            let frame = Frame {
                mean: mean(index),
                before: if is_first { 0.0 } else { mean(index - n_dims) },
                scale: f64::from(self.scale[dim]),
                coefficient: coefficient.unwrap_or(0.0),
            };
            let terms = frame.terms(self.direction);
            let of_dim = [terms.divergence, terms.by_scale, terms.by_coefficient];
            for (sums, term) in sums.iter_mut().zip(of_dim) {
                sums[dim] += term;
            }
            of_mean[index] = terms.by_mean as f32;
            if !is_first {
                of_mean[index - n_dims] += terms.by_before as f32;
            }
        }
        sums
    }
}
