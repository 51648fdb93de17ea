//! Maximum likelihood of factor analysis by EM, from the covariance of the responses alone.

use ndarray::{Array1, Array2, Axis, s};

use super::FactorError;
use super::linear::{Cholesky, eigen};
use super::model::{FactorAnalysis, FactorConfig, weighted};

/// Least private variance as a share of the neuron's variance.
const FLOOR: f64 = 1e-3;

/// Least variance that the floor is taken of, as a share of the mean variance: for constant neurons.
const LEAST_VARIANCE: f64 = 1e-3;

/// Least private variances `[neuron]` for variances `[neuron]`.
pub(super) fn floors(variances: &Array1<f64>) -> Result<Array1<f64>, FactorError> {
    let mean = variances.mean().unwrap_or(0.0);
    if mean > 0.0 && mean.is_finite() {
        return Ok(variances.mapv(|variance| FLOOR * variance.max(LEAST_VARIANCE * mean)));
    }
    let expected = "responses that vary, and not beyond all bounds";
    Err(FactorError::shape("mean variance of the neurons", mean, expected))
}

/// Fit to a covariance (ddof 0).
pub(super) fn fit(
    mean: Array1<f64>,
    covariance: &Array2<f64>,
    config: &FactorConfig,
) -> Result<FactorAnalysis, FactorError> {
    let variances = covariance.diag().to_owned();
    let floors = floors(&variances)?;
    let loadings = principal(covariance, config.n_factors, &floors)?;
    let private_variances = Array1::from_shape_fn(mean.len(), |i| variances[i].max(floors[i]));
    let log_likelihoods = Vec::new();
    let mut model = FactorAnalysis { mean, loadings, private_variances, log_likelihoods };
    for _ in 0..config.max_steps {
        let (next, log_likelihood) = step(&model, covariance, &floors)?;
        let before = model.log_likelihoods.last().copied().unwrap_or(f64::NEG_INFINITY);
        model.log_likelihoods.push(log_likelihood);
        if log_likelihood - before < config.tolerance {
            return Ok(model);
        }
        (model.loadings, model.private_variances) = next;
    }
    let (_, log_likelihood) = step(&model, covariance, &floors)?;
    model.log_likelihoods.push(log_likelihood);
    Ok(model)
}

type Parameters = (Array2<f64>, Array1<f64>);

/// One step of EM, and the log-likelihood before it, in nats per frame.
fn step(
    model: &FactorAnalysis,
    covariance: &Array2<f64>,
    floors: &Array1<f64>,
) -> Result<(Parameters, f64), FactorError> {
    let (loadings, private) = (&model.loadings, &model.private_variances);
    let weighted = weighted(loadings, private);
    let precision = loadings.t().dot(&weighted) + Array2::<f64>::eye(model.n_factors());
    let precision = Cholesky::of(precision.view())?;
    // Rubin & Thayer's regression of factors on responses, [factor, neuron].
    let regression = precision.solve(weighted.t());
    let crossed = covariance.dot(&regression.t());
    let constant = model.n_neurons() as f64 * std::f64::consts::TAU.ln();
    let log_determinant = private.mapv(f64::ln).sum() + precision.log_determinant();
    let squares = (&covariance.diag() / private).sum();
    let explained = (&weighted * &crossed).sum();
    let log_likelihood = -0.5 * (constant + log_determinant + squares - explained);
    let second = precision.inverse() + regression.dot(&crossed);
    let loadings = Cholesky::of(second.view())?.solve(crossed.t()).reversed_axes();
    let private = residuals(covariance, &loadings, &crossed, floors);
    Ok(((loadings.as_standard_layout().into_owned(), private), log_likelihood))
}

/// What is left of the variances. Given the loadings each neuron's term of the objective has one peak,
/// so that the floor is where it is highest within bounds and the likelihood still cannot fall.
pub(super) fn residuals(
    covariance: &Array2<f64>,
    loadings: &Array2<f64>,
    crossed: &Array2<f64>,
    floors: &Array1<f64>,
) -> Array1<f64> {
    let explained = (loadings * crossed).sum_axis(Axis(1));
    Array1::from_shape_fn(floors.len(), |i| (covariance[[i, i]] - explained[i]).max(floors[i]))
}

/// Loadings of probabilistic principal components of the standardised responses (Tipping & Bishop
/// 1999, "Probabilistic principal component analysis"), `[neuron, factor]`.
fn principal(
    covariance: &Array2<f64>,
    n_factors: usize,
    floors: &Array1<f64>,
) -> Result<Array2<f64>, FactorError> {
    let n = covariance.nrows();
    let scales = Array1::from_shape_fn(n, |i| covariance[[i, i]].max(floors[i]).sqrt());
    let (rows, columns) = (scales.view().insert_axis(Axis(1)), scales.view().insert_axis(Axis(0)));
    let (values, vectors) = eigen(&(covariance / &rows / columns))?;
    let rest = values.slice(s![..n - n_factors]).mean().unwrap_or(0.0);
    let mut loadings = Array2::zeros((n, n_factors));
    for (factor, mut column) in loadings.columns_mut().into_iter().enumerate() {
        let place = n - 1 - factor;
        let vector = vectors.column(place);
        // Signs of eigenvectors are anybody's choice: the largest entry is positive.
        let largest = vector.iter().fold(0.0f64, |a, b| if b.abs() > a.abs() { *b } else { a });
        // No factor starts from nothing, where it would stay.
        let length = (values[place] - rest).max(1e-3 * values[n - 1].max(1e-3)).sqrt();
        column.assign(&(&vector * &scales * (length * largest.signum())));
    }
    Ok(loadings)
}
