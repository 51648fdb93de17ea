//! One tier of one session, streamed past the predictors.

use std::ops::Range;

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
    /// Frames before the first scored one and after the last one that are loaded, where there are.
    context: [usize; 2],
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
        let most = |of: fn(&dyn Predictor) -> usize| predictors.iter().map(|p| of(*p)).max();
        let before = most(|p| p.frames_consumed() + p.frames_ahead()).unwrap_or(0);
        let after = most(|p| p.frames_ahead()).unwrap_or(0);
        Ok(Self { predictors, session, plan, context: [before, after], running })
    }

    /// The frames that are loaded for an item.
    fn loaded(&self, item: &Item) -> Range<usize> {
        let [before, after] = self.context;
        let n_frames = self.session.info.trials[item.trial].n_frames;
        item.frames.start.saturating_sub(before)..(item.frames.end + after).min(n_frames)
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
            let load = |item: &Item| self.session.load(item.trial, self.loaded(item));
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
            first_frame: self.loaded(item).start,
            data,
        };
        let inputs: Vec<TrialInput<'_>> = items.iter().zip(data).map(input).collect();
        let n_after: Vec<usize> =
            items.iter().map(|item| self.loaded(item).end - item.frames.end).collect();
        for (predictor, running) in self.predictors.iter().zip(&mut self.running) {
            let judged = predictor.judge_all(&inputs)?;
            let found = judged.len();
            if found != items.len() {
                let what = format!("trials predicted by `{}`", predictor.name());
                return Err(ScoreError::mismatch(what, found, items.len()));
            }
            for (((item, data), &n_after), judged) in
                items.iter().zip(data).zip(&n_after).zip(&judged)
            {
                let recorded = recorded(self.session, item, (data, n_after))?;
                let rows = |values| scored_rows(predictor.name(), values, recorded.dim(), n_after);
                running.add(item, rows(&judged.rates)?, recorded);
                let log_densities: Vec<_> =
                    judged.log_densities.iter().map(rows).collect::<Result<_, _>>()?;
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

/// The item's responses, shape `[frame, neuron]`; `n_after` frames follow it in the data.
fn recorded<'d>(
    session: &Session,
    item: &Item,
    (data, n_after): (&'d TrialData, usize),
) -> Result<ArrayView2<'d, f32>, ScoreError> {
    let trial = || &session.info.trials[item.trial].id;
    let responses = data.responses.as_ref().ok_or_else(|| {
        ScoreError::mismatch(format!("trial `{}`", trial()), "no responses", "responses")
    })?;
    let n_scored = item.frames.len();
    let n_frames = responses.nrows();
    if n_frames < n_scored + n_after {
        let what = format!("frames of trial `{}`", trial());
        return Err(ScoreError::mismatch(what, n_frames, n_scored + n_after));
    }
    let end = n_frames - n_after;
    Ok(responses.slice(s![end - n_scored..end, ..]))
}

/// The prediction's rows that belong to the responses: the last ones but `n_after`.
fn scored_rows<'p>(
    name: &str,
    predicted: &'p Array2<f32>,
    (n_frames, n_neurons): (usize, usize),
    n_after: usize,
) -> Result<ArrayView2<'p, f32>, ScoreError> {
    if predicted.nrows() < n_frames + n_after || predicted.ncols() != n_neurons {
        return Err(ScoreError::mismatch(
            format!("prediction by `{name}`"),
            format!("[{}, {}]", predicted.nrows(), predicted.ncols()),
            format!("[{}, {n_neurons}] (frame, neuron)", n_frames + n_after),
        ));
    }
    let end = predicted.nrows() - n_after;
    Ok(predicted.slice(s![end - n_frames..end, ..]))
}
