//! Judging the twin while it is fitted: per neuron the correlation between prediction and response
//! over all frames of a tier's trials, then the mean over neurons.

use std::collections::BTreeMap;
use std::ops::Range;

use striate_base::CancelToken;
use striate_model::latent::{hidden_halves, where_hidden};
use striate_model::{ClipInput, SeenResponses};
use striate_recording::{Session, StimulusKind, TrialData};

use super::Trainer;
use crate::config::ValidationMetric;
use crate::correlation::Correlations;
use crate::error::FitError;

/// Trials of one frame that are predicted together.
const IMAGES_PER_BATCH: usize = 64;

/// Predicted frames of a trial at a time: bounds memory, changes no value.
const FRAMES_PER_PIECE: usize = 300;

/// Validation scores.
#[derive(Debug)]
pub(super) struct Scores {
    /// Mean over all neurons of all sessions.
    pub(super) pooled: f64,
    /// Mean over each session's neurons, by session id.
    pub(super) sessions: BTreeMap<String, f64>,
}

impl Trainer<'_> {
    /// Judge the twin on the validation tier; `None` without such a tier, or when cancelled.
    pub(super) fn validate(&self, cancel: &CancelToken) -> Result<Option<Scores>, FitError> {
        let Some(tier) = &self.validation_tier else { return Ok(None) };
        let mut sessions = BTreeMap::new();
        let (mut sum, mut n_neurons) = (0.0, 0);
        for (index, session) in self.recording.sessions.iter().enumerate() {
            let trials = self.validation_trials(session, tier);
            if trials.is_empty() {
                continue;
            }
            let mut correlations = Correlations::new(session.info.n_neurons);
            for together in batches(session, &trials) {
                if cancel.is_cancelled() {
                    return Ok(None);
                }
                self.judge(index, together, &mut correlations)?;
            }
            let values = correlations.finish();
            let total: f64 = values.iter().sum();
            sessions.insert(session.info.id.clone(), total / values.len().max(1) as f64);
            sum += total;
            n_neurons += values.len();
        }
        Ok((n_neurons > 0).then(|| Scores { pooled: sum / n_neurons as f64, sessions }))
    }

    /// Trials with responses, at most as many as configured, evenly spread.
    fn validation_trials(&self, session: &Session, tier: &str) -> Vec<usize> {
        let mut trials = session.trials_of(tier);
        trials.retain(|&trial| session.info.trials[trial].has_responses);
        let most = self.config.fit.validation.max_trials.unwrap_or(usize::MAX);
        if trials.len() <= most {
            return trials;
        }
        (0..most).map(|i| trials[i * trials.len() / most]).collect()
    }

    /// Predict images together, or one video trial piece by piece, and let the correlations see
    /// prediction and response.
    fn judge(
        &self,
        session: usize,
        trials: &[usize],
        correlations: &mut Correlations,
    ) -> Result<(), FitError> {
        let Some(&first) = trials.first() else { return Ok(()) };
        let info = &self.recording.sessions[session].info;
        let consumed = self.twin.frames_consumed();
        let window = self.window(session, first);
        if self.is_conditioned() {
            return self.judge_conditioned(session, trials, window, correlations);
        }
        let mut start = window.start + consumed.max(info.scored_from_frame);
        while start < window.end {
            let end = (start + FRAMES_PER_PIECE).min(window.end);
            self.judge_frames((session, trials), start..end, &window, correlations)?;
            start = end;
        }
        Ok(())
    }

    fn is_conditioned(&self) -> bool {
        match self.config.fit.validation.metric {
            ValidationMetric::SingleTrialCorrelation => false,
            ValidationMetric::Auto | ValidationMetric::ConditionedCorrelation => {
                self.twin.n_latents() > 0
            }
        }
    }

    /// Let the correlations see what is predicted of each half of the neurons given the other one.
    fn judge_conditioned(
        &self,
        session: usize,
        trials: &[usize],
        window: Range<usize>,
        correlations: &mut Correlations,
    ) -> Result<(), FitError> {
        let of_session = &self.recording.sessions[session];
        let info = &of_session.info;
        let predicted = self.twin.frames_consumed()..window.len();
        // As without latents, frames are skipped at the start of a crop.
        let scored_from = predicted.start.max(info.scored_from_frame);
        if scored_from >= window.len() {
            return Ok(());
        }
        let clips = Clips::load(of_session, trials, window.clone())?;
        let half = self.config.model.latent.as_ref().map(|latent| latent.hidden_half);
        let halves = hidden_halves(&info.id, info.n_neurons, half.unwrap_or_default());
        let infer = |visible: &Vec<bool>| {
            let state = self.twin.infer(&clips.seen(session, visible))?;
            Ok(state.frames(window.len(), &predicted))
        };
        let states = halves.iter().map(infer).collect::<Result<Vec<_>, FitError>>()?;
        let found = self.twin.predict_given(&clips.input(session), &states)?;
        let found = where_hidden(&halves, &found);
        let n_skipped = (scored_from - predicted.start) * info.n_neurons;
        let n_predicted = predicted.len() * info.n_neurons;
        let recorded = clips.responses.chunks_exact(window.len() * info.n_neurons);
        for (found, recorded) in found.chunks_exact(n_predicted).zip(recorded) {
            let recorded = &recorded[recorded.len() - n_predicted..];
            correlations.add(&found[n_skipped..], &recorded[n_skipped..]);
        }
        Ok(())
    }

    /// The frames of a trial that are looked at: all, or a random crop that is another one in each
    /// validation.
    fn window(&self, session: usize, trial: usize) -> Range<usize> {
        let info = &self.recording.sessions[session].info;
        let n_frames = info.trials[trial].n_frames;
        let length = self.config.fit.validation.crop_frames.unwrap_or(n_frames).min(n_frames);
        let name = format!("crop epoch {} session {session} trial {trial}", self.state.epoch);
        let start = self.rules.streams.stream(&name).below(n_frames - length + 1);
        start..start + length
    }

    /// Predict some frames of a window, with the frames beside them in it that predictions depend on.
    fn judge_frames(
        &self,
        (session, trials): (usize, &[usize]),
        frames: Range<usize>,
        window: &Range<usize>,
        correlations: &mut Correlations,
    ) -> Result<(), FitError> {
        let (consumed, ahead) = (self.twin.frames_consumed(), self.twin.frames_ahead());
        let first = frames.start.saturating_sub(consumed + ahead).max(window.start);
        let loaded = first..(frames.end + ahead).min(window.end);
        let clips = Clips::load(&self.recording.sessions[session], trials, loaded.clone())?;
        let predicted = self.twin.predict(&clips.input(session))?;
        let n_neurons = self.recording.sessions[session].info.n_neurons;
        let per_clip = clips.n_frames * n_neurons;
        // From each clip's last frame to the judged ones.
        let back = (loaded.end - frames.start) * n_neurons..(loaded.end - frames.end) * n_neurons;
        let predicted = predicted.chunks_exact((per_clip - consumed * n_neurons).max(1));
        for (predicted, recorded) in predicted.zip(clips.responses.chunks_exact(per_clip.max(1))) {
            let [predicted, recorded] = [predicted, recorded]
                .map(|values| &values[values.len() - back.start..values.len() - back.end]);
            correlations.add(predicted, recorded);
        }
        Ok(())
    }
}

