//! What the data say before the first step: mean responses, receptive-field positions, and how active
//! neurons are where the likelihood asks for it.

mod active;
mod means;
mod peaks;
mod positions;

use striate_base::{CancelToken, Progress};
use striate_model::latent::LoadingsKind;
use striate_model::{OutputGrid, SessionStart};
use striate_recording::{Recording, Session};

use crate::config::{FitConfig, InitialPositions};
use crate::error::FitError;

/// What each session's part of the twin starts from.
///
/// # Errors
/// [`FitError`] for data that cannot be read, or positions asked for that the data do not give.
pub(crate) fn session_starts(
    recording: &Recording,
    config: &FitConfig,
    grid: &OutputGrid,
    (progress, cancel): (&mut dyn Progress, &CancelToken),
) -> Result<Vec<SessionStart>, FitError> {
    let (fit, likelihood) = (&config.fit, &config.model.likelihood);
    progress.start("looking at the data", Some(recording.sessions.len() as u64));
    let mut starts = Vec::new();
    for session in &recording.sessions {
        let mean_response = means::mean_responses(session, &fit.train_tier)?;
        let coordinates = positions::coordinates(session);
        let cortex = cortex(session, config);
        let mut start = SessionStart { mean_response, cortex, ..SessionStart::default() };
        if let Some(wants) = likelihood.wants_active() {
            start.active = Some(active::active_responses(session, &fit.train_tier, wants, cancel)?);
        }
        match (fit.init_positions, coordinates) {
            (InitialPositions::Coordinates, None) => {
                return Err(FitError::Mismatch(format!(
                    "fit.init_positions is \"coordinates\", but the recording has none for session \
                     {}; expected \"response-average\", \"random\" or \"auto\"",
                    session.info.id
                )));
            }
            (InitialPositions::Auto | InitialPositions::Coordinates, Some(coordinates)) => {
                start.coordinates = Some(coordinates);
            }
            (InitialPositions::Auto | InitialPositions::ResponseAverage, _) => {
                let found = positions::from_responses(session, &fit.train_tier, grid, cancel)?;
                progress.note(&found.remark(&session.info.id));
                start.positions = Some(found.positions);
            }
            (InitialPositions::Random, _) => {}
        }
        starts.push(start);
        progress.advance(1);
    }
    progress.finish();
    Ok(starts)
}

/// Positions in the cortex, where the twin's loadings come from them.
fn cortex(session: &Session, config: &FitConfig) -> Option<Vec<[f32; 3]>> {
    let latent = config.model.latent.as_ref()?;
    (latent.loadings == LoadingsKind::FromPositions).then(|| positions::cortex(session)).flatten()
}

/// Starts of the same shape without a look at the data, for a twin whose values come from elsewhere.
pub(crate) fn unseen_starts(recording: &Recording, config: &FitConfig) -> Vec<SessionStart> {
    let fit = &config.fit;
    // Whether there is a position network decides which parameters there are.
    let from_coordinates =
        matches!(fit.init_positions, InitialPositions::Auto | InitialPositions::Coordinates);
    let start = |session: &Session| SessionStart {
        mean_response: vec![0.0; session.info.n_neurons],
        coordinates: positions::coordinates(session).filter(|_| from_coordinates),
        cortex: cortex(session, config),
        ..SessionStart::default()
    };
    recording.sessions.iter().map(start).collect()
}
