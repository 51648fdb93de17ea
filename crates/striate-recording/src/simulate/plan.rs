//! Which trial shows which video, and which trials are copies.

use striate_base::RandomStream;

use super::config::{Repeats, TrialCounts};
use super::truth::TrialTruth;

/// The tiers of a simulated session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tier {
    /// For fitting.
    Train,
    /// For validation, with repeats.
    Oracle,
    /// For testing, with repeats.
    LiveTestMain,
}

impl Tier {
    /// The tier's name in `tiers.npy`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Oracle => "oracle",
            Self::LiveTestMain => "live_test_main",
        }
    }
}

/// A video and the trials in which it is shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Showing {
    /// Number of the video.
    pub(super) video: usize,
    /// Its tier.
    pub(super) tier: Tier,
    /// File numbers of its trials, ascending.
    pub(super) trials: Vec<usize>,
    /// The trials after the first are copies of the first, not repeats of the video.
    pub(super) copies: bool,
}

/// All showings of a session, in the order of their videos, which is the order of all sums.
///
/// The file number of a trial is its place in a random order, as in the real layout.
pub(super) fn plan(counts: &TrialCounts, random: &mut RandomStream) -> Vec<Showing> {
    let distinct = counts.distinct_train.unwrap_or(counts.train);
    let repeated = |tier: &Repeats| tier.n_videos * tier.n_repeats;
    let total = counts.train + repeated(&counts.oracle) + repeated(&counts.live_test_main);
    let mut order: Vec<usize> = (0..total).collect();
    random.shuffle(&mut order);
    let (train, rest) = order.split_at(counts.train);
    let (oracle, test) = rest.split_at(repeated(&counts.oracle));
    let mut showings: Vec<Showing> = (0..distinct)
        .map(|first| Showing {
            video: first,
            tier: Tier::Train,
            trials: sorted(train.iter().skip(first).step_by(distinct)),
            copies: true,
        })
        .collect();
    let tiers =
        [(Tier::Oracle, oracle, counts.oracle), (Tier::LiveTestMain, test, counts.live_test_main)];
    for (tier, trials, repeats) in tiers {
        for group in trials.chunks_exact(repeats.n_repeats.max(1)) {
            let video = showings.len();
            showings.push(Showing { video, tier, trials: sorted(group.iter()), copies: false });
        }
    }
    showings
}

/// What the plan says of every trial, in the order of file numbers.
pub(super) fn trials(showings: &[Showing]) -> Vec<TrialTruth> {
    let mut numbered: Vec<(usize, TrialTruth)> = Vec::new();
    for showing in showings {
        for &trial in &showing.trials {
            let first = showing.trials.first().copied();
            let copy_of = first.filter(|&first| showing.copies && first != trial);
            let tier = showing.tier.name().to_owned();
            numbered.push((trial, TrialTruth { tier, video: showing.video, copy_of }));
        }
    }
    numbered.sort_by_key(|(trial, _)| *trial);
    numbered.into_iter().map(|(_, truth)| truth).collect()
}

fn sorted<'a>(trials: impl Iterator<Item = &'a usize>) -> Vec<usize> {
    let mut trials: Vec<usize> = trials.copied().collect();
    trials.sort_unstable();
    trials
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate_base::Streams;

    #[test]
    fn every_trial_is_planned_once_with_its_copies_and_repeats() {
        let counts = TrialCounts {
            train: 7,
            distinct_train: Some(3),
            oracle: Repeats { n_videos: 2, n_repeats: 4 },
            live_test_main: Repeats { n_videos: 0, n_repeats: 0 },
        };
        let showings = plan(&counts, &mut Streams::new(1).stream("plan"));
        assert_eq!(showings.len(), 5);
        let lengths: Vec<usize> = showings.iter().map(|s| s.trials.len()).collect();
        assert_eq!(lengths, [3, 2, 2, 4, 4]);
        let trials = trials(&showings);
        assert_eq!(trials.len(), 15);
        assert_eq!(trials.iter().filter(|t| t.copy_of.is_some()).count(), 4);
        assert_eq!(trials.iter().filter(|t| t.tier == "oracle" && t.video == 4).count(), 4);
    }
}
