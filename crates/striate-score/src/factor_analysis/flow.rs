//! Factor analysis of transformed responses, on top of a prediction or not.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::FactorError;
use super::conditional::{Conditional, hidden_of};
use super::factors::Factors;
use super::model::{FactorAnalysis, FactorConfig};
use super::quadrature::Quadrature;
use super::regression::{check_predictions, predictions, slope, transformed};
use super::smooth::{SmoothingConfig, stacked};
use super::transform::{Fitted, Transform};
use crate::cca::check_finite;

/// One trial of a population.
#[derive(Debug, Clone, Copy)]
pub struct PopulationTrial<'a> {
    /// Responses, shape `[frame, neuron]`.
    pub responses: ArrayView2<'a, f64>,
    /// What another model predicts of them, of the same shape and in the same unit.
    pub predictions: Option<ArrayView2<'a, f64>>,
}

impl<'a> PopulationTrial<'a> {
    /// A trial that nothing is predicted of.
    pub fn of(responses: ArrayView2<'a, f64>) -> Self {
        Self { responses, predictions: None }
    }
}

/// How factors of transformed responses are fitted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FlowConfig {
    /// What is done to responses first. Default Yeo-Johnson.
    pub transform: Transform,
    /// The factors.
    pub factors: FactorConfig,
    /// How they are smooth in time; default: frames are independent.
    pub smoothing: Option<SmoothingConfig>,
}

/// Factor analysis, smooth or not, of `T_n(y_n) - a_n - b_n T_n(prediction_n)` with a monotone transform
/// `T_n` for each neuron; without predictions `b_n` is 0.
///
/// Conditioned predictions with a twin of the stimulus as prediction are the baseline for twins with
/// latents. See the [module](super) for source and differences.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowFactorAnalysis {
    transforms: Vec<Fitted>,
    /// Slopes on the transformed predictions, `[neuron]`.
    slopes: Option<Array1<f64>>,
    /// Of the residuals; their means are the `a_n`.
    factors: Factors,
    quadrature: Quadrature,
}

/// Hidden neurons of one trial, given the visible ones.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowConditional {
    /// Places of the hidden neurons, ascending.
    pub hidden: Vec<usize>,
    /// Means of their responses, shape `[frame, hidden]`, in the unit of the responses.
    pub mean: Array2<f64>,
    /// Means of their transformed responses, shape `[frame, hidden]`.
    pub transformed_mean: Array2<f64>,
    /// Variances of their transformed responses, shape `[frame, hidden]`.
    pub transformed_variance: Array2<f64>,
}

