//! The learning rate from step to step.

use serde::{Deserialize, Serialize};

use crate::config::{PlateauConfig, ScheduleConfig};
use crate::exact;

/// What the schedule remembers between steps; part of every checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ScheduleState {
    /// Current rate before warm-up and cosine.
    #[serde(with = "exact::number")]
    rate: f64,
    /// Best score the plateau rule has seen.
    #[serde(with = "exact::optional")]
    best: Option<f64>,
    /// Validations since then, or since the last lowering.
    bad: u64,
}

/// The learning-rate schedule of one fit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Schedule {
    config: ScheduleConfig,
    learning_rate: f64,
    total_steps: u64,
}

impl Schedule {
    /// The schedule of a fit of at most `total_steps` steps.
    pub(crate) fn new(config: ScheduleConfig, learning_rate: f64, total_steps: u64) -> Self {
        Self { config, learning_rate, total_steps }
    }

    pub(crate) fn start(&self) -> ScheduleState {
        ScheduleState { rate: self.learning_rate, best: None, bad: 0 }
    }

    /// The learning rate of step `step`, counted from 0.
    pub(crate) fn rate(&self, state: &ScheduleState, step: u64) -> f64 {
        match &self.config {
            ScheduleConfig::Plateau(_) | ScheduleConfig::Constant => state.rate,
            ScheduleConfig::Cosine(cosine) if step < cosine.warmup_steps => {
                state.rate * (step + 1) as f64 / cosine.warmup_steps as f64
            }
            ScheduleConfig::Cosine(cosine) => {
                let falling = self.total_steps.saturating_sub(cosine.warmup_steps).max(1);
                let done = (step - cosine.warmup_steps).min(falling) as f64 / falling as f64;
                let part = 0.5 * (1.0 + (std::f64::consts::PI * done).cos());
                state.rate * (cosine.final_fraction + (1.0 - cosine.final_fraction) * part)
            }
        }
    }

    /// Take note of a validation score.
    pub(crate) fn observe(&self, state: &mut ScheduleState, score: f64) {
        if let ScheduleConfig::Plateau(plateau) = &self.config {
            observe_plateau(plateau, state, score);
        }
    }
}

/// As PyTorch's `ReduceLROnPlateau` with `mode="max"`, `threshold_mode="abs"`: the rate is lowered
/// at the first validation after more than `patience` bad ones.
fn observe_plateau(plateau: &PlateauConfig, state: &mut ScheduleState, score: f64) {
    if state.best.is_none_or(|best| score > best + plateau.threshold) {
        state.best = Some(score);
        state.bad = 0;
    } else {
        state.bad += 1;
    }
    if state.bad > plateau.patience {
        state.rate = (state.rate * plateau.factor).max(plateau.min_learning_rate);
        state.bad = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::CosineConfig;

    fn plateau(patience: u64) -> Schedule {
        let config = PlateauConfig {
            factor: 0.5,
            patience,
            min_learning_rate: 0.2,
            ..PlateauConfig::default()
        };
        Schedule::new(ScheduleConfig::Plateau(config), 1.0, 100)
    }

    #[test]
    fn plateau_lowers_after_more_than_patience_bad_scores() {
        let schedule = plateau(2);
        let mut state = schedule.start();
        let mut rates = Vec::new();
        for score in [0.1, 0.2, 0.2, 0.1, 0.15, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 0.3] {
            schedule.observe(&mut state, score);
            rates.push(schedule.rate(&state, 0));
        }
        // 0.2 at index 1 is the best; indices 2, 3, 4 are bad: lowered at the third of them.
        let expected = [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2, 0.2];
        assert_eq!(rates, expected);
    }

    #[test]
    fn a_gain_within_the_threshold_is_no_gain() {
        let schedule = plateau(0);
        let mut state = schedule.start();
        schedule.observe(&mut state, 0.5);
        schedule.observe(&mut state, 0.5 + 5e-7);
        assert_eq!(schedule.rate(&state, 0), 0.5);
    }

    #[test]
    fn cosine_rises_linearly_and_falls_to_its_fraction() {
        let config = CosineConfig { warmup_steps: 10, final_fraction: 0.1 };
        let schedule = Schedule::new(ScheduleConfig::Cosine(config), 2.0, 110);
        let state = schedule.start();
        assert_eq!(schedule.rate(&state, 0), 0.2);
        assert_eq!(schedule.rate(&state, 9), 2.0);
        assert_eq!(schedule.rate(&state, 10), 2.0);
        // Half way down: the mean of both ends; one rounding of the cosine.
        assert!((schedule.rate(&state, 60) - 1.1).abs() < 1e-12);
        assert!((schedule.rate(&state, 110) - 0.2).abs() < 1e-12);
        assert!((schedule.rate(&state, 500) - 0.2).abs() < 1e-12);
    }

    #[test]
    fn constant_ignores_scores() {
        let schedule = Schedule::new(ScheduleConfig::Constant, 0.3, 10);
        let mut state = schedule.start();
        for _ in 0..50 {
            schedule.observe(&mut state, 0.0);
        }
        assert_eq!(schedule.rate(&state, 7), 0.3);
    }

    #[test]
    fn state_survives_json_bit_by_bit() {
        let schedule = plateau(2);
        let mut state = schedule.start();
        schedule.observe(&mut state, 0.1 + 0.2);
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<ScheduleState>(&text).unwrap(), state);
    }
}
