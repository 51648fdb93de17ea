//! A number with its error.

use serde::{Deserialize, Serialize};

use crate::error::InsilicoError;

/// A number and how well it is known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// Its standard error, in the same unit; none where it cannot be told.
    pub standard_error: Option<f64>,
}

/// Independent measurements: a mean each, and its standard error where it is known.
#[derive(Clone, Copy)]
pub(super) struct Measured<'a> {
    pub(super) means: &'a [f64],
    pub(super) standard_errors: Option<&'a [f64]>,
}

impl<'a> Measured<'a> {
    /// Refuse other than `expected` means, not finite ones, and errors that are none.
    pub(super) fn new(
        means: &'a [f64],
        standard_errors: Option<&'a [f64]>,
        expected: usize,
    ) -> Result<Self, InsilicoError> {
        let n_errors = standard_errors.map_or(expected, <[f64]>::len);
        if means.len() != expected || n_errors != expected {
            let found = format!("{} and {n_errors} standard errors", means.len());
            let expected = format!("{expected}, one per stimulus");
            return Err(InsilicoError::mismatch("mean responses", found, expected));
        }
        let good = |value: &f64| value.is_finite();
        if let Some(value) = means.iter().find(|value| !good(value)) {
            return Err(InsilicoError::mismatch("mean response", value, "a finite number"));
        }
        let bad = standard_errors.and_then(|all| all.iter().find(|e| !good(e) || **e < 0.0));
        match bad {
            Some(error) => Err(InsilicoError::mismatch("standard error", error, "0 or more")),
            None => Ok(Self { means, standard_errors }),
        }
    }

    /// A function of the means by the delta method: to first order, its variance is the sum of
    /// squares of its derivatives times their standard errors.
    pub(super) fn estimate(&self, value: f64, derivative: impl Fn(usize) -> f64) -> Estimate {
        let deviation = |errors: &[f64]| {
            let terms = errors.iter().enumerate().map(|(k, error)| (derivative(k) * error).powi(2));
            terms.sum::<f64>().sqrt()
        };
        let standard_error = self.standard_errors.map(deviation).filter(|error| error.is_finite());
        Estimate { value, standard_error }
    }
}

impl Estimate {
    /// The same in another unit.
    pub(super) fn scaled(self, factor: f64) -> Self {
        let standard_error = self.standard_error.map(|error| error * factor.abs());
        Self { value: self.value * factor, standard_error }
    }
}
