//! What can go wrong between a movie and its traces.

use std::io;
use std::path::{Path, PathBuf};

use striate_base::{Classified, ErrorClass};
use striate_formats::FormatError;

/// Why a movie cannot be worked on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImagingError {
    /// A setting is out of its range.
    #[error("{key}: found {found}, expected {expected}")]
    Config {
        /// The setting, as `decomposition.block`.
        key: &'static str,
        /// Its value.
        found: String,
        /// What it may be.
        expected: String,
    },
    /// The movie or another input cannot be used.
    #[error("{what}: found {found}, expected {expected}")]
    Input {
        /// The part of the input.
        what: String,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
    },
    /// A file cannot be read or written.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The file system refuses.
    #[error("cannot {action}: {source}: {}", path.display())]
    Io {
        /// What was being done, such as `write the traces`.
        action: &'static str,
        /// What the file system reports.
        source: io::Error,
        /// The file.
        path: PathBuf,
    },
    /// Stopped on request.
    #[error("interrupted")]
    Interrupted,
}

impl ImagingError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, source, path: path.to_owned() }
    }

    /// A setting out of its range.
    pub(crate) fn config(
        key: &'static str,
        found: impl ToString,
        expected: impl Into<String>,
    ) -> Self {
        Self::Config { key, found: found.to_string(), expected: expected.into() }
    }

    /// Input that cannot be used.
    pub(crate) fn input(
        what: impl Into<String>,
        found: impl ToString,
        expected: impl Into<String>,
    ) -> Self {
        Self::Input { what: what.into(), found: found.to_string(), expected: expected.into() }
    }
}

impl Classified for ImagingError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Config { .. } => ErrorClass::Usage,
            Self::Input { .. } => ErrorClass::InputData,
            Self::Format(source) => source.class(),
            Self::Io { source, .. } => ErrorClass::of_io(source),
            Self::Interrupted => ErrorClass::Interrupted,
        }
    }
}
