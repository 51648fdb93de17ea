//! Why an experiment cannot be done.

use std::path::PathBuf;

use striate_base::{Classified, ErrorClass};
use striate_formats::FormatError;
use striate_model::ModelError;
use striate_recording::RecordingError;
use striate_stimuli::StimulusError;

/// Why an experiment cannot be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InsilicoError {
    /// The recording cannot be read.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// The twin cannot respond.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A stimulus cannot be made.
    #[error(transparent)]
    Stimulus(#[from] StimulusError),
    /// Arrays cannot be written or read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Twins, recordings, neurons or settings that do not fit together.
    #[error("{what}: found {found}, expected {expected}")]
    Mismatch {
        /// What does not fit.
        what: String,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// A setting outside its range.
    #[error("`{key}`: found {found}, expected {expected}")]
    OutOfRange {
        /// The setting.
        key: &'static str,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// The recording has too little of what the experiment needs.
    #[error("{what}: found {found}, expected {expected}")]
    NotEnough {
        /// What is missing.
        what: String,
        /// What there is.
        found: String,
        /// What is needed.
        expected: String,
    },
    /// The file system refuses.
    #[error("cannot {doing}: {source}: {}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// What the file system reports.
        source: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// A file of an experiment cannot be understood.
    #[error("the file cannot be understood: {reason}: {}", path.display())]
    Corrupt {
        /// What was found and what was expected.
        reason: String,
        /// The file.
        path: PathBuf,
    },
    /// Stopped on request.
    #[error("stopped on request")]
    Cancelled,
}

impl InsilicoError {
    pub(crate) fn mismatch(
        what: impl Into<String>,
        found: impl ToString,
        expected: impl ToString,
    ) -> Self {
        let (found, expected) = (found.to_string(), expected.to_string());
        Self::Mismatch { what: what.into(), found, expected }
    }
}

/// Refuse a setting that is not `holds`.
pub(crate) fn in_range(
    key: &'static str,
    found: impl ToString,
    holds: bool,
    expected: &str,
) -> Result<(), InsilicoError> {
    if holds {
        return Ok(());
    }
    Err(InsilicoError::OutOfRange { key, found: found.to_string(), expected: expected.to_owned() })
}

impl Classified for InsilicoError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Recording(error) => error.class(),
            Self::Model(error) => error.class(),
            Self::Stimulus(error) => error.class(),
            Self::Format(error) => error.class(),
            Self::Mismatch { .. } | Self::OutOfRange { .. } => ErrorClass::Usage,
            Self::NotEnough { .. } | Self::Corrupt { .. } => ErrorClass::InputData,
            Self::Io { source, .. } => ErrorClass::of_io(source),
            Self::Cancelled => ErrorClass::Interrupted,
        }
    }
}
