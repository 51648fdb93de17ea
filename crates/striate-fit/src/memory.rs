//! The memory a fit will need, stated and compared with the limit before it starts.

use striate_base::Progress;
use striate_base::machine;
use striate_model::Twin;
use striate_recording::Recording;

use crate::config::{FitConfig, ValidFitConfig};
use crate::error::{ConfigError, FitError};

/// Batches that may be in memory at once: read ahead, waiting, in use.
const BATCHES_IN_MEMORY: u64 = 4;

/// What code, thread stacks and allocator keep for themselves.
const PROCESS_BYTES: u64 = 48 << 20;

/// State the predicted peak; refuse a fit that exceeds the limit.
pub(crate) fn refuse_too_much(
    config: &ValidFitConfig,
    recording: &Recording,
    twin: &Twin,
    progress: &mut dyn Progress,
) -> Result<(), FitError> {
    let needed = predict(config, recording, twin);
    let (limit, limit_from) = limit(config)?;
    let (shown, allowed) = (machine::format_bytes(needed), machine::format_bytes(limit));
    progress.note(&format!("needs about {shown} of memory ({limit_from}: {allowed})"));
    if needed > limit {
        return Err(FitError::TooLittleMemory { needed, limit, limit_from });
    }
    Ok(())
}

/// Predicted peak in bytes: activations, parameters in all their copies (values, gradient, two
/// moments, best weights, one being written), batches, and what the recording keeps.
fn predict(config: &FitConfig, recording: &Recording, twin: &Twin) -> u64 {
    let copies = 6 * 4 * twin.n_parameters() as u64;
    let batch = recording
        .sessions
        .iter()
        .map(|session| {
            let info = &session.info;
            let per_frame = info.height * info.width + info.n_neurons + info.n_behaviour + 2;
            4 * (config.fit.clips_per_batch * config.fit.clip_frames * per_frame) as u64
        })
        .max()
        .unwrap_or(0);
    let step = twin.training_bytes(config.fit.clips_per_batch, config.fit.clip_frames);
    copies + step + BATCHES_IN_MEMORY * batch + recording.resident_bytes() + PROCESS_BYTES
}

fn limit(config: &FitConfig) -> Result<(u64, &'static str), FitError> {
    match &config.fit.memory_limit {
        None => Ok((machine::memory_available(), "available")),
        Some(text) => {
            let bytes = machine::parse_bytes(text).map_err(|_| ConfigError::OutOfRange {
                key: "fit.memory_limit".into(),
                found: text.clone(),
                expected: "a size such as \"8GiB\"".into(),
            })?;
            Ok((bytes, "limit"))
        }
    }
}
