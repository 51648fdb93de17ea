//! The likelihood of neurons that share Gaussian latents, over Monte-Carlo samples of these.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use rayon::prelude::*;
use striate_kernels::monte_carlo as kernel;
use striate_kernels::noise::fill_normal;
use striate_kernels::zero_inflated_gamma::Convention;

use crate::error::OpError;
use crate::shape::check_shape;
use crate::tape::{Tape, Var};
use crate::zero_inflated_gamma::ZeroInflatedGamma;

pub use kernel::Objective;

const NAME: &str = "Monte-Carlo likelihood";

/// Enough values for a task of their own.
const VALUES_PER_TASK: usize = 1 << 16;

/// The law of a response: see [`kernel::Law`].
#[derive(Debug, Clone)]
pub enum MonteCarloLaw {
    /// One output, from which the rate.
    Poisson {
        /// Added to the rate before its logarithm.
        epsilon: f32,
    },
    /// Two outputs, from which the probability of an active frame, and the scale.
    ZeroInflatedGamma {
        /// The neurons' distributions.
        neurons: ZeroInflatedGamma,
        /// What a silent frame counts in the loss and in weights.
        convention: Convention,
    },
    /// Two outputs: the mean, and from the other the standard deviation.
    Gaussian,
}

/// The distribution of the latents.
#[derive(Debug, Clone)]
pub struct Posterior {
    /// `[clip, frame, dim]`
    pub mean: Var,
    /// Standard deviation, `[dim]`.
    pub scale: Var,
}

/// Where the standard normal numbers behind the samples come from.
#[derive(Debug, Clone)]
pub enum Noise {
    /// From a key: row `r`, counted over clips and frames, has the numbers `[sample, dim]` of
    /// [`fill_normal`] for the key [`row_key`] of both.
    Key(u64),
    /// As they are, `[clip, frame, sample, dim]`.
    Given(Arc<[f32]>),
    /// As they are, and the same in every row, `[sample, dim]`.
    Shared(Arc<[f32]>),
}

/// Neurons that share latents, and the samples.
#[derive(Debug, Clone)]
pub struct MonteCarlo<'a> {
    /// The law of a response.
    pub law: &'a MonteCarloLaw,
    /// For each output of the law what is read of the stimulus, `[clip, frame, neuron]`.
    pub heads: &'a [Var],
    /// For each output what the latents add, `[dim, neuron]`.
    pub loadings: &'a [Var],
    /// The distribution of the latents.
    pub posterior: &'a Posterior,
    /// Samples per clip and frame, at least 1.
    pub n_samples: usize,
    /// Of the samples.
    pub noise: &'a Noise,
}

/// The key of one row's numbers: `key` and the row, mixed as in the last step of `SplitMix64`. (Steele
/// et al. 2014, "Fast splittable pseudorandom number generators", figure 16.)
pub fn row_key(key: u64, row: usize) -> u64 {
    let mut mixed = (row as u64).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    key ^ mixed ^ (mixed >> 31)
}

