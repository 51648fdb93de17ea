//! Checks a submission against the recording.

use std::collections::BTreeSet;
use std::path::Path;

use striate_base::CancelToken;
use striate_recording::Recording;

use super::index::Index;
use super::read::rows;
use crate::error::ScoreError;

/// Check that the file holds each trial of one tier exactly once (and that each row fits, see
/// [`Index::row`]); gives the tier.
pub(super) fn check(
    path: &Path,
    recording: &Recording,
    cancel: &CancelToken,
) -> Result<String, ScoreError> {
    let index = Index::new(recording, path)?;
    let mut tier: Option<String> = None;
    let mut seen = BTreeSet::new();
    rows(path, recording, &mut |row| {
        if cancel.is_cancelled() {
            return Err(ScoreError::Cancelled);
        }
        let trial = &recording.sessions[row.session].info.trials[row.trial];
        let expected = tier.get_or_insert_with(|| trial.tier.clone());
        if trial.tier != *expected {
            let what = format!("tier of trial `{}`", trial.id);
            return Err(index.error(&what, &trial.tier, &*expected));
        }
        if !seen.insert((row.session, row.trial)) {
            return Err(index.error(&format!("rows of trial `{}`", trial.id), "two", "one"));
        }
        Ok(())
    })?;
    let Some(tier) = tier else {
        return Err(index.error("rows", 0, "a row per trial"));
    };
    let sessions = recording.sessions.iter();
    let expected: usize = sessions.map(|session| session.trials_of(&tier).len()).sum();
    if seen.len() != expected {
        return Err(index.error(&format!("rows of tier `{tier}`"), seen.len(), expected));
    }
    Ok(tier)
}
