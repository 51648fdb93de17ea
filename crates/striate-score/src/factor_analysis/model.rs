//! Factor analysis of independent frames.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::conditional::{Conditional, hidden_of};
use super::linear::Cholesky;
use super::{FactorError, maximisation};
use crate::cca::check_finite;

/// How factors are fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FactorConfig {
    /// Number of factors, 0..=1000, at most the number of neurons. Default 8.
    pub n_factors: usize,
    /// Fitting stops where a step raises the log-likelihood by less, in nats per frame; above 0.
    /// Default 1e-6.
    pub tolerance: f64,
    /// Most steps, 1..=1000000. Default 2000.
    pub max_steps: usize,
}

impl Default for FactorConfig {
    fn default() -> Self {
        Self { n_factors: 8, tolerance: 1e-6, max_steps: 2000 }
    }
}

impl FactorConfig {
    /// The defaults with another number of factors.
    ///
    /// ```
    /// use striate_score::factor_analysis::FactorConfig;
    /// assert_eq!(FactorConfig::with_factors(3).n_factors, 3);
    /// ```
    pub fn with_factors(n_factors: usize) -> Self {
        Self { n_factors, ..Self::default() }
    }

    pub(super) fn check(&self, n_neurons: usize) -> Result<(), FactorError> {
        let most = n_neurons.min(1000);
        if self.n_factors > most {
            let expected = format!("0 to {most}");
            return Err(FactorError::setting("n_factors", self.n_factors, expected));
        }
        if !(self.tolerance > 0.0 && self.tolerance.is_finite()) {
            return Err(FactorError::setting("tolerance", self.tolerance, "a number above 0"));
        }
        if !(1..=1_000_000).contains(&self.max_steps) {
            return Err(FactorError::setting("max_steps", self.max_steps, "1 to 1000000"));
        }
        Ok(())
    }
}

/// Factor analysis: responses are normal with mean `m` and covariance `C C^T + diag(psi)`.
///
/// Fitted by EM (Rubin & Thayer 1982), from principal components of standardised
/// responses; every frame counts alike. See the [module](super) for an example.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorAnalysis {
    /// Shape `[neuron]`.
    pub(super) mean: Array1<f64>,
    /// Shape `[neuron, factor]`.
    pub(super) loadings: Array2<f64>,
    /// Shape `[neuron]`.
    pub(super) private_variances: Array1<f64>,
    pub(super) log_likelihoods: Vec<f64>,
}