impl FlowFactorAnalysis {
    /// Fit to trials, all with predictions or none.
    ///
    /// # Errors
    /// [`FactorError`] for settings out of range, arrays that do not fit together, values that are not
    /// finite, and responses that the transform is not made for.
    ///
    /// ```
    /// use ndarray::Array2;
    /// use striate_score::factor_analysis::{FactorConfig, FlowConfig, FlowFactorAnalysis, PopulationTrial};
    ///
    /// // Three neurons whose logarithms follow one wave.
    /// let responses = Array2::from_shape_fn((300, 3), |(t, n)| {
    ///     ((0.3 * t as f64).sin() + 0.2 * ((2.1 + n as f64) * t as f64).cos()).exp()
    /// });
    /// let trial = PopulationTrial::of(responses.view());
    /// let config = FlowConfig { factors: FactorConfig::with_factors(1), ..FlowConfig::default() };
    /// let model = FlowFactorAnalysis::fit(&[trial], &config)?;
    /// let found = &model.condition(&[trial], &[0, 1])?[0];
    /// let error = (&found.mean.column(0) - &responses.column(2)).mapv(f64::abs).mean().unwrap();
    /// assert!(error < 0.3); // of responses between 0.3 and 3.3
    /// # Ok::<(), striate_score::factor_analysis::FactorError>(())
    /// ```
    pub fn fit(trials: &[PopulationTrial<'_>], config: &FlowConfig) -> Result<Self, FactorError> {
        let responses: Vec<_> = trials.iter().map(|trial| trial.responses).collect();
        let all = stacked(&responses)?;
        check_finite("responses", all.view())?;
        check_offset(config.transform)?;
        let columns = all.columns().into_iter().enumerate();
        let transforms: Vec<Fitted> = columns
            .map(|(neuron, column)| Fitted::new(config.transform, column, neuron))
            .collect::<Result<_, _>>()?;
        let mut residuals = transformed(&transforms, all.view());
        let predictions = predictions(trials, all.ncols())?;
        let slopes = predictions.map(|predictions| {
            let predicted = transformed(&transforms, predictions.view());
            let slopes: Array1<f64> = (0..all.ncols())
                .map(|neuron| slope(predicted.column(neuron), residuals.column(neuron)))
                .collect();
            residuals -= &(&predicted * &slopes);
            slopes
        });
        let factors = Factors::fit(residuals.view(), &responses, config)?;
        Ok(Self { transforms, slopes, factors, quadrature: Quadrature::new()? })
    }

    /// Number of neurons.
    pub fn n_neurons(&self) -> usize {
        self.transforms.len()
    }

    /// The factors of the residuals: loadings, private variances, log-likelihoods.
    pub fn factor_analysis(&self) -> &FactorAnalysis {
        match &self.factors {
            Factors::Independent(model) => model,
            Factors::Smooth(model) => model.factor_analysis(),
        }
    }

    /// Timescales of the factors in frames; `None` where frames are independent.
    pub fn timescales(&self) -> Option<&[f64]> {
        match &self.factors {
            Factors::Independent(_) => None,
            Factors::Smooth(model) => Some(model.timescales()),
        }
    }

    /// Yeo-Johnson powers, shape `[neuron]`; empty for other transforms.
    pub fn powers(&self) -> Vec<f64> {
        self.transforms.iter().filter_map(Fitted::power).collect()
    }

    /// Hidden neurons, given the visible ones in all frames of each trial: one result for each. Of the
    /// hidden neurons nothing but their predictions is looked at.
    ///
    /// # Errors
    /// As [`FlowFactorAnalysis::fit`], and for neurons that are not there or named twice.
    pub fn condition(
        &self,
        trials: &[PopulationTrial<'_>],
        visible: &[usize],
    ) -> Result<Vec<FlowConditional>, FactorError> {
        hidden_of(visible, self.n_neurons())?;
        let residuals: Vec<Array2<f64>> =
            trials.iter().map(|trial| self.residuals(trial, visible)).collect::<Result<_, _>>()?;
        let views: Vec<_> = residuals.iter().map(|values| values.view()).collect();
        let found = self.factors.condition(visible, &views)?;
        let pairs = found.into_iter().zip(trials);
        pairs.map(|(conditional, trial)| self.of_responses(conditional, trial)).collect()
    }

    /// Every neuron, given all others in all frames of each trial: one result for each, in which all neurons
    /// are hidden.
    ///
    /// # Errors
    /// As [`FlowFactorAnalysis::condition`].
    pub fn condition_each(
        &self,
        trials: &[PopulationTrial<'_>],
    ) -> Result<Vec<FlowConditional>, FactorError> {
        let all: Vec<usize> = (0..self.n_neurons()).collect();
        let of_trial = |trial: &PopulationTrial<'_>| {
            let residuals = self.residuals(trial, &all)?;
            self.of_responses(self.factors.condition_each(residuals.view())?, trial)
        };
        trials.iter().map(of_trial).collect()
    }

    /// Natural logarithms of the densities of the hidden neurons' responses in a trial, each for itself,
    /// `[frame, hidden]`: the normal density of the transformed response times the transform's derivative.
    ///
    /// # Errors
    /// [`FactorError`] for arrays that do not fit together and values that are not finite.
    pub fn log_densities(
        &self,
        found: &FlowConditional,
        responses: ArrayView2<'_, f64>,
    ) -> Result<Array2<f64>, FactorError> {
        self.check_neurons(responses)?;
        check_finite("responses", responses)?;
        if responses.nrows() != found.mean.nrows() {
            let (n, expected) = (responses.nrows(), found.mean.nrows());
            return Err(FactorError::shape("frames of the responses", n, expected));
        }
        Ok(Array2::from_shape_fn(found.mean.dim(), |(frame, place)| {
            let neuron = found.hidden[place];
            let transform = &self.transforms[neuron];
            let response = responses[[frame, neuron]];
            let (mean, variance) = (
                found.transformed_mean[[frame, place]],
                found.transformed_variance[[frame, place]],
            );
            let error = transform.forward(response) - mean;
            let normal = (std::f64::consts::TAU * variance).ln() + error * error / variance;
            transform.log_derivative(response) - 0.5 * normal
        }))
    }

    /// Responses `[frame, neuron]`, transformed.
    ///
    /// # Errors
    /// [`FactorError`] for another number of neurons.
    pub fn transformed(&self, responses: ArrayView2<'_, f64>) -> Result<Array2<f64>, FactorError> {
        self.check_neurons(responses)?;
        Ok(transformed(&self.transforms, responses))
    }

    /// Responses `[frame]` of one neuron, transformed.
    pub(super) fn transformed_neuron(
        &self,
        neuron: usize,
        responses: ArrayView1<'_, f64>,
    ) -> Array1<f64> {
        responses.mapv(|response| self.transforms[neuron].forward(response))
    }

    fn check_neurons(&self, responses: ArrayView2<'_, f64>) -> Result<(), FactorError> {
        if responses.ncols() == self.n_neurons() {
            return Ok(());
        }
        let (found, expected) = (responses.ncols(), self.n_neurons());
        Err(FactorError::shape("neurons of a trial", found, expected))
    }

    /// Transformed responses of the visible neurons less what is predicted of them, `[frame, visible]`.
    fn residuals(
        &self,
        trial: &PopulationTrial<'_>,
        visible: &[usize],
    ) -> Result<Array2<f64>, FactorError> {
        self.check_neurons(trial.responses)?;
        let responses = trial.responses.select(ndarray::Axis(1), visible);
        check_finite("responses", responses.view())?;
        let predicted = self.predicted(trial)?;
        let mut residuals = Array2::zeros(responses.dim());
        for ((frame, place), residual) in residuals.indexed_iter_mut() {
            let (neuron, response) = (visible[place], responses[[frame, place]]);
            self.transforms[neuron].check(response, neuron)?;
            *residual = self.transforms[neuron].forward(response) - predicted[[frame, neuron]];
        }
        Ok(residuals)
    }

    /// What is predicted of transformed responses, less their means: `[frame, neuron]`.
    fn predicted(&self, trial: &PopulationTrial<'_>) -> Result<Array2<f64>, FactorError> {
        match (&self.slopes, trial.predictions) {
            (None, _) => Ok(Array2::zeros(trial.responses.dim())),
            (Some(slopes), Some(predictions)) => {
                check_predictions(predictions, trial)?;
                Ok(transformed(&self.transforms, predictions) * slopes)
            }
            (Some(_), None) => {
                let expected = "some, as the model was fitted with";
                Err(FactorError::shape("predictions of a trial", "none", expected))
            }
        }
    }

    fn of_responses(
        &self,
        found: Conditional,
        trial: &PopulationTrial<'_>,
    ) -> Result<FlowConditional, FactorError> {
        let predicted = self.predicted(trial)?;
        let Conditional { hidden, mean: mut transformed_mean, variance } = found;
        transformed_mean += &predicted.select(ndarray::Axis(1), &hidden);
        let mean = Array2::from_shape_fn(transformed_mean.dim(), |place| {
            let transform = &self.transforms[hidden[place.1]];
            let inverse = |value| transform.inverse(value);
            self.quadrature.mean(transformed_mean[place], variance[place], inverse)
        });
        Ok(FlowConditional { hidden, mean, transformed_mean, transformed_variance: variance })
    }
}

fn check_offset(transform: Transform) -> Result<(), FactorError> {
    match transform {
        Transform::SquareRoot { offset } if !(offset >= 0.0 && offset.is_finite()) => {
            Err(FactorError::setting("transform.offset", offset, "a number of at least 0"))
        }
        _ => Ok(()),
    }
}
