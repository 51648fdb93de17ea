//! Factor analysis of a population, as a baseline for twins that look at other neurons.

#[cfg(test)]
mod tests;
mod trials;

use std::sync::{Mutex, PoisonError};

use ndarray::{Array2, s};
use striate_base::{CancelToken, Progress};
use striate_model::Twin;
use striate_model::latent::VisibleNeurons;
use striate_model::likelihood::{LikelihoodConfig, SilentFrames};
use striate_recording::Recording;

use super::{
    Condition, FACTORS_GIVEN, JudgedTrial, Predictor, SMOOTH_FACTORS_GIVEN, TrialInput,
    TwinPredictor,
};
use crate::error::ScoreError;
use crate::factor_analysis::{
    FactorError, FlowConditional, FlowConfig, FlowFactorAnalysis, Transform,
};
use trials::{OwnedTrial, training_trials};

/// Factors fitted in closed form to each session's population, which predict each neuron from those
/// that a [`Condition`] shows, in the first turn that hides it. Beneath them lie the predictions of a
/// twin without latents, where there is one.
///
/// Factors that are smooth see whole trials; others the frame that is predicted and nothing else.
pub struct FactorPredictor<'a> {
    beneath: Option<TwinPredictor<'a>>,
    recording: &'a Recording,
    sessions: Vec<SessionFactors>,
    /// Densities of counts, which roots of them have, are no probabilities.
    has_densities: bool,
    is_smooth: bool,
    /// The last whole trial, which comes in pieces.
    last: Mutex<Option<Whole>>,
    name: String,
}

struct SessionFactors {
    id: String,
    model: FlowFactorAnalysis,
    /// None where each neuron is predicted from all others.
    turns: Vec<VisibleNeurons>,
}

/// A whole trial, predicted.
struct Whole {
    session: usize,
    trial: usize,
    judged: JudgedTrial,
}

impl<'a> FactorPredictor<'a> {
    /// The transform that suits responses as the twin sees them: for a Poisson law the square root of
    /// Anscombe, for others one fitted to each neuron.
    pub fn transform_for(twin: &Twin) -> Transform {
        match twin.spec().model.likelihood {
            LikelihoodConfig::Poisson(_) => Transform::SquareRoot { offset: 0.375 },
            _ => Transform::YeoJohnson,
        }
    }

