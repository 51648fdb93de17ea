//! One tier of one session, streamed past the predictors.

use ndarray::{Array2, ArrayView2, s};
use striate_base::{CancelToken, Progress};
use striate_recording::{Recording, Session, TrialData};

use super::plan::{Item, SessionPlan};
use crate::error::ScoreError;
use crate::metric::{Bits, Correlations, Repeats, fraction_of_ceiling};
use crate::predictor::{Predictor, TrialInput};
use crate::scores::NeuronScores;

/// Running scores of all predictors on one tier of one session.
pub(super) struct SessionScorer<'a> {
    predictors: &'a [&'a dyn Predictor],
    session: &'a Session,
    plan: &'a SessionPlan,
    /// Frames before the first scored one that are loaded.
    n_context: usize,
    running: Vec<Running>,
}

/// Running scores of one predictor.
struct Running {
    correlations: Correlations,
    repeats: Repeats,
    bits: Bits,
}

impl<'a> SessionScorer<'a> {
    pub(super) fn new(
        predictors: &'a [&'a dyn Predictor],
        recording: &'a Recording,
        plan: &'a SessionPlan,
        n_context: usize,
    ) -> Result<Self, ScoreError> {
        let session = recording.sessions.get(plan.session).ok_or_else(|| {
            ScoreError::mismatch("place of a session", plan.session, recording.sessions.len())
        })?;
        let n_neurons = session.info.n_neurons;
        let running = predictors.iter().map(|_| Running {
            correlations: Correlations::new(n_neurons),
            repeats: Repeats::new(n_neurons),
            bits: Bits::new(n_neurons),
        });
        let running = running.collect();
        Ok(Self { predictors, session, plan, n_context, running })
    }

    pub(super) fn run(
        &mut self,
        progress: &mut dyn Progress,
        cancel: &CancelToken,
    ) -> Result<(), ScoreError> {
        for items in self.plan.items.chunks(self.plan.trials_per_call) {
            if cancel.is_cancelled() {
                return Err(ScoreError::Cancelled);
            }
            let load = |item: &Item| {
                self.session.load(item.trial, item.frames.start - self.n_context..item.frames.end)
            };
            let data = items.iter().map(load).collect::<Result<Vec<_>, _>>()?;
            self.see(items, &data)?;
            progress.advance(items.len() as u64);
        }
        Ok(())
    }

    /// Let every predictor predict the items and compare.
    fn see(&mut self, items: &[Item], data: &[TrialData]) -> Result<(), ScoreError> {
        let input = |(item, data): (&Item, _)| TrialInput {
            session: self.plan.session,
            trial: item.trial,
            first_frame: item.frames.start - self.n_context,
            data,
        };
        let inputs: Vec<TrialInput<'_>> = items.iter().zip(data).map(input).collect();
        for (predictor, running) in self.predictors.iter().zip(&mut self.running) {
            let judged = predictor.judge_all(&inputs)?;
            let found = judged.len();
            if found != items.len() {
                let what = format!("trials predicted by `{}`", predictor.name());
                return Err(ScoreError::mismatch(what, found, items.len()));
            }
            for ((item, data), judged) in items.iter().zip(data).zip(&judged) {
                let recorded = recorded(self.session, item, data)?;
                let last = |values| last_rows(predictor.name(), values, recorded.dim());
                running.add(item, last(&judged.rates)?, recorded);
                let log_densities: Vec<_> =
                    judged.log_densities.iter().map(last).collect::<Result<_, _>>()?;
                running.bits.add(&log_densities);
            }
        }
        Ok(())
    }

    /// The scores of each predictor.
    pub(super) fn finish(&self) -> Vec<NeuronScores> {
        self.running.iter().map(|running| running.finish(self.plan)).collect()
    }
}

impl Running {
    fn add(&mut self, item: &Item, predicted: ArrayView2<'_, f32>, recorded: ArrayView2<'_, f32>) {
        self.correlations.add(predicted, recorded);
        if item.repeated {
            self.repeats.add(predicted, recorded);
            if item.last {
                self.repeats.next_stimulus();
            }
        }
    }

    fn finish(&self, plan: &SessionPlan) -> NeuronScores {
        let single_trial_correlation = self.correlations.values();
        let repeats = self.repeats.scores();
        let neurons = single_trial_correlation.iter().zip(&repeats.noise_ceiling);
        let fraction_of_ceiling =
            neurons.map(|(&value, &ceiling)| fraction_of_ceiling(value, ceiling)).collect();
        NeuronScores {
            n_trials: plan.n_trials,
            n_repeated_stimuli: plan.n_repeated_stimuli,
            n_frames: self.correlations.n_observations(),
            single_trial_correlation,
            correlation_to_average: repeats.correlation_to_average,
            feve: repeats.feve,
            fraction_of_ceiling,
            noise_ceiling: repeats.noise_ceiling,
            oracle: repeats.oracle,
            bits_released: self.bits.values(0),
            bits_point_mass: self.bits.values(1),
            bits_density: self.bits.values(2),
        }
    }
}

/// The item's responses, shape `[frame, neuron]`.
fn recorded<'d>(
    session: &Session,
    item: &Item,
    data: &'d TrialData,
) -> Result<ArrayView2<'d, f32>, ScoreError> {
    let trial = || &session.info.trials[item.trial].id;
    let responses = data.responses.as_ref().ok_or_else(|| {
        ScoreError::mismatch(format!("trial `{}`", trial()), "no responses", "responses")
    })?;
    let n_scored = item.frames.len();
    let n_frames = responses.nrows();
    if n_frames < n_scored {
        let what = format!("frames of trial `{}`", trial());
        return Err(ScoreError::mismatch(what, n_frames, n_scored));
    }
    Ok(responses.slice(s![n_frames - n_scored.., ..]))
}

/// The prediction's last rows, which belong to the responses.
fn last_rows<'p>(
    name: &str,
    predicted: &'p Array2<f32>,
    (n_frames, n_neurons): (usize, usize),
) -> Result<ArrayView2<'p, f32>, ScoreError> {
    if predicted.nrows() < n_frames || predicted.ncols() != n_neurons {
        return Err(ScoreError::mismatch(
            format!("prediction by `{name}`"),
            format!("[{}, {}]", predicted.nrows(), predicted.ncols()),
            format!("[{n_frames}, {n_neurons}] (frame, neuron)"),
        ));
    }
    Ok(predicted.slice(s![predicted.nrows() - n_frames.., ..]))
}
