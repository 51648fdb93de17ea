//! The training stimuli that drive each neuron furthest.

use ndarray::{Array3, ArrayView2, ArrayView4, Axis, concatenate, s, stack};
use striate_base::{CancelToken, Progress};
use striate_recording::{Session, StimulusKind};

use super::config::Goal;
use crate::error::InsilicoError;
use crate::parts::{Part, Parts};
use crate::subject::Subject;

/// Images, or clips, that are shown at a time.
const CLIPS_AT_ONCE: usize = 32;

/// Frames of a video that are predicted at a time.
const FRAMES_AT_ONCE: usize = 300;

/// Name of the part that keeps the responses, and of its array.
const PART: &str = "best-training-response";

/// The training stimuli that inputs are held against.
#[derive(Debug, Clone, Copy)]
pub enum TrainingStimuli<'a> {
    /// Clips `[clip, frame, height, width]` on the scale of the recording's stimulus.
    Clips(ArrayView4<'a, f32>),
    /// All trials of a session's tier; a few at a time are in memory.
    Tier(&'a Session, &'a str),
}

impl TrainingStimuli<'_> {
    /// [`TrainingStimuli::extremes`], unless they are among the parts.
    pub(super) fn kept_extremes(
        self,
        parts: &Parts,
        subject: &Subject<'_>,
        how: (Goal, usize),
        surroundings: (&mut dyn Progress, &CancelToken),
    ) -> Result<Vec<f32>, InsilicoError> {
        if let Some(mut kept) = parts.read(PART) {
            return Ok(kept.take(PART)?.values);
        }
        let found = self.extremes(subject, how, surroundings)?;
        let mut part = Part::default();
        part.push(PART, &[found.len()], found.clone());
        parts.write(PART, &part)?;
        Ok(found)
    }

    /// Largest (or smallest) mean response of every neuron over `n_averaged` consecutive frames; not a number
    /// where no stimulus is long enough.
    pub(super) fn extremes(
        self,
        subject: &Subject<'_>,
        (goal, n_averaged): (Goal, usize),
        (progress, cancel): (&mut dyn Progress, &CancelToken),
    ) -> Result<Vec<f32>, InsilicoError> {
        let mut extremes = Extremes::new(subject.n_neurons(), goal, n_averaged);
        let n_frames = subject.n_lags() - 1 + n_averaged;
        let trials = self.long_enough(n_frames);
        progress.start("responses to the training stimuli", Some(trials.len() as u64));
        for some in trials.chunks(self.n_at_once()) {
            if cancel.is_cancelled() {
                return Err(InsilicoError::Cancelled);
            }
            let responses = match self {
                Self::Clips(clips) => respond(subject, clips.select(Axis(0), some).view())?,
                Self::Tier(session, _) => respond_to_trials(subject, session, some)?,
            };
            responses.outer_iter().for_each(|clip| extremes.add(clip));
            progress.advance(some.len() as u64);
        }
        progress.finish();
        Ok(extremes.finish())
    }

    /// Clips, or trials, of at least so many frames.
    fn long_enough(self, n_frames: usize) -> Vec<usize> {
        match self {
            Self::Clips(clips) if clips.dim().1 < n_frames => Vec::new(),
            Self::Clips(clips) => (0..clips.dim().0).collect(),
            Self::Tier(session, tier) => {
                let mut trials = session.trials_of(tier);
                trials.retain(|&trial| session.info.trials[trial].n_frames >= n_frames);
                trials
            }
        }
    }

    fn n_at_once(self) -> usize {
        match self {
            Self::Tier(session, _) if session.info.kind == StimulusKind::Video => 1,
            Self::Clips(_) | Self::Tier(..) => CLIPS_AT_ONCE,
        }
    }
}

/// Responses to whole trials, all of as many frames.
fn respond_to_trials(
    subject: &Subject<'_>,
    session: &Session,
    trials: &[usize],
) -> Result<Array3<f32>, InsilicoError> {
    let loaded = trials.iter().map(|&trial| Ok(session.load_whole(trial)?.stimulus));
    let loaded: Vec<Array3<f32>> = loaded.collect::<Result<_, InsilicoError>>()?;
    let views: Vec<_> = loaded.iter().map(|clip| clip.view()).collect();
    let clips = stack(Axis(0), &views)
        .map_err(|e| InsilicoError::mismatch("training trials", e, "equally many frames"))?;
    respond(subject, clips.view())
}

/// [`Subject::respond`] for clips of any length, some frames at a time.
fn respond(
    subject: &Subject<'_>,
    clips: ArrayView4<'_, f32>,
) -> Result<Array3<f32>, InsilicoError> {
    let (n_clips, n_frames, ..) = clips.dim();
    let (lags, ahead) = (subject.n_lags() - 1, subject.frames_ahead());
    let mut all = Array3::zeros((n_clips, 0, subject.n_neurons()));
    for first in (lags..n_frames).step_by(FRAMES_AT_ONCE) {
        let n = FRAMES_AT_ONCE.min(n_frames - first);
        let from = first.saturating_sub(lags + ahead);
        let to = (first + n + ahead).min(n_frames);
        let found = subject.respond(clips.slice(s![.., from..to, .., ..]))?;
        let before = first - lags - from;
        let found = found.slice(s![.., before..before + n, ..]);
        all = concatenate(Axis(1), &[all.view(), found])
            .map_err(|e| InsilicoError::mismatch("responses", e, "those of all clips"))?;
    }
    Ok(all)
}

/// The furthest means so far.
struct Extremes {
    sign: f64,
    n_averaged: usize,
    /// For each neuron, times the sign.
    furthest: Vec<f64>,
}

impl Extremes {
    fn new(n_neurons: usize, goal: Goal, n_averaged: usize) -> Self {
        let furthest = vec![f64::NEG_INFINITY; n_neurons];
        Self { sign: f64::from(goal.sign()), n_averaged, furthest }
    }

    /// Take in responses `[frame, neuron]`.
    fn add(&mut self, responses: ArrayView2<'_, f32>) {
        for (furthest, responses) in self.furthest.iter_mut().zip(responses.columns()) {
            let mut sum = 0.0;
            for (frame, &response) in responses.iter().enumerate() {
                sum += f64::from(response);
                if frame + 1 >= self.n_averaged {
                    *furthest = furthest.max(self.sign * sum / self.n_averaged as f64);
                    sum -= f64::from(responses[frame + 1 - self.n_averaged]);
                }
            }
        }
    }

    fn finish(self) -> Vec<f32> {
        let told = |furthest: f64| {
            if furthest.is_finite() { (self.sign * furthest) as f32 } else { f32::NAN }
        };
        self.furthest.into_iter().map(told).collect()
    }
}

#[cfg(test)]
mod tests;
