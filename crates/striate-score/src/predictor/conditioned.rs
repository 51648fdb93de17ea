//! A twin that looks at other neurons.

use std::sync::{Mutex, PoisonError};

use ndarray::Array2;
use striate_base::RandomStream;
use striate_model::latent::VisibleNeurons;
use striate_model::{Judgement, LatentState, SeenResponses, Twin};
use striate_recording::{Recording, Session};

use super::{Clips, Condition, GIVEN, JudgedTrial, Predictor, TrialInput, TwinPredictor};
use crate::error::ScoreError;

/// A fitted twin with latents that predicts each neuron from the stimulus and from others: the latents
/// are inferred from the recorded responses of those that a [`Condition`] shows, from the first frame of
/// each trial on.
pub struct ConditionedPredictor<'a> {
    twin: TwinPredictor<'a>,
    recording: &'a Recording,
    /// Of each session of the recording.
    seen: Vec<Seen>,
    /// The last trial, which comes in pieces.
    last: Mutex<Option<Inferred>>,
    name: String,
}

/// Turns that are predicted together.
const TURNS_AT_A_TIME: usize = 4;

/// What is seen of a session.
enum Seen {
    /// In turns: a neuron is predicted in the first one that hides it.
    Turns(Vec<VisibleNeurons>),
    /// Always the same: all neurons are predicted, those seen too.
    Always(VisibleNeurons),
    /// All but the neuron that is predicted.
    Others,
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
        let of_session = |session: &Session| {
            let turns = condition.visible(&session.info)?;
            Ok(if turns.is_empty() { Seen::Others } else { Seen::Turns(turns) })
        };
        let seen = recording.sessions.iter().map(of_session).collect::<Result<_, ScoreError>>()?;
        Self::with((twin, recording), seen, format!("{GIVEN}{condition}"))
    }

    /// Let the twin predict all neurons of each session of a recording from those named, `[neuron]` each.
    ///
    /// # Errors
    /// As [`ConditionedPredictor::new`].
    pub fn given(
        twin: &'a Twin,
        recording: &'a Recording,
        visible: Vec<VisibleNeurons>,
    ) -> Result<Self, ScoreError> {
        if visible.len() != recording.sessions.len() {
            let (found, expected) = (visible.len(), recording.sessions.len());
            return Err(ScoreError::mismatch("sessions with visible neurons", found, expected));
        }
        let seen = visible.into_iter().map(Seen::Always).collect();
        Self::with((twin, recording), seen, format!("{GIVEN}neurons"))
    }

    fn with(
        (twin, recording): (&'a Twin, &'a Recording),
        seen: Vec<Seen>,
        name: String,
    ) -> Result<Self, ScoreError> {
        if twin.n_latents() == 0 {
            return Err(ScoreError::mismatch("latents of the twin", "none", "`model.latent`"));
        }
        let twin = TwinPredictor::new(twin, recording)?;
        Ok(Self { twin, recording, seen, last: Mutex::new(None), name })
    }

    fn judge_one(&self, input: &TrialInput<'_>) -> Result<JudgedTrial, ScoreError> {
        let states = self.states(input)?;
        let (clips, twin) = (Clips::of(&[*input]), self.twin.twin);
        let clip = self.twin.clip_input(input, 1, &clips)?;
        let responses = self.twin.responses(&[*input])?;
        let found = match &self.seen[input.session] {
            Seen::Others => twin.judge_each(&clip, &responses, &states[0])?,
            Seen::Turns(turns) => {
                let mut hidden = Hidden::new(turns[0].len());
                // The stimulus is looked at once for some turns, whose predictions are held together.
                for (turns, states) in
                    turns.chunks(TURNS_AT_A_TIME).zip(states.chunks(TURNS_AT_A_TIME))
                {
                    let judged = twin.judge_given(&clip, &responses, states)?;
                    for (visible, judged) in turns.iter().zip(judged) {
                        hidden.add(visible, judged);
                    }
                }
                hidden.found
            }
            Seen::Always(_) => {
                let all = twin.judge_given(&clip, &responses, &states)?;
                all.into_iter().next().unwrap_or_default()
            }
        };
        let log_densities = found.log_densities.iter().map(|values| self.twin.one(values, input));
        Ok(JudgedTrial {
            rates: self.twin.one(&found.rates, input)?,
            log_densities: log_densities.collect::<Result<_, _>>()?,
        })
    }

    /// What is known of the latents in the predicted frames of an input.
    fn states(&self, input: &TrialInput<'_>) -> Result<Vec<LatentState>, ScoreError> {
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
        Ok(inferred.states.iter().map(cut).collect())
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
        let infer = |visible: &VisibleNeurons| {
            twin.infer(&SeenResponses { visible: Some(visible), ..seen })
        };
        let states = match &self.seen[input.session] {
            Seen::Others => {
                let all: Vec<usize> = (0..session.info.n_neurons).collect();
                vec![twin.infer_without_each(&seen, &all)?]
            }
            Seen::Turns(turns) => turns.iter().map(infer).collect::<Result<_, _>>()?,
            // Nothing is known where nothing is seen: not what the encoder makes of silence.
            Seen::Always(visible) if !visible.contains(&true) => {
                vec![LatentState::prior(n_frames, twin.n_latents())]
            }
            Seen::Always(visible) => vec![infer(visible)?],
        };
        Ok(Inferred { session: input.session, trial: input.trial, n_frames, states })
    }
}

