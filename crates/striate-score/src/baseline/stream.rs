//! Shows a session's training set to a baseline, piece by piece.

use ndarray::{Array2, Array3, Axis, s};
use striate_base::{CancelToken, Progress};
use striate_model::baseline::{Stretch, Visit};
use striate_recording::{Session, StimulusKind};

use crate::error::ScoreError;
use crate::scorer::stimuli;

/// Frames with responses that are shown at a time.
const FRAMES_PER_STRETCH: usize = 300;

/// Images that are shown at a time.
const IMAGES_PER_STRETCH: usize = 128;

/// The trials of a tier with responses.
pub(super) struct TrainingStream<'a> {
    session: &'a Session,
    trials: Vec<usize>,
    /// Frames before the first response.
    n_context: usize,
}

impl<'a> TrainingStream<'a> {
    pub(super) fn new(
        session: &'a Session,
        tier: &str,
        n_context: usize,
    ) -> Result<Self, ScoreError> {
        let info = &session.info;
        let mut trials = session.trials_of(tier);
        let n_trials = trials.len();
        trials.retain(|&trial| {
            info.trials[trial].has_responses && info.trials[trial].n_frames > n_context
        });
        if trials.is_empty() {
            return Err(ScoreError::NothingToScore {
                found: format!("{n_trials} trials of tier `{tier}` in session `{}`", info.id),
                expected: format!(
                    "trials with responses and more than {n_context} frames to fit a baseline on"
                ),
            });
        }
        Ok(Self { session, trials, n_context })
    }

    /// Show everything once.
    pub(super) fn show(
        &self,
        visit: &mut Visit<'_>,
        progress: &mut dyn Progress,
        cancel: &CancelToken,
    ) -> Result<(), ScoreError> {
        match self.session.info.kind {
            StimulusKind::Video => self.show_video(visit, progress, cancel),
            StimulusKind::Image => self.show_images(visit, progress, cancel),
        }
    }

    fn show_video(
        &self,
        visit: &mut Visit<'_>,
        progress: &mut dyn Progress,
        cancel: &CancelToken,
    ) -> Result<(), ScoreError> {
        for &trial in &self.trials {
            let n_frames = self.session.info.trials[trial].n_frames;
            for start in (self.n_context..n_frames).step_by(FRAMES_PER_STRETCH) {
                if cancel.is_cancelled() {
                    return Err(ScoreError::Cancelled);
                }
                let end = (start + FRAMES_PER_STRETCH).min(n_frames);
                let data = self.session.load(trial, start - self.n_context..end)?;
                let responses = data.responses.ok_or_else(|| self.without_responses(trial))?;
                let responses = responses.slice(s![self.n_context.., ..]);
                visit(Stretch { stimulus: data.stimulus.view(), responses })?;
                progress.advance((end - start) as u64);
            }
        }
        Ok(())
    }

    fn show_images(
        &self,
        visit: &mut Visit<'_>,
        progress: &mut dyn Progress,
        cancel: &CancelToken,
    ) -> Result<(), ScoreError> {
        let info = &self.session.info;
        for repeats in stimuli(self.session, &self.trials).chunks(IMAGES_PER_STRETCH) {
            let mut images = Array3::zeros((repeats.len(), info.height, info.width));
            let mut responses = Array2::zeros((repeats.len(), info.n_neurons));
            for (image, trials) in repeats.iter().enumerate() {
                if cancel.is_cancelled() {
                    return Err(ScoreError::Cancelled);
                }
                let (stimulus, mean) = self.image(trials)?;
                images.index_axis_mut(Axis(0), image).assign(&stimulus);
                responses.row_mut(image).assign(&mean);
                progress.advance(1);
            }
            visit(Stretch { stimulus: images.view(), responses: responses.view() })?;
        }
        Ok(())
    }

    /// One image and its mean response over repeats.
    fn image(&self, trials: &[usize]) -> Result<(Array2<f32>, ndarray::Array1<f32>), ScoreError> {
        let info = &self.session.info;
        let mut image = Array2::zeros((info.height, info.width));
        let mut sums = ndarray::Array1::<f64>::zeros(info.n_neurons);
        for &trial in trials {
            let data = self.session.load(trial, 0..1)?;
            let responses = data.responses.ok_or_else(|| self.without_responses(trial))?;
            sums += &responses.index_axis(Axis(0), 0).mapv(f64::from);
            image = data.stimulus.index_axis(Axis(0), 0).to_owned();
        }
        Ok((image, sums.mapv(|sum| (sum / trials.len() as f64) as f32)))
    }

    fn without_responses(&self, trial: usize) -> ScoreError {
        let what = format!("trial `{}`", self.session.info.trials[trial].id);
        ScoreError::mismatch(what, "no responses", "responses")
    }
}
