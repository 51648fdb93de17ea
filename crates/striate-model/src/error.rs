//! What can go wrong with a twin, each with the class that becomes its exit code.

use std::io;
use std::path::PathBuf;

use striate_base::{Classified, ErrorClass};
use striate_formats::FormatError;
use striate_ops::OpError;

/// Why a twin cannot be built, evaluated, saved or loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A setting outside its range.
    #[error("`{key}` is {found}, expected {expected}")]
    OutOfRange {
        /// The key with its tables.
        key: String,
        /// Its value.
        found: String,
        /// The range.
        expected: String,
    },
    /// Settings and data that do not fit together.
    #[error("{what}: found {found}, expected {expected}")]
    Mismatch {
        /// What does not fit.
        what: String,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// An input of the wrong size.
    #[error("{what} has {found} values, expected {expected} ({axes})")]
    Length {
        /// The input.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length that fits.
        expected: usize,
        /// Names and lengths of the axes.
        axes: String,
    },
    /// An operation refused its arguments.
    #[error(transparent)]
    Operation(#[from] OpError),
    /// The weights' file cannot be written or read.
    #[error(transparent)]
    Format(#[from] FormatError),
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
    /// `twin.json` is no description of a twin.
    #[error("twin's description cannot be understood: {reason}: {}", path.display())]
    Description {
        /// What is wrong.
        reason: String,
        /// The file.
        path: PathBuf,
    },
    /// The twin was written by a newer version.
    #[error(
        "twin has format version {found} (written by {producer}), expected at most {expected}; \
         please update striate: {}", path.display()
    )]
    Newer {
        /// Its version.
        found: u32,
        /// The newest version this build reads.
        expected: u32,
        /// The program that wrote it.
        producer: String,
        /// The file.
        path: PathBuf,
    },
    /// The weights do not belong to the description.
    #[error("{what}: found {found}, expected {expected}: {}", path.display())]
    Weights {
        /// The tensor, or the file's checksum.
        what: String,
        /// What was found.
        found: String,
        /// What the description asks for.
        expected: String,
        /// The file.
        path: PathBuf,
    },
}

impl ModelError {
    pub(crate) fn mismatch(
        what: impl Into<String>,
        found: impl ToString,
        expected: impl ToString,
    ) -> Self {
        Self::Mismatch {
            what: what.into(),
            found: found.to_string(),
            expected: expected.to_string(),
        }
    }
}

impl Classified for ModelError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::OutOfRange { .. } | Self::Mismatch { .. } => ErrorClass::Usage,
            Self::Length { .. }
            | Self::Description { .. }
            | Self::Newer { .. }
            | Self::Weights { .. } => ErrorClass::InputData,
            Self::Operation(error) => error.class(),
            Self::Format(error) => error.class(),
            Self::Io { source, .. } => ErrorClass::of_io(source),
        }
    }
}
