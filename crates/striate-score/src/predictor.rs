//! What can be scored: anything that predicts responses to frames.

mod condition;
mod conditioned;
mod ensemble;
mod factors;
#[cfg(test)]
mod tests;

pub use condition::Condition;
pub use conditioned::ConditionedPredictor;
pub use ensemble::EnsemblePredictor;
pub use factors::FactorPredictor;

use std::ops::Range;

use ndarray::{Array2, s};
use striate_base::RandomStream;
use striate_model::{ClipInput, Twin};
use striate_recording::{Recording, Session, TrialData};

use crate::error::ScoreError;

/// What score tables call the twin that a twin with latents started from.
pub const WITHOUT_LATENTS: &str = "twin without latents";

/// Beginning of what score tables call a twin under a condition, whose name follows.
pub const GIVEN: &str = "twin given ";

/// Beginning of what score tables call factor analysis under a condition, whose name follows.
pub const FACTORS_GIVEN: &str = "factor analysis given ";

/// The same for factors that are smooth in time.
pub const SMOOTH_FACTORS_GIVEN: &str = "smooth factor analysis given ";

/// Frames of one trial that are to be predicted.
#[derive(Debug, Clone, Copy)]
pub struct TrialInput<'a> {
    /// Place of the session in the recording.
    pub session: usize,
    /// Place of the trial in the session.
    pub trial: usize,
    /// The first frame in `data`, counted from the trial's first.
    pub first_frame: usize,
    /// The frames. Their responses, where there, are not for predictions.
    pub data: &'a TrialData,
}

/// Predictions of a trial beside its responses.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedTrial {
    /// Rates, shape `[frame - frames_consumed, neuron]`.
    pub rates: Array2<f32>,
    /// Natural logarithm of the density of each response, of the same shape, under each convention of
    /// [`striate_model::likelihood::SilentFrames::ALL`]; empty for a predictor without such densities.
    pub log_densities: Vec<Array2<f32>>,
}

/// Predicts the responses of every neuron of a recording's sessions.
pub trait Predictor: Sync {
    /// What score tables call it.
    fn name(&self) -> &str;

    /// Frames at the start of its input that it needs but does not predict. A prediction depends on
    /// the frame it is for and on that many frames before it, and on what [`Predictor::frames_ahead`] says.
    fn frames_consumed(&self) -> usize;

    /// Frames after its own that a prediction depends on where the trial has them; as many more before it count
    /// too. Who predicts a trial in pieces gives that many frames beyond both ends of a piece and leaves their
    /// predictions out ([`Predictor::context`]).
    fn frames_ahead(&self) -> usize {
        0
    }

    /// The frames to give for predictions of some frames of a trial of `n_frames` that are as if the whole trial
    /// were given.
    fn context(&self, frames: &Range<usize>, n_frames: usize) -> Range<usize> {
        let before = self.frames_consumed() + self.frames_ahead();
        frames.start.saturating_sub(before)..(frames.end + self.frames_ahead()).min(n_frames)
    }

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

    /// Responses drawn from the predicted distribution of all neurons together, shape `[frame -
    /// frames_consumed, neuron]`.
    ///
    /// # Errors
    /// As [`Predictor::predict`], and for a predictor that knows no distribution.
    fn sample(
        &self,
        _input: TrialInput<'_>,
        _random: &mut RandomStream,
    ) -> Result<Array2<f32>, ScoreError> {
        Err(ScoreError::mismatch("samples", self.name(), "a predictor with a distribution"))
    }

    /// What [`Predictor::predict_all`] gives, and how likely the responses in the inputs are.
    ///
    /// # Errors
    /// As [`Predictor::predict`].
    fn judge_all(&self, inputs: &[TrialInput<'_>]) -> Result<Vec<JudgedTrial>, ScoreError> {
        let judged = |rates| JudgedTrial { rates, log_densities: Vec::new() };
        Ok(self.predict_all(inputs)?.into_iter().map(judged).collect())
    }
}

/// A fitted twin, its sessions matched with those of a recording by their ids.
#[derive(Clone)]
pub struct TwinPredictor<'a> {
    twin: &'a Twin,
    name: &'static str,
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
        Ok(Self { twin, name: "twin", places })
    }

    /// The same under another name.
    #[must_use]
    pub fn called(self, name: &'static str) -> Self {
        Self { name, ..self }
    }
}

