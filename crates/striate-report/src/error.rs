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
    /// Scores of a session that the recording does not have.
    #[error("found scores of session `{session}`, expected one of the recording's sessions")]
    UnknownSession {
        /// The session.
        session: String,
    },
    /// The run folder cannot be used.
    #[error(transparent)]
    Run(#[from] striate_fit::FitError),
    /// The recording cannot be used.
    #[error(transparent)]
    Recording(#[from] striate_recording::RecordingError),
    /// The twin cannot predict the recording.
    #[error(transparent)]
    Score(#[from] striate_score::ScoreError),
}

impl Classified for ReportError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Write { source, .. } => match ErrorClass::of_io(source) {
                ErrorClass::Resources => ErrorClass::Resources,
                _ => ErrorClass::Usage,
            },
            Self::UnknownSession { .. } => ErrorClass::InputData,
            Self::Run(error) => error.class(),
            Self::Recording(error) => error.class(),
            Self::Score(error) => error.class(),
        }
    }
}
