//! Writes submissions.

use std::collections::BTreeSet;
use std::path::PathBuf;

use ndarray::{Array2, s};
use striate_base::{CancelToken, Progress};
use striate_formats::{csv, parquet};
use striate_recording::{Recording, Session, StimulusKind};

use super::SubmissionConfig;
use super::check::check;
use super::index::{image_id, kind, trial_index};
use super::names::{file_name, is_test_tier};
use crate::error::ScoreError;
use crate::predictor::{Predictor, TrialInput};

/// Write a file for each tier, read it back and check it. Files of the same name are replaced, each
/// in one step.
///
/// # Errors
/// No such tier, or no test tier in the recording; trial or image ids that are no numbers; several
/// sessions of images; a predictor that needs more frames than are left out; data that cannot be
/// read, files that cannot be written, cancellation.
pub fn write_submission(
    predictor: &dyn Predictor,
    recording: &Recording,
    config: &SubmissionConfig,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<Vec<PathBuf>, ScoreError> {
    let kind = kind(recording)?;
    let mut paths = Vec::new();
    for tier in tiers(recording, config)? {
        let path = config.folder.join(file_name(kind, &tier, config.names));
        let n_trials = recording.sessions.iter().map(|session| session.trials_of(&tier).len());
        progress.start(&format!("predict {tier}"), Some(n_trials.sum::<usize>() as u64));
        let mut file = match kind {
            StimulusKind::Image => File::Images(csv::SubmissionWriter::create(&path)?),
            StimulusKind::Video => {
                File::Videos(Box::new(parquet::SubmissionWriter::create(&path)?))
            }
        };
        for (place, session) in recording.sessions.iter().enumerate() {
            for trial in session.trials_of(&tier) {
                if cancel.is_cancelled() {
                    return Err(ScoreError::Cancelled);
                }
                file.write(session, trial, predict(predictor, session, place, trial)?)?;
                progress.advance(1);
            }
        }
        file.finish()?;
        check(&path, recording, cancel)?;
        progress.finish();
        paths.push(path);
    }
    Ok(paths)
}

enum File {
    Images(csv::SubmissionWriter),
    Videos(Box<parquet::SubmissionWriter>),
}

impl File {
    /// `prediction` has shape `[frame, neuron]`.
    fn write(
        &mut self,
        session: &Session,
        trial: usize,
        prediction: Array2<f32>,
    ) -> Result<(), ScoreError> {
        let neuron_ids = session.info.neuron_ids.clone();
        let trial_index = trial_index(session, trial)?;
        match self {
            Self::Images(writer) => writer.write(&csv::SubmissionRow {
                trial_index,
                image_id: image_id(session, trial)?,
                prediction: prediction.iter().copied().collect(),
                neuron_ids,
            })?,
            Self::Videos(writer) => writer.write(&parquet::SubmissionRow {
                mouse: session.info.id.clone(),
                trial_index,
                prediction: prediction.reversed_axes(),
                neuron_ids,
            })?,
        }
        Ok(())
    }

    fn finish(self) -> Result<(), ScoreError> {
        match self {
            Self::Images(writer) => writer.finish()?,
            Self::Videos(writer) => writer.finish()?,
        }
        Ok(())
    }
}

/// Shape `[frame, neuron]`: the frames of a trial that benchmarks ask for.
fn predict(
    predictor: &dyn Predictor,
    session: &Session,
    place: usize,
    trial: usize,
) -> Result<Array2<f32>, ScoreError> {
    let info = &session.info;
    let n_frames = info.trials[trial].n_frames;
    let data = session.load(trial, 0..n_frames)?;
    let input = TrialInput { session: place, trial, first_frame: 0, data: &data };
    let predicted = predictor.predict(input)?;
    let expected = n_frames.saturating_sub(info.scored_from_frame);
    if predicted.nrows() < expected || expected == 0 {
        return Err(ScoreError::mismatch(
            format!(
                "frames of trial `{}` predicted by `{}`",
                info.trials[trial].id,
                predictor.name()
            ),
            predicted.nrows(),
            format!("{} or more", expected.max(1)),
        ));
    }
    Ok(predicted.slice(s![predicted.nrows() - expected.., ..]).to_owned())
}

fn tiers(recording: &Recording, config: &SubmissionConfig) -> Result<Vec<String>, ScoreError> {
    let trials = recording.sessions.iter().flat_map(|session| &session.info.trials);
    let known: BTreeSet<&str> = trials.map(|trial| trial.tier.as_str()).collect();
    let in_words = || known.iter().copied().collect::<Vec<_>>().join(", ");
    let Some(asked) = &config.tiers else {
        let tiers: Vec<String> =
            known.iter().filter(|tier| is_test_tier(tier)).map(ToString::to_string).collect();
        if tiers.is_empty() {
            let found = format!("tiers {}", in_words());
            return Err(ScoreError::mismatch("submission", found, "a test tier, or tiers named"));
        }
        return Ok(tiers);
    };
    match asked.iter().find(|tier| !known.contains(tier.as_str())) {
        Some(tier) => Err(ScoreError::UnknownTier { tier: tier.clone(), known: in_words() }),
        None => Ok(asked.clone()),
    }
}
