//! The likelihood of all neurons together.

use serde::{Deserialize, Serialize};
use striate_model::likelihood::SilentFrames;

use super::trial::Trial;
use crate::error::ScoreError;

/// Joint log-likelihood of the population by importance sampling from the posterior:
/// `log mean over s of p(y | z_s) p(z_s) / q(z_s)` in each frame, the latents of frames independent.
/// It is biased low where samples are few. (Burda, Grosse & Salakhutdinov 2016, arXiv 1509.00519, eq. 8.)
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct JointLikelihood {
    /// Bits per neuron and frame, silent frames as the likelihood is configured.
    pub bits: f64,
    /// Its Monte-Carlo standard error, from the spread of the weights.
    pub standard_error: f64,
    /// Sum over neurons of each one's log-likelihood by itself, the latents under their prior, in the same
    /// units and convention: what the joint one exceeds it by is what neurons tell about each other.
    pub independent_bits: Option<f64>,
    /// Mean over frames of the effective number of samples, `(sum w)^2 / sum w^2`.
    pub effective_samples: f64,
    /// Samples.
    pub n_samples: usize,
}

#[derive(Default)]
pub(super) struct RunningJoint {
    log_likelihood: f64,
    variance: f64,
    effective: f64,
    independent: f64,
    n_independent: u64,
    n_frames: u64,
    n_values: u64,
    n_samples: usize,
}

impl RunningJoint {
    pub(super) fn add(&mut self, trial: &Trial<'_>) -> Result<(), ScoreError> {
        let all = vec![true; trial.n_neurons];
        let (input, targets) = (trial.input(), trial.targets());
        let state = trial.infer_predicted(None)?;
        let weights = trial.twin.log_weights(&input, targets, &state, &all)?;
        let n_skipped = weights.len() - trial.scored(targets).len() / trial.n_neurons;
        for weights in &weights[n_skipped..] {
            self.add_frame(weights);
        }
        self.n_values += trial.scored(targets).len() as u64;
        for judged in trial.twin.judge_given(&input, targets, &[trial.prior()])? {
            let silent = trial.twin.spec().model.likelihood.silent_frames();
            let convention = SilentFrames::ALL.iter().position(|of| *of == silent);
            let density = convention.and_then(|which| judged.log_densities.get(which));
            let Some(density) = density else { continue };
            let density = trial.scored(density);
            self.independent += density.iter().map(|&value| f64::from(value)).sum::<f64>();
            self.n_independent += density.len() as u64;
        }
        Ok(())
    }

    fn add_frame(&mut self, weights: &[f64]) {
        let largest = weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let relative = weights.iter().map(|weight| (weight - largest).exp());
        let (sum, squares) = relative.fold((0.0, 0.0), |(s, q), w| (s + w, q + w * w));
        let n = weights.len() as f64;
        self.log_likelihood += largest + (sum / n).ln();
        // The relative variance of a mean of n numbers.
        self.variance += ((squares / n) / (sum / n).powi(2) - 1.0).max(0.0) / n;
        self.effective += sum * sum / squares;
        self.n_frames += 1;
        self.n_samples = weights.len();
    }

    /// `None` where no frame was seen or nothing has a density.
    pub(super) fn finish(&self) -> Option<JointLikelihood> {
        let per_bit = std::f64::consts::LN_2 * self.n_values as f64;
        let bits = self.log_likelihood / per_bit;
        let independent = self.independent / (std::f64::consts::LN_2 * self.n_independent as f64);
        bits.is_finite().then(|| JointLikelihood {
            bits,
            standard_error: self.variance.sqrt() / per_bit,
            independent_bits: Some(independent).filter(|bits| bits.is_finite()),
            effective_samples: self.effective / self.n_frames as f64,
            n_samples: self.n_samples,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_weights_have_no_error_and_one_large_weight_has() {
        let mut running = RunningJoint { n_values: 2, ..RunningJoint::default() };
        running.add_frame(&[-3.0; 10]);
        let joint = running.finish().unwrap();
        assert!((joint.bits + 1.5 / std::f64::consts::LN_2).abs() < 1e-12);
        assert!(joint.standard_error < 1e-6 && (joint.effective_samples - 10.0).abs() < 1e-9);
        let mut one = RunningJoint { n_values: 1, ..RunningJoint::default() };
        one.add_frame(&[0.0, -1000.0, -1000.0, -1000.0]);
        let joint = one.finish().unwrap();
        assert!((joint.bits + 2.0).abs() < 1e-12 && (joint.effective_samples - 1.0).abs() < 1e-12);
        assert!(joint.standard_error > 0.5);
    }
}
