//! Which tiers have their responses withheld: no files, or nothing but zeros (or NaN) in them.

use std::collections::BTreeMap;

use striate_formats::npy::NpyFile;

use super::trials::{TrialFiles, may_be_hidden};
use crate::error::RecordingError;

/// Trials of a tier that are looked at.
const TRIALS_LOOKED_AT: usize = 4;

/// Values read at a time.
const VALUES_PER_PIECE: usize = 1 << 18;

/// Drop the responses of hidden tiers: they are placeholders, never data.
///
/// A tier counts as hidden where a few evenly spread trials of it have no response other than 0 or
/// NaN. (One silent trial alone may be real.)
pub(super) fn drop_hidden(
    trials: &mut [TrialFiles],
    tiers: &[String],
) -> Result<(), RecordingError> {
    let mut of_tier: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (trial, tier) in tiers.iter().enumerate() {
        if may_be_hidden(tier) && trials[trial].responses.is_some() {
            of_tier.entry(tier).or_default().push(trial);
        }
    }
    for places in of_tier.values() {
        if is_hidden(trials, places)? {
            for &trial in places {
                trials[trial].responses = None;
            }
        }
    }
    Ok(())
}

fn is_hidden(trials: &[TrialFiles], places: &[usize]) -> Result<bool, RecordingError> {
    let n = TRIALS_LOOKED_AT.min(places.len());
    for i in 0..n {
        let trial = &trials[places[i * places.len() / n]];
        if let Some(responses) = &trial.responses
            && !is_empty(responses)?
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether all values are 0 or NaN.
fn is_empty(file: &NpyFile) -> Result<bool, RecordingError> {
    // Along the axis that varies slowest, so that pieces lie together.
    let by_rows = !file.fortran_order() || file.shape().len() < 2;
    let axis = if by_rows { 0 } else { file.shape().len() - 1 };
    let length = file.shape().get(axis).copied().unwrap_or(0);
    let per_index = file.shape().iter().product::<usize>() / length.max(1);
    let step = (VALUES_PER_PIECE / per_index.max(1)).max(1);
    for start in (0..length).step_by(step) {
        let range = start..(start + step).min(length);
        let piece =
            if by_rows { file.read_rows_f32(range) } else { file.read_last_axis_f32(range) };
        if piece?.iter().any(|value| *value != 0.0 && !value.is_nan()) {
            return Ok(false);
        }
    }
    Ok(true)
}
