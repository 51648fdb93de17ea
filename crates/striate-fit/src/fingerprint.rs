//! A hash by which a recording is known again.

use striate_base::provenance::hash_bytes;
use striate_recording::{Recording, Session};

use crate::error::FitError;

/// Hash over every session's shape, neurons and trials, and over the contents of its first and last
/// trial with responses. The rest of the data is not read: a recording may have hundreds of
/// gigabytes.
///
/// # Errors
/// [`FitError::Recording`] for data that cannot be read.
pub fn data_hash(recording: &Recording) -> Result<String, FitError> {
    let mut bytes = Vec::new();
    for session in &recording.sessions {
        describe(session, &mut bytes);
        let with_responses: Vec<usize> = (0..session.info.trials.len())
            .filter(|&trial| session.info.trials[trial].has_responses)
            .collect();
        for &trial in with_responses.first().iter().chain(&with_responses.last()) {
            let data = session.load_whole(*trial)?;
            put(data.stimulus.iter(), &mut bytes);
            put(data.responses.iter().flatten(), &mut bytes);
            put(data.behaviour.iter().flatten(), &mut bytes);
            put(data.pupil_center.iter().flatten(), &mut bytes);
        }
    }
    Ok(hash_bytes(&bytes))
}

fn describe(session: &Session, bytes: &mut Vec<u8>) {
    let info = &session.info;
    let head = format!(
        "session {:?} {:?} {} {} {} {} {:?}\n",
        info.id,
        info.kind,
        info.n_neurons,
        info.height,
        info.width,
        info.n_behaviour,
        info.neuron_ids
    );
    bytes.extend(head.as_bytes());
    for trial in &info.trials {
        let line = format!(
            "{:?} {:?} {} {:?} {}\n",
            trial.id, trial.tier, trial.n_frames, trial.stimulus_id, trial.has_responses
        );
        bytes.extend(line.as_bytes());
    }
}

fn put<'a>(values: impl Iterator<Item = &'a f32>, bytes: &mut Vec<u8>) {
    for value in values {
        bytes.extend(value.to_bits().to_le_bytes());
    }
}
