//! The likelihood of a population whose neurons share Gaussian latents, by Monte-Carlo samples that
//! are streamed: memory does not grow with their number.
//!
//! For row `r` (one frame of one clip), sample `s`, neuron `n` and each output `o` of the law:
//!
//! ```text
//! z[s, d] = mean[r, d] + scale[d] noise[r, s, d]
//! x_o     = head_o[r, n] + sum over d of loading_o[d, n] z[s, d]
//! ```
//!
//! and the response `y[r, n]` has the law with the outputs `x`. (Schmidt et al. 2024, arXiv 2410.16136,
//! with reparameterised samples after Kingma & Welling 2014, "Auto-encoding variational Bayes".)
//! Loss and gradients of all arguments are found in one sweep over rows, in blocks of neurons that stay
//! in the nearest memory while all samples pass.

mod backward;
mod density;
mod gradients;
mod importance;
mod laws;
mod panels;
mod row;
mod samples;
#[cfg(test)]
mod tests;

use crate::check::check_length;
use crate::zero_inflated_gamma::{Convention, ZeroInflatedGamma};

pub use gradients::Gradients;

/// The law of a response, given the outputs of the model.
#[derive(Debug, Clone, Copy)]
pub enum Law<'a> {
    /// Rate `r = ELU(x) + 1`, loss `r - y log(r + epsilon)`: what depends on `y` alone is left out.
    Poisson {
        /// Added to the rate before its logarithm; at least 0.
        epsilon: f32,
    },
    /// Outputs `a` and `h` of [`zero_inflated_gamma`](crate::zero_inflated_gamma).
    ZeroInflatedGamma {
        /// The neurons' distributions.
        neurons: ZeroInflatedGamma<'a>,
        /// What a silent frame counts in loss and weights.
        convention: Convention,
    },
    /// Mean `x_0`, standard deviation `ELU(x_1) + 1 + 1e-3`.
    Gaussian,
}

impl Law<'_> {
    /// Outputs per neuron.
    pub fn outputs(&self) -> usize {
        match self {
            Self::Poisson { .. } => 1,
            Self::ZeroInflatedGamma { .. } | Self::Gaussian => 2,
        }
    }

    /// How many densities [`Population::log_densities`] gives: the three conventions A, B, C of silent
    /// frames for zero-inflated gamma laws, one for others.
    pub fn densities(&self) -> usize {
        match self {
            Self::ZeroInflatedGamma { .. } => 3,
            Self::Poisson { .. } | Self::Gaussian => 1,
        }
    }
}

/// The latents: independent normal variables in every row, and the samples of them.
#[derive(Clone, Copy)]
pub struct Latents<'a> {
    /// Mean, `[row, dim]`.
    pub mean: &'a [f32],
    /// Standard deviation, `[dim]`.
    pub scale: &'a [f32],
    /// Samples per row, at least 1.
    pub n_samples: usize,
    /// Overwrites its argument `[sample, dim]` with a row's standard normal numbers. Called from several
    /// threads, in any order and more than once; must give the same numbers for the same row.
    pub noise: &'a (dyn Fn(usize, &mut [f32]) + Sync),
}

/// What is made of the samples of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objective {
    /// `-mean over s of log p(y | z_s)`: the likelihood's part of the evidence lower bound.
    Average,
    /// `-log mean over s of p(y | z_s) p(z_s) / q(z_s)`, with a standard normal `p(z)` and the latents'
    /// distribution `q`, whose scale must not be 0. (Burda et al. 2016, "Importance weighted autoencoders", equation 8.)
    Importance,
}

/// A population that shares latents.
#[derive(Clone, Copy)]
pub struct Population<'a> {
    /// The law of a response.
    pub law: Law<'a>,
    /// Number of neurons.
    pub n_neurons: usize,
    /// For each output what is read of the stimulus, `[row, neuron]`.
    pub heads: &'a [&'a [f32]],
    /// For each output what the latents add, `[dim, neuron]`.
    pub loadings: &'a [&'a [f32]],
    /// The latents.
    pub latents: Latents<'a>,
}

/// Responses, and which of them count.
#[derive(Debug, Clone, Copy)]
pub struct Responses<'a> {
    /// `[row, neuron]`
    pub values: &'a [f32],
    /// 1 where a response counts and 0 where it does not, `[row, neuron]`; without it all count.
    pub counted: Option<&'a [f32]>,
}

/// Call a generic function with the terms of a law.
macro_rules! with_terms {
    ($population:expr, |$terms:ident| $call:expr) => {
        match $population.law {
            Law::Poisson { epsilon } => {
                let $terms = laws::Poisson { epsilon };
                $call
            }
            Law::ZeroInflatedGamma { neurons, convention } => {
                let $terms = laws::ZeroInflated::new(neurons, convention);
                $call
            }
            Law::Gaussian => {
                let $terms = laws::Gaussian;
                $call
            }
        }
    };
}

