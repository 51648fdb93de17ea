//! Arguments that do not fit together.

use striate_base::{Classified, ErrorClass};

/// Why an operation refused its arguments.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpError {
    /// An argument has the wrong shape.
    #[error("{operation}: {argument} has shape {found:?}, expected {expected}")]
    Shape {
        /// The operation.
        operation: &'static str,
        /// The argument.
        argument: &'static str,
        /// Its shape.
        found: Vec<usize>,
        /// What was expected, in words or numbers.
        expected: String,
    },
    /// The kernel does not fit into the input.
    #[error(
        "{operation}: kernel of {kernel} on an input of {input}, expected an input at least as large"
    )]
    KernelTooLarge {
        /// The operation.
        operation: &'static str,
        /// Length of the kernel along one axis.
        kernel: usize,
        /// Length of the padded input along that axis.
        input: usize,
    },
}

impl OpError {
    /// An argument of the wrong shape.
    pub(crate) fn shape(
        operation: &'static str,
        argument: &'static str,
        found: &[usize],
        expected: impl Into<String>,
    ) -> Self {
        Self::Shape { operation, argument, found: found.to_vec(), expected: expected.into() }
    }
}

impl Classified for OpError {
    fn class(&self) -> ErrorClass {
        ErrorClass::InputData
    }
}
