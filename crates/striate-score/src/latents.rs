//! What the latents of a twin are and what they buy: their size, their link to behaviour, the gain from
//! looking at other neurons, calibration, noise correlations, the joint likelihood.
//!
//! Everything is about one tier, usually one that was not fitted, and needs no access to the data
//! afterwards: [`LatentAnalysis`] is what `striate probe latents` writes and the report shows.

mod behaviour;
mod calibration;
mod effect;
mod file;
mod gain;
mod joint;
mod noise_correlation;
mod session;
mod trial;
mod truth;

use std::collections::BTreeMap;

use ndarray::Array2;
use serde::{Deserialize, Serialize};
use striate_base::{CancelToken, Progress};
use striate_model::{SeenResponses, Twin};
use striate_recording::Recording;

pub use behaviour::BehaviourLink;
pub use calibration::{Calibration, CalibrationCurve};
pub use gain::GainPoint;
pub use joint::JointLikelihood;
pub use noise_correlation::NoiseCorrelations;
pub use session::{LatentTrace, SessionLatents, USED};
pub use truth::TruthComparison;

use crate::error::ScoreError;
use crate::predictor::TwinPredictor;
use session::SessionAnalysis;

/// What is analysed, and how thoroughly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LatentAnalysisConfig {
    /// The tier; without it the first of `live_test_main`, `test`, `oracle`, `validation` and `train` that has
    /// responses.
    pub tier: Option<String>,
    /// At most so many trials of a session for everything but behaviour, evenly spread.
    pub max_trials: usize,
    /// At most so many neurons for noise correlations, evenly spread.
    pub max_neurons: usize,
    /// Samples of the latents for a probability integral transform.
    pub n_calibration_samples: usize,
    /// Pairs of trials mismatched on purpose, for the control of the behaviour link.
    pub n_shifts: usize,
}

impl Default for LatentAnalysisConfig {
    fn default() -> Self {
        Self {
            tier: None,
            max_trials: 24,
            max_neurons: 200,
            n_calibration_samples: 20,
            n_shifts: 19,
        }
    }
}

/// Latents of every session on one tier.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LatentAnalysis {
    /// The tier.
    pub tier: String,
    /// Names of the readout's outputs that the loadings act on.
    pub outputs: Vec<String>,
    /// Each session by its id.
    pub sessions: BTreeMap<String, SessionLatents>,
}

/// Analyse the latents of `twin` on a recording; `without` is the twin without latents to compare with.
///
/// Memory is that of a trial with the predictions of all its neurons, some ten times over, and the latents
/// of all trials.
///
/// # Errors
/// A twin without latents or one that does not fit the recording, an unknown tier or one without
/// responses, data that cannot be read, cancellation.
pub fn analyse_latents(
    (twin, without): (&Twin, Option<&Twin>),
    recording: &Recording,
    config: &LatentAnalysisConfig,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<LatentAnalysis, ScoreError> {
    if twin.n_latents() == 0 {
        return Err(ScoreError::mismatch("latents of the twin", "none", "`model.latent`"));
    }
    let tier = tier(recording, config)?;
    let mut analysis = LatentAnalysis {
        outputs: twin.output_names().iter().map(ToString::to_string).collect(),
        sessions: BTreeMap::new(),
        tier,
    };
    let n_trials: usize =
        recording.sessions.iter().map(|s| s.trials_of(&analysis.tier).len()).sum();
    progress.start("latents", Some(n_trials as u64));
    for place in 0..recording.sessions.len() {
        let session = SessionAnalysis::new((twin, without), recording, place, config)?;
        if let Some(found) = session.run(&analysis.tier, progress, cancel)? {
            analysis.sessions.insert(recording.sessions[place].info.id.clone(), found);
        }
    }
    progress.finish();
    Ok(analysis)
}

/// The tier asked for, or the usual one.
fn tier(recording: &Recording, config: &LatentAnalysisConfig) -> Result<String, ScoreError> {
    const USUAL: [&str; 5] = ["live_test_main", "test", "oracle", "validation", "train"];
    let trials = || recording.sessions.iter().flat_map(|session| &session.info.trials);
    let has_responses = |tier: &str| trials().any(|t| t.has_responses && t.tier == tier);
    let known = || {
        let known: std::collections::BTreeSet<&str> = trials().map(|t| t.tier.as_str()).collect();
        known.into_iter().collect::<Vec<_>>().join(", ")
    };
    if let Some(tier) = &config.tier {
        if !trials().any(|trial| trial.tier == *tier) {
            return Err(ScoreError::UnknownTier { tier: tier.clone(), known: known() });
        }
        if !has_responses(tier) {
            return Err(ScoreError::NothingToScore {
                found: format!("tier `{tier}` without responses"),
                expected: "one with responses, to infer latents from".to_owned(),
            });
        }
        return Ok(tier.clone());
    }
    USUAL
        .into_iter()
        .find(|tier| has_responses(tier))
        .map(str::to_owned)
        .ok_or_else(|| ScoreError::NothingToScore { found: known(), expected: USUAL.join(", ") })
}

/// Posterior means `[frame, latent]` of a trial, inferred from all neurons; `None` for a trial without
/// responses. `session` and `trial` are places in the recording. The first [`Twin::frames_consumed`] frames
/// are those that the encoder warms up on.
///
/// # Errors
/// As [`analyse_latents`].
pub fn posterior_means(
    twin: &Twin,
    recording: &Recording,
    session: usize,
    trial: usize,
) -> Result<Option<Array2<f32>>, ScoreError> {
    let place = TwinPredictor::new(twin, recording)?.place_of(session)?;
    let data = recording.sessions[session].load_whole(trial)?;
    let Some(responses) = &data.responses else { return Ok(None) };
    let flat: Vec<f32> = responses.iter().copied().collect();
    let (n_frames, n_latents) = (responses.nrows(), twin.n_latents());
    if n_frames == 0 {
        return Ok(None);
    }
    let state = twin.infer(&SeenResponses {
        session: place,
        n_clips: 1,
        n_frames,
        responses: &flat,
        visible: None,
    })?;
    let means = Array2::from_shape_vec((n_frames, n_latents), state.mean);
    means.map(Some).map_err(|e| ScoreError::mismatch("latents of a trial", e, "whole frames"))
}
