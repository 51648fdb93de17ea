//! Where a session's trials come from.

use std::ops::Range;
use std::path::Path;

use ndarray::{Array2, ArrayView, Dimension};

use crate::error::RecordingError;
use crate::session::TrialData;

/// What becomes of values that are not finite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// They are an error that says where.
    Refuse,
    /// They are handed over, to be counted.
    Keep,
}

/// Reads the trials of one session, in whatever layout they lie.
pub(crate) trait SessionSource: Send + Sync {
    /// Read a stretch of a trial. Trial and frames have been checked.
    fn load(
        &self,
        trial: usize,
        frames: Range<usize>,
        missing: Missing,
    ) -> Result<TrialData, RecordingError>;

    /// Bytes kept in memory, now or once it was read from.
    fn resident_bytes(&self) -> u64;
}

/// Refuse values that are not finite. `axes` names the axes of `values`; `first_frame` is added to
/// indices along `frame`.
pub(crate) fn refuse_missing<D: Dimension>(
    values: ArrayView<'_, f32, D>,
    what: &dyn Fn() -> String,
    axes: &[&str],
    first_frame: usize,
    path: &Path,
) -> Result<(), RecordingError> {
    if values.iter().all(|value| value.is_finite()) {
        return Ok(());
    }
    let shape = values.shape().to_vec();
    let place = values.iter().position(|value| !value.is_finite()).unwrap_or(0);
    let value = values.iter().nth(place).copied().unwrap_or(f32::NAN);
    let mut rest = place;
    let mut indices = vec![0; shape.len()];
    for (index, &length) in indices.iter_mut().zip(&shape).rev() {
        *index = rest % length.max(1);
        rest /= length.max(1);
    }
    let words: Vec<String> = axes
        .iter()
        .zip(&indices)
        .map(|(axis, &index)| {
            let shift = if *axis == "frame" { first_frame } else { 0 };
            format!("{axis} {}", index + shift)
        })
        .collect();
    Err(RecordingError::Values {
        what: what(),
        found: format!("{value} at {}", words.join(", ")),
        expected: "finite numbers",
        path: path.to_owned(),
    })
}

/// An array `[row, frame]` as `[frame, row]` in standard layout.
pub(crate) fn frames_first(values: Array2<f32>) -> Array2<f32> {
    let turned = values.reversed_axes();
    if turned.is_standard_layout() { turned } else { turned.as_standard_layout().into_owned() }
}