impl MonteCarlo<'_> {
    /// The objective, summed over clips and frames in `f64`: as a scalar of shape `[]`, and in double
    /// precision. Loss and gradients of heads, loadings and posterior are found together; nothing
    /// grows with the number of samples. `responses` `[clip, frame, neuron]` and `counted`, 1 or 0 in
    /// their shape (without it all responses count), get no gradient.
    ///
    /// # Errors
    /// [`OpError::Shape`] where shapes do not fit together or there are no samples.
    pub fn loss(
        &self,
        tape: &mut Tape,
        objective: Objective,
        responses: &Var,
        counted: Option<&Var>,
    ) -> Result<(Var, f64), OpError> {
        let responses = self.responses(responses, counted)?;
        let arguments: Vec<&Var> = self.arguments().collect();
        let mut slopes: Vec<_> =
            arguments.iter().map(|var| tape.pool().take(var.values().len())).collect();
        let loss = self.with(|population| {
            let mut slices: Vec<&mut [f32]> = slopes.iter_mut().map(|slope| &mut **slope).collect();
            let (heads, rest) = slices.split_at_mut(self.heads.len());
            let (loadings, rest) = rest.split_at_mut(self.loadings.len());
            let (mean, scale) = rest.split_at_mut(1);
            let (mean, scale) = (&mut *mean[0], &mut *scale[0]);
            let gradients = kernel::Gradients { heads, loadings, mean, scale };
            population.loss(responses, objective, gradients)
        })?;
        let result = tape.pool().copy(&[loss as f32]);
        let targets: Vec<_> = arguments.iter().map(|var| var.target()).collect();
        let loss_var = tape.record(Vec::new(), result, &arguments, move |gradient, flow| {
            let factor = gradient[0];
            for (target, mut slopes) in targets.into_iter().zip(slopes) {
                let values = slopes.par_iter_mut().with_min_len(VALUES_PER_TASK);
                values.for_each(|slope| *slope *= factor);
                flow.pass(target, slopes);
            }
        });
        Ok((loss_var, loss))
    }

    /// Mean response `[clip, frame, neuron]`: that of the law, averaged over samples.
    ///
    /// # Errors
    /// As [`Self::loss`].
    pub fn means(&self) -> Result<Vec<f32>, OpError> {
        self.with(|population| {
            let mut means = vec![0.0; self.n_values()];
            population.means(&mut means);
            means
        })
    }

    /// Logarithm of the density of every response by itself, averaged over the samples, in the shape
    /// of `responses`: an array for each of the three conventions A, B, C of silent frames, one array
    /// for other laws. Poisson laws leave out what depends on the response alone.
    ///
    /// # Errors
    /// As [`Self::loss`].
    pub fn log_densities(&self, responses: &Var) -> Result<Vec<Vec<f32>>, OpError> {
        let responses = self.responses(responses, None)?;
        self.with(|population| {
            let mut found = vec![vec![0.0; self.n_values()]; population.law.densities()];
            let mut slices: Vec<&mut [f32]> = found.iter_mut().map(|found| &mut **found).collect();
            population.log_densities(responses.values, &mut slices);
            found
        })
    }

    /// `log p(y | z_s)` summed over the neurons that count, `[clip, frame, sample]`: what importance
    /// sampling of the joint likelihood needs.
    ///
    /// # Errors
    /// As [`Self::loss`].
    pub fn log_weights(&self, responses: &Var, counted: Option<&Var>) -> Result<Vec<f64>, OpError> {
        let responses = self.responses(responses, counted)?;
        self.with(|population| {
            let n_rows = self.n_values() / population.n_neurons.max(1);
            let mut weights = vec![0.0; n_rows * self.n_samples];
            population.row_log_weights(responses, &mut weights);
            weights
        })
    }

    /// What gets a gradient, in the order in which the kernel has them.
    fn arguments(&self) -> impl Iterator<Item = &Var> {
        let posterior = [&self.posterior.mean, &self.posterior.scale];
        self.heads.iter().chain(self.loadings).chain(posterior)
    }

    fn n_values(&self) -> usize {
        self.heads.first().map_or(0, |head| head.values().len())
    }

    /// Check everything but responses, and hand it to `task` as the kernel has it.
    fn with<T>(&self, task: impl FnOnce(&kernel::Population<'_>) -> T) -> Result<T, OpError> {
        let law = self.law.kernel();
        let (n_rows, n_neurons) = self.check(law.outputs())?;
        let heads: Vec<&[f32]> = self.heads.iter().map(Var::values).collect();
        let loadings: Vec<&[f32]> = self.loadings.iter().map(Var::values).collect();
        let noise = |row: usize, values: &mut [f32]| self.noise.fill(row, values);
        let (mean, scale) = (self.posterior.mean.values(), self.posterior.scale.values());
        self.noise.check(n_rows, self.n_samples * scale.len())?;
        let latents = kernel::Latents { mean, scale, n_samples: self.n_samples, noise: &noise };
        let (heads, loadings) = (&heads[..], &loadings[..]);
        Ok(task(&kernel::Population { law, n_neurons, heads, loadings, latents }))
    }

    /// Numbers of rows and of neurons.
    fn check(&self, outputs: usize) -> Result<(usize, usize), OpError> {
        let refuse = |argument, found: &[usize], expected: String| {
            Err(OpError::shape(NAME, argument, found, expected))
        };
        if self.n_samples == 0 {
            return refuse("samples", &[0], "at least one".into());
        }
        for (argument, vars) in [("heads", self.heads), ("loadings", self.loadings)] {
            if vars.len() != outputs {
                return refuse(argument, &[vars.len()], format!("{outputs} of them"));
            }
        }
        let first = self.heads[0].shape();
        let &[n_clips, n_frames, n_neurons] = first else {
            return refuse("heads", first, "[clip, frame, neuron]".into());
        };
        let scale = self.posterior.scale.shape();
        let &[dim] = scale else {
            return refuse("scale", scale, "[dim]".into());
        };
        check_shape(NAME, "mean", self.posterior.mean.shape(), &[n_clips, n_frames, dim])?;
        for (head, loading) in self.heads.iter().zip(self.loadings) {
            check_shape(NAME, "head", head.shape(), first)?;
            check_shape(NAME, "loading", loading.shape(), &[dim, n_neurons])?;
        }
        if let MonteCarloLaw::ZeroInflatedGamma { neurons, .. } = self.law {
            check_shape(NAME, "gamma shape", neurons.shape.shape(), &[n_neurons])?;
            check_shape(NAME, "lgamma", neurons.log_gamma.shape(), &[n_neurons])?;
        }
        Ok((n_clips * n_frames, n_neurons))
    }

    fn responses<'v>(
        &self,
        responses: &'v Var,
        counted: Option<&'v Var>,
    ) -> Result<kernel::Responses<'v>, OpError> {
        let expected = self.heads.first().map_or(&[][..], Var::shape);
        check_shape(NAME, "responses", responses.shape(), expected)?;
        if let Some(counted) = counted {
            check_shape(NAME, "counted", counted.shape(), expected)?;
        }
        Ok(kernel::Responses { values: responses.values(), counted: counted.map(Var::values) })
    }
}

impl MonteCarloLaw {
    fn kernel(&self) -> kernel::Law<'_> {
        match self {
            Self::Poisson { epsilon } => kernel::Law::Poisson { epsilon: *epsilon },
            Self::ZeroInflatedGamma { neurons, convention } => kernel::Law::ZeroInflatedGamma {
                neurons: neurons.kernel(),
                convention: *convention,
            },
            Self::Gaussian => kernel::Law::Gaussian,
        }
    }
}

impl Noise {
    /// Refuse another number of values than for `n_rows` of `per_row` each.
    fn check(&self, n_rows: usize, per_row: usize) -> Result<(), OpError> {
        match self {
            Self::Key(_) => Ok(()),
            Self::Given(values) => check_shape(NAME, "noise", &[values.len()], &[n_rows * per_row]),
            Self::Shared(values) => check_shape(NAME, "noise", &[values.len()], &[per_row]),
        }
    }

    /// Overwrite `values` with those of a row.
    fn fill(&self, row: usize, values: &mut [f32]) {
        match self {
            Self::Key(key) => fill_normal(row_key(*key, row), values),
            Self::Given(all) => values.copy_from_slice(&all[row * values.len()..][..values.len()]),
            Self::Shared(all) => values.copy_from_slice(all),
        }
    }
}
