//! Predictions of whole trials, one after the other.

use ndarray::{Array2, Array3, s};
use striate_base::{CancelToken, Progress, Streams};
use striate_recording::{Recording, Session};

use crate::error::ScoreError;
use crate::predictor::{Predictor, TrialInput};

/// The predictions of one trial.
#[derive(Debug)]
pub struct PredictedTrial<'a> {
    /// The session.
    pub session: &'a Session,
    /// Place of the trial in the session.
    pub trial: usize,
    /// Shape `[frame, neuron]`, as many frames as the trial has. The first frames, which the
    /// predictor needs and does not predict, are NaN.
    pub rates: Array2<f32>,
    /// Responses drawn from the predicted distribution, shape `[sample, frame, neuron]`, likewise.
    pub samples: Array3<f32>,
}

/// What is predicted.
#[derive(Debug, Clone, Copy, Default)]
pub struct PredictConfig<'a> {
    /// Of these tiers; without them of all.
    pub tiers: Option<&'a [String]>,
    /// Samples drawn of every trial.
    pub n_samples: usize,
    /// Of the samples.
    pub seed: u64,
}

/// Predict every trial of some tiers, whether it has responses or not, and show each to `visit`.
///
/// Memory is that of one trial with its predictions and samples.
///
/// # Errors
/// Unknown tiers, data that cannot be read, a predictor that does not fit the recording,
/// cancellation, and whatever `visit` fails with.
pub fn predict_trials(
    predictor: &dyn Predictor,
    recording: &Recording,
    config: &PredictConfig<'_>,
    (progress, cancel): (&mut dyn Progress, &CancelToken),
    visit: &mut dyn FnMut(PredictedTrial<'_>) -> Result<(), ScoreError>,
) -> Result<(), ScoreError> {
    for tier in config.tiers.unwrap_or_default() {
        refuse_unknown(recording, tier)?;
    }
    let wanted = |tier: &String| config.tiers.is_none_or(|tiers| tiers.contains(tier));
    let trials = recording.sessions.iter().flat_map(|session| &session.info.trials);
    let n_trials = trials.filter(|trial| wanted(&trial.tier)).count();
    progress.start("predict", Some(n_trials as u64));
    for (place, session) in recording.sessions.iter().enumerate() {
        for (trial, info) in session.info.trials.iter().enumerate() {
            if !wanted(&info.tier) {
                continue;
            }
            if cancel.is_cancelled() {
                return Err(ScoreError::Cancelled);
            }
            visit(predict_trial(predictor, config, (session, place), trial)?)?;
            progress.advance(1);
        }
    }
    progress.finish();
    Ok(())
}

fn predict_trial<'r>(
    predictor: &dyn Predictor,
    config: &PredictConfig<'_>,
    (session, place): (&'r Session, usize),
    trial: usize,
) -> Result<PredictedTrial<'r>, ScoreError> {
    let info = &session.info.trials[trial];
    let n_neurons = session.info.n_neurons;
    let mut rates = Array2::from_elem((info.n_frames, n_neurons), f32::NAN);
    let mut samples = Array3::from_elem((config.n_samples, info.n_frames, n_neurons), f32::NAN);
    let consumed = predictor.frames_consumed();
    if info.n_frames <= consumed {
        return Ok(PredictedTrial { session, trial, rates, samples });
    }
    let data = session.load_whole(trial)?;
    let input = TrialInput { session: place, trial, first_frame: 0, data: &data };
    let expected = (info.n_frames - consumed, n_neurons);
    let fitting = |predicted: Array2<f32>| {
        if predicted.dim() == expected {
            return Ok(predicted);
        }
        let (found, expected) = (format!("{:?}", predicted.dim()), format!("{expected:?}"));
        Err(ScoreError::mismatch(format!("prediction of trial `{}`", info.id), found, expected))
    };
    rates.slice_mut(s![consumed.., ..]).assign(&fitting(predictor.predict(input)?)?);
    let name = format!("samples of session {} trial {}", session.info.id, info.id);
    let mut random = Streams::new(config.seed).stream(&name);
    for mut sample in samples.outer_iter_mut() {
        let drawn = fitting(predictor.sample(input, &mut random)?)?;
        sample.slice_mut(s![consumed.., ..]).assign(&drawn);
    }
    Ok(PredictedTrial { session, trial, rates, samples })
}

fn refuse_unknown(recording: &Recording, tier: &str) -> Result<(), ScoreError> {
    let mut known = std::collections::BTreeSet::new();
    for session in &recording.sessions {
        known.extend(session.tiers().into_keys());
    }
    if known.contains(tier) {
        return Ok(());
    }
    let known = known.into_iter().collect::<Vec<_>>().join(", ");
    Err(ScoreError::UnknownTier { tier: tier.to_owned(), known })
}
