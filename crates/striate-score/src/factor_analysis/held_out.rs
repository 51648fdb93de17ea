//! Predicting neurons of test trials from the others.

use ndarray::{Array1, ArrayView1, Axis, concatenate};
use serde::{Deserialize, Serialize};

use super::FactorError;
use super::conditional::hidden_of;
use super::flow::{FlowConditional, FlowFactorAnalysis, PopulationTrial};
use crate::cca::correlation;

/// How good a prediction of one neuron is, over all frames of the trials.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PredictionQuality {
    /// Correlation with the responses; 0 where one of them is constant.
    pub correlation: f64,
    /// Mean squared error of the response.
    pub error: f64,
    /// `1 - error / variance` of the responses in these trials; `None` where they are constant.
    pub r_squared: Option<f64>,
    /// Mean squared error of the transformed response.
    pub transformed_error: f64,
    /// Mean of the density's logarithm, in bits per frame; `None` where it is not finite.
    pub bits: Option<f64>,
}

/// One neuron, predicted from others and from nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeldOutNeuron {
    /// Its place.
    pub neuron: usize,
    /// Place of the set that it was hidden with.
    pub set: usize,
    /// Frames judged.
    pub n_frames: usize,
    /// Given all neurons outside the set.
    pub conditioned: PredictionQuality,
    /// Given no neuron: the mean of the trials fitted on, or what the other model predicts.
    pub alone: PredictionQuality,
}

/// Predict hidden neurons from the visible ones on test trials: for each set, all neurons of the set
/// are hidden at once, and each of them is judged.
///
/// # Errors
/// [`FactorError`] as [`FlowFactorAnalysis::condition`].
///
/// ```
/// use ndarray::Array2;
/// use striate_score::factor_analysis::{
///     FactorConfig, FlowConfig, FlowFactorAnalysis, PopulationTrial, held_out_neurons, leave_one_out,
/// };
///
/// let responses = Array2::from_shape_fn((300, 4), |(t, n)| {
///     (0.3 * t as f64).sin() + 0.5 * ((2.1 + n as f64) * t as f64).cos()
/// });
/// let trial = PopulationTrial::of(responses.view());
/// let config = FlowConfig { factors: FactorConfig::with_factors(1), ..FlowConfig::default() };
/// let model = FlowFactorAnalysis::fit(&[trial], &config)?;
/// let found = held_out_neurons(&model, &[trial], &leave_one_out(4))?;
/// assert!(found.len() == 4 && found.iter().all(|n| n.conditioned.error < n.alone.error));
/// # Ok::<(), striate_score::factor_analysis::FactorError>(())
/// ```
pub fn held_out_neurons(
    model: &FlowFactorAnalysis,
    trials: &[PopulationTrial<'_>],
    hidden_sets: &[Vec<usize>],
) -> Result<Vec<HeldOutNeuron>, FactorError> {
    let alone = model.condition(trials, &[])?;
    let mut all = Vec::new();
    for (set, hidden) in hidden_sets.iter().enumerate() {
        let visible = hidden_of(hidden, model.n_neurons())?;
        let found = model.condition(trials, &visible)?;
        let Some(first) = found.first() else { continue };
        for (place, &neuron) in first.hidden.iter().enumerate() {
            let conditioned = quality(model, trials, &found, place)?;
            let n_frames = trials.iter().map(|trial| trial.responses.nrows()).sum();
            let alone = quality(model, trials, &alone, neuron)?;
            all.push(HeldOutNeuron { neuron, set, n_frames, conditioned, alone });
        }
    }
    Ok(all)
}

/// Sets of one neuron each, of `n_neurons`.
///
/// ```
/// assert_eq!(striate_score::factor_analysis::leave_one_out(2), [[0], [1]]);
/// ```
pub fn leave_one_out(n_neurons: usize) -> Vec<Vec<usize>> {
    (0..n_neurons).map(|neuron| vec![neuron]).collect()
}

/// Quality of the prediction of the hidden neuron at `place`.
fn quality(
    model: &FlowFactorAnalysis,
    trials: &[PopulationTrial<'_>],
    found: &[FlowConditional],
    place: usize,
) -> Result<PredictionQuality, FactorError> {
    let (mut responses, mut means) = (Vec::new(), Vec::new());
    let (mut transformed_error, mut nats) = (0.0, 0.0);
    for (trial, found) in trials.iter().zip(found) {
        let one = of_place(found, place);
        let neuron = one.hidden[0];
        nats += model.log_densities(&one, trial.responses)?.sum();
        let transformed = model.transformed_neuron(neuron, trial.responses.column(neuron));
        let errors = &transformed - &one.transformed_mean.column(0);
        transformed_error += errors.dot(&errors);
        responses.push(trial.responses.column(neuron));
        means.push(found.mean.column(place));
    }
    let joined = |parts: &[ArrayView1<'_, f64>]| {
        concatenate(Axis(0), parts).unwrap_or_else(|_| Array1::zeros(0))
    };
    let (responses, means) = (joined(&responses), joined(&means));
    let n = responses.len().max(1) as f64;
    let errors = &responses - &means;
    let error = errors.dot(&errors) / n;
    let variance = responses.var(0.0);
    Ok(PredictionQuality {
        correlation: correlation(responses.view(), means.view()).unwrap_or(0.0),
        error,
        r_squared: (variance > 0.0).then(|| 1.0 - error / variance),
        transformed_error: transformed_error / n,
        bits: Some(nats / n / std::f64::consts::LN_2).filter(|bits| bits.is_finite()),
    })
}

/// One of the hidden neurons alone.
fn of_place(found: &FlowConditional, place: usize) -> FlowConditional {
    let column = |values: &ndarray::Array2<f64>| values.select(Axis(1), &[place]);
    FlowConditional {
        hidden: vec![found.hidden[place]],
        mean: column(&found.mean),
        transformed_mean: column(&found.transformed_mean),
        transformed_variance: column(&found.transformed_variance),
    }
}
