//! How active each neuron is, over all frames that the likelihood's shapes may be found from.

use striate_base::CancelToken;
use striate_model::likelihood::{ActiveResponses, ResponseStatistics, ShapeTiers, WantsActive};
use striate_recording::{RecordingError, Session};

use crate::error::FitError;

/// Frames read at a time.
const FRAMES_PER_PIECE: usize = 300;

/// Statistics of every frame with responses of the tier `train`, or of all tiers.
pub(crate) fn active_responses(
    session: &Session,
    train: &str,
    wants: WantsActive,
    cancel: &CancelToken,
) -> Result<ActiveResponses, FitError> {
    let mut statistics = ResponseStatistics::new(session.info.n_neurons, wants.above);
    let is_wanted = |tier: &str| wants.tiers == ShapeTiers::All || tier == train;
    for (index, trial) in session.info.trials.iter().enumerate() {
        if !trial.has_responses || !is_wanted(&trial.tier) {
            continue;
        }
        for start in (0..trial.n_frames).step_by(FRAMES_PER_PIECE) {
            if cancel.is_cancelled() {
                return Err(RecordingError::Cancelled.into());
            }
            let end = (start + FRAMES_PER_PIECE).min(trial.n_frames);
            let data = session.load(index, start..end)?;
            for responses in data.responses.iter().flat_map(|responses| responses.outer_iter()) {
                statistics.add(responses);
            }
        }
    }
    Ok(statistics.finish())
}
