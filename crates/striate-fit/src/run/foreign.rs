//! Folders that are no runs and hold what a fit would overwrite.

use std::path::Path;

use super::{RunFolder, TIMING_FILE, WITHOUT_LATENTS};
use crate::error::FitError;
use crate::trackers::METRICS_FILE;

/// What a fit writes after the `config.toml` that makes a folder a run: where one of these is
/// without it, it belongs to something else, such as a twin that somebody shares.
const WRITTEN_LATER: [&str; 6] =
    ["twin.json", "twin.safetensors", METRICS_FILE, TIMING_FILE, "checkpoints", WITHOUT_LATENTS];

/// Refuse a folder in which a fit would overwrite what belongs to no run.
pub(crate) fn refuse_foreign(run: &Path) -> Result<(), FitError> {
    if RunFolder::open(run).is_ok() {
        return Ok(());
    }
    match WRITTEN_LATER.into_iter().find(|name| run.join(name).exists()) {
        None => Ok(()),
        Some(found) => Err(FitError::NotEmpty { found: found.to_owned(), path: run.to_owned() }),
    }
}
