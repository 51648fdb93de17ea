//! Where a trial ends: arrays are padded with NaN to a common length.

use striate_formats::npy::NpyFile;

use crate::error::RecordingError;

/// Frames looked at at a time where those of one row do not lie together.
const FRAMES_PER_PIECE: usize = 32;

/// Number of frames (the last axis) before the NaN that pad the end.
///
/// Looks at the first row only (the first entry of the first axis): padding is the same for all, and
/// NaN elsewhere are found when the trial is read.
pub(super) fn finite_length(file: &NpyFile) -> Result<usize, RecordingError> {
    let n_frames = file.shape().last().copied().unwrap_or(0);
    if n_frames == 0 || file.shape().first() == Some(&0) {
        return Ok(0);
    }
    if !file.fortran_order() {
        let rows = file.read_rows_f32(0..1)?;
        return Ok(without_tail(rows.iter().copied(), n_frames));
    }
    let mut end = n_frames;
    while end > 0 {
        let start = end.saturating_sub(FRAMES_PER_PIECE);
        let piece = file.read_last_axis_f32(start..end)?;
        let row = piece.index_axis(ndarray::Axis(0), 0);
        let finite = without_tail(row.iter().copied(), end - start);
        if finite > 0 {
            return Ok(start + finite);
        }
        end = start;
    }
    Ok(0)
}

/// Frames before the tail in which any row is NaN; values come with the frame varying fastest.
fn without_tail(values: impl Iterator<Item = f32>, n_frames: usize) -> usize {
    let mut missing = vec![false; n_frames];
    for (place, value) in values.enumerate() {
        missing[place % n_frames] |= value.is_nan();
    }
    missing.iter().rposition(|missing| !missing).map_or(0, |last| last + 1)
}
