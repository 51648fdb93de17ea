//! Factor analysis of a population: what a neuron does, given what the others do, in closed form.
//!
//! The baseline for predictions conditioned on other neurons. A few factors `x` per frame, shared by
//! all neurons, and noise that every neuron has for itself:
//!
//! ```text
//! T(y) = m + C x + e      x ~ N(0, I)      e ~ N(0, diag(psi))
//! ```
//!
//! | type | what |
//! | --- | --- |
//! | [`FactorAnalysis`] | `T` the identity, `m` a mean per neuron, frames independent. Maximum likelihood by EM (Rubin & Thayer, "EM algorithms for ML factor analysis", Psychometrika 47:69, 1982) |
//! | [`GaussianProcessFactors`] | factors that are smooth over the frames of a trial (Yu et al. 2009, "Gaussian-process factor analysis for low-dimensional single-trial analysis of neural population activity", J. Neurophysiology 102:614) |
//! | [`FlowFactorAnalysis`] | either of them on responses transformed neuron by neuron, so that densities of responses are complete, and `m` a linear function of the transformed prediction of another model where there is one (Bashiri et al. 2021, "A flow-based latent state generative model of neural population responses to natural images", `NeurIPS`) |
//!
//! [`held_out_neurons`] predicts neurons of test trials from the others: one after the other, or in
//! halves.
//!
//! # Differences from the papers
//! - Private variances are kept above 0.001 of the neuron's variance, which rules out the solutions
//!   of infinite likelihood that maximum likelihood has (Heywood cases).
//! - Gaussian processes: timescales are found by coordinate search over a grid, by the likelihood
//!   itself, between steps of EM, where Yu et al. follow a gradient of the expected one (noise variance
//!   0.001 as theirs). Means are those of the responses and no part of the M-step.
//! - Flow: one Yeo-Johnson transform per neuron in place of a composition of learned layers; fitted to
//!   the neuron's own distribution before the factors, not together with them. The regression on a
//!   prediction is linear, in place of a network trained with the factors. Means of responses come from
//!   quadrature over the transformed normal density, confined to the range of responses fitted on.
//!
//! **Densities.** [`FlowFactorAnalysis::log_densities`] are densities of real numbers: of spike counts they
//! are no probabilities, and grow with how steep a transform is at the counts that occur most. Compare them
//! for one transform, or for responses that are continuous.
//!
//! # Numerics
//! All in f64, sums in a fixed order; nothing is random. **Missing values.** NaN and infinities are
//! refused, naming frame and neuron. A neuron that is constant where the model is fitted gets a small
//! private variance and no loadings.
//!
//! ```
//! use ndarray::Array2;
//! use striate_score::factor_analysis::{FactorAnalysis, FactorConfig};
//!
//! // Three neurons that follow one slow wave, each with a wave of its own.
//! let frames = Array2::from_shape_fn((400, 3), |(t, n)| {
//!     (0.1 * t as f64).sin() + 0.2 * ((2.1 + n as f64) * t as f64).cos()
//! });
//! let model = FactorAnalysis::fit(frames.view(), &FactorConfig::with_factors(1))?;
//! let seen = frames.select(ndarray::Axis(1), &[0, 2]);
//! let found = model.condition(&[0, 2], seen.view())?;
//! assert_eq!((found.hidden.as_slice(), found.mean.dim()), (&[1][..], (400, 1)));
//! let errors = &frames.column(1) - &found.mean.column(0);
//! assert!(errors.dot(&errors) / 400.0 < 0.06); // of a variance of 0.52
//! # Ok::<(), striate_score::factor_analysis::FactorError>(())
//! ```

mod ascent;
mod conditional;
mod each;
mod error;
mod expectation;
mod factors;
mod flow;
mod held_out;
mod kernel;
mod linear;
mod maximisation;
mod model;
mod posterior;
mod quadrature;
mod regression;
mod smooth;
mod transform;

#[cfg(test)]
mod tests;

pub use conditional::Conditional;
pub use error::FactorError;
pub use flow::{FlowConditional, FlowConfig, FlowFactorAnalysis, PopulationTrial};
pub use held_out::{HeldOutNeuron, PredictionQuality, held_out_neurons, leave_one_out};
pub use model::{FactorAnalysis, FactorConfig};
pub use smooth::{GaussianProcessFactors, SmoothingConfig};
pub use transform::Transform;
