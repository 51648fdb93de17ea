//! Why factors cannot be fitted, or neurons not be predicted from others.

use striate_base::{Classified, ErrorClass};

use crate::cca::CcaError;

/// Why factors cannot be fitted, or neurons not be predicted from others.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FactorError {
    /// A value that is not finite, or a decomposition that did not converge.
    #[error(transparent)]
    Values(#[from] CcaError),
    /// Arrays that do not fit together, or are too small.
    #[error("{what}: found {found}, expected {expected}")]
    Shape {
        /// What does not fit.
        what: &'static str,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// A setting outside its range.
    #[error("setting {name} is {found}, expected {expected}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// Its value.
        found: String,
        /// The permitted range.
        expected: String,
    },
    /// A matrix that should be a covariance is none.
    #[error("a covariance of {size} x {size} is not positive definite, expected one that is")]
    NotPositive {
        /// Rows of the matrix.
        size: usize,
    },
    /// A response that a transform is not made for.
    #[error("neuron {neuron} has a response of {found}, expected {expected}")]
    Response {
        /// Place of the neuron.
        neuron: usize,
        /// The response.
        found: f64,
        /// What the transform needs.
        expected: &'static str,
    },
}

impl FactorError {
    pub(super) fn shape(what: &'static str, found: impl ToString, expected: impl ToString) -> Self {
        Self::Shape { what, found: found.to_string(), expected: expected.to_string() }
    }

    pub(super) fn setting(
        name: &'static str,
        found: impl ToString,
        expected: impl ToString,
    ) -> Self {
        Self::Setting { name, found: found.to_string(), expected: expected.to_string() }
    }
}

impl Classified for FactorError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Values(error) => error.class(),
            Self::Shape { .. } | Self::Response { .. } => ErrorClass::InputData,
            Self::Setting { .. } => ErrorClass::Usage,
            Self::NotPositive { .. } => ErrorClass::Other,
        }
    }
}