/// Trials that are predicted together: images in batches, videos one by one.
fn batches<'a>(session: &Session, trials: &'a [usize]) -> std::slice::Chunks<'a, usize> {
    match session.info.kind {
        StimulusKind::Image => trials.chunks(IMAGES_PER_BATCH),
        StimulusKind::Video => trials.chunks(1),
    }
}

/// The same frames of several trials, laid out as clips.
#[derive(Default)]
struct Clips {
    n_clips: usize,
    n_frames: usize,
    /// `[clip, frame, height, width]`
    stimulus: Vec<f32>,
    /// `[clip, frame, neuron]`
    responses: Vec<f32>,
    /// `[clip, frame, channel]`
    behaviour: Option<Vec<f32>>,
    /// `[clip, frame, 2]`
    pupil_center: Option<Vec<f32>>,
}

impl Clips {
    fn load(session: &Session, trials: &[usize], frames: Range<usize>) -> Result<Self, FitError> {
        let mut clips = Self { n_frames: frames.len(), ..Self::default() };
        for &trial in trials {
            clips.push(session.load(trial, frames.clone())?);
        }
        Ok(clips)
    }

    fn push(&mut self, data: TrialData) {
        self.n_clips += 1;
        self.stimulus.extend(data.stimulus.iter());
        self.responses.extend(data.responses.iter().flatten());
        if let Some(behaviour) = data.behaviour {
            self.behaviour.get_or_insert_default().extend(behaviour.iter());
        }
        if let Some(pupil_center) = data.pupil_center {
            self.pupil_center.get_or_insert_default().extend(pupil_center.iter());
        }
    }

    fn seen<'a>(&'a self, session: usize, visible: &'a [bool]) -> SeenResponses<'a> {
        SeenResponses {
            session,
            n_clips: self.n_clips,
            n_frames: self.n_frames,
            responses: &self.responses,
            visible: Some(visible),
        }
    }

    fn input(&self, session: usize) -> ClipInput<'_> {
        ClipInput {
            session,
            n_clips: self.n_clips,
            n_frames: self.n_frames,
            stimulus: &self.stimulus,
            behaviour: self.behaviour.as_deref(),
            pupil_center: self.pupil_center.as_deref(),
        }
    }
}
