//! A hash by which a recording is known again.

use std::ops::Range;

use striate_base::provenance::hash_bytes;
use striate_recording::{Recording, Session, TrialData};

use crate::error::FitError;

/// Bytes of a session that are looked at: all of a small one, some seconds of reading of a large one.
const MOST_BYTES: usize = 128 << 20;

/// Pieces of a session that are looked at however large they are.
const LEAST_PIECES: usize = 8;

/// Frames of a piece.
const FRAMES_PER_PIECE: usize = 300;

/// Hash over every session's shape, neurons and trials, and over the contents of its trials with
/// responses: of all of them where they take up to 128 MiB, else of as many pieces of 300 frames, evenly
/// spread, the first and the last among them. The rest is not read: a recording may have hundreds of
/// gigabytes.
///
/// # Errors
/// [`FitError::Recording`] for data that cannot be read.
pub fn data_hash(recording: &Recording) -> Result<String, FitError> {
    let mut text = String::new();
    for session in &recording.sessions {
        describe(session, &mut text);
        for (trial, frames) in sample(session) {
            text += &hash_bytes(&bytes(&session.load(trial, frames)?));
            text.push('\n');
        }
    }
    Ok(hash_bytes(text.as_bytes()))
}

/// The pieces of trials whose contents are looked at.
fn sample(session: &Session) -> Vec<(usize, Range<usize>)> {
    let info = &session.info;
    let mut pieces = Vec::new();
    for (trial, of_trial) in info.trials.iter().enumerate().filter(|(_, of)| of.has_responses) {
        for start in (0..of_trial.n_frames).step_by(FRAMES_PER_PIECE) {
            pieces.push((trial, start..(start + FRAMES_PER_PIECE).min(of_trial.n_frames)));
        }
    }
    let Some(last) = pieces.len().checked_sub(1) else { return pieces };
    let n_frames: usize = pieces.iter().map(|(_, frames)| frames.len()).sum();
    let per_frame = 4 * (info.height * info.width + info.n_neurons);
    let wanted = (pieces.len() * MOST_BYTES) / (n_frames * per_frame).max(1);
    let n = wanted.max(LEAST_PIECES).min(pieces.len());
    // Both ends count; one piece is its own first and last.
    (0..n).map(|i| pieces[i * last / (n - 1).max(1)].clone()).collect()
}

fn describe(session: &Session, text: &mut String) {
    let info = &session.info;
    let [id, kind, ids] =
        [format!("{:?}", info.id), format!("{:?}", info.kind), format!("{:?}", info.neuron_ids)];
    let (n_neurons, n_behaviour) = (info.n_neurons, info.n_behaviour);
    let (height, width) = (info.height, info.width);
    *text += &format!("session {id} {kind} {n_neurons} {height} {width} {n_behaviour} {ids}\n");
    for trial in &info.trials {
        *text += &format!(
            "{:?} {:?} {} {:?} {}\n",
            trial.id, trial.tier, trial.n_frames, trial.stimulus_id, trial.has_responses
        );
    }
}

fn bytes(data: &TrialData) -> Vec<u8> {
    let stimulus = data.stimulus.iter();
    let responses = data.responses.iter().flatten();
    let behaviour = data.behaviour.iter().flatten();
    let pupil_center = data.pupil_center.iter().flatten();
    let values = stimulus.chain(responses).chain(behaviour).chain(pupil_center);
    values.flat_map(|value| value.to_bits().to_le_bytes()).collect()
}