impl FactorAnalysis {
    /// Fit to responses `[frame, neuron]`.
    ///
    /// Memory: some copies of the responses, and of a matrix `[neuron, neuron]`.
    ///
    /// # Errors
    /// [`FactorError`] for fewer than 2 frames, no neurons, values that are not finite, responses
    /// that are all constant, and settings out of range.
    pub fn fit(frames: ArrayView2<'_, f64>, config: &FactorConfig) -> Result<Self, FactorError> {
        config.check(frames.ncols())?;
        check_finite("responses", frames)?;
        if frames.nrows() < 2 || frames.ncols() == 0 {
            let (found, expected) = (format!("{:?}", frames.shape()), "[2 or more, 1 or more]");
            return Err(FactorError::shape("responses [frame, neuron]", found, expected));
        }
        let mean = frames.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(frames.ncols()));
        let centred = &frames - &mean;
        let covariance = centred.t().dot(&centred) / frames.nrows() as f64;
        maximisation::fit(mean, &covariance, config)
    }

    /// A model of known parameters: mean `[neuron]`, loadings `[neuron, factor]`, private variances
    /// `[neuron]`.
    ///
    /// # Errors
    /// [`FactorError`] where numbers of neurons differ, a value is not finite, or a variance is not above 0.
    ///
    /// ```
    /// use ndarray::array;
    /// use striate_score::factor_analysis::FactorAnalysis;
    ///
    /// // Covariance [[2, 1], [1, 2]]: given 4 of the one, 2 of the other, with variance 3/2.
    /// let model = FactorAnalysis::new(array![0.0, 0.0], array![[1.0], [1.0]], array![1.0, 1.0])?;
    /// let found = model.condition(&[0], array![[4.0]].view())?;
    /// assert!((found.mean[[0, 0]] - 2.0).abs() < 1e-12);
    /// assert!((found.variance[[0, 0]] - 1.5).abs() < 1e-12);
    /// # Ok::<(), striate_score::factor_analysis::FactorError>(())
    /// ```
    pub fn new(
        mean: Array1<f64>,
        loadings: Array2<f64>,
        private_variances: Array1<f64>,
    ) -> Result<Self, FactorError> {
        let n = mean.len();
        if loadings.nrows() != n || private_variances.len() != n {
            let found = format!("{} and {}", loadings.nrows(), private_variances.len());
            return Err(FactorError::shape("neurons of loadings and variances", found, n));
        }
        check_finite("loadings", loadings.view())?;
        check_finite("means", mean.view().insert_axis(Axis(1)))?;
        let is_variance = |variance: &&f64| !(**variance > 0.0 && variance.is_finite());
        if let Some(found) = private_variances.iter().find(is_variance) {
            return Err(FactorError::shape("private variance", found, "a number above 0"));
        }
        Ok(Self { mean, loadings, private_variances, log_likelihoods: Vec::new() })
    }

    /// Number of neurons.
    pub fn n_neurons(&self) -> usize {
        self.mean.len()
    }

    /// Number of factors.
    pub fn n_factors(&self) -> usize {
        self.loadings.ncols()
    }

    /// Means, shape `[neuron]`.
    pub fn mean(&self) -> &Array1<f64> {
        &self.mean
    }

    /// Loadings, shape `[neuron, factor]`; known up to a rotation of the factors.
    pub fn loadings(&self) -> &Array2<f64> {
        &self.loadings
    }

    /// Variances that each neuron has for itself, shape `[neuron]`.
    pub fn private_variances(&self) -> &Array1<f64> {
        &self.private_variances
    }

    /// Log-likelihood of the frames fitted on, in nats per frame, before each step of the fit and
    /// after the last; it never falls. Empty for a model made of known parameters.
    pub fn log_likelihoods(&self) -> &[f64] {
        &self.log_likelihoods
    }

    /// Covariance of the responses, shape `[neuron, neuron]`.
    pub fn covariance(&self) -> Array2<f64> {
        self.loadings.dot(&self.loadings.t()) + Array2::from_diag(&self.private_variances)
    }

    /// Natural logarithm of the joint density of the responses `[frame, neuron]` of each frame.
    ///
    /// # Errors
    /// [`FactorError`] for another number of neurons and values that are not finite.
    pub fn log_densities(&self, frames: ArrayView2<'_, f64>) -> Result<Array1<f64>, FactorError> {
        let all: Vec<usize> = (0..self.n_neurons()).collect();
        let seen = self.seen(&all, frames)?;
        let weighted = seen.centred.dot(&seen.weighted);
        let solved = seen.precision.solve(weighted.t());
        let constant = self.n_neurons() as f64 * std::f64::consts::TAU.ln()
            + self.private_variances.mapv(f64::ln).sum()
            + seen.precision.log_determinant();
        let squares = (&seen.centred * &seen.centred / &self.private_variances).sum_axis(Axis(1));
        let explained = (&weighted.t() * &solved).sum_axis(Axis(0));
        Ok((squares - explained + constant) * -0.5)
    }

    /// Posterior means of the factors `[frame, factor]`, given the responses `values` `[frame, visible]`
    /// of the neurons `visible`.
    ///
    /// # Errors
    /// As [`FactorAnalysis::condition`].
    pub fn factors(
        &self,
        visible: &[usize],
        values: ArrayView2<'_, f64>,
    ) -> Result<Array2<f64>, FactorError> {
        let seen = self.seen(visible, values)?;
        Ok(seen.precision.solve(seen.centred.dot(&seen.weighted).t()).reversed_axes())
    }

    /// The other neurons, given the responses `values` `[frame, visible]` of the neurons `visible`,
    /// which may be none.
    ///
    /// # Errors
    /// [`FactorError`] for neurons that are not there or named twice, for another number of columns
    /// and for values that are not finite.
    pub fn condition(
        &self,
        visible: &[usize],
        values: ArrayView2<'_, f64>,
    ) -> Result<Conditional, FactorError> {
        let hidden = hidden_of(visible, self.n_neurons())?;
        let seen = self.seen(visible, values)?;
        let factors = seen.precision.solve(seen.centred.dot(&seen.weighted).t());
        let loadings = self.loadings.select(Axis(0), &hidden);
        let mean = loadings.dot(&factors).reversed_axes() + self.mean.select(Axis(0), &hidden);
        let uncertain = (&loadings * &seen.precision.solve(loadings.t()).t()).sum_axis(Axis(1));
        let variance = uncertain + self.private_variances.select(Axis(0), &hidden);
        let variance = Array2::from_shape_fn(mean.dim(), |(_, place)| variance[place]);
        Ok(Conditional { hidden, mean: mean.as_standard_layout().into_owned(), variance })
    }

    /// What visible neurons say of the factors.
    pub(super) fn seen(
        &self,
        visible: &[usize],
        values: ArrayView2<'_, f64>,
    ) -> Result<Seen, FactorError> {
        hidden_of(visible, self.n_neurons())?;
        let centred = centred(&self.mean, visible, values)?;
        let loadings = self.loadings.select(Axis(0), visible);
        let weighted = weighted(&loadings, &self.private_variances.select(Axis(0), visible));
        let precision = loadings.t().dot(&weighted) + Array2::<f64>::eye(self.n_factors());
        Ok(Seen { centred, weighted, precision: Cholesky::of(precision.view())? })
    }
}

pub(super) struct Seen {
    /// Responses less their means, `[frame, visible]`.
    pub(super) centred: Array2<f64>,
    /// `psi^-1 C`, `[visible, factor]`.
    pub(super) weighted: Array2<f64>,
    /// Of the factors, given what is seen: `I + C^T psi^-1 C`.
    pub(super) precision: Cholesky,
}

/// `psi^-1 C`.
pub(super) fn weighted(loadings: &Array2<f64>, private_variances: &Array1<f64>) -> Array2<f64> {
    loadings / &private_variances.view().insert_axis(Axis(1))
}

/// Responses `[frame, visible]` less the means of these neurons.
pub(super) fn centred(
    mean: &Array1<f64>,
    visible: &[usize],
    values: ArrayView2<'_, f64>,
) -> Result<Array2<f64>, FactorError> {
    if values.ncols() != visible.len() {
        let expected = format!("{}, the visible ones", visible.len());
        return Err(FactorError::shape("neurons of the responses", values.ncols(), expected));
    }
    check_finite("responses", values)?;
    Ok(&values - &mean.select(Axis(0), visible))
}
