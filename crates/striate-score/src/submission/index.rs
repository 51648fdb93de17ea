//! How rows of a submission refer to a recording.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::Array2;
use striate_recording::{Recording, Session, StimulusKind};

use crate::error::ScoreError;

/// One row of a submission, found in the recording.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// Place in the recording.
    pub(super) session: usize,
    /// Place in the session.
    pub(super) trial: usize,
    /// Shape `[frame, neuron]`: the trial's last frames.
    pub(super) prediction: Array2<f32>,
}

/// The kind of all sessions.
///
/// # Errors
/// No sessions, sessions of both kinds, or several sessions of images, which the CSV cannot tell
/// apart.
pub(super) fn kind(recording: &Recording) -> Result<StimulusKind, ScoreError> {
    let sessions = &recording.sessions;
    let Some(first) = sessions.first() else {
        return Err(ScoreError::mismatch("sessions to submit", 0, "at least one"));
    };
    if sessions.iter().any(|session| session.info.kind != first.info.kind) {
        let found = "sessions of images and of videos";
        return Err(ScoreError::mismatch("submission", found, "sessions of one kind"));
    }
    if first.info.kind == StimulusKind::Image && sessions.len() > 1 {
        let expected = "1: image submissions do not name sessions, open them one by one";
        return Err(ScoreError::mismatch("sessions to submit", sessions.len(), expected));
    }
    Ok(first.info.kind)
}

/// The number a trial has in the recording's files.
pub(super) fn trial_index(session: &Session, trial: usize) -> Result<i64, ScoreError> {
    number("trial", &session.info.trials[trial].id)
}

/// The number of a trial's image.
pub(super) fn image_id(session: &Session, trial: usize) -> Result<i64, ScoreError> {
    match &session.info.trials[trial].stimulus_id {
        Some(id) => number("image", id),
        None => trial_index(session, trial),
    }
}

fn number(what: &str, id: &str) -> Result<i64, ScoreError> {
    id.parse().map_err(|_| {
        ScoreError::mismatch(format!("{what} id"), format!("`{id}`"), "a whole number")
    })
}

/// Finds sessions and trials by what submissions call them.
pub(super) struct Index<'a> {
    recording: &'a Recording,
    path: &'a Path,
    trials: Vec<BTreeMap<i64, usize>>,
}

impl<'a> Index<'a> {
    pub(super) fn new(recording: &'a Recording, path: &'a Path) -> Result<Self, ScoreError> {
        let trials = |session: &Session| {
            let numbers = (0..session.info.trials.len()).map(|t| Ok((trial_index(session, t)?, t)));
            numbers.collect::<Result<BTreeMap<_, _>, ScoreError>>()
        };
        let trials = recording.sessions.iter().map(trials).collect::<Result<_, _>>()?;
        Ok(Self { recording, path, trials })
    }

    /// Place of a session.
    pub(super) fn session(&self, mouse: &str) -> Result<usize, ScoreError> {
        let sessions = &self.recording.sessions;
        sessions.iter().position(|session| session.info.id == mouse).ok_or_else(|| {
            let known: Vec<&str> = sessions.iter().map(|s| s.info.id.as_str()).collect();
            self.error("mouse", format!("`{mouse}`"), format!("one of {}", known.join(", ")))
        })
    }

    /// A row whose prediction has shape `[frame, neuron]`.
    pub(super) fn row(
        &self,
        session: usize,
        trial_index: i64,
        neuron_ids: &[i64],
        prediction: Array2<f32>,
    ) -> Result<Row, ScoreError> {
        let info = &self.recording.sessions[session].info;
        let Some(&trial) = self.trials[session].get(&trial_index) else {
            let expected = format!("a trial of session `{}`", info.id);
            return Err(self.error("trial index", trial_index, expected));
        };
        let of_trial = |what: &str| format!("{what} of trial {trial_index}");
        if neuron_ids != info.neuron_ids {
            let found = format!("{} ids", neuron_ids.len());
            let expected = format!("the {} ids of session `{}`", info.neuron_ids.len(), info.id);
            return Err(self.error(&of_trial("neuron ids"), found, expected));
        }
        let n_frames = info.trials[trial].n_frames.saturating_sub(info.scored_from_frame);
        if prediction.dim() != (n_frames, info.n_neurons) {
            let (found_frames, found_neurons) = prediction.dim();
            let found = format!("[{found_neurons}, {found_frames}]");
            let expected = format!("[{}, {n_frames}] (neuron, frame)", info.n_neurons);
            return Err(self.error(&of_trial("prediction"), found, expected));
        }
        if prediction.iter().any(|value| !value.is_finite()) {
            let found = "values that are not finite";
            return Err(self.error(&of_trial("prediction"), found, "finite numbers"));
        }
        Ok(Row { session, trial, prediction })
    }

    pub(super) fn error(
        &self,
        what: &str,
        found: impl ToString,
        expected: impl ToString,
    ) -> ScoreError {
        ScoreError::Submission {
            what: what.to_owned(),
            found: found.to_string(),
            expected: expected.to_string(),
            path: self.path.to_owned(),
        }
    }
}
