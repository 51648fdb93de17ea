//! EM of Gaussian-process factors, and the search for their timescales.

use ndarray::{Array1, Array2, ArrayView2};

use super::FactorError;
use super::expectation::{Current, Expectation};
use super::kernel::Kernels;
use super::linear::Cholesky;
use super::maximisation::{floors, residuals};
use super::model::{FactorAnalysis, FactorConfig};

/// Steps of EM between two searches for timescales.
const STEPS_PER_SEARCH: usize = 10;

/// EM from the parameters in `model`; for each factor the place of its timescale.
pub(super) fn ascend(
    model: &mut FactorAnalysis,
    windows: &[ArrayView2<'_, f64>],
    kernels: &Kernels,
    config: &FactorConfig,
) -> Result<Vec<usize>, FactorError> {
    let n_frames: usize = windows.iter().map(|window| window.dim().0).sum();
    let mut covariance = Array2::zeros((model.n_neurons(), model.n_neurons()));
    for window in windows {
        covariance += &window.t().dot(window);
    }
    covariance /= n_frames as f64;
    let floors: Array1<f64> = floors(&covariance.diag().to_owned())?;
    let mut search = Search::new(kernels, model.n_factors());
    model.log_likelihoods.clear();
    for step in 0..=config.max_steps {
        let found = search.expectation(model, windows)?;
        let log_likelihood = found.log_likelihood / n_frames as f64;
        let before = model.log_likelihoods.last().copied().unwrap_or(f64::NEG_INFINITY);
        model.log_likelihoods.push(log_likelihood);
        if step == config.max_steps {
            break;
        }
        let is_settled = log_likelihood - before < config.tolerance;
        if is_settled || (step + 1) % STEPS_PER_SEARCH == 0 {
            let least_gain = config.tolerance * n_frames as f64;
            if search.sweep(model, windows, found.log_likelihood, least_gain)? {
                continue;
            }
            if is_settled {
                break;
            }
        }
        let loadings = Cholesky::of(found.factors.view())?.solve(found.crossed.t());
        model.loadings = loadings.t().as_standard_layout().into_owned();
        let crossed = &found.crossed / n_frames as f64;
        model.private_variances = residuals(&covariance, &model.loadings, &crossed, &floors);
    }
    Ok(search.places)
}

/// Coordinate search for timescales by the likelihood itself: the expected log prior of EM, which knows
/// the posterior under the timescale at hand only, would hardly ever leave it for the next of a grid.
struct Search<'a> {
    kernels: &'a Kernels,
    n_timescales: usize,
    /// For each factor the place of its timescale in the grid.
    places: Vec<usize>,
}

impl<'a> Search<'a> {
    fn new(kernels: &'a Kernels, n_factors: usize) -> Self {
        let n_timescales = kernels.of_length.values().next().map_or(1, Vec::len);
        Self { kernels, n_timescales, places: vec![n_timescales / 2; n_factors] }
    }

    fn expectation(
        &self,
        model: &FactorAnalysis,
        windows: &[ArrayView2<'_, f64>],
    ) -> Result<Expectation, FactorError> {
        let (loadings, private) = (&model.loadings, &model.private_variances);
        let current = Current { loadings, private, timescales: &self.places };
        Expectation::of(windows, &current, self.kernels)
    }

    /// Move each factor along the grid, longer or else shorter, for as long as the log-likelihood rises
    /// by more than `least_gain`; whether any moved.
    fn sweep(
        &mut self,
        model: &FactorAnalysis,
        windows: &[ArrayView2<'_, f64>],
        mut log_likelihood: f64,
        least_gain: f64,
    ) -> Result<bool, FactorError> {
        let before = self.places.clone();
        for factor in 0..self.places.len() {
            for step in [1, -1] {
                let start = self.places[factor];
                while let Some(next) = self.places[factor].checked_add_signed(step) {
                    if next >= self.n_timescales {
                        break;
                    }
                    let here = std::mem::replace(&mut self.places[factor], next);
                    let found = self.expectation(model, windows)?.log_likelihood;
                    if found - log_likelihood <= least_gain {
                        self.places[factor] = here;
                        break;
                    }
                    log_likelihood = found;
                }
                if self.places[factor] != start {
                    break;
                }
            }
        }
        Ok(self.places != before)
    }
}
