//! Latents of a twin beside those that a simulation knows.

use ndarray::{Array2, Axis, concatenate};
use serde::{Deserialize, Serialize};
use striate_model::Twin;
use striate_recording::simulate::{SessionTruth, Truth};
use striate_recording::{Recording, Session};

use super::LatentAnalysis;
use super::trial::Trial;
use crate::cca::{CcaConfig, PairedSeries, validate};
use crate::error::ScoreError;
use crate::predictor::TwinPredictor;
use crate::subspace::largest_angle_deg;

/// How much of the true latents was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TruthComparison {
    /// Largest angle between a direction of the true loadings and the space that the effects of the used
    /// latents span, in degrees.
    pub loading_angle_deg: f64,
    /// Held-out canonical correlations (folds of whole trials) between the used latents and the true ones, as
    /// many as there are true ones, descending.
    pub canonical_correlations: Vec<f64>,
}

impl LatentAnalysis {
    /// Compare the latents of every simulated session with the truth.
    ///
    /// # Errors
    /// A twin or truth of other sessions, trials that cannot be read, too few of them.
    pub fn compare_with_truth(
        &mut self,
        twin: &Twin,
        recording: &Recording,
        truth: &Truth,
    ) -> Result<(), ScoreError> {
        for (place, session) in recording.sessions.iter().enumerate() {
            let id = &session.info.id;
            let of_truth = truth.sessions.iter().find(|of_truth| of_truth.id == *id);
            let (Some(of_truth), Some(found)) = (of_truth, self.sessions.get_mut(id)) else {
                continue;
            };
            let used = found.used();
            // Nothing to find, nothing found, or too few trials to hold some of them out.
            let is_too_short = session.trials_of(&self.tier).len() < CcaConfig::default().n_folds;
            if of_truth.config.state.n_latents == 0 || used.is_empty() || is_too_short {
                continue;
            }
            let of_twin = (twin, TwinPredictor::new(twin, recording)?.place_of(place)?);
            let canonical_correlations =
                correlations(of_twin, session, (of_truth, &self.tier), &used)?;
            let n_neurons = found.effects.first().map_or(0, Vec::len);
            let effects = Array2::from_shape_fn((used.len(), n_neurons), |(d, neuron)| {
                f64::from(found.effects[used[d]][neuron])
            });
            let loading_angle_deg = largest_angle_deg(of_truth.loadings().view(), effects.view())?;
            found.truth = Some(TruthComparison { loading_angle_deg, canonical_correlations });
        }
        Ok(())
    }
}

/// Held-out canonical correlations of the used latents with the true ones.
fn correlations(
    twin: (&Twin, usize),
    session: &Session,
    (truth, tier): (&SessionTruth, &str),
    used: &[usize],
) -> Result<Vec<f64>, ScoreError> {
    let (mut latents, mut known, mut lengths) = (Vec::new(), Vec::new(), Vec::new());
    for trial in session.trials_of(tier) {
        let id = &session.info.trials[trial].id;
        let number: usize = id
            .parse()
            .map_err(|_| ScoreError::mismatch("trial of a simulation", id, "its number"))?;
        let Some(loaded) = Trial::load(twin, session, trial)? else { continue };
        let (first, dim) = (twin.0.frames_consumed(), twin.0.n_latents());
        let (n_frames, state) = (loaded.n_frames - first, loaded.infer_predicted(None)?);
        latents.push(Array2::from_shape_fn((n_frames, used.len()), |(frame, d)| {
            f64::from(state.mean[frame * dim + used[d]])
        }));
        let of_trial = truth.latents(number)?;
        known.push(Array2::from_shape_fn((n_frames, of_trial.nrows()), |(frame, latent)| {
            f64::from(of_trial[[latent, first + frame]])
        }));
        lengths.push(n_frames);
    }
    let (latents, known) = (join(&latents)?, join(&known)?);
    let config = CcaConfig { n_components: known.ncols(), ..CcaConfig::default() };
    let series = PairedSeries::new(latents.view(), known.view(), &lengths)?;
    Ok(validate(&series, &config)?.test)
}

fn join(parts: &[Array2<f64>]) -> Result<Array2<f64>, ScoreError> {
    let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
    concatenate(Axis(0), &views)
        .map_err(|e| ScoreError::mismatch("latents of trials", e, "at least one trial"))
}
