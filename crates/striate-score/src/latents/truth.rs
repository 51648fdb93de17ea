//! Latents of a twin beside those that a simulation knows.

use ndarray::{Array2, Axis, concatenate};
use serde::{Deserialize, Serialize};
use striate_model::Twin;
use striate_recording::Recording;
use striate_recording::simulate::SessionTruth;

use super::SessionLatents;
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

impl TruthComparison {
    /// Compare the latents of a session in `trials` of a tier with the truth.
    ///
    /// # Errors
    /// A session that is not in the twin or the truth, trials that cannot be read, too few of them.
    pub fn new(
        twin: &Twin,
        recording: &Recording,
        (truth, tier): (&SessionTruth, &str),
        found: &SessionLatents,
    ) -> Result<Self, ScoreError> {
        let place = recording.sessions.iter().position(|session| session.info.id == truth.id);
        let place = place.ok_or_else(|| {
            ScoreError::mismatch("session of the truth", &truth.id, "one of the recording")
        })?;
        let of_twin = (twin, TwinPredictor::new(twin, recording)?.place_of(place)?);
        let session = &recording.sessions[place];
        let used = found.used();
        if used.is_empty() {
            return Err(ScoreError::mismatch("latents that the twin uses", "none", "at least one"));
        }
        let (mut latents, mut known, mut lengths) = (Vec::new(), Vec::new(), Vec::new());
        for trial in session.trials_of(tier) {
            let id = &session.info.trials[trial].id;
            let number: usize = id
                .parse()
                .map_err(|_| ScoreError::mismatch("trial of a simulation", id, "its number"))?;
            let Some(loaded) = Trial::load(of_twin, session, trial)? else { continue };
            let first = twin.frames_consumed();
            let state = loaded.infer_predicted(None)?;
            let dim = twin.n_latents();
            latents.push(Array2::from_shape_fn((loaded.n_frames - first, used.len()), |(f, d)| {
                f64::from(state.mean[f * dim + used[d]])
            }));
            let of_trial = truth.latents(number)?;
            known.push(Array2::from_shape_fn(
                (loaded.n_frames - first, of_trial.nrows()),
                |(f, k)| f64::from(of_trial[[k, first + f]]),
            ));
            lengths.push(loaded.n_frames - first);
        }
        let join = |parts: &[Array2<f64>]| {
            let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
            concatenate(Axis(0), &views)
                .map_err(|e| ScoreError::mismatch("latents of trials", e, "at least one trial"))
        };
        let (latents, known) = (join(&latents)?, join(&known)?);
        let config = CcaConfig { n_components: known.ncols(), ..CcaConfig::default() };
        let series = PairedSeries::new(latents.view(), known.view(), &lengths)?;
        let effects = Array2::from_shape_fn((used.len(), loaded_neurons(found)), |(d, neuron)| {
            f64::from(found.effects[used[d]][neuron])
        });
        Ok(Self {
            loading_angle_deg: largest_angle_deg(truth.loadings().view(), effects.view())?,
            canonical_correlations: validate(&series, &config)?.test,
        })
    }
}

fn loaded_neurons(found: &SessionLatents) -> usize {
    found.effects.first().map_or(0, Vec::len)
}