    /// Fit factors to the trials of the tier `tier`, on top of what `beneath` predicts.
    ///
    /// # Errors
    /// A twin beneath that uses latents or does not fit the recording; a session that the condition
    /// does not fit, without trials to fit on, with fewer neurons than factors or with responses that
    /// the transform is not made for; data that cannot be read, cancellation.
    pub fn fit(
        beneath: Option<&'a Twin>,
        (recording, tier): (&'a Recording, &str),
        condition: Condition,
        config: &FlowConfig,
        (progress, cancel): (&mut dyn Progress, &CancelToken),
    ) -> Result<Self, ScoreError> {
        if beneath.is_some_and(|twin| twin.n_latents() > 0) {
            let expected = "none: factors take their place";
            return Err(ScoreError::mismatch(
                "latents of the twin beneath factors",
                "some",
                expected,
            ));
        }
        let beneath = beneath.map(|twin| TwinPredictor::new(twin, recording)).transpose()?;
        let mut sessions = Vec::with_capacity(recording.sessions.len());
        for (place, session) in recording.sessions.iter().enumerate() {
            let id = session.info.id.clone();
            let turns = condition.visible(&session.info)?;
            let of_session = (session, place);
            let trials =
                training_trials(beneath.as_ref(), of_session, tier, (&mut *progress, cancel))?;
            let trials: Vec<_> = trials.iter().map(OwnedTrial::view).collect();
            let model = FlowFactorAnalysis::fit(&trials, config)
                .map_err(|source| ScoreError::Factors { session: id.clone(), source })?;
            sessions.push(SessionFactors { id, model, turns });
        }
        let is_smooth = config.smoothing.is_some();
        Ok(Self {
            beneath,
            recording,
            sessions,
            has_densities: !matches!(config.transform, Transform::SquareRoot { .. }),
            is_smooth,
            last: Mutex::new(None),
            name: name(is_smooth, condition),
        })
    }

    /// The same factors under another condition.
    ///
    /// # Errors
    /// A session that the condition does not fit.
    pub fn under(&self, condition: Condition) -> Result<Self, ScoreError> {
        let sessions = self.sessions.iter().zip(&self.recording.sessions);
        let sessions = sessions.map(|(factors, session)| {
            let turns = condition.visible(&session.info)?;
            Ok(SessionFactors { id: factors.id.clone(), model: factors.model.clone(), turns })
        });
        Ok(Self {
            beneath: self.beneath.clone(),
            recording: self.recording,
            sessions: sessions.collect::<Result<_, ScoreError>>()?,
            has_densities: self.has_densities,
            is_smooth: self.is_smooth,
            last: Mutex::new(None),
            name: name(self.is_smooth, condition),
        })
    }

    /// The factors of each session, in the recording's order.
    pub fn models(&self) -> impl Iterator<Item = &FlowFactorAnalysis> {
        self.sessions.iter().map(|session| &session.model)
    }

    /// Predict the frames of an input from themselves.
    fn judge_frames(&self, inputs: &[TrialInput<'_>]) -> Result<Vec<JudgedTrial>, ScoreError> {
        let Some(first) = inputs.first() else { return Ok(Vec::new()) };
        let session = self.session(first.session)?;
        let trials = OwnedTrial::of(self.beneath.as_ref(), inputs)?;
        let judge = |trial: &OwnedTrial| {
            let failed = |source| ScoreError::Factors { session: session.id.clone(), source };
            session.judge(trial, self.has_densities).map_err(failed)
        };
        trials.iter().map(judge).collect()
    }

    /// Predict the frames of an input from the whole trial.
    fn judge_within(&self, input: &TrialInput<'_>) -> Result<JudgedTrial, ScoreError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = |known: &Whole| (known.session, known.trial) == (input.session, input.trial);
        if !last.as_ref().is_some_and(is_known) {
            let (session, trial) = (input.session, input.trial);
            let data = self.recording.sessions[session].load_whole(trial)?;
            let whole = TrialInput { session, trial, first_frame: 0, data: &data };
            let judged = self.judge_frames(&[whole])?.pop();
            *last = judged.map(|judged| Whole { session, trial, judged });
        }
        let whole = last.as_ref().ok_or_else(|| ScoreError::mismatch("predicted trials", 0, 1))?;
        let n_frames = input.data.stimulus.dim().0.saturating_sub(self.frames_consumed());
        let frames = input.first_frame..input.first_frame + n_frames;
        let cut = |values: &Array2<f32>| values.slice(s![frames.clone(), ..]).to_owned();
        Ok(JudgedTrial {
            rates: cut(&whole.judged.rates),
            log_densities: whole.judged.log_densities.iter().map(cut).collect(),
        })
    }

    fn session(&self, place: usize) -> Result<&SessionFactors, ScoreError> {
        self.sessions.get(place).ok_or_else(|| {
            ScoreError::mismatch("sessions with factors", self.sessions.len(), place + 1)
        })
    }
}

fn name(is_smooth: bool, condition: Condition) -> String {
    let name = if is_smooth { SMOOTH_FACTORS_GIVEN } else { FACTORS_GIVEN };
    format!("{name}{condition}")
}

impl SessionFactors {
    fn judge(&self, trial: &OwnedTrial, has_densities: bool) -> Result<JudgedTrial, FactorError> {
        let (population, model) = ([trial.view()], &self.model);
        let mut rates = Array2::zeros(trial.responses.dim());
        let mut densities = rates.clone();
        let mut is_known = vec![false; model.n_neurons()];
        let mut keep = |found: &FlowConditional| {
            let of_turn = has_densities
                .then(|| model.log_densities(found, trial.responses.view()))
                .transpose()?;
            for (place, &neuron) in found.hidden.iter().enumerate() {
                if std::mem::replace(&mut is_known[neuron], true) {
                    continue;
                }
                rates.column_mut(neuron).assign(&found.mean.column(place).mapv(|v| v as f32));
                if let Some(of_turn) = &of_turn {
                    let values = of_turn.column(place).mapv(|value| value as f32);
                    densities.column_mut(neuron).assign(&values);
                }
            }
            Ok::<_, FactorError>(())
        };
        if self.turns.is_empty() {
            model.condition_each(&population)?.iter().try_for_each(&mut keep)?;
        }
        for turn in &self.turns {
            let visible: Vec<usize> = (0..turn.len()).filter(|&neuron| turn[neuron]).collect();
            model.condition(&population, &visible)?.iter().try_for_each(&mut keep)?;
        }
        // A continuous density is the same under every convention of silent frames.
        let n_conventions = if has_densities { SilentFrames::ALL.len() } else { 0 };
        Ok(JudgedTrial { rates, log_densities: vec![densities; n_conventions] })
    }
}

impl Predictor for FactorPredictor<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn frames_consumed(&self) -> usize {
        self.beneath.as_ref().map_or(0, Predictor::frames_consumed)
    }

    fn predict(&self, input: TrialInput<'_>) -> Result<Array2<f32>, ScoreError> {
        let judged = self.judge_all(&[input])?.pop();
        judged
            .map(|judged| judged.rates)
            .ok_or_else(|| ScoreError::mismatch("predicted trials", 0, 1))
    }

    fn judge_all(&self, inputs: &[TrialInput<'_>]) -> Result<Vec<JudgedTrial>, ScoreError> {
        if self.is_smooth {
            inputs.iter().map(|input| self.judge_within(input)).collect()
        } else {
            self.judge_frames(inputs)
        }
    }

    fn predict_all(&self, inputs: &[TrialInput<'_>]) -> Result<Vec<Array2<f32>>, ScoreError> {
        Ok(self.judge_all(inputs)?.into_iter().map(|judged| judged.rates).collect())
    }
}
