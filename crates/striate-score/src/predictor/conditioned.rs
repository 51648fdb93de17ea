//! A twin that looks at other neurons.

use std::sync::{Mutex, PoisonError};

use ndarray::Array2;
use striate_model::latent::{VisibleNeurons, where_hidden};
use striate_model::{Judgement, LatentState, SeenResponses, Twin};
use striate_recording::Recording;

use super::{Clips, Condition, GIVEN, JudgedTrial, Predictor, TrialInput, TwinPredictor};
use crate::error::ScoreError;

/// A fitted twin with latents that predicts each neuron from the stimulus and from others: the latents
/// are inferred from the recorded responses of those that a [`Condition`] shows, from the first frame of
/// each trial on.
pub struct ConditionedPredictor<'a> {
    twin: TwinPredictor<'a>,
    recording: &'a Recording,
    condition: Condition,
    /// For each session of the recording what is seen, in turns.
    turns: Vec<Vec<VisibleNeurons>>,
    /// The last trial, which comes in pieces.
    last: Mutex<Option<Inferred>>,
    name: String,
}

/// The latents of a whole trial.
struct Inferred {
    session: usize,
    trial: usize,
    n_frames: usize,
    /// One for each turn, or one with a clip for each neuron.
    states: Vec<LatentState>,
}

impl<'a> ConditionedPredictor<'a> {
    /// Let the twin predict the sessions of a recording under a condition.
    ///
    /// # Errors
    /// As [`TwinPredictor::new`]; a twin without latents, a session that the condition does not fit.
    pub fn new(
        twin: &'a Twin,
        recording: &'a Recording,
        condition: Condition,
    ) -> Result<Self, ScoreError> {
        if twin.n_latents() == 0 {
            return Err(ScoreError::mismatch("latents of the twin", "none", "`model.latent`"));
        }
        let of_session = |session: &striate_recording::Session| condition.visible(&session.info);
        Ok(Self {
            turns: recording.sessions.iter().map(of_session).collect::<Result<_, _>>()?,
            twin: TwinPredictor::new(twin, recording)?,
            recording,
            condition,
            last: Mutex::new(None),
            name: format!("{GIVEN}{condition}"),
        })
    }

    fn judge_one(&self, input: &TrialInput<'_>) -> Result<JudgedTrial, ScoreError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known =
            |known: &Inferred| (known.session, known.trial) == (input.session, input.trial);
        if !last.as_ref().is_some_and(is_known) {
            *last = Some(self.infer(input)?);
        }
        let inferred =
            last.as_ref().ok_or_else(|| ScoreError::mismatch("inferred trials", 0, 1))?;
        let first = input.first_frame + self.frames_consumed();
        let frames = first..input.first_frame + input.data.stimulus.dim().0;
        let cut = |state: &LatentState| state.frames(inferred.n_frames, &frames);
        let states: Vec<LatentState> = inferred.states.iter().map(cut).collect();
        let clips = Clips::of(&[*input]);
        let clip = self.twin.clip_input(input, 1, &clips)?;
        let responses = self.twin.responses(&[*input])?;
        let found = if self.condition == Condition::LeaveOneOut {
            self.twin.twin.judge_each(&clip, &responses, &states[0])?
        } else {
            let all = self.twin.twin.judge_given(&clip, &responses, &states)?;
            hidden_of(&self.turns[input.session], all)
        };
        self.arrays(&found, input)
    }

    fn infer(&self, input: &TrialInput<'_>) -> Result<Inferred, ScoreError> {
        let session = &self.recording.sessions[input.session];
        let data = session.load_whole(input.trial)?;
        let responses = data.responses.as_ref().ok_or_else(|| {
            let what = format!("responses to trial `{}`", session.info.trials[input.trial].id);
            ScoreError::mismatch(what, "none", "some, to see other neurons")
        })?;
        let n_frames = responses.nrows();
        let responses: Vec<f32> = responses.iter().copied().collect();
        let seen = SeenResponses {
            session: self.twin.place_of(input.session)?,
            n_clips: 1,
            n_frames,
            responses: &responses,
            visible: None,
        };
        let twin = self.twin.twin;
        let states = if self.condition == Condition::LeaveOneOut {
            let all: Vec<usize> = (0..session.info.n_neurons).collect();
            vec![twin.infer_without_each(&seen, &all)?]
        } else {
            let infer = |visible: &VisibleNeurons| {
                twin.infer(&SeenResponses { visible: Some(visible), ..seen })
            };
            self.turns[input.session].iter().map(infer).collect::<Result<_, _>>()?
        };
        Ok(Inferred { session: input.session, trial: input.trial, n_frames, states })
    }

    fn arrays(&self, found: &Judgement, input: &TrialInput<'_>) -> Result<JudgedTrial, ScoreError> {
        let array = |values: &[f32]| -> Result<Array2<f32>, ScoreError> {
            let mut arrays = self.twin.per_clip(values, input, 1)?;
            arrays.pop().ok_or_else(|| ScoreError::mismatch("predicted trials", 0, 1))
        };
        let log_densities = found.log_densities.iter().map(|values| array(values));
        Ok(JudgedTrial {
            rates: array(&found.rates)?,
            log_densities: log_densities.collect::<Result<_, _>>()?,
        })
    }
}

/// Of what was found in each turn, that of hidden neurons.
fn hidden_of(turns: &[VisibleNeurons], all: Vec<Judgement>) -> Judgement {
    let n_densities = all.first().map_or(0, |judgement| judgement.log_densities.len());
    let density = |which: usize| {
        let values: Vec<Vec<f32>> =
            all.iter().map(|judgement| judgement.log_densities[which].clone()).collect();
        where_hidden(turns, &values)
    };
    let log_densities = (0..n_densities).map(density).collect();
    let rates: Vec<Vec<f32>> = all.into_iter().map(|judgement| judgement.rates).collect();
    Judgement { rates: where_hidden(turns, &rates), log_densities }
}

impl Predictor for ConditionedPredictor<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn frames_consumed(&self) -> usize {
        self.twin.frames_consumed()
    }

    fn predict(&self, input: TrialInput<'_>) -> Result<Array2<f32>, ScoreError> {
        Ok(self.judge_one(&input)?.rates)
    }

    fn judge_all(&self, inputs: &[TrialInput<'_>]) -> Result<Vec<JudgedTrial>, ScoreError> {
        inputs.iter().map(|input| self.judge_one(input)).collect()
    }
}
