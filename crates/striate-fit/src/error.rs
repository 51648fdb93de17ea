//! What can go wrong in a fit, each with the class that becomes its exit code.

mod checkpoint;
mod config;

use std::io;
use std::path::{Path, PathBuf};

use striate_base::lock::LockError;
use striate_base::{Classified, ErrorClass};
use striate_model::ModelError;
use striate_recording::RecordingError;

pub use checkpoint::CheckpointError;
pub use config::ConfigError;

/// Why a fit could not be carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The recording cannot be read.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// The twin cannot be built or evaluated.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Another process works on the run.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A checkpoint cannot be written or used.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The file system refuses.
    #[error("{doing}: {source}: {}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the file system reports.
        source: io::Error,
        /// The file or folder.
        path: PathBuf,
    },
    /// A file of the run folder does not hold what it should.
    #[error("file of the run cannot be understood: {reason}: {}", path.display())]
    Corrupt {
        /// What is wrong.
        reason: String,
        /// The file.
        path: PathBuf,
    },
    /// The folder holds no run.
    #[error("found no run, expected a folder with a config.toml: {}", path.display())]
    NotARun {
        /// The folder.
        path: PathBuf,
    },
    /// The folder is no run, and a fit would overwrite what is in it.
    #[error(
        "found `{found}` and no config.toml, expected an empty folder or a run: {}", path.display()
    )]
    NotEmpty {
        /// What is in the folder.
        found: String,
        /// The folder.
        path: PathBuf,
    },
    /// The folder holds a run of another configuration.
    #[error(
        "the run was made with another configuration ({changed}); expected the same, or another \
         folder: {}", path.display()
    )]
    OtherConfig {
        /// The keys that differ, each with both values.
        changed: String,
        /// The run folder.
        path: PathBuf,
    },
    /// The folder holds a run on other data.
    #[error(
        "the run was made on other data: the recording's hash is {found}, expected {expected}: {}",
        path.display()
    )]
    OtherData {
        /// Hash of the recording as it is.
        found: String,
        /// Hash when the run began.
        expected: String,
        /// The run folder.
        path: PathBuf,
    },
    /// No session has trials of the tier.
    #[error("found tiers {found}, expected `{expected}` (set `{key}`)")]
    NoTier {
        /// The tiers there are.
        found: String,
        /// The tier asked for.
        expected: String,
        /// The key that names it.
        key: &'static str,
    },
    /// A group to freeze, a folder to start from or a way to initialise that does not fit.
    #[error("{0}")]
    Mismatch(String),
    /// More memory would be needed than allowed.
    #[error(
        "this fit needs about {} of memory, expected at most {} ({limit_from}); try fewer \
         fit.clips_per_batch or fit.clip_frames",
        striate_base::machine::format_bytes(*needed), striate_base::machine::format_bytes(*limit)
    )]
    TooLittleMemory {
        /// Predicted peak in bytes.
        needed: u64,
        /// Limit in bytes.
        limit: u64,
        /// Where the limit comes from.
        limit_from: &'static str,
    },
    /// The loss is no longer a number.
    #[error(
        "loss is {loss} at step {step}, session {session}, learning rate {learning_rate}; expected \
         a finite number. Try a smaller fit.learning_rate or set fit.gradient_clip; the last \
         checkpoint is kept"
    )]
    NonFinite {
        /// The loss.
        loss: f64,
        /// Step, counted from 0.
        step: u64,
        /// The session's id.
        session: String,
        /// Learning rate of the step.
        learning_rate: f64,
    },
    /// The operating system gives no threads.
    #[error("cannot start {threads} threads: {reason}")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What was reported.
        reason: String,
    },
}

impl FitError {
    pub(crate) fn io(doing: &'static str, source: io::Error, path: &Path) -> Self {
        Self::Io { doing, source, path: path.to_owned() }
    }
}

impl Classified for FitError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Config(error) => error.class(),
            Self::Recording(error) => error.class(),
            Self::Model(error) => error.class(),
            Self::Lock(error) => error.class(),
            Self::Checkpoint(error) => error.class(),
            Self::Io { source, .. } => ErrorClass::of_io(source),
            Self::Corrupt { .. } | Self::OtherData { .. } | Self::NoTier { .. } => {
                ErrorClass::InputData
            }
            Self::NotARun { .. }
            | Self::NotEmpty { .. }
            | Self::OtherConfig { .. }
            | Self::Mismatch(_) => ErrorClass::Usage,
            Self::TooLittleMemory { .. } | Self::Threads { .. } => ErrorClass::Resources,
            Self::NonFinite { .. } => ErrorClass::Other,
        }
    }
}
