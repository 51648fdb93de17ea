//! What can go wrong with a recording.

use std::io;
use std::path::{Path, PathBuf};

use striate_base::{Classified, ErrorClass};
use striate_formats::FormatError;

/// Why a recording cannot be opened or read. The path comes last.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// A file is damaged, of another kind, or cannot be read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A folder or a manifest cannot be read.
    #[error("cannot {action}: {source}: {}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// What the file system reports.
        source: io::Error,
        /// The folder or file.
        path: PathBuf,
    },
    /// There is no recording where one is looked for.
    #[error("found {found}, expected {expected}: {}", path.display())]
    NotARecording {
        /// What is there.
        found: String,
        /// What a recording looks like.
        expected: &'static str,
        /// The file or folder.
        path: PathBuf,
    },
    /// A file that a session must have is not there.
    #[error("{what}: found no file, expected {expected}: {}", path.display())]
    Missing {
        /// What it would hold, as `responses of trial 7 (tier train)`.
        what: String,
        /// What should be there, and why.
        expected: String,
        /// Where it should be.
        path: PathBuf,
    },
    /// An array has another shape than its role asks for.
    #[error("shape of {what}: found {found}, expected {expected}{hint}: {}", path.display())]
    Shape {
        /// The array's role.
        what: String,
        /// Its shape.
        found: String,
        /// The shape, or the length of the axis, that would fit.
        expected: String,
        /// What to change, beginning with `; `; empty where nothing is known.
        hint: String,
        /// The file.
        path: PathBuf,
    },
    /// An array has values that cannot be used.
    #[error("{what}: found {found}, expected {expected}: {}", path.display())]
    Values {
        /// What the values are.
        what: String,
        /// What is there, and where in the array.
        found: String,
        /// What should be there.
        expected: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A setting of the recording is out of its range or does not fit the others.
    #[error("`{key}` is {found}, expected {expected}: {}", path.display())]
    Setting {
        /// The setting, with dots.
        key: String,
        /// Its value.
        found: String,
        /// What it can be.
        expected: String,
        /// The manifest or folder it is for.
        path: PathBuf,
    },
    /// The manifest has a key that does not exist.
    #[error("unknown key `{key}`{}{}: {}", nearest_in_words(nearest.as_ref()), line_in_words(*line), path.display())]
    UnknownKey {
        /// The key.
        key: String,
        /// The known key that is most like it.
        nearest: Option<String>,
        /// Its line in the manifest.
        line: Option<usize>,
        /// The manifest.
        path: PathBuf,
    },
    /// The manifest is not TOML, or a value has a wrong type.
    #[error("manifest: {reason}{}: {}", line_in_words(*line), path.display())]
    Manifest {
        /// What is wrong.
        reason: String,
        /// The line.
        line: Option<usize>,
        /// The manifest.
        path: PathBuf,
    },
    /// Trials or frames were asked for that are not there.
    #[error("{what} of session `{session}`: found {found}, expected {expected}")]
    OutOfRange {
        /// What was asked for.
        what: String,
        /// The session.
        session: String,
        /// What was asked for, in numbers.
        found: String,
        /// What there is.
        expected: String,
    },
    /// A session has no trials to draw clips from.
    #[error(
        "session `{session}`: found no trials of tier `{tier}` with responses, expected some; it \
         has {known}"
    )]
    NoTrials {
        /// The session.
        session: String,
        /// The tier asked for.
        tier: String,
        /// The tiers there are, with their numbers of trials.
        known: String,
    },
    /// A clip is longer than a trial, or sessions cannot be used together.
    #[error("{what}: found {found}, expected {expected}")]
    Mismatch {
        /// What does not fit.
        what: String,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// Stopped on request.
    #[error("stopped on request")]
    Cancelled,
    /// The thread that reads ahead cannot be started or has ended.
    #[error("reading ahead: {reason}")]
    ReadAhead {
        /// What happened.
        reason: String,
    },
}

impl RecordingError {
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { action, source, path: path.to_owned() }
    }

    pub(crate) fn shape(
        what: impl Into<String>,
        found: &[usize],
        expected: impl Into<String>,
        path: &Path,
    ) -> Self {
        Self::Shape {
            what: what.into(),
            found: format!("{found:?}"),
            expected: expected.into(),
            hint: String::new(),
            path: path.to_owned(),
        }
    }

    /// The same shape error with a word on what would help.
    pub(crate) fn with_hint(mut self, text: impl Into<String>) -> Self {
        if let Self::Shape { hint, .. } = &mut self {
            *hint = format!("; {}", text.into());
        }
        self
    }

    pub(crate) fn setting(
        key: impl Into<String>,
        found: impl ToString,
        expected: impl Into<String>,
        path: &Path,
    ) -> Self {
        Self::Setting {
            key: key.into(),
            found: found.to_string(),
            expected: expected.into(),
            path: path.to_owned(),
        }
    }

    pub(crate) fn mismatch(
        what: impl Into<String>,
        found: impl ToString,
        expected: impl Into<String>,
    ) -> Self {
        Self::Mismatch { what: what.into(), found: found.to_string(), expected: expected.into() }
    }
}

fn nearest_in_words(nearest: Option<&String>) -> String {
    nearest.map_or_else(String::new, |key| format!(", nearest known key is `{key}`"))
}

fn line_in_words(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!(" (line {line})"))
}

impl Classified for RecordingError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Format(error) => error.class(),
            Self::File { source, .. } => ErrorClass::of_io(source),
            Self::Setting { .. }
            | Self::UnknownKey { .. }
            | Self::Manifest { .. }
            | Self::OutOfRange { .. }
            | Self::Mismatch { .. } => ErrorClass::Usage,
            Self::NotARecording { .. }
            | Self::Missing { .. }
            | Self::Shape { .. }
            | Self::Values { .. }
            | Self::NoTrials { .. } => ErrorClass::InputData,
            Self::Cancelled => ErrorClass::Interrupted,
            Self::ReadAhead { .. } => ErrorClass::Other,
        }
    }
}
