//! Checkpoints: everything a fit needs to go on with the same bits, in one file.
//!
//! A checkpoint is a safetensors file. Its tensors are the twin's parameters and running statistics
//! (`twin/NAME`), the optimiser's moments (`first_moment/NAME`, `second_moment/NAME`) and the best
//! weights so far (`best/NAME`). Its metadata hold the version, the producer, the hash of the
//! configuration, the [`TrainState`] as JSON, and a BLAKE3 checksum over all of that.

mod checksum;
mod store;

use std::collections::BTreeMap;
use std::path::Path;

use striate_formats::safetensors::{self, NamedTensor, OwnedTensor};

pub(crate) use store::CheckpointStore;

use crate::error::CheckpointError;
use crate::state::TrainState;

/// Version of the format this build writes, and the newest it reads.
const VERSION: u32 = 1;

/// Named tensors in a fixed order.
pub(crate) type Tensors = Vec<OwnedTensor>;

/// A checkpoint in memory.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    pub(crate) state: TrainState,
    /// Hash of the part of the configuration that decides the result.
    pub(crate) config_hash: String,
    pub(crate) tensors: Tensors,
}

/// Write a checkpoint to `path`, atomically.
///
/// # Errors
/// [`CheckpointError`] with what the file system reports.
pub(crate) fn write(
    path: &Path,
    state: &TrainState,
    config_hash: &str,
    tensors: &[NamedTensor<'_>],
) -> Result<(), CheckpointError> {
    let state = serde_json::to_string(state)
        .map_err(|e| CheckpointError::State { reason: e.to_string(), path: path.to_owned() })?;
    let mut metadata = BTreeMap::from([
        ("format".to_owned(), "striate-checkpoint".to_owned()),
        ("version".to_owned(), VERSION.to_string()),
        ("producer".to_owned(), format!("striate {}", env!("CARGO_PKG_VERSION"))),
        ("config_hash".to_owned(), config_hash.to_owned()),
        ("state".to_owned(), state),
    ]);
    let sum = checksum::of(tensors, &metadata);
    metadata.insert(checksum::KEY.to_owned(), sum);
    Ok(safetensors::write(path, tensors, &metadata)?)
}

/// Read the checkpoint at `path` and verify its checksum.
///
/// # Errors
/// [`CheckpointError`] for a file that is torn, damaged, newer than this build or no checkpoint.
pub(crate) fn read(path: &Path) -> Result<Checkpoint, CheckpointError> {
    let (tensors, mut metadata) = safetensors::read(path)?;
    refuse_newer(&metadata, path)?;
    let expected = metadata.remove(checksum::KEY).unwrap_or_default();
    let found = checksum::of(&views(&tensors), &metadata);
    if found != expected {
        return Err(CheckpointError::Checksum { found, expected, path: path.to_owned() });
    }
    let field = |key: &str| metadata.get(key).map(String::as_str).unwrap_or_default();
    let state = serde_json::from_str(field("state"))
        .map_err(|e| CheckpointError::State { reason: e.to_string(), path: path.to_owned() })?;
    Ok(Checkpoint { state, config_hash: field("config_hash").to_owned(), tensors })
}

fn refuse_newer(metadata: &BTreeMap<String, String>, path: &Path) -> Result<(), CheckpointError> {
    let found = metadata.get("version").map(String::as_str).unwrap_or_default();
    match found.parse::<u32>() {
        Ok(version) if version > VERSION => {
            Err(CheckpointError::Newer { found: version, newest: VERSION, path: path.to_owned() })
        }
        Ok(_) => Ok(()),
        Err(_) => Err(CheckpointError::State {
            reason: format!("format version is `{found}`, expected a number"),
            path: path.to_owned(),
        }),
    }
}

fn views(tensors: &[OwnedTensor]) -> Vec<NamedTensor<'_>> {
    tensors
        .iter()
        .map(|t| NamedTensor { name: &t.name, shape: &t.shape, values: &t.values })
        .collect()
}
