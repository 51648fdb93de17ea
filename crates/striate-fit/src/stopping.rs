//! Early stopping in rounds.
//!
//! Within a round the fit goes on until `patience` validations in a row bring no better score. At
//! the end of a round the best weights so far are put back; after the last round the fit ends.
//! This is the loop of both Sensorium baselines ("`lr_decay_steps`" rounds).

use serde::{Deserialize, Serialize};

use crate::exact;

/// The rule of early stopping.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stopper {
    /// Validations without a better score that end a round; 0: never.
    pub(crate) patience: u64,
    /// Rounds in all.
    pub(crate) rounds: u64,
    /// A score is better where it exceeds the best by more than this.
    pub(crate) threshold: f64,
}

/// What the stopper remembers; part of every checkpoint.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct StopperState {
    /// Best score so far, over all rounds.
    #[serde(with = "exact::optional")]
    pub(crate) best: Option<f64>,
    /// Validations of this round since the last better score.
    bad: u64,
    /// Rounds ended.
    pub(crate) round: u64,
}

/// What follows from one validation score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The weights are the best so far: keep a copy.
    pub(crate) is_best: bool,
    /// The round is over: put the best weights back.
    pub(crate) restore_best: bool,
    /// The last round is over.
    pub(crate) stop: bool,
}

impl Stopper {
    /// Take note of a validation score.
    pub(crate) fn observe(&self, state: &mut StopperState, score: f64) -> Verdict {
        let is_best = state.best.is_none_or(|best| score > best + self.threshold);
        if is_best {
            state.best = Some(score);
            state.bad = 0;
        } else {
            state.bad += 1;
        }
        let round_over = self.patience > 0 && state.bad >= self.patience;
        if round_over {
            state.bad = 0;
            state.round += 1;
        }
        Verdict {
            is_best,
            restore_best: round_over,
            stop: round_over && state.round >= self.rounds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_restore_the_best_and_the_last_one_stops() {
        let stopper = Stopper { patience: 2, rounds: 2, threshold: 0.0 };
        let mut state = StopperState::default();
        let verdicts: Vec<Verdict> = [0.1, 0.3, 0.2, 0.3, 0.25, 0.31, 0.1, 0.1]
            .iter()
            .map(|&score| stopper.observe(&mut state, score))
            .collect();
        let best: Vec<usize> = (0..8).filter(|&i| verdicts[i].is_best).collect();
        let restored: Vec<usize> = (0..8).filter(|&i| verdicts[i].restore_best).collect();
        let stopped: Vec<usize> = (0..8).filter(|&i| verdicts[i].stop).collect();
        assert_eq!(best, [0, 1, 5]);
        // 0.2 and an equal 0.3 are the two bad ones of round 0; the better 0.31 restarts the count
        // of round 1.
        assert_eq!(restored, [3, 7]);
        assert_eq!(stopped, [7]);
        assert_eq!(state.best, Some(0.31));
    }

    #[test]
    fn without_patience_it_never_stops_but_keeps_the_best() {
        let stopper = Stopper { patience: 0, rounds: 1, threshold: 0.0 };
        let mut state = StopperState::default();
        assert!(stopper.observe(&mut state, 0.5).is_best);
        for _ in 0..100 {
            let verdict = stopper.observe(&mut state, 0.1);
            assert!(!verdict.stop && !verdict.restore_best && !verdict.is_best);
        }
        assert_eq!(state.best, Some(0.5));
    }
}