impl Predictor for TwinPredictor<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn frames_consumed(&self) -> usize {
        self.twin.frames_consumed()
    }

    fn frames_ahead(&self) -> usize {
        self.twin.frames_ahead()
    }

    fn predict(&self, input: TrialInput<'_>) -> Result<Array2<f32>, ScoreError> {
        let clips = Clips::of(&[input]);
        let rates = self.twin.predict(&self.clip_input(&input, 1, &clips)?)?;
        self.one(&rates, &input)
    }

    fn predict_all(&self, inputs: &[TrialInput<'_>]) -> Result<Vec<Array2<f32>>, ScoreError> {
        let Some(first) = inputs.first() else { return Ok(Vec::new()) };
        let clips = Clips::of(inputs);
        let rates = self.twin.predict(&self.clip_input(first, inputs.len(), &clips)?)?;
        self.per_clip(&rates, first, inputs.len())
    }

    fn sample(
        &self,
        input: TrialInput<'_>,
        random: &mut RandomStream,
    ) -> Result<Array2<f32>, ScoreError> {
        let clips = Clips::of(&[input]);
        let drawn = self.twin.sample(&self.clip_input(&input, 1, &clips)?, random)?;
        self.one(&drawn, &input)
    }

    fn judge_all(&self, inputs: &[TrialInput<'_>]) -> Result<Vec<JudgedTrial>, ScoreError> {
        let Some(first) = inputs.first() else { return Ok(Vec::new()) };
        let n_clips = inputs.len();
        let responses = self.responses(inputs)?;
        let clips = Clips::of(inputs);
        let found = self.twin.judge(&self.clip_input(first, n_clips, &clips)?, &responses)?;
        let rates = self.per_clip(&found.rates, first, n_clips)?;
        let mut judged: Vec<JudgedTrial> = rates
            .into_iter()
            .map(|rates| JudgedTrial { rates, log_densities: Vec::new() })
            .collect();
        for convention in &found.log_densities {
            let of_clips = self.per_clip(convention, first, n_clips)?;
            for (judged, of_clip) in judged.iter_mut().zip(of_clips) {
                judged.log_densities.push(of_clip);
            }
        }
        Ok(judged)
    }
}

impl TwinPredictor<'_> {
    /// Trials of the session and length of the first as the twin takes them.
    fn clip_input<'c>(
        &self,
        first: &TrialInput<'_>,
        n_clips: usize,
        clips: &'c Clips,
    ) -> Result<ClipInput<'c>, ScoreError> {
        Ok(ClipInput {
            session: self.place_of(first.session)?,
            n_clips,
            n_frames: first.data.stimulus.dim().0,
            stimulus: &clips.stimulus,
            behaviour: clips.behaviour.as_deref(),
            pupil_center: clips.pupil_center.as_deref(),
        })
    }

    /// Place in the twin of a session of the recording.
    ///
    /// # Errors
    /// A recording of fewer sessions.
    pub(crate) fn place_of(&self, session: usize) -> Result<usize, ScoreError> {
        self.places.get(session).copied().ok_or_else(|| {
            ScoreError::mismatch("sessions of the recording", self.places.len(), session + 1)
        })
    }

    /// Values `[frame - frames_consumed, neuron]` of one clip as an array.
    fn one(&self, values: &[f32], input: &TrialInput<'_>) -> Result<Array2<f32>, ScoreError> {
        let mut arrays = self.per_clip(values, input, 1)?;
        arrays.pop().ok_or_else(|| ScoreError::mismatch("predicted trials", 0, 1))
    }

    /// Values `[clip, frame - frames_consumed, neuron]` as an array for each clip.
    fn per_clip(
        &self,
        values: &[f32],
        first: &TrialInput<'_>,
        n_clips: usize,
    ) -> Result<Vec<Array2<f32>>, ScoreError> {
        let n_predicted = self.n_predicted(first);
        let per_clip = values.len() / n_clips.max(1);
        let n_neurons = per_clip / n_predicted.max(1);
        let shape = |clip: &[f32]| {
            Array2::from_shape_vec((n_predicted, n_neurons), clip.to_vec()).map_err(|_| {
                ScoreError::mismatch("rates of a clip", per_clip, n_predicted * n_neurons)
            })
        };
        values.chunks_exact(per_clip.max(1)).map(shape).collect()
    }

    fn n_predicted(&self, input: &TrialInput<'_>) -> usize {
        input.data.stimulus.dim().0.saturating_sub(self.frames_consumed())
    }

    /// Responses `[clip, frame - frames_consumed, neuron]`.
    fn responses(&self, inputs: &[TrialInput<'_>]) -> Result<Vec<f32>, ScoreError> {
        let mut all = Vec::new();
        for input in inputs {
            let n_predicted = self.n_predicted(input);
            let found = input.data.responses.as_ref();
            let n_frames = found.map_or(0, Array2::nrows);
            let Some(responses) = found.filter(|_| n_frames >= n_predicted) else {
                let what = format!("frames with responses of trial {}", input.trial);
                return Err(ScoreError::mismatch(what, n_frames, n_predicted));
            };
            all.extend(responses.slice(s![n_frames - n_predicted.., ..]).iter());
        }
        Ok(all)
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
