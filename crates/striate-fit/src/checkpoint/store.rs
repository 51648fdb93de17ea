//! The `checkpoints` folder of a run: names, rotation, and finding the newest intact one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use striate_formats::safetensors::NamedTensor;

use super::{Checkpoint, read, write};
use crate::error::CheckpointError;
use crate::state::TrainState;

/// The checkpoints of one run.
#[derive(Debug)]
pub(crate) struct CheckpointStore {
    folder: PathBuf,
    keep: usize,
}

/// What was found when looking for a checkpoint to go on from.
#[derive(Debug)]
pub(crate) struct Found {
    /// The newest intact checkpoint, if there is any.
    pub(crate) checkpoint: Option<Checkpoint>,
    /// What was wrong with newer ones, each renamed to `NAME.damaged`.
    pub(crate) damaged: Vec<CheckpointError>,
}

impl CheckpointStore {
    /// The store in `run/checkpoints`, made where it does not exist; what killed writers left
    /// behind is removed.
    pub(crate) fn open(run: &Path, keep: usize) -> Result<Self, CheckpointError> {
        let folder = run.join("checkpoints");
        let io = |source| CheckpointError::Io { source, path: folder.clone() };
        fs::create_dir_all(&folder).map_err(io)?;
        striate_base::files::sweep_temporaries(&folder).map_err(io)?;
        Ok(Self { folder, keep })
    }

    /// Write a checkpoint and remove the oldest ones beyond the number kept.
    pub(crate) fn write(
        &self,
        state: &TrainState,
        config_hash: &str,
        tensors: &[NamedTensor<'_>],
    ) -> Result<(), CheckpointError> {
        let path = self.folder.join(format!("step-{:08}.safetensors", state.step));
        write(&path, state, config_hash, tensors)?;
        let steps = self.steps()?;
        for (_, old) in steps.iter().rev().skip(self.keep) {
            fs::remove_file(old)
                .map_err(|source| CheckpointError::Io { source, path: old.clone() })?;
        }
        Ok(())
    }

    /// The newest checkpoint that is intact. Damaged newer ones are renamed out of the way.
    ///
    /// # Errors
    /// [`CheckpointError::Newer`] for a checkpoint of a newer version: falling back behind it would
    /// throw work away. [`CheckpointError::NoneIntact`] where all are damaged.
    pub(crate) fn newest(&self) -> Result<Found, CheckpointError> {
        let mut damaged = Vec::new();
        for (_, path) in self.steps()?.into_iter().rev() {
            match read(&path) {
                Ok(checkpoint) => {
                    let damaged = set_aside(damaged)?;
                    return Ok(Found { checkpoint: Some(checkpoint), damaged });
                }
                Err(error @ CheckpointError::Newer { .. }) => return Err(error),
                Err(error) => damaged.push((path, error)),
            }
        }
        match damaged.len() {
            0 => Ok(Found { checkpoint: None, damaged: Vec::new() }),
            n_damaged => Err(CheckpointError::NoneIntact { n_damaged, path: self.folder.clone() }),
        }
    }

    /// All checkpoints by rising step.
    fn steps(&self) -> Result<Vec<(u64, PathBuf)>, CheckpointError> {
        let list = || -> io::Result<Vec<(u64, PathBuf)>> {
            let mut steps = Vec::new();
            for entry in fs::read_dir(&self.folder)? {
                let path = entry?.path();
                if let Some(step) = step_of(&path) {
                    steps.push((step, path));
                }
            }
            steps.sort();
            Ok(steps)
        };
        list().map_err(|source| CheckpointError::Io { source, path: self.folder.clone() })
    }
}

/// Rename damaged checkpoints, so that they neither count as kept nor are tried again.
fn set_aside(
    damaged: Vec<(PathBuf, CheckpointError)>,
) -> Result<Vec<CheckpointError>, CheckpointError> {
    let rename = |(path, error): (PathBuf, CheckpointError)| {
        fs::rename(&path, path.with_extension("safetensors.damaged"))
            .map_err(|source| CheckpointError::Io { source, path })?;
        Ok(error)
    };
    damaged.into_iter().map(rename).collect()
}

fn step_of(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    name.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse().ok()
}
