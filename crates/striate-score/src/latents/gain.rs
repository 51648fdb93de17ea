//! What looking at more and more neurons buys.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};
use striate_base::Streams;
use striate_model::latent::VisibleNeurons;

use super::trial::Trial;
use crate::error::ScoreError;
use crate::metric::{Bits, Correlations};
use crate::scores::Summary;

/// Shares of the neurons that may be seen.
const SHARES: [f64; 7] = [0.0, 1.0 / 32.0, 1.0 / 16.0, 1.0 / 8.0, 1.0 / 4.0, 1.0 / 2.0, 1.0];

/// A quarter of the neurons, predicted while some of the others are seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GainPoint {
    /// Neurons seen.
    pub n_visible: usize,
    /// Mean over the quarter of the single-trial correlation.
    pub correlation: f64,
    /// Mean over the quarter of the log-likelihood in bits per frame (convention C for silent frames);
    /// absent where there is none.
    pub bits: Option<f64>,
}

/// Running scores.
pub(super) struct Gain {
    /// Places of the neurons that are scored.
    scored: Vec<usize>,
    levels: Vec<Level>,
}

struct Level {
    visible: VisibleNeurons,
    n_visible: usize,
    correlations: Correlations,
    bits: Bits,
}

impl Gain {
    /// Which neurons are scored and seen depends on the session's id and number of neurons alone.
    pub(super) fn new(session: &str, n_neurons: usize) -> Self {
        let mut order: Vec<usize> = (0..n_neurons).collect();
        Streams::new(42).stream(&format!("gain {session}")).shuffle(&mut order);
        let mut scored = order.split_off(n_neurons - (n_neurons / 4).max(1));
        scored.sort_unstable();
        let mut counts: Vec<usize> =
            SHARES.iter().map(|share| (share * order.len() as f64).round() as usize).collect();
        counts.dedup();
        let level = |n_visible: usize| {
            let mut visible = vec![false; n_neurons];
            for &neuron in &order[..n_visible] {
                visible[neuron] = true;
            }
            let (correlations, bits) = (Correlations::new(scored.len()), Bits::new(scored.len()));
            Level { visible, n_visible, correlations, bits }
        };
        Self { levels: counts.into_iter().map(level).collect(), scored }
    }

    pub(super) fn add(&mut self, trial: &Trial<'_>) -> Result<(), ScoreError> {
        let state = |level: &Level| {
            // Nothing seen: the prior, not what the encoder makes of silence.
            if level.n_visible == 0 {
                Ok(trial.prior())
            } else {
                trial.infer_predicted(Some(&level.visible))
            }
        };
        let states = self.levels.iter().map(state).collect::<Result<Vec<_>, ScoreError>>()?;
        let judged = trial.twin.judge_given(&trial.input(), trial.targets(), &states)?;
        let recorded = self.scored_neurons(trial, trial.targets());
        let n_scored = self.scored.len();
        let view = |values: &'_ [f32]| -> Result<ndarray::Array2<f32>, ScoreError> {
            let shape = (values.len() / n_scored.max(1), n_scored);
            Ok(ArrayView2::from_shape(shape, values)
                .map_err(|e| ScoreError::mismatch("scored values", e, "whole frames"))?
                .to_owned())
        };
        let recorded = view(&recorded)?;
        for (which, judged) in judged.iter().enumerate() {
            let predicted = view(&self.scored_neurons(trial, &judged.rates))?;
            let densities = judged.log_densities.iter();
            let densities = densities
                .map(|values| view(&self.scored_neurons(trial, values)))
                .collect::<Result<Vec<_>, _>>()?;
            let level = &mut self.levels[which];
            level.correlations.add(predicted.view(), recorded.view());
            level.bits.add(&densities.iter().map(|of| of.view()).collect::<Vec<_>>());
        }
        Ok(())
    }

    /// Of values `[predicted frame, neuron]` the scored ones.
    fn scored_neurons(&self, trial: &Trial<'_>, values: &[f32]) -> Vec<f32> {
        let frames = trial.scored(values).chunks_exact(trial.n_neurons);
        frames.flat_map(|frame| self.scored.iter().map(|&neuron| frame[neuron])).collect()
    }

    pub(super) fn finish(self) -> Vec<GainPoint> {
        let point = |level: Level| {
            let correlations = level.correlations.values();
            let bits = level.bits.values(2);
            GainPoint {
                n_visible: level.n_visible,
                correlation: correlations.iter().sum::<f64>() / correlations.len().max(1) as f64,
                bits: Summary::of(bits).map(|summary| summary.mean),
            }
        };
        self.levels.into_iter().map(point).collect()
    }
}
