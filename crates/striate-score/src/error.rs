//! Why something cannot be scored or submitted.

use std::path::PathBuf;

use striate_base::{Classified, ErrorClass};
use striate_formats::FormatError;
use striate_model::ModelError;
use striate_model::baseline::BaselineError;
use striate_recording::RecordingError;
use striate_recording::simulate::SimulationError;

use crate::cca::CcaError;
use crate::factor_analysis::FactorError;

/// Why something cannot be scored or submitted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// The recording cannot be read.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// The twin cannot predict.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The baseline cannot be fitted or cannot predict.
    #[error(transparent)]
    Baseline(#[from] BaselineError),
    /// A submission cannot be written or read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Series that cannot be analysed.
    #[error(transparent)]
    Cca(#[from] CcaError),
    /// Factors of a session that cannot be fitted or asked.
    #[error("factor analysis of session `{session}`: {source}")]
    Factors {
        /// The session.
        session: String,
        /// Why not.
        source: FactorError,
    },
    /// The truth of a simulation cannot be read.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// No such tier.
    #[error("found no trials of tier `{tier}`, expected one of: {known}")]
    UnknownTier {
        /// The tier asked for.
        tier: String,
        /// The tiers there are.
        known: String,
    },
    /// Nothing can be scored.
    #[error("found no trials to score ({found}), expected {expected}")]
    NothingToScore {
        /// What there is.
        found: String,
        /// What is needed.
        expected: String,
    },
    /// A predictor and a recording that do not fit together.
    #[error("{what}: found {found}, expected {expected}")]
    Mismatch {
        /// What does not fit.
        what: String,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// A submission that does not fit the recording.
    #[error("{what}: found {found}, expected {expected}: {}", path.display())]
    Submission {
        /// What does not fit.
        what: String,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
        /// The file.
        path: PathBuf,
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
    /// A file of scores or of an analysis cannot be understood.
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

impl ScoreError {
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

impl Classified for ScoreError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Recording(error) => error.class(),
            Self::Model(error) => error.class(),
            Self::Baseline(error) => error.class(),
            Self::Format(error) => error.class(),
            Self::Cca(error) => error.class(),
            Self::Simulation(error) => error.class(),
            Self::Factors { source, .. } => source.class(),
            Self::UnknownTier { .. } | Self::Mismatch { .. } => ErrorClass::Usage,
            Self::NothingToScore { .. } | Self::Submission { .. } | Self::Corrupt { .. } => {
                ErrorClass::InputData
            }
            Self::Io { source, .. } => ErrorClass::of_io(source),
            Self::Cancelled => ErrorClass::Interrupted,
        }
    }
}
