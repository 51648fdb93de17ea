//! The linear function of predictions that factors are fitted on top of.

use ndarray::{Array2, ArrayView1, ArrayView2};

use super::FactorError;
use super::flow::PopulationTrial;
use super::smooth::stacked;
use super::transform::Fitted;
use crate::cca::check_finite;

/// Predictions of all trials, one after another; `None` where no trial has any.
pub(super) fn predictions(
    trials: &[PopulationTrial<'_>],
    n_neurons: usize,
) -> Result<Option<Array2<f64>>, FactorError> {
    let mut all = Vec::with_capacity(trials.len());
    for trial in trials {
        if let Some(predictions) = trial.predictions {
            check_predictions(predictions, trial)?;
            all.push(predictions);
        }
    }
    if all.is_empty() {
        return Ok(None);
    }
    if all.len() != trials.len() {
        let expected = format!("{}, all, or none", trials.len());
        return Err(FactorError::shape("trials with predictions", all.len(), expected));
    }
    let all = stacked(&all)?;
    debug_assert_eq!(all.ncols(), n_neurons);
    Ok(Some(all))
}

pub(super) fn check_predictions(
    predictions: ArrayView2<'_, f64>,
    trial: &PopulationTrial<'_>,
) -> Result<(), FactorError> {
    check_finite("predictions", predictions)?;
    if predictions.dim() == trial.responses.dim() {
        return Ok(());
    }
    let (found, expected) = (predictions.dim(), trial.responses.dim());
    let words = |(frames, neurons): (usize, usize)| format!("[{frames}, {neurons}]");
    let what = "predictions of a trial [frame, neuron]";
    Err(FactorError::shape(what, words(found), words(expected)))
}

/// Each neuron's transform of its column.
pub(super) fn transformed(transforms: &[Fitted], values: ArrayView2<'_, f64>) -> Array2<f64> {
    Array2::from_shape_fn(values.dim(), |place| transforms[place.1].forward(values[place]))
}

/// Slope of the linear regression of `responses` on `predicted`; 0 where these are constant.
pub(super) fn slope(predicted: ArrayView1<'_, f64>, responses: ArrayView1<'_, f64>) -> f64 {
    let centre = |values: ArrayView1<'_, f64>| {
        let mean = values.mean().unwrap_or(0.0);
        values.mapv(|value| value - mean)
    };
    let centred = centre(predicted);
    let variance = centred.dot(&centred);
    let largest = predicted.iter().fold(0.0f64, |most, value| most.max(value.abs()));
    // What is left of a constant is rounding, of twins' predictions in f32.
    let least = (1e-6 * largest).powi(2) * predicted.len() as f64;
    if variance > least { centred.dot(&centre(responses)) / variance } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use ndarray::Array1;

    use super::*;

    #[test]
    fn rounding_of_constant_predictions_is_no_regressor() {
        let responses = Array1::from_shape_fn(100, |t| (0.3 * t as f64).sin());
        let rounded = Array1::from_shape_fn(100, |t| 0.7 + 6e-8 * (t % 3) as f64);
        assert_eq!(slope(rounded.view(), responses.view()), 0.0);
        assert_eq!(slope(Array1::zeros(100).view(), responses.view()), 0.0);
        let varied = responses.mapv(|value| 0.7 + 1e-3 * value);
        assert!((slope(varied.view(), responses.view()) - 1e3).abs() < 1e-6);
    }
}
