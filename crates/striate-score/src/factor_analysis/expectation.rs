//! What the M-step of Gaussian-process factors needs to know.

use ndarray::{Array1, Array2, ArrayView2};

use super::FactorError;
use super::kernel::Kernels;
use super::model::weighted;
use super::posterior::Posterior;

/// Sums over all windows.
pub(super) struct Expectation {
    /// Nats.
    pub(super) log_likelihood: f64,
    /// Second moments of the factors, `[factor, factor]`.
    pub(super) factors: Array2<f64>,
    /// Responses by factors, `[neuron, factor]`.
    pub(super) crossed: Array2<f64>,
}

/// Parameters at hand.
pub(super) struct Current<'a> {
    /// `[neuron, factor]`
    pub(super) loadings: &'a Array2<f64>,
    /// `[neuron]`
    pub(super) private: &'a Array1<f64>,
    /// For each factor the place of its timescale in the grid.
    pub(super) timescales: &'a [usize],
}

impl Expectation {
    /// Of windows `[frame, neuron]` of responses less their means.
    pub(super) fn of(
        windows: &[ArrayView2<'_, f64>],
        current: &Current<'_>,
        kernels: &Kernels,
    ) -> Result<Self, FactorError> {
        let (n_neurons, n_factors) = current.loadings.dim();
        let weights = weighted(current.loadings, current.private);
        let seen = current.loadings.t().dot(&weights);
        let mut sums = Self {
            log_likelihood: 0.0,
            factors: Array2::zeros((n_factors, n_factors)),
            crossed: Array2::zeros((n_neurons, n_factors)),
        };
        let per_frame =
            n_neurons as f64 * std::f64::consts::TAU.ln() + current.private.mapv(f64::ln).sum();
        for (&length, all) in &kernels.of_length {
            let own: Vec<_> = current.timescales.iter().map(|&place| &all[place]).collect();
            let posterior = Posterior::new(&own, &seen, length)?;
            let mut n_windows = 0;
            for window in windows.iter().filter(|window| window.nrows() == length) {
                let projected = window.dot(&weights);
                let means = posterior.means(&projected);
                sums.crossed += &window.t().dot(&means.t());
                sums.factors += &means.dot(&means.t());
                let squares = (window * window / current.private).sum();
                let explained = (&projected.t() * &means).sum();
                sums.log_likelihood -= 0.5
                    * (length as f64 * per_frame + posterior.log_determinant + squares - explained);
                n_windows += 1;
            }
            // The posterior covariance is the same in all windows of a length.
            for frame in 0..length {
                sums.factors.scaled_add(f64::from(n_windows), &posterior.of_frame(frame));
            }
        }
        Ok(sums)
    }
}
