//! What a latent does to the mean response of each neuron.

use striate_model::LatentState;

use super::trial::Trial;
use crate::error::ScoreError;

/// Distance from 0 at which the effect of a latent is found, in standard deviations of its prior.
const STEP: f32 = 0.5;

/// Running sums over frames of mean responses at latents on both sides of 0.
pub(super) struct Effect {
    n_neurons: usize,
    /// `[latent][neuron]`
    differences: Vec<Vec<f64>>,
    /// `[neuron]`
    rates: Vec<f64>,
}

impl Effect {
    pub(super) fn new(dim: usize, n_neurons: usize) -> Self {
        let (differences, rates) = (vec![vec![0.0; n_neurons]; dim], vec![0.0; n_neurons]);
        Self { n_neurons, differences, rates }
    }

    pub(super) fn add(&mut self, trial: &Trial<'_>) -> Result<(), ScoreError> {
        let dim = self.differences.len();
        let at = |latent: usize, value: f32| {
            let mut state = trial.prior();
            state.mean.iter_mut().skip(latent).step_by(dim).for_each(|mean| *mean = value);
            state
        };
        let mut states: Vec<LatentState> = vec![trial.prior()];
        for latent in 0..dim {
            states.extend([at(latent, STEP), at(latent, -STEP)]);
        }
        let rates = trial.twin.predict_at(&trial.input(), &states)?;
        let Some((middle, sides)) = rates.split_first() else { return Ok(()) };
        add(&mut self.rates, trial.scored(middle), self.n_neurons, 1.0);
        for (differences, sides) in self.differences.iter_mut().zip(sides.chunks_exact(2)) {
            add(differences, trial.scored(&sides[0]), self.n_neurons, 1.0);
            add(differences, trial.scored(&sides[1]), self.n_neurons, -1.0);
        }
        Ok(())
    }

    /// Relative change of the mean response per standard deviation of a latent, `[latent][neuron]`; 0 for a
    /// neuron that never responds.
    pub(super) fn finish(self) -> Vec<Vec<f32>> {
        let relative = |(difference, rate): (f64, &f64)| {
            let found = difference / (2.0 * f64::from(STEP) * rate);
            if found.is_finite() { found as f32 } else { 0.0 }
        };
        let of = |differences: Vec<f64>| {
            differences.into_iter().zip(&self.rates).map(relative).collect()
        };
        self.differences.into_iter().map(of).collect()
    }
}

/// Add values `[frame, neuron]` over frames, with a factor.
fn add(sums: &mut [f64], values: &[f32], n_neurons: usize, factor: f64) {
    for frame in values.chunks_exact(n_neurons.max(1)) {
        for (sum, &value) in sums.iter_mut().zip(frame) {
            *sum += factor * f64::from(value);
        }
    }
}
