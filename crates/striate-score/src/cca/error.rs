//! Why series cannot be compared.

use striate_base::{Classified, ErrorClass};

/// Why series or subspaces cannot be compared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CcaError {
    /// A value that is not a number, or infinite.
    #[error("{what} has {found} in row {row}, column {column}, expected finite numbers only")]
    NotFinite {
        /// Which array.
        what: &'static str,
        /// The value.
        found: f64,
        /// Its row: frame or latent.
        row: usize,
        /// Its column.
        column: usize,
    },
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
        expected: &'static str,
    },
    /// Singular values did not converge.
    #[error(
        "no singular values found for a matrix of {n_rows} x {n_columns}, expected convergence"
    )]
    Decomposition {
        /// Rows of the matrix.
        n_rows: usize,
        /// Columns of the matrix.
        n_columns: usize,
    },
}

impl CcaError {
    pub(crate) fn shape(what: &'static str, found: impl ToString, expected: impl ToString) -> Self {
        Self::Shape { what, found: found.to_string(), expected: expected.to_string() }
    }
}

impl Classified for CcaError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::NotFinite { .. } | Self::Shape { .. } => ErrorClass::InputData,
            Self::Setting { .. } => ErrorClass::Usage,
            Self::Decomposition { .. } => ErrorClass::Other,
        }
    }
}
