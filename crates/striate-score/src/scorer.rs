//! Streams the trials of a recording past predictors.

mod plan;
mod session;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use striate_base::{CancelToken, Progress};
use striate_recording::Recording;

use crate::error::ScoreError;
use crate::predictor::Predictor;
use crate::scores::{Scores, SkippedTier, Statement};
use plan::TierPlan;
pub use plan::stimuli;
use session::SessionScorer;

/// What is scored, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScoreConfig {
    /// The tiers; without them every tier with responses other than `train`, and `train` where there
    /// is no other.
    pub tiers: Option<Vec<String>>,
    /// Score from this frame of each trial on; without it from where the recording's benchmark does
    /// (frame 50 of Sensorium 2023, else frame 0). Frames that a predictor consumes are never
    /// scored.
    pub from_frame: Option<usize>,
    /// How responses were normalised, for the statement, as `per neuron and frame`.
    pub normalisation: Option<String>,
    /// Hash of the data, for the statement.
    pub data_hash: Option<String>,
}

/// Score one predictor.
///
/// Each trial is read once, in pieces of bounded length; the repeats of a stimulus one after the
/// other. Memory is that of a piece with its predictions and, where there are repeats, of four f64
/// per frame of it and neuron.
///
/// # Errors
/// Unknown tiers, no trials with responses, trials shorter than the frames that are skipped, data
/// that cannot be read, a predictor that does not fit the recording, cancellation.
pub fn score(
    predictor: &dyn Predictor,
    recording: &Recording,
    config: &ScoreConfig,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<Scores, ScoreError> {
    let mut scores = score_all(&[predictor], recording, config, progress, cancel)?;
    scores.pop().ok_or_else(|| ScoreError::mismatch("score tables", 0, 1))
}

/// Score several predictors on the same frames: those that none of them consumes.
///
/// # Errors
/// As [`score`].
pub fn score_all(
    predictors: &[&dyn Predictor],
    recording: &Recording,
    config: &ScoreConfig,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<Vec<Scores>, ScoreError> {
    let tiers = plan::tiers(recording, config)?;
    let n_consumed = predictors.iter().map(|p| p.frames_consumed()).max().unwrap_or(0);
    let mut scores: Vec<Scores> = predictors
        .iter()
        .map(|predictor| Scores::new(predictor.name(), statement(recording, config, n_consumed)))
        .collect();
    for tier in tiers {
        let plan = TierPlan::new(recording, &tier, config, n_consumed)?;
        for scores in &mut scores {
            scores.skipped.extend(plan.skipped.iter().cloned());
        }
        progress.start(&format!("score {tier}"), Some(plan.n_units()));
        for session in &plan.sessions {
            let mut scorer = SessionScorer::new(predictors, recording, session)?;
            scorer.run(progress, cancel)?;
            for (scores, neurons) in scores.iter_mut().zip(scorer.finish()) {
                scores.insert(&tier, &session.id, neurons);
            }
        }
        progress.finish();
    }
    if scores.iter().all(|scores| scores.tiers.is_empty()) {
        return Err(ScoreError::NothingToScore {
            found: skipped_in_words(scores.first().map_or(&[], |scores| &scores.skipped)),
            expected: "a tier whose trials have responses".to_owned(),
        });
    }
    Ok(scores)
}

fn skipped_in_words(skipped: &[SkippedTier]) -> String {
    let words: Vec<String> = skipped.iter().map(ToString::to_string).collect();
    if words.is_empty() { "no tiers".to_owned() } else { words.join("; ") }
}

fn statement(recording: &Recording, config: &ScoreConfig, n_consumed: usize) -> Statement {
    let from = |session: &striate_recording::Session| {
        let skipped = config.from_frame.unwrap_or(session.info.scored_from_frame);
        (session.info.id.clone(), skipped.max(n_consumed))
    };
    Statement {
        recording: recording.name.clone(),
        normalisation: config.normalisation.clone(),
        data_hash: config.data_hash.clone(),
        scored_from_frame: recording.sessions.iter().map(from).collect(),
    }
}
