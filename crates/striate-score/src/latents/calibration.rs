//! Whether the predicted distributions are right: the probability integral transform.

use serde::{Deserialize, Serialize};
use striate_base::{RandomStream, Streams};
use striate_model::latent::{HiddenHalf, VisibleNeurons, hidden_halves};
use striate_model::{LatentState, Twin};

use super::trial::Trial;
use crate::error::ScoreError;

/// Classes of the histogram.
const N_CLASSES: usize = 20;

/// Central intervals whose coverage is told.
const INTERVALS: [f64; 3] = [0.5, 0.8, 0.95];

/// Calibration of one kind of prediction. (Dawid 1984, "Statistical theory: the prequential approach";
/// Gneiting, Balabdaoui & Raftery 2007, "Probabilistic forecasts, calibration and sharpness".)
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CalibrationCurve {
    /// What predicts, as `twin given half`.
    pub name: String,
    /// Share of recorded responses whose predicted probability of something smaller lies in each of 20
    /// equal classes: 0.05 each where the distribution is right.
    pub histogram: Vec<f64>,
    /// Mean over the classes' upper ends of the distance between the share of responses below and what it
    /// should be: 0 is perfect, 0.25 about the worst.
    pub error: f64,
    /// Central intervals, as 0.5, and the share of responses in them.
    pub coverage: Vec<[f64; 2]>,
    /// Responses judged.
    pub n_responses: u64,
}

/// Calibration of several kinds of prediction of the same responses.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// One for each kind.
    pub curves: Vec<CalibrationCurve>,
}

/// Running counts.
pub(super) struct RunningCalibration<'a> {
    without: Option<(&'a Twin, usize)>,
    turns: Vec<VisibleNeurons>,
    n_samples: usize,
    random: RandomStream,
    counts: [Counts; 3],
}

#[derive(Clone, Copy, Default)]
struct Counts {
    classes: [u64; N_CLASSES],
    within: [u64; INTERVALS.len()],
    n: u64,
}

impl<'a> RunningCalibration<'a> {
    pub(super) fn new(
        without: Option<(&'a Twin, usize)>,
        (session, n_neurons): (&str, usize),
        n_samples: usize,
    ) -> Self {
        Self {
            without,
            turns: hidden_halves(session, n_neurons, HiddenHalf::Random).to_vec(),
            n_samples,
            random: Streams::new(42).stream(&format!("calibration {session}")),
            counts: [Counts::default(); 3],
        }
    }

    pub(super) fn add(&mut self, trial: &Trial<'_>) -> Result<(), ScoreError> {
        if let Some((without, place)) = self.without {
            let input = striate_model::ClipInput { session: place, ..trial.input() };
            let found = without.cumulative(&input, trial.targets(), (None, 1), &mut self.random)?;
            self.counts[0].add(trial.scored(&found));
        }
        let (n_samples, random) = (self.n_samples, &mut self.random);
        let mut of = |state: &LatentState| -> Result<Vec<f32>, ScoreError> {
            let (input, targets) = (trial.input(), trial.targets());
            Ok(trial.twin.cumulative(&input, targets, (Some(state), n_samples), random)?)
        };
        self.counts[1].add(trial.scored(&of(&trial.prior())?));
        let hidden = trial.of_hidden(&self.turns, of)?;
        self.counts[2].add(trial.scored(&hidden));
        Ok(())
    }

    /// The curves; `None` where the likelihood knows no distribution of these responses.
    pub(super) fn finish(self) -> Option<Calibration> {
        let names = ["twin without latents", "twin", "twin given half"];
        let curves = self.counts.into_iter().zip(names).filter(|(counts, _)| counts.n > 0);
        let curves: Vec<CalibrationCurve> =
            curves.map(|(counts, name)| counts.curve(name)).collect();
        (!curves.is_empty()).then_some(Calibration { curves })
    }
}

impl Counts {
    fn add(&mut self, values: &[f32]) {
        for &value in values.iter().filter(|value| value.is_finite()) {
            let value = f64::from(value).clamp(0.0, 1.0);
            self.n += 1;
            self.classes[((value * N_CLASSES as f64) as usize).min(N_CLASSES - 1)] += 1;
            for (count, interval) in self.within.iter_mut().zip(INTERVALS) {
                *count += u64::from((value - 0.5).abs() <= 0.5 * interval);
            }
        }
    }

    fn curve(&self, name: &str) -> CalibrationCurve {
        let n = self.n as f64;
        let histogram: Vec<f64> = self.classes.iter().map(|&count| count as f64 / n).collect();
        let below = histogram.iter().scan(0.0, |sum, share| {
            *sum += share;
            Some(*sum)
        });
        let ends = (1..=N_CLASSES).map(|end| end as f64 / N_CLASSES as f64);
        let distances: f64 = below.zip(ends).map(|(share, end)| (share - end).abs()).sum();
        CalibrationCurve {
            name: name.to_owned(),
            error: distances / N_CLASSES as f64,
            coverage: INTERVALS.iter().zip(self.within).map(|(&i, c)| [i, c as f64 / n]).collect(),
            histogram,
            n_responses: self.n,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_values_are_calibrated_and_narrow_ones_are_not() {
        let mut counts = Counts::default();
        let uniform: Vec<f32> = (0..2000).map(|i| (i as f32 + 0.5) / 2000.0).collect();
        counts.add(&uniform);
        counts.add(&[f32::NAN]);
        let curve = counts.curve("right");
        assert!(curve.error < 1e-9 && curve.n_responses == 2000);
        assert!(curve.coverage.iter().all(|[wanted, found]| (wanted - found).abs() < 1e-3));
        let mut counts = Counts::default();
        counts.add(&[0.5; 100]);
        // Everything lies below 0.55 and nothing below 0.5.
        assert!((counts.curve("wrong").error - 0.25).abs() < 0.01);
    }
}
