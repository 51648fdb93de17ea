//! Reads submissions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ndarray::{Array2, s};
use striate_formats::{csv, parquet};
use striate_recording::{Recording, StimulusKind};

use super::index::{Index, Row, kind};
use crate::error::ScoreError;
use crate::predictor::{Predictor, TrialInput};

/// Show each row of a submission, one at a time.
pub(super) fn rows(
    path: &Path,
    recording: &Recording,
    visit: &mut dyn FnMut(Row) -> Result<(), ScoreError>,
) -> Result<(), ScoreError> {
    let index = Index::new(recording, path)?;
    match kind(recording)? {
        StimulusKind::Image => {
            for row in csv::SubmissionReader::open(path)? {
                let row = row?;
                let n_neurons = row.prediction.len();
                let prediction = Array2::from_shape_vec((1, n_neurons), row.prediction)
                    .expect("one row of as many columns as it has values");
                visit(index.row(0, row.trial_index, &row.neuron_ids, prediction)?)?;
            }
        }
        StimulusKind::Video => {
            for row in parquet::SubmissionReader::open(path)? {
                let row = row?;
                let session = index.session(&row.mouse)?;
                let prediction = row.prediction.reversed_axes();
                visit(index.row(session, row.trial_index, &row.neuron_ids, prediction)?)?;
            }
        }
    }
    Ok(())
}

/// Shape `[frame, neuron]` of each trial of one session.
type OfSession = BTreeMap<usize, Array2<f32>>;

/// Predictions as they stand in a submission.
pub(super) struct SubmittedPredictions<'a> {
    path: PathBuf,
    name: String,
    recording: &'a Recording,
    /// The session read last. Scoring goes session by session, so each is read once per tier.
    loaded: Mutex<Option<(usize, OfSession)>>,
}

impl<'a> SubmittedPredictions<'a> {
    pub(super) fn new(path: &Path, recording: &'a Recording) -> Result<Self, ScoreError> {
        kind(recording)?;
        let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        Ok(Self { path: path.to_owned(), name, recording, loaded: Mutex::new(None) })
    }

    fn load(&self, session: usize) -> Result<OfSession, ScoreError> {
        let mut predictions = OfSession::new();
        rows(&self.path, self.recording, &mut |row| {
            if row.session == session {
                predictions.insert(row.trial, row.prediction);
            }
            Ok(())
        })?;
        Ok(predictions)
    }
}

impl Predictor for SubmittedPredictions<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn frames_consumed(&self) -> usize {
        let skipped = self.recording.sessions.iter().map(|s| s.info.scored_from_frame);
        skipped.max().unwrap_or(0)
    }

    fn predict(&self, input: TrialInput<'_>) -> Result<Array2<f32>, ScoreError> {
        // A poisoned lock only means that another thread stopped while reading: read again.
        let mut loaded = self.loaded.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let predictions = match loaded.take() {
            Some((session, predictions)) if session == input.session => predictions,
            _ => self.load(input.session)?,
        };
        let (_, predictions) = loaded.insert((input.session, predictions));
        let info = &self.recording.sessions[input.session].info;
        let trial = &info.trials[input.trial];
        let of_trial = |what: &str| format!("{what} of trial `{}`", trial.id);
        let Some(whole) = predictions.get(&input.trial) else {
            return Err(ScoreError::mismatch(of_trial("rows"), 0, 1));
        };
        let skipped = trial.n_frames - whole.nrows();
        let first = input.first_frame + self.frames_consumed();
        let end = input.first_frame + input.data.stimulus.dim().0;
        if first < skipped || end > trial.n_frames || first > end {
            let expected = format!("frames {skipped} to {}", trial.n_frames);
            return Err(ScoreError::mismatch(
                of_trial("frames"),
                format!("{first} to {end}"),
                expected,
            ));
        }
        Ok(whole.slice(s![first - skipped..end - skipped, ..]).to_owned())
    }
}
