//! One trial with everything a twin says about it.

use ndarray::Array2;
use striate_model::latent::{VisibleNeurons, where_hidden};
use striate_model::{ClipInput, LatentState, SeenResponses, Twin};
use striate_recording::{Session, TrialData};

use crate::error::ScoreError;

/// A whole trial.
pub(super) struct Trial<'a> {
    pub(super) twin: &'a Twin,
    /// Place of the session in the twin.
    place: usize,
    data: TrialData,
    stimulus: Vec<f32>,
    behaviour: Option<Vec<f32>>,
    pupil_center: Option<Vec<f32>>,
    /// `[frame, neuron]`, all frames.
    responses: Vec<f32>,
    pub(super) n_frames: usize,
    pub(super) n_neurons: usize,
    /// Scored frames, counted from the first prediction.
    n_skipped: usize,
}

impl<'a> Trial<'a> {
    /// Read a trial; `None` for one that is too short to have a scored frame.
    pub(super) fn load(
        (twin, place): (&'a Twin, usize),
        session: &Session,
        trial: usize,
    ) -> Result<Option<Self>, ScoreError> {
        let data = session.load_whole(trial)?;
        let n_frames = data.stimulus.dim().0;
        let consumed = twin.frames_consumed();
        let Some(responses) = &data.responses else { return Ok(None) };
        let n_skipped = session.info.scored_from_frame.saturating_sub(consumed);
        if n_frames <= consumed + n_skipped {
            return Ok(None);
        }
        let flat = |values: &Array2<f32>| values.iter().copied().collect::<Vec<f32>>();
        Ok(Some(Self {
            twin,
            place,
            stimulus: data.stimulus.iter().copied().collect(),
            behaviour: data.behaviour.as_ref().map(flat),
            pupil_center: data.pupil_center.as_ref().map(flat),
            responses: flat(responses),
            n_neurons: session.info.n_neurons,
            n_frames,
            n_skipped,
            data,
        }))
    }

    /// Behaviour and pupil, `[frame, trace]`, all frames.
    pub(super) fn traces(&self) -> Vec<Vec<f32>> {
        let arrays = self.data.behaviour.iter().chain(&self.data.pupil_center);
        arrays.flat_map(|array| array.columns().into_iter().map(|c| c.to_vec())).collect()
    }

    pub(super) fn input(&self) -> ClipInput<'_> {
        ClipInput {
            session: self.place,
            n_clips: 1,
            n_frames: self.n_frames,
            stimulus: &self.stimulus,
            behaviour: self.behaviour.as_deref(),
            pupil_center: self.pupil_center.as_deref(),
        }
    }

    /// Latents of all frames, inferred from the neurons that are visible.
    pub(super) fn infer(&self, visible: Option<&[bool]>) -> Result<LatentState, ScoreError> {
        Ok(self.twin.infer(&SeenResponses {
            session: self.place,
            n_clips: 1,
            n_frames: self.n_frames,
            responses: &self.responses,
            visible,
        })?)
    }

    /// The same of the frames that are predicted.
    pub(super) fn infer_predicted(
        &self,
        visible: Option<&[bool]>,
    ) -> Result<LatentState, ScoreError> {
        let predicted = self.twin.frames_consumed()..self.n_frames;
        Ok(self.infer(visible)?.frames(self.n_frames, &predicted))
    }

    /// The latents' prior in the frames that are predicted.
    pub(super) fn prior(&self) -> LatentState {
        LatentState::prior(self.n_frames - self.twin.frames_consumed(), self.twin.n_latents())
    }

    /// Responses to the frames that are predicted, `[frame, neuron]`.
    pub(super) fn targets(&self) -> &[f32] {
        &self.responses[self.twin.frames_consumed() * self.n_neurons..]
    }

    /// The scored frames of values `[predicted frame, neuron]`.
    pub(super) fn scored<'v, T>(&self, values: &'v [T]) -> &'v [T] {
        &values[self.n_skipped * self.n_neurons..]
    }

    /// Of values found with each of `turns` visible, those of hidden neurons.
    pub(super) fn of_hidden(
        &self,
        turns: &[VisibleNeurons],
        mut of: impl FnMut(&LatentState) -> Result<Vec<f32>, ScoreError>,
    ) -> Result<Vec<f32>, ScoreError> {
        let values = |visible: &VisibleNeurons| of(&self.infer_predicted(Some(visible))?);
        let values = turns.iter().map(values).collect::<Result<Vec<_>, _>>()?;
        Ok(where_hidden(turns, &values))
    }
}
