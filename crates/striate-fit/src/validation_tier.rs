//! Which tier a twin is judged on.

use std::collections::BTreeMap;

use striate_recording::Recording;

use crate::error::FitError;

/// Tiers that serve for validation where none is named, the preferred first: that of the 2022
/// layout and that of the 2023 layout.
const USUAL: [&str; 2] = ["validation", "oracle"];

/// The tier named `wanted`; for `auto` a usual one, or `None` where the recording has none of them
/// (the fit then runs to its last step and keeps its last weights).
pub(crate) fn choose(recording: &Recording, wanted: &str) -> Result<Option<String>, FitError> {
    let mut tiers = BTreeMap::new();
    for session in &recording.sessions {
        tiers.extend(session.tiers());
    }
    if wanted == "auto" {
        return Ok(USUAL.iter().find(|t| tiers.contains_key(**t)).map(ToString::to_string));
    }
    if tiers.contains_key(wanted) {
        return Ok(Some(wanted.to_owned()));
    }
    let found = tiers.keys().map(|tier| format!("`{tier}`")).collect::<Vec<_>>().join(", ");
    Err(FitError::NoTier { found, expected: wanted.to_owned(), key: "fit.validation.tier" })
}
