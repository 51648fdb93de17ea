//! What can go wrong in a simulation.

use std::path::{Path, PathBuf};

use striate_base::{Classified, ErrorClass};
use striate_formats::FormatError;
use striate_stimuli::StimulusError;

/// Why a recording could not be simulated, or its truth not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulationError {
    /// A configuration value is outside its documented range.
    #[error("simulation setting {name} is {found}, expected {expected}")]
    Config {
        /// The setting.
        name: &'static str,
        /// Its value.
        found: String,
        /// The permitted range.
        expected: &'static str,
    },
    /// The stimulus cannot be made.
    #[error(transparent)]
    Stimulus(#[from] StimulusError),
    /// The target of a session is there already.
    #[error("the session folder exists already, expected a new one: {}", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// An array file cannot be written or read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A folder or another file cannot be made, linked, moved or read.
    #[error("cannot {action}: {source}: {}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// What the system reports.
        source: std::io::Error,
        /// The file or folder.
        path: PathBuf,
    },
    /// There is no truth of a simulation where it is looked for, or it cannot be understood.
    #[error("no usable truth of a simulation: {reason}: {}", path.display())]
    Truth {
        /// What was found and what was expected.
        reason: String,
        /// The file or folder.
        path: PathBuf,
    },
    /// Stopped on request.
    #[error("the simulation was stopped")]
    Cancelled,
}

impl Classified for SimulationError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Config { .. } | Self::Exists { .. } => ErrorClass::Usage,
            Self::Stimulus(error) => error.class(),
            Self::Format(error) => error.class(),
            Self::File { source, .. } => ErrorClass::of_io(source),
            Self::Truth { .. } => ErrorClass::InputData,
            Self::Cancelled => ErrorClass::Interrupted,
        }
    }
}

/// Turns a system error into one that says what was tried and where.
pub(super) fn file_error<'a>(
    action: &'static str,
    path: &'a Path,
) -> impl FnOnce(std::io::Error) -> SimulationError + 'a {
    move |source| SimulationError::File { action, source, path: path.to_path_buf() }
}
