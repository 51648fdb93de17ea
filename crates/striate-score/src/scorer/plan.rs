//! Which trials are scored, in which order.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use striate_recording::{Recording, Session, StimulusKind};

use super::ScoreConfig;
use crate::error::ScoreError;
use crate::scores::SkippedTier;

/// Frames that are predicted at a time: bounds memory, changes no value.
const FRAMES_PER_PIECE: usize = 300;

/// Images that are predicted at a time.
const IMAGES_PER_CALL: usize = 64;

/// The tiers to score.
pub(super) fn tiers(
    recording: &Recording,
    config: &ScoreConfig,
) -> Result<Vec<String>, ScoreError> {
    let mut known = BTreeSet::new();
    let mut with_responses = BTreeSet::new();
    for trial in recording.sessions.iter().flat_map(|session| &session.info.trials) {
        known.insert(trial.tier.clone());
        if trial.has_responses {
            with_responses.insert(trial.tier.clone());
        }
    }
    if let Some(asked) = &config.tiers {
        if let Some(tier) = asked.iter().find(|&tier| !known.contains(tier)) {
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            return Err(ScoreError::UnknownTier { tier: tier.clone(), known });
        }
        return Ok(asked.clone());
    }
    // Tiers without responses are planned too, so that they are said to have been skipped.
    let mut tiers: Vec<String> = known.into_iter().filter(|tier| tier != "train").collect();
    if !tiers.iter().any(|tier| with_responses.contains(tier)) {
        tiers.extend(with_responses.contains("train").then(|| "train".to_owned()));
    }
    Ok(tiers)
}

/// One tier of a recording.
pub(super) struct TierPlan {
    pub(super) sessions: Vec<SessionPlan>,
    pub(super) skipped: Vec<SkippedTier>,
}

/// One tier of a session.
pub(super) struct SessionPlan {
    pub(super) id: String,
    /// Place in the recording.
    pub(super) session: usize,
    /// Trials that are predicted in one call.
    pub(super) trials_per_call: usize,
    /// What is scored, in order: stimulus by stimulus, piece by piece, repeat by repeat.
    pub(super) items: Vec<Item>,
    pub(super) n_trials: usize,
    pub(super) n_repeated_stimuli: usize,
}

/// A piece of a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) trial: usize,
    /// The frames to score.
    pub(super) frames: Range<usize>,
    /// Whether the stimulus has repeats.
    pub(super) repeated: bool,
    /// Whether this is the last repeat of this piece of the stimulus.
    pub(super) last: bool,
}

impl TierPlan {
    pub(super) fn new(
        recording: &Recording,
        tier: &str,
        config: &ScoreConfig,
        n_consumed: usize,
    ) -> Result<Self, ScoreError> {
        let mut plan = Self { sessions: Vec::new(), skipped: Vec::new() };
        for (index, session) in recording.sessions.iter().enumerate() {
            let mut trials = session.trials_of(tier);
            let n_trials = trials.len();
            trials.retain(|&trial| session.info.trials[trial].has_responses);
            if !trials.is_empty() {
                let asked = config.from_frame.unwrap_or(session.info.scored_from_frame);
                let from_frame = asked.max(n_consumed);
                plan.sessions.push(SessionPlan::new(index, session, &trials, from_frame)?);
            } else if n_trials > 0 {
                let session = session.info.id.clone();
                plan.skipped.push(SkippedTier { tier: tier.to_owned(), session, n_trials });
            }
        }
        Ok(plan)
    }

    /// Units of progress: pieces of trials.
    pub(super) fn n_units(&self) -> u64 {
        self.sessions.iter().map(|session| session.items.len() as u64).sum()
    }
}

impl SessionPlan {
    fn new(
        index: usize,
        session: &Session,
        trials: &[usize],
        from_frame: usize,
    ) -> Result<Self, ScoreError> {
        let groups = stimuli(session, trials);
        let items: Vec<Item> =
            groups.iter().flat_map(|group| items(session, group, from_frame)).collect();
        if items.is_empty() {
            let longest = trials.iter().map(|&trial| session.info.trials[trial].n_frames).max();
            return Err(ScoreError::NothingToScore {
                found: format!(
                    "trials of at most {} frames in session `{}`",
                    longest.unwrap_or(0),
                    session.info.id
                ),
                expected: format!("more than the first {from_frame} frames, which are skipped"),
            });
        }
        Ok(Self {
            id: session.info.id.clone(),
            session: index,
            trials_per_call: match session.info.kind {
                StimulusKind::Image => IMAGES_PER_CALL,
                StimulusKind::Video => 1,
            },
            items,
            n_trials: trials.len(),
            n_repeated_stimuli: groups.iter().filter(|group| group.len() > 1).count(),
        })
    }
}

/// The trials of each stimulus among `trials` of a session, in the order of their first trials: repeats
/// come together, a trial whose stimulus has no id stands alone.
pub fn stimuli(session: &Session, trials: &[usize]) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut first_of: BTreeMap<&str, usize> = BTreeMap::new();
    for &trial in trials {
        let first = match &session.info.trials[trial].stimulus_id {
            Some(stimulus) => *first_of.entry(stimulus).or_insert(trial),
            None => trial,
        };
        groups.entry(first).or_default().push(trial);
    }
    groups.into_values().collect()
}

/// The pieces of one stimulus' trials.
fn items(session: &Session, group: &[usize], from_frame: usize) -> Vec<Item> {
    let n_frames = |trial: usize| session.info.trials[trial].n_frames;
    let longest = group.iter().map(|&trial| n_frames(trial)).max().unwrap_or(0);
    let mut items: Vec<Item> = Vec::new();
    for start in (from_frame..longest).step_by(FRAMES_PER_PIECE) {
        for &trial in group.iter().filter(|&&trial| n_frames(trial) > start) {
            let frames = start..(start + FRAMES_PER_PIECE).min(n_frames(trial));
            items.push(Item { trial, frames, repeated: group.len() > 1, last: false });
        }
        if let Some(item) = items.last_mut() {
            item.last = true;
        }
    }
    items
}
