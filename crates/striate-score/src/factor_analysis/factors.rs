//! Factors of residuals, smooth in time or not.

use ndarray::{Array2, ArrayView2, Axis};

use super::FactorError;
use super::conditional::Conditional;
use super::flow::FlowConfig;
use super::model::FactorAnalysis;
use super::smooth::GaussianProcessFactors;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Factors {
    Independent(FactorAnalysis),
    Smooth(GaussianProcessFactors),
}

impl Factors {
    /// Fit to residuals of all trials, one after another.
    pub(super) fn fit(
        residuals: ArrayView2<'_, f64>,
        trials: &[ArrayView2<'_, f64>],
        config: &FlowConfig,
    ) -> Result<Self, FactorError> {
        let Some(smoothing) = &config.smoothing else {
            return FactorAnalysis::fit(residuals, &config.factors).map(Self::Independent);
        };
        let mut rest = residuals;
        let mut parts = Vec::with_capacity(trials.len());
        for trial in trials {
            let (part, others) = rest.split_at(Axis(0), trial.nrows());
            parts.push(part);
            rest = others;
        }
        GaussianProcessFactors::fit(&parts, &config.factors, smoothing).map(Self::Smooth)
    }

    /// Hidden neurons of trials, given the visible ones.
    pub(super) fn condition(
        &self,
        visible: &[usize],
        trials: &[ArrayView2<'_, f64>],
    ) -> Result<Vec<Conditional>, FactorError> {
        match self {
            Self::Independent(model) => {
                trials.iter().map(|trial| model.condition(visible, *trial)).collect()
            }
            Self::Smooth(model) => model.condition(visible, trials),
        }
    }

    /// Every neuron of a trial from all others.
    pub(super) fn condition_each(
        &self,
        trial: ArrayView2<'_, f64>,
    ) -> Result<Conditional, FactorError> {
        let model = match self {
            Self::Independent(model) => return model.condition_each(trial),
            Self::Smooth(model) => model,
        };
        let all: Vec<usize> = (0..trial.ncols()).collect();
        let mut mean = Array2::zeros(trial.dim());
        let mut variance = mean.clone();
        for &neuron in &all {
            let visible: Vec<usize> =
                all.iter().copied().filter(|&other| other != neuron).collect();
            let others = trial.select(Axis(1), &visible);
            for found in model.condition(&visible, &[others.view()])? {
                mean.column_mut(neuron).assign(&found.mean.column(0));
                variance.column_mut(neuron).assign(&found.variance.column(0));
            }
        }
        Ok(Conditional { hidden: all, mean, variance })
    }
}
