//! Predictions of whole trials, one after the other.

use ndarray::{Array2, s};
use striate_base::{CancelToken, Progress};
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
}

/// Predict every trial of some tiers, whether it has responses or not, and show each to `visit`.
///
/// Without `tiers` all are predicted. Memory is that of one trial with its predictions.
///
/// # Errors
/// Unknown tiers, data that cannot be read, a predictor that does not fit the recording,
/// cancellation, and whatever `visit` fails with.
pub fn predict_trials(
    predictor: &dyn Predictor,
    recording: &Recording,
    tiers: Option<&[String]>,
    (progress, cancel): (&mut dyn Progress, &CancelToken),
    visit: &mut dyn FnMut(PredictedTrial<'_>) -> Result<(), ScoreError>,
) -> Result<(), ScoreError> {
    for tier in tiers.unwrap_or_default() {
        refuse_unknown(recording, tier)?;
    }
    let wanted = |tier: &String| tiers.is_none_or(|tiers| tiers.contains(tier));
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
            let rates = predict_trial(predictor, session, place, trial)?;
            visit(PredictedTrial { session, trial, rates })?;
            progress.advance(1);
        }
    }
    progress.finish();
    Ok(())
}

/// Shape `[frame, neuron]`; the frames without prediction are NaN.
fn predict_trial(
    predictor: &dyn Predictor,
    session: &Session,
    place: usize,
    trial: usize,
) -> Result<Array2<f32>, ScoreError> {
    let n_frames = session.info.trials[trial].n_frames;
    let mut rates = Array2::from_elem((n_frames, session.info.n_neurons), f32::NAN);
    let consumed = predictor.frames_consumed();
    if n_frames <= consumed {
        return Ok(rates);
    }
    let data = session.load_whole(trial)?;
    let input = TrialInput { session: place, trial, first_frame: 0, data: &data };
    let predicted = predictor.predict(input)?;
    let expected = (n_frames - consumed, session.info.n_neurons);
    if predicted.dim() != expected {
        let what = format!("prediction of trial `{}`", session.info.trials[trial].id);
        let (found, expected) = (format!("{:?}", predicted.dim()), format!("{expected:?}"));
        return Err(ScoreError::mismatch(what, found, expected));
    }
    rates.slice_mut(s![consumed.., ..]).assign(&predicted);
    Ok(rates)
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
