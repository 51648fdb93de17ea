//! Settings against their ranges.

use crate::ImagingError;

/// A setting in `low..=high`; not NaN.
pub(crate) fn within<T: PartialOrd + std::fmt::Display>(
    key: &'static str,
    found: T,
    low: T,
    high: T,
) -> Result<(), ImagingError> {
    if (&low..=&high).contains(&&found) {
        return Ok(());
    }
    Err(ImagingError::config(key, found, format!("{low} to {high}")))
}
