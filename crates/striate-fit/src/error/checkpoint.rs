//! What can go wrong with a checkpoint.

use std::path::PathBuf;

use striate_base::{Classified, ErrorClass};
use striate_formats::FormatError;

/// A checkpoint that cannot be written or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file is torn, damaged or no safetensors file, or could not be written.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The file system refuses.
    #[error("checkpoint folder: {source}: {}", path.display())]
    Io {
        /// What the file system reports.
        source: std::io::Error,
        /// The file or folder.
        path: PathBuf,
    },
    /// The contents are not those that were written.
    #[error("checkpoint is damaged: checksum is {found}, expected {expected}: {}", path.display())]
    Checksum {
        /// Checksum of the contents.
        found: String,
        /// Checksum stored with them.
        expected: String,
        /// The file.
        path: PathBuf,
    },
    /// The training state is missing or cannot be understood.
    #[error("checkpoint state cannot be used: {reason}: {}", path.display())]
    State {
        /// What is wrong with it.
        reason: String,
        /// The file.
        path: PathBuf,
    },
    /// Written by a newer version.
    #[error(
        "checkpoint has format version {found}, expected at most {newest}: use the version of \
         striate that wrote it: {}", path.display()
    )]
    Newer {
        /// Version found.
        found: u32,
        /// Newest version this build reads.
        newest: u32,
        /// The file.
        path: PathBuf,
    },
    /// There are checkpoints and none can be used.
    #[error(
        "none of the {n_damaged} checkpoints is intact; remove the folder to start the run anew: {}",
        path.display()
    )]
    NoneIntact {
        /// How many there are.
        n_damaged: usize,
        /// The folder.
        path: PathBuf,
    },
    /// Written under another configuration than that of the run.
    #[error("checkpoint is of another configuration: its hash is {found}, expected {expected}")]
    OtherConfig {
        /// Hash in the checkpoint.
        found: String,
        /// Hash of the run's configuration.
        expected: String,
    },
    /// A tensor of the checkpoint does not fit the twin.
    #[error("checkpoint does not fit the twin: tensor `{name}` {found}, expected {expected}")]
    Tensor {
        /// Name of the tensor.
        name: String,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
}

impl Classified for CheckpointError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Format(error) => error.class(),
            Self::Io { source, .. } => ErrorClass::of_io(source),
            _ => ErrorClass::InputData,
        }
    }
}
