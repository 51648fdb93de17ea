//! The zero-inflated gamma distribution of a response, from two numbers that a readout gives: loss and
//! gradients in one pass, and the mean.
//!
//! ```text
//! q     = 0.99999 sigmoid(a) + 1e-6        probability of an active frame
//! theta = ELU(h) + 1 + 1e-6                scale of the gamma distribution
//! y     ~ (1 - q) Spike[0, rho] + q (rho + Gamma(shape = k, scale = theta))
//! ```
//!
//! (Wei et al. 2019, "A zero-inflated gamma model for deconvolved calcium imaging traces", equation 3;
//! constants of Schmidt et al. 2024, arXiv 2410.16136.) `k` belongs to the neuron and is not fitted
//! here. With `x = y - rho`, all conventions give an active frame, `y > rho`,
//!
//! ```text
//! log p = log q + (k - 1) log x - x / theta - k log theta - lgamma(k)
//! ```
//!
//! and differ in what they give a silent one: see [`Convention`].

mod block;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use crate::check::check_length;
use crate::simd::Level;
pub(crate) use block::{LEAST_SILENT, Silent};
use block::{Loss, Mean, MeanGradient};

/// `q = SLOPE sigmoid(a) + LEAST`: neither `q` nor `1 - q` is ever 0.
pub const SLOPE: f32 = 0.99999;
/// See [`SLOPE`]; also the least scale.
pub const LEAST: f32 = 1e-6;

/// Values per task, about: whole frames.
const CHUNK: usize = 1 << 14;

/// What a silent frame (`y <= rho`) contributes to the log-likelihood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// A: `log(1 - q) - k log theta - lgamma(k)`, as the released code of Schmidt et al. has it.
    Released,
    /// B: `log(1 - q)`, the spike as a point mass.
    PointMass,
    /// C: `log(1 - q) - log(rho)`, the spike as a density on `[0, rho]`: the only one of the three that
    /// is a probability density.
    Density,
}

/// Distributions of the neurons of one session.
#[derive(Debug, Clone, Copy)]
pub struct ZeroInflatedGamma<'a> {
    /// `k` of each neuron, above 0.
    pub shape: &'a [f32],
    /// `lgamma(k)` of each neuron.
    pub log_gamma: &'a [f32],
    /// End of the spike and start of the gamma distribution, above 0.
    pub rho: f32,
}

/// What the readout gives, `[.., neuron]` each.
#[derive(Debug, Clone, Copy)]
pub struct Heads<'a> {
    /// `a`: from it the probability of an active frame.
    pub q: &'a [f32],
    /// `h`: from it the scale.
    pub theta: &'a [f32],
}

/// Derivatives with respect to [`Heads`], to be overwritten.
#[derive(Debug)]
pub struct HeadGradients<'a> {
    /// With respect to `a`.
    pub q: &'a mut [f32],
    /// With respect to `h`.
    pub theta: &'a mut [f32],
}