/// What was found so far of neurons that were hidden.
struct Hidden {
    /// `[neuron]`
    is_found: Vec<bool>,
    found: Judgement,
}

impl Hidden {
    fn new(n_neurons: usize) -> Self {
        Self { is_found: vec![false; n_neurons], found: Judgement::default() }
    }

    /// Take the values of the neurons that one turn is the first to hide.
    fn add(&mut self, visible: &[bool], judged: Judgement) {
        let is_new: Vec<bool> =
            visible.iter().zip(&self.is_found).map(|(visible, found)| !visible && !found).collect();
        let take = |all: &mut Vec<f32>, values: &[f32]| {
            all.resize(values.len(), f32::NAN);
            for ((all, &value), &is_new) in all.iter_mut().zip(values).zip(is_new.iter().cycle()) {
                if is_new {
                    *all = value;
                }
            }
        };
        take(&mut self.found.rates, &judged.rates);
        self.found.log_densities.resize_with(judged.log_densities.len(), Vec::new);
        for (all, values) in self.found.log_densities.iter_mut().zip(&judged.log_densities) {
            take(all, values);
        }
        for (is_found, is_new) in self.is_found.iter_mut().zip(is_new) {
            *is_found |= is_new;
        }
    }
}

impl Predictor for ConditionedPredictor<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn frames_consumed(&self) -> usize {
        self.twin.frames_consumed()
    }

    fn frames_ahead(&self) -> usize {
        self.twin.frames_ahead()
    }

    fn predict(&self, input: TrialInput<'_>) -> Result<Array2<f32>, ScoreError> {
        Ok(self.judge_one(&input)?.rates)
    }

    fn sample(
        &self,
        input: TrialInput<'_>,
        random: &mut RandomStream,
    ) -> Result<Array2<f32>, ScoreError> {
        let states = self.states(&input)?;
        let (Seen::Always(_), [state]) = (&self.seen[input.session], &states[..]) else {
            let expected = "the same neurons seen all the time";
            return Err(ScoreError::mismatch("samples of all neurons", self.name(), expected));
        };
        let clips = Clips::of(&[input]);
        let clip = self.twin.clip_input(&input, 1, &clips)?;
        self.twin.one(&self.twin.twin.sample_given(&clip, state, random)?, &input)
    }

    fn judge_all(&self, inputs: &[TrialInput<'_>]) -> Result<Vec<JudgedTrial>, ScoreError> {
        inputs.iter().map(|input| self.judge_one(input)).collect()
    }
}
