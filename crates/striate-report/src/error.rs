//! What can go wrong while a report is made.

use std::path::PathBuf;

use striate_base::{Classified, ErrorClass};

/// A report or picture that could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The file cannot be written.
    #[error("cannot write: {source}: {}", path.display())]
    Write {
        /// What the file system reports.
        source: std::io::Error,
        /// The file.
        path: PathBuf,
    },
}

impl Classified for ReportError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Write { source, .. } => match ErrorClass::of_io(source) {
                ErrorClass::Resources => ErrorClass::Resources,
                _ => ErrorClass::Usage,
            },
        }
    }
}