impl ZeroInflatedGamma<'_> {
    /// Negative log-likelihood, summed: terms in `f32`, their sum in `f64` and in a fixed order.
    /// Overwrites `gradients` with its derivatives.
    ///
    /// # Shapes
    /// `heads`, `responses` and `gradients` `[frame, neuron]`.
    ///
    /// # Panics
    /// Where lengths differ.
    ///
    /// ```
    /// use striate_kernels::zero_inflated_gamma::{
    ///     Convention, HeadGradients, Heads, ZeroInflatedGamma,
    /// };
    ///
    /// // k = 1: an exponential distribution, with a = h = 0 of scale 1 in half of the frames.
    /// let law = ZeroInflatedGamma { shape: &[1.0], log_gamma: &[0.0], rho: 0.005 };
    /// let (mut q, mut theta) = ([0.0], [0.0]);
    /// let gradients = HeadGradients { q: &mut q, theta: &mut theta };
    /// let heads = Heads { q: &[0.0], theta: &[0.0] };
    /// let loss = law.loss(Convention::Density, heads, &[2.005], gradients);
    /// assert!((loss - (2.0 + 2.0f64.ln())).abs() < 1e-4);
    /// assert!((theta[0] + 1.0).abs() < 1e-4);
    /// ```
    pub fn loss(
        &self,
        convention: Convention,
        heads: Heads<'_>,
        responses: &[f32],
        gradients: HeadGradients<'_>,
    ) -> f64 {
        self.check(heads, responses.len());
        check_length("gradient of q", gradients.q.len(), &[responses.len()]);
        check_length("gradient of theta", gradients.theta.len(), &[responses.len()]);
        let (level, chunk) = (Level::active(), self.chunk());
        let parts = (heads.q.par_chunks(chunk), heads.theta.par_chunks(chunk));
        let parts = parts.into_par_iter().zip(responses.par_chunks(chunk));
        let found = (gradients.q.par_chunks_mut(chunk), gradients.theta.par_chunks_mut(chunk));
        let sums = parts.zip(found.into_par_iter()).map(|(((q, theta), responses), found)| {
            let gradients = HeadGradients { q: found.0, theta: found.1 };
            level.run(Loss {
                law: *self,
                convention,
                heads: Heads { q, theta },
                responses,
                gradients,
            })
        });
        let sums: Vec<f64> = sums.collect();
        sums.into_iter().sum()
    }

    /// Overwrite `mean` with `(1 - q) rho / 2 + q (k theta + rho)`.
    ///
    /// # Panics
    /// Where lengths differ.
    pub fn mean(&self, heads: Heads<'_>, mean: &mut [f32]) {
        self.check(heads, mean.len());
        let (level, chunk) = (Level::active(), self.chunk());
        let parts = (heads.q.par_chunks(chunk), heads.theta.par_chunks(chunk));
        parts.into_par_iter().zip(mean.par_chunks_mut(chunk)).for_each(|((q, theta), mean)| {
            level.run(Mean { law: *self, heads: Heads { q, theta }, mean });
        });
    }

    /// Overwrite `gradients` with those of [`Self::mean`], times `gradient`.
    ///
    /// # Panics
    /// Where lengths differ.
    pub fn mean_backward(&self, heads: Heads<'_>, gradient: &[f32], gradients: HeadGradients<'_>) {
        self.check(heads, gradient.len());
        check_length("gradient of q", gradients.q.len(), &[gradient.len()]);
        check_length("gradient of theta", gradients.theta.len(), &[gradient.len()]);
        let (level, chunk) = (Level::active(), self.chunk());
        let parts = (heads.q.par_chunks(chunk), heads.theta.par_chunks(chunk));
        let parts = parts.into_par_iter().zip(gradient.par_chunks(chunk));
        let found = (gradients.q.par_chunks_mut(chunk), gradients.theta.par_chunks_mut(chunk));
        parts.zip(found.into_par_iter()).for_each(|(((q, theta), gradient), found)| {
            let gradients = HeadGradients { q: found.0, theta: found.1 };
            level.run(MeanGradient { law: *self, heads: Heads { q, theta }, gradient, gradients });
        });
    }

    fn check(&self, heads: Heads<'_>, n_values: usize) {
        let n_neurons = self.shape.len();
        check_length("lgamma of the shapes", self.log_gamma.len(), &[n_neurons]);
        check_length("input of q", heads.q.len(), &[n_values]);
        check_length("input of theta", heads.theta.len(), &[n_values]);
        let n_frames = n_values / n_neurons.max(1);
        check_length("frames", n_values, &[n_frames, n_neurons]);
    }

    /// Values of a task: whole frames.
    fn chunk(&self) -> usize {
        let n_neurons = self.shape.len().max(1);
        (CHUNK / n_neurons).max(1) * n_neurons
    }
}
