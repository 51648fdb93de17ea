//! What can be wrong with a stimulus description.

use striate_base::{Classified, ErrorClass};

/// Why a stimulus cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StimulusError {
    /// A parameter is outside its documented range.
    #[error("stimulus parameter {name} is {found}, expected {expected}")]
    OutOfRange {
        /// The parameter.
        name: &'static str,
        /// Its value.
        found: f64,
        /// The permitted range.
        expected: &'static str,
    },
    /// A pair of bounds is not in order or outside its range.
    #[error("stimulus parameter {name} is [{}, {}], expected {expected}", found[0], found[1])]
    BadBounds {
        /// The parameter.
        name: &'static str,
        /// Its values.
        found: [f64; 2],
        /// The permitted range.
        expected: &'static str,
    },
    /// More values than a stimulus may have.
    #[error(
        "a stimulus of {n_frames} frames of {height} x {width} pixels was asked for, expected at \
         most {limit} values in all"
    )]
    TooLarge {
        /// Frames asked for.
        n_frames: usize,
        /// Rows asked for.
        height: usize,
        /// Columns asked for.
        width: usize,
        /// The most values permitted.
        limit: usize,
    },
}

impl Classified for StimulusError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::TooLarge { .. } => ErrorClass::Resources,
            _ => ErrorClass::Usage,
        }
    }
}

/// `Ok` where `holds`, else the out-of-range error of that parameter.
pub(crate) fn require(
    holds: bool,
    name: &'static str,
    found: f64,
    expected: &'static str,
) -> Result<(), StimulusError> {
    if holds { Ok(()) } else { Err(StimulusError::OutOfRange { name, found, expected }) }
}

/// A value that must be finite and not negative, as speeds and widths are.
pub(crate) fn require_not_negative(name: &'static str, found: f64) -> Result<(), StimulusError> {
    require(found.is_finite() && found >= 0.0, name, found, "a finite number >= 0")
}

/// A value that must lie in `(0, 1]`, as contrasts do.
pub(crate) fn require_fraction(name: &'static str, found: f64) -> Result<(), StimulusError> {
    require(found > 0.0 && found <= 1.0, name, found, "a number in (0, 1]")
}

/// An angle that may be left to chance.
pub(crate) fn require_angle(name: &'static str, found: Option<f64>) -> Result<(), StimulusError> {
    let angle = found.unwrap_or(0.0);
    require(angle.is_finite(), name, angle, "a finite number of degrees")
}
