//! Baselines fitted on a recording: the data are loaded here, the fits are those of
//! [`striate_model::baseline`].

mod stream;
#[cfg(test)]
mod tests;

use ndarray::{Array2, s};
use striate_base::{CancelToken, Progress};
use striate_model::baseline::{
    GaborRidge, GaborRidgeConfig, LinearNonlinear, LinearNonlinearConfig, SessionSize, Visit,
};
use striate_recording::{Recording, Session, StimulusKind};

use crate::error::ScoreError;
use crate::predictor::{Predictor, TrialInput};
use stream::TrainingStream;

/// A baseline for each session of a recording. It sees the stimulus only, never behaviour.
#[derive(Debug, Clone)]
pub struct BaselinePredictor {
    name: &'static str,
    sessions: Vec<SessionBaseline>,
}

/// The baseline of one session.
#[derive(Debug, Clone)]
pub enum SessionBaseline {
    /// A separable filter and a nonlinearity.
    LinearNonlinear(LinearNonlinear),
    /// Ridge regression from a Gabor pyramid.
    GaborRidge(Box<GaborRidge>),
}

/// Fit the baseline that suits each session: linear-nonlinear for video, Gabor ridge for images.
///
/// `tier` is the one to fit on, as `train`.
///
/// # Errors
/// No trials of that tier with responses in some session, data that cannot be read or are not finite,
/// cancellation.
pub fn fit_baseline(
    recording: &Recording,
    tier: &str,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<BaselinePredictor, ScoreError> {
    let images = |session: &Session| session.info.kind == StimulusKind::Image;
    if recording.sessions.iter().all(images) {
        fit_gabor_ridge(recording, tier, &GaborRidgeConfig::default(), progress, cancel)
    } else {
        fit_linear_nonlinear(recording, tier, &LinearNonlinearConfig::default(), progress, cancel)
    }
}

/// Fit a [`LinearNonlinear`] to each session. In sessions of images its filter is one frame long.
///
/// # Errors
/// As [`fit_baseline`], and settings out of range.
pub fn fit_linear_nonlinear(
    recording: &Recording,
    tier: &str,
    config: &LinearNonlinearConfig,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<BaselinePredictor, ScoreError> {
    let mut sessions = Vec::with_capacity(recording.sessions.len());
    for session in &recording.sessions {
        let n_lags = match session.info.kind {
            StimulusKind::Image => 1,
            StimulusKind::Video => config.n_lags,
        };
        let config = LinearNonlinearConfig { n_lags, ..config.clone() };
        let stream = TrainingStream::new(session, tier, n_lags - 1)?;
        progress.start(&format!("linear-nonlinear baseline of {}", session.info.id), None);
        let model = LinearNonlinear::fit(&config, size(session), |visit: &mut Visit<'_>| {
            stream.show(visit, progress, cancel)
        })?;
        progress.finish();
        sessions.push(SessionBaseline::LinearNonlinear(model));
    }
    Ok(BaselinePredictor { name: "linear-nonlinear", sessions })
}

/// Fit a [`GaborRidge`] to each session. Responses to the same image are averaged first.
///
/// # Errors
/// As [`fit_baseline`], and settings out of range.
pub fn fit_gabor_ridge(
    recording: &Recording,
    tier: &str,
    config: &GaborRidgeConfig,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<BaselinePredictor, ScoreError> {
    let mut sessions = Vec::with_capacity(recording.sessions.len());
    for session in &recording.sessions {
        let stream = TrainingStream::new(session, tier, 0)?;
        progress.start(&format!("Gabor ridge baseline of {}", session.info.id), None);
        let model = GaborRidge::fit(config, size(session), |visit: &mut Visit<'_>| {
            stream.show(visit, progress, cancel)
        })?;
        progress.finish();
        sessions.push(SessionBaseline::GaborRidge(Box::new(model)));
    }
    Ok(BaselinePredictor { name: "Gabor ridge", sessions })
}

fn size(session: &Session) -> SessionSize {
    let info = &session.info;
    SessionSize { height: info.height, width: info.width, n_neurons: info.n_neurons }
}

impl BaselinePredictor {
    /// The baseline of each session, in the recording's order.
    pub fn sessions(&self) -> &[SessionBaseline] {
        &self.sessions
    }
}

impl SessionBaseline {
    fn frames_consumed(&self) -> usize {
        match self {
            Self::LinearNonlinear(model) => model.frames_consumed(),
            Self::GaborRidge(_) => 0,
        }
    }
}

impl Predictor for BaselinePredictor {
    fn name(&self) -> &str {
        self.name
    }

    fn frames_consumed(&self) -> usize {
        self.sessions.iter().map(SessionBaseline::frames_consumed).max().unwrap_or(0)
    }

    fn predict(&self, input: TrialInput<'_>) -> Result<Array2<f32>, ScoreError> {
        let session = self.sessions.get(input.session).ok_or_else(|| {
            ScoreError::mismatch("sessions of the baseline", self.sessions.len(), input.session + 1)
        })?;
        let surplus = self.frames_consumed() - session.frames_consumed();
        let predicted = match session {
            SessionBaseline::LinearNonlinear(model) => model.predict(input.data.stimulus.view())?,
            SessionBaseline::GaborRidge(model) => model.predict(input.data.stimulus.view())?,
        };
        Ok(predicted.slice(s![surplus.min(predicted.nrows()).., ..]).to_owned())
    }
}
