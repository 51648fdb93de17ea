//! Which trials are read, and in which order: stimulus by stimulus.

use std::collections::BTreeMap;

use crate::session::Session;

/// Trials to read.
pub(super) struct Plan {
    /// The trials of each stimulus; several are repeats.
    pub(super) groups: Vec<Vec<usize>>,
}

impl Plan {
    /// All trials of `session`, or an evenly spread part of its stimuli with at most about
    /// `max_values` values: half of it for repeated stimuli, or more where the others leave room.
    pub(super) fn new(session: &Session, max_values: u64) -> Self {
        let info = &session.info;
        let mut of_stimulus: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        let mut groups = Vec::new();
        for (place, trial) in info.trials.iter().enumerate() {
            match &trial.stimulus_id {
                Some(id) => of_stimulus.entry((&trial.tier, id)).or_default().push(place),
                None => groups.push(vec![place]),
            }
        }
        groups.extend(of_stimulus.into_values());
        let per_frame = (info.height * info.width + info.n_neurons) as u64;
        let values = |groups: &[Vec<usize>]| {
            let frames = groups.iter().flatten().map(|&trial| info.trials[trial].n_frames as u64);
            frames.sum::<u64>() * per_frame
        };
        let (single, repeated): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group| group.len() == 1);
        let half = max_values / 2;
        let room_repeated = max_values - values(&single).min(half);
        let room_single = max_values - values(&repeated).min(half);
        let mut groups = thinned(repeated, &values, room_repeated);
        groups.extend(thinned(single, &values, room_single));
        groups.sort_by_key(|group| group.first().copied());
        Self { groups }
    }

    pub(super) fn n_trials(&self) -> usize {
        self.groups.iter().map(Vec::len).sum()
    }
}

/// Evenly spread groups of at most about `room` values; at least one.
fn thinned(
    groups: Vec<Vec<usize>>,
    values: &dyn Fn(&[Vec<usize>]) -> u64,
    room: u64,
) -> Vec<Vec<usize>> {
    let step = values(&groups).div_ceil(room.max(1)).max(1);
    groups.into_iter().step_by(usize::try_from(step).unwrap_or(usize::MAX)).collect()
}
