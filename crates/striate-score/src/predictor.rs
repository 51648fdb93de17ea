//! What can be scored: anything that predicts responses to frames.

#[cfg(test)]
mod tests;

use ndarray::Array2;
use striate_model::{ClipInput, Twin};
use striate_recording::{Recording, Session, TrialData};

use crate::error::ScoreError;

/// Frames of one trial that are to be predicted.
#[derive(Debug, Clone, Copy)]
pub struct TrialInput<'a> {
    /// Place of the session in the recording.
    pub session: usize,
    /// Place of the trial in the session.
    pub trial: usize,
    /// The first frame in `data`, counted from the trial's first.
    pub first_frame: usize,
    /// The frames. Their responses, where there, are not for the predictor.
    pub data: &'a TrialData,
}

/// Predicts the responses of every neuron of a recording's sessions.
pub trait Predictor: Sync {
    /// What score tables call it.
    fn name(&self) -> &str;

    /// Frames at the start of its input that it needs but does not predict. A prediction depends on
    /// the frame it is for and on that many frames before it.
    fn frames_consumed(&self) -> usize;

    /// Rates of the session's neurons, shape `[frame - frames_consumed, neuron]`.
    ///
    /// # Errors
    /// An input that does not fit the predictor.
    fn predict(&self, input: TrialInput<'_>) -> Result<Array2<f32>, ScoreError>;

    /// The same for several trials of one session with equally many frames each.
    ///
    /// # Errors
    /// As [`Predictor::predict`].
    fn predict_all(&self, inputs: &[TrialInput<'_>]) -> Result<Vec<Array2<f32>>, ScoreError> {
        inputs.iter().map(|&input| self.predict(input)).collect()
    }
}

/// A fitted twin, its sessions matched with those of a recording by their ids.
#[derive(Clone)]
pub struct TwinPredictor<'a> {
    twin: &'a Twin,
    /// For each session of the recording its place in the twin.
    places: Vec<usize>,
}

impl<'a> TwinPredictor<'a> {
    /// Let the twin predict the sessions of a recording.
    ///
    /// # Errors
    /// A session that the twin was not fitted on, or one with another number of neurons.
    pub fn new(twin: &'a Twin, recording: &Recording) -> Result<Self, ScoreError> {
        let known = &twin.spec().sessions;
        let place = |session: &Session| {
            let info = &session.info;
            let found = known.iter().position(|shape| shape.id == info.id).ok_or_else(|| {
                let known: Vec<&str> = known.iter().map(|shape| shape.id.as_str()).collect();
                ScoreError::mismatch("session", &info.id, format!("one of {}", known.join(", ")))
            })?;
            if known[found].n_neurons == info.n_neurons {
                return Ok(found);
            }
            let what = format!("neurons of session `{}`", info.id);
            Err(ScoreError::mismatch(what, info.n_neurons, known[found].n_neurons))
        };
        let places = recording.sessions.iter().map(place).collect::<Result<_, _>>()?;
        Ok(Self { twin, places })
    }
}

impl Predictor for TwinPredictor<'_> {
    fn name(&self) -> &'static str {
        "twin"
    }

    fn frames_consumed(&self) -> usize {
        self.twin.frames_consumed()
    }

    fn predict(&self, input: TrialInput<'_>) -> Result<Array2<f32>, ScoreError> {
        let mut predicted = self.predict_all(&[input])?;
        predicted.pop().ok_or_else(|| ScoreError::mismatch("predicted trials", 0, 1))
    }

    fn predict_all(&self, inputs: &[TrialInput<'_>]) -> Result<Vec<Array2<f32>>, ScoreError> {
        let Some(first) = inputs.first() else { return Ok(Vec::new()) };
        let session = *self.places.get(first.session).ok_or_else(|| {
            ScoreError::mismatch("sessions of the recording", self.places.len(), first.session + 1)
        })?;
        let clips = Clips::of(inputs);
        let n_frames = first.data.stimulus.dim().0;
        let rates = self.twin.predict(&ClipInput {
            session,
            n_clips: inputs.len(),
            n_frames,
            stimulus: &clips.stimulus,
            behaviour: clips.behaviour.as_deref(),
            pupil_center: clips.pupil_center.as_deref(),
        })?;
        let n_predicted = n_frames.saturating_sub(self.frames_consumed());
        let per_clip = rates.len() / inputs.len();
        let n_neurons = per_clip / n_predicted.max(1);
        let shape = |clip: &[f32]| {
            Array2::from_shape_vec((n_predicted, n_neurons), clip.to_vec()).map_err(|_| {
                ScoreError::mismatch("rates of a clip", per_clip, n_predicted * n_neurons)
            })
        };
        rates.chunks_exact(per_clip.max(1)).map(shape).collect()
    }
}

/// The inputs of several trials, one after the other.
#[derive(Default)]
struct Clips {
    /// Shape `[clip, frame, height, width]`.
    stimulus: Vec<f32>,
    /// Shape `[clip, frame, channel]`.
    behaviour: Option<Vec<f32>>,
    /// Shape `[clip, frame, 2]`.
    pupil_center: Option<Vec<f32>>,
}

impl Clips {
    fn of(inputs: &[TrialInput<'_>]) -> Self {
        let mut clips = Self::default();
        for data in inputs.iter().map(|input| input.data) {
            clips.stimulus.extend(data.stimulus.iter());
            if let Some(behaviour) = &data.behaviour {
                clips.behaviour.get_or_insert_default().extend(behaviour.iter());
            }
            if let Some(pupil_center) = &data.pupil_center {
                clips.pupil_center.get_or_insert_default().extend(pupil_center.iter());
            }
        }
        clips
    }
}
