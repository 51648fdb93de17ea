//! Mean response of each neuron over a bounded sample of the training data.

use striate_recording::Session;

use crate::error::FitError;

/// Response values looked at per session: enough for means, little to read.
const MOST_VALUES: usize = 1 << 25;

/// Frames read at a time.
const FRAMES_PER_PIECE: usize = 300;

/// Frames looked at however many neurons there are.
const LEAST_FRAMES: usize = 2_000;

/// Mean response of each neuron over evenly spread training trials.
pub(crate) fn mean_responses(session: &Session, tier: &str) -> Result<Vec<f32>, FitError> {
    let mut sums = vec![0.0f64; session.info.n_neurons];
    let mut n_frames = 0u64;
    for trial in sample(session, tier) {
        let length = session.info.trials[trial].n_frames.min(most_frames(session));
        for start in (0..length).step_by(FRAMES_PER_PIECE) {
            let data = session.load(trial, start..(start + FRAMES_PER_PIECE).min(length))?;
            for responses in data.responses.iter().flat_map(|responses| responses.outer_iter()) {
                for (sum, &response) in sums.iter_mut().zip(responses) {
                    *sum += f64::from(response);
                }
                n_frames += 1;
            }
        }
    }
    let n_frames = n_frames.max(1) as f64;
    Ok(sums.into_iter().map(|sum| (sum / n_frames) as f32).collect())
}

fn most_frames(session: &Session) -> usize {
    (MOST_VALUES / session.info.n_neurons.max(1)).max(LEAST_FRAMES)
}

/// Evenly spread trials of together about [`most_frames`] frames.
fn sample(session: &Session, tier: &str) -> Vec<usize> {
    let trials = session.trials_of(tier);
    let n_frames: usize = trials.iter().map(|&t| session.info.trials[t].n_frames).sum();
    let stride = n_frames.div_ceil(most_frames(session)).max(1);
    trials.into_iter().step_by(stride).collect()
}
