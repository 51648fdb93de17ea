//! Response-triggered averages, from which receptive fields show.

mod feature;

use std::ops::Range;

use ndarray::{Array1, Array2, Array4, ArrayView2, Axis, s};
use rayon::prelude::*;
use striate_base::CancelToken;

use crate::error::RecordingError;
use crate::session::{Session, TrialData};
pub use feature::StimulusFeature;

/// Frames that are read at a time.
const FRAMES_PER_PIECE: usize = 300;

/// Frames looked at: enough for a map, bounded for long recordings.
const MOST_FRAMES: usize = 60_000;

/// Neurons whose averages one task adds up. Fixed, so that the number of threads changes nothing.
const NEURONS_PER_TASK: usize = 32;

/// The average stimulus around a response, for some `neurons` of a session:
///
/// ```text
/// average[neuron, lag] = sum over t of r[t] s[t - lag] / sum over t of r[t]  -  mean of s
/// ```
///
/// with `r` the responses and `s` the frames, or a feature of theirs, over trials of `tier` with responses; lag 0 is the frame
/// of the response itself. (Simoncelli, Paninski, Pillow & Schwartz 2004, "Characterization of neural
/// responses with stochastic stimuli", equation 1, less the stimulus' own mean.) Where the responses
/// of a neuron sum to 0 or less its average is 0.
///
/// Returns `[neuron, lag, height, width]` in the units of the stimulus; that and the sums (twice its
/// size) are what is held in memory. Of more than 60,000 frames an evenly spread part of the trials is
/// looked at. Work runs on the current rayon pool; its size does not change the result. Sums of 300
/// frames are taken in f32, those over pieces in f64.
///
/// # Errors
/// [`RecordingError::NoTrials`] where no trial of the tier has responses and `n_lags` frames, and
/// what reading the trials meets; [`RecordingError::Cancelled`].
pub fn response_triggered_average(
    session: &Session,
    tier: &str,
    n_lags: usize,
    (feature, neurons): (StimulusFeature, Range<usize>),
    cancel: &CancelToken,
) -> Result<Array4<f32>, RecordingError> {
    let info = &session.info;
    let n_lags = n_lags.max(1);
    let mut sums = Sums::new(neurons, n_lags, info.height * info.width);
    for trial in sample(session, tier, n_lags)? {
        let n_frames = info.trials[trial].n_frames.min(MOST_FRAMES);
        for start in (n_lags - 1..n_frames).step_by(FRAMES_PER_PIECE) {
            if cancel.is_cancelled() {
                return Err(RecordingError::Cancelled);
            }
            let end = (start + FRAMES_PER_PIECE).min(n_frames);
            let data = session.load(trial, start + 1 - n_lags..end)?;
            sums.add(&data, feature);
        }
    }
    Ok(sums.averages(info.height, info.width))
}

/// Evenly spread trials of together about [`MOST_FRAMES`] frames.
fn sample(session: &Session, tier: &str, n_lags: usize) -> Result<Vec<usize>, RecordingError> {
    let info = &session.info;
    let mut trials = session.trials_of(tier);
    trials.retain(|&t| info.trials[t].has_responses && info.trials[t].n_frames >= n_lags);
    if trials.is_empty() {
        return Err(RecordingError::NoTrials {
            session: info.id.clone(),
            tier: tier.to_owned(),
            known: session.tiers_in_words(),
        });
    }
    let n_frames: usize = trials.iter().map(|&t| info.trials[t].n_frames).sum();
    Ok(trials.into_iter().step_by(n_frames.div_ceil(MOST_FRAMES)).collect())
}

/// Everything added up so far.
struct Sums {
    n_lags: usize,
    n_frames: f64,
    neurons: Range<usize>,
    /// Shape `[neuron, lag * pixel]`.
    weighted: Array2<f64>,
    /// Shape `[lag * pixel]`.
    stimulus: Array1<f64>,
    /// Shape `[neuron]`.
    responses: Array1<f64>,
}

impl Sums {
    fn new(neurons: Range<usize>, n_lags: usize, n_pixels: usize) -> Self {
        let n_neurons = neurons.len();
        Self {
            neurons,
            n_lags,
            n_frames: 0.0,
            weighted: Array2::zeros((n_neurons, n_lags * n_pixels)),
            stimulus: Array1::zeros(n_lags * n_pixels),
            responses: Array1::zeros(n_neurons),
        }
    }

    /// Add a stretch whose first `n_lags - 1` frames come before the first response to be counted.
    fn add(&mut self, data: &TrialData, feature: StimulusFeature) {
        let Some(responses) = &data.responses else { return };
        let (n_frames, height, width) = data.stimulus.dim();
        let frames = feature.of(data.stimulus.view());
        let frames = frames.view().into_shape_with_order((n_frames, height * width));
        let frames: ArrayView2<'_, f32> = frames.expect("features are in standard layout");
        let counted = responses.slice(s![self.n_lags - 1.., self.neurons.clone()]);
        let n_counted = counted.nrows();
        let at_lag = |lag: usize| -> Range<usize> {
            let first = self.n_lags - 1 - lag;
            first..first + n_counted
        };
        self.n_frames += n_counted as f64;
        self.responses += &counted.map_axis(Axis(0), sum);
        for lag in 0..self.n_lags {
            let shown = frames.slice(s![at_lag(lag), ..]);
            let columns = lag * height * width..(lag + 1) * height * width;
            let mut totals = self.stimulus.slice_mut(s![columns.clone()]);
            totals += &shown.map_axis(Axis(0), sum);
            let tasks: Vec<_> = self
                .weighted
                .axis_chunks_iter_mut(Axis(0), NEURONS_PER_TASK)
                .zip(counted.axis_chunks_iter(Axis(1), NEURONS_PER_TASK))
                .collect();
            tasks.into_par_iter().for_each(|(mut weighted, responses)| {
                let product = responses.t().dot(&shown);
                let mut of_lag = weighted.slice_mut(s![.., columns.clone()]);
                of_lag.zip_mut_with(&product, |sum, &value| *sum += f64::from(value));
            });
        }
    }

    fn averages(self, height: usize, width: usize) -> Array4<f32> {
        let n_neurons = self.responses.len();
        let mut averages = Array4::zeros((n_neurons, self.n_lags, height, width));
        let means = self.stimulus / self.n_frames.max(1.0);
        for ((mut average, weighted), &total) in
            averages.outer_iter_mut().zip(self.weighted.outer_iter()).zip(&self.responses)
        {
            if total > 0.0 {
                let values = weighted.iter().zip(&means).map(|(sum, mean)| sum / total - mean);
                average.iter_mut().zip(values).for_each(|(a, value)| *a = value as f32);
            }
        }
        averages
    }
}

fn sum(values: ndarray::ArrayView1<'_, f32>) -> f64 {
    values.iter().map(|&value| f64::from(value)).sum()
}

#[cfg(test)]
mod tests;
