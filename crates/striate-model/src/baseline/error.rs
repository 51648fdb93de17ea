//! Why a baseline cannot be fitted or evaluated.

use striate_base::{Classified, ErrorClass};

/// Why a baseline cannot be fitted or evaluated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// A setting outside its range.
    #[error("`{key}` is {found}, expected {expected}")]
    OutOfRange {
        /// The setting.
        key: &'static str,
        /// Its value.
        found: String,
        /// The range.
        expected: &'static str,
    },
    /// Arrays of the wrong shape.
    #[error("found {found}, expected {expected}")]
    Shape {
        /// The shapes.
        found: String,
        /// The shapes that fit.
        expected: String,
    },
    /// A value that is no number.
    #[error("{what} contain values that are not finite, expected finite numbers")]
    NotFinite {
        /// The array.
        what: &'static str,
    },
    /// Not enough data.
    #[error("found {found} {what} to fit a baseline, expected at least {expected}")]
    TooFew {
        /// What is short.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many are needed.
        expected: usize,
    },
    /// An eigenvalue decomposition that did not converge.
    #[error("eigenvalues of a {size} x {size} covariance did not converge, expected them to")]
    Decomposition {
        /// Rows of the matrix.
        size: usize,
    },
}

impl Classified for BaselineError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::OutOfRange { .. } => ErrorClass::Usage,
            Self::Shape { .. } | Self::NotFinite { .. } | Self::TooFew { .. } => {
                ErrorClass::InputData
            }
            Self::Decomposition { .. } => ErrorClass::Other,
        }
    }
}
