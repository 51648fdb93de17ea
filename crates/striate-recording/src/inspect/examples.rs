//! A few frames and responses to look at.

use ndarray::{Array2, Axis, s};

use crate::error::RecordingError;
use crate::session::{Session, StimulusKind};
use crate::source::Missing;

/// One frame of a stimulus.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// What it is, as `trial 3, frame 40`.
    pub label: String,
    /// Pixels as models see them, shape `[height, width]`.
    pub pixels: Array2<f32>,
}

/// What a picture of a session shows.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionExamples {
    /// Evenly spread frames, or images.
    pub frames: Vec<Example>,
    /// Responses as models see them, shape `[neuron, column]`; of successive frames, or images, of the
    /// first trials with responses. No column where there are none.
    pub responses: Array2<f32>,
    /// What a column is, as `time (s)`.
    pub column_name: String,
    /// How long a column is, in that unit.
    pub column_step: f64,
}

/// Read `n_frames` example frames and `n_columns` columns of responses of a session. Values that are
/// not finite are handed over as they are.
///
/// # Errors
/// Whatever reading the trials meets.
pub fn examples(
    session: &Session,
    n_frames: usize,
    n_columns: usize,
) -> Result<SessionExamples, RecordingError> {
    let (column_name, column_step) = match (session.info.kind, session.info.frame_rate_hz) {
        (StimulusKind::Image, _) => ("image".to_owned(), 1.0),
        (StimulusKind::Video, Some(rate)) => ("time (s)".to_owned(), 1.0 / rate),
        (StimulusKind::Video, None) => ("frame".to_owned(), 1.0),
    };
    let frames = frames(session, n_frames)?;
    let responses = responses(session, n_columns)?;
    Ok(SessionExamples { frames, responses, column_name, column_step })
}

fn frames(session: &Session, n_frames: usize) -> Result<Vec<Example>, RecordingError> {
    let trials = &session.info.trials;
    let n = n_frames.min(trials.iter().map(|trial| trial.n_frames).sum());
    let mut frames = Vec::with_capacity(n);
    for i in 0..n {
        let trial = i * trials.len() / n;
        let info = &trials[trial];
        // Different places in the trials, so that a session of one trial has different frames.
        let frame = (2 * i + 1) * info.n_frames / (2 * n);
        let data = session.read(trial, frame..frame + 1, Missing::Keep)?;
        let label = match session.info.kind {
            StimulusKind::Image => format!("trial {}", info.id),
            StimulusKind::Video => format!("trial {}, frame {frame}", info.id),
        };
        frames.push(Example { label, pixels: data.stimulus.index_axis_move(Axis(0), 0) });
    }
    Ok(frames)
}

fn responses(session: &Session, n_columns: usize) -> Result<Array2<f32>, RecordingError> {
    let info = &session.info;
    let mut responses = Array2::zeros((info.n_neurons, n_columns));
    let mut filled = 0;
    for (trial, of_trial) in info.trials.iter().enumerate().filter(|(_, t)| t.has_responses) {
        if filled == n_columns {
            break;
        }
        let end = of_trial.n_frames.min(n_columns - filled);
        let data = session.read(trial, 0..end, Missing::Keep)?;
        if let Some(recorded) = &data.responses {
            responses.slice_mut(s![.., filled..filled + end]).assign(&recorded.t());
            filled += end;
        }
    }
    Ok(responses.slice_move(s![.., ..filled]))
}
