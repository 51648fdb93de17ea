//! Trials as factor analysis takes them: responses and predictions of the same frames, in f64.

use ndarray::{Array2, s};
use striate_base::{CancelToken, Progress};
use striate_recording::{Session, StimulusKind};

use super::super::{Predictor, TrialInput, TwinPredictor};
use crate::error::ScoreError;
use crate::factor_analysis::PopulationTrial;

/// Images predicted at a time.
const IMAGES_AT_A_TIME: usize = 64;

/// Frames of one trial, less those that the twin beneath consumes.
pub(super) struct OwnedTrial {
    /// Shape `[frame, neuron]`.
    pub(super) responses: Array2<f64>,
    /// What the twin beneath predicts, of the same shape.
    predictions: Option<Array2<f64>>,
}

impl OwnedTrial {
    /// Of trials of one session with equally many frames each.
    pub(super) fn of(
        beneath: Option<&TwinPredictor<'_>>,
        inputs: &[TrialInput<'_>],
    ) -> Result<Vec<Self>, ScoreError> {
        let consumed = beneath.map_or(0, Predictor::frames_consumed);
        let responses = |input: &TrialInput<'_>| {
            let found = input.data.responses.as_ref().ok_or_else(|| {
                let what = format!("responses to trial {}", input.trial);
                ScoreError::mismatch(what, "none", "some, to see other neurons")
            })?;
            let n_frames = input.data.stimulus.dim().0.saturating_sub(consumed);
            if found.nrows() < n_frames {
                let what = format!("frames with responses of trial {}", input.trial);
                return Err(ScoreError::mismatch(what, found.nrows(), n_frames));
            }
            Ok(found.slice(s![found.nrows() - n_frames.., ..]).mapv(f64::from))
        };
        let responses = inputs.iter().map(responses).collect::<Result<Vec<_>, _>>()?;
        let Some(beneath) = beneath else {
            let alone = |responses| Self { responses, predictions: None };
            return Ok(responses.into_iter().map(alone).collect());
        };
        let predictions = beneath.predict_all(inputs)?;
        let pairs = responses.into_iter().zip(predictions);
        let pair = |(responses, rates): (_, Array2<f32>)| Self {
            responses,
            predictions: Some(rates.mapv(f64::from)),
        };
        Ok(pairs.map(pair).collect())
    }

    pub(super) fn view(&self) -> PopulationTrial<'_> {
        PopulationTrial {
            responses: self.responses.view(),
            predictions: self.predictions.as_ref().map(|values| values.view()),
        }
    }
}

/// All trials of a tier that have responses and more frames than are consumed.
pub(super) fn training_trials(
    beneath: Option<&TwinPredictor<'_>>,
    (session, place): (&Session, usize),
    tier: &str,
    (progress, cancel): (&mut dyn Progress, &CancelToken),
) -> Result<Vec<OwnedTrial>, ScoreError> {
    let consumed = beneath.map_or(0, Predictor::frames_consumed);
    let mut wanted = session.trials_of(tier);
    wanted.retain(|&trial| {
        let info = &session.info.trials[trial];
        info.has_responses && info.n_frames > consumed
    });
    if wanted.is_empty() {
        return Err(ScoreError::NothingToScore {
            found: format!("none of tier `{tier}` in session `{}`", session.info.id),
            expected: format!(
                "some with responses and more than {consumed} frames to fit factors on"
            ),
        });
    }
    let at_a_time = match session.info.kind {
        StimulusKind::Image => IMAGES_AT_A_TIME,
        StimulusKind::Video => 1,
    };
    progress.start(&format!("factor analysis of {}", session.info.id), Some(wanted.len() as u64));
    let mut trials = Vec::with_capacity(wanted.len());
    for some in wanted.chunks(at_a_time) {
        if cancel.is_cancelled() {
            return Err(ScoreError::Cancelled);
        }
        let load = |&trial: &usize| session.load_whole(trial);
        let data = some.iter().map(load).collect::<Result<Vec<_>, _>>()?;
        let input = |(&trial, data)| TrialInput { session: place, trial, first_frame: 0, data };
        let inputs: Vec<TrialInput<'_>> = some.iter().zip(&data).map(input).collect();
        trials.extend(OwnedTrial::of(beneath, &inputs)?);
        progress.advance(some.len() as u64);
    }
    progress.finish();
    Ok(trials)
}