impl Population<'_> {
    /// The objective, summed over rows in `f64`. Overwrites every slice of `gradients` with its
    /// derivatives: total ones, through the samples.
    ///
    /// # Shapes
    /// `responses` `[row, neuron]`.
    ///
    /// # Panics
    /// Where lengths differ or there are no samples.
    ///
    /// ```
    /// use striate_kernels::monte_carlo::{
    ///     Gradients, Latents, Law, Objective, Population, Responses,
    /// };
    ///
    /// // One neuron, one row, one latent with two samples that differ in sign alone.
    /// let noise = |_row: usize, values: &mut [f32]| values.copy_from_slice(&[1.0, -1.0]);
    /// let latents = Latents { mean: &[0.0], scale: &[0.5], n_samples: 2, noise: &noise };
    /// let population = Population {
    ///     law: Law::Poisson { epsilon: 0.0 },
    ///     n_neurons: 1,
    ///     heads: &[&[2.0]],
    ///     loadings: &[&[1.0]],
    ///     latents,
    /// };
    /// let [mut head, mut loading, mut mean, mut scale] = [[0.0]; 4];
    /// let gradients = Gradients {
    ///     heads: &mut [&mut head],
    ///     loadings: &mut [&mut loading],
    ///     mean: &mut mean,
    ///     scale: &mut scale,
    /// };
    /// let responses = Responses { values: &[0.0], counted: None };
    /// // Rates 3.5 and 2.5.
    /// assert!((population.loss(responses, Objective::Average, gradients) - 3.0).abs() < 1e-6);
    /// assert_eq!((head, mean), ([1.0], [1.0]));
    /// ```
    pub fn loss(
        &self,
        responses: Responses<'_>,
        objective: Objective,
        gradients: Gradients<'_, '_>,
    ) -> f64 {
        self.check();
        self.check_responses(responses);
        gradients.check(self);
        with_terms!(self, |terms| gradients::loss(&terms, self, responses, objective, gradients))
    }

    /// Overwrite `out` `[row, neuron]` with the mean response: that of the law, averaged over samples.
    ///
    /// # Panics
    /// As [`Self::loss`].
    pub fn means(&self, out: &mut [f32]) {
        self.check();
        check_length("means", out.len(), &[self.n_rows(), self.n_neurons]);
        with_terms!(self, |terms| density::means(&terms, self, out));
    }

    /// Overwrite each of `out` `[row, neuron]`, [`Law::densities`] arrays, with the logarithm of the
    /// density of every response by itself, averaged over the samples: complete, whatever the law's
    /// convention, but for what Poisson laws leave out.
    ///
    /// # Panics
    /// As [`Self::loss`], or where there are more or fewer arrays.
    pub fn log_densities(&self, responses: &[f32], out: &mut [&mut [f32]]) {
        self.check();
        let responses = Responses { values: responses, counted: None };
        self.check_responses(responses);
        assert_eq!(out.len(), self.law.densities(), "arrays of densities");
        for out in &*out {
            check_length("densities", out.len(), &[self.n_rows(), self.n_neurons]);
        }
        match (self.law, out) {
            (Law::ZeroInflatedGamma { neurons, .. }, [released, point_mass, density]) => {
                let of = |convention| laws::ZeroInflated::new(neurons, convention);
                density::log_densities(&of(Convention::Released), self, responses, released);
                density::log_densities(&of(Convention::PointMass), self, responses, point_mass);
                // The spike's width is the same in all samples.
                let width = neurons.rho.ln();
                for ((to, &from), &y) in density.iter_mut().zip(&**point_mass).zip(responses.values)
                {
                    *to = if y - neurons.rho > 0.0 { from } else { from - width };
                }
            }
            (Law::Gaussian, [out]) => density::log_densities(&laws::Gaussian, self, responses, out),
            (Law::Poisson { epsilon }, [out]) => {
                density::log_densities(&laws::Poisson { epsilon }, self, responses, out);
            }
            _ => {}
        }
    }

    /// Overwrite `out` `[row, sample]` with `log p(y | z_s)`, summed over the neurons that count: with
    /// the complete density of the law and its convention. Poisson laws leave out what depends on the
    /// responses alone.
    ///
    /// # Panics
    /// As [`Self::loss`].
    pub fn row_log_weights(&self, responses: Responses<'_>, out: &mut [f64]) {
        self.check();
        self.check_responses(responses);
        check_length("log weights", out.len(), &[self.n_rows(), self.latents.n_samples]);
        with_terms!(self, |terms| density::row_log_weights(&terms, self, responses, out));
    }

    fn n_rows(&self) -> usize {
        self.heads[0].len() / self.n_neurons.max(1)
    }

    fn dim(&self) -> usize {
        self.latents.scale.len()
    }

    fn check(&self) {
        let outputs = self.law.outputs();
        assert_eq!(self.heads.len(), outputs, "heads of the law");
        assert_eq!(self.loadings.len(), outputs, "loadings of the law");
        assert!(self.latents.n_samples > 0, "there are no samples");
        let (n_rows, n_neurons) = (self.n_rows(), self.n_neurons);
        for (head, loading) in self.heads.iter().zip(self.loadings) {
            check_length("head", head.len(), &[n_rows, n_neurons]);
            check_length("loading", loading.len(), &[self.dim(), n_neurons]);
        }
        check_length("mean of the latents", self.latents.mean.len(), &[n_rows, self.dim()]);
        if let Law::ZeroInflatedGamma { neurons, .. } = self.law {
            check_length("shapes", neurons.shape.len(), &[n_neurons]);
            check_length("lgamma of the shapes", neurons.log_gamma.len(), &[n_neurons]);
        }
    }

    fn check_responses(&self, responses: Responses<'_>) {
        check_length("responses", responses.values.len(), &[self.n_rows(), self.n_neurons]);
        if let Some(counted) = responses.counted {
            check_length("counted", counted.len(), &[responses.values.len()]);
        }
    }
}
