//! Setting rates and event sizes so that neurons have the stated mean and ceiling.

use rayon::prelude::*;
use striate_base::{CancelToken, Streams};
use striate_stimuli::natural_video;

use super::config::SimulationConfig;
use super::error::SimulationError;
use super::response::SeenVideo;
use super::truth::NeuronTruth;

/// Sums of a neuron's drive and its square over frames.
type DriveSums = Vec<[f64; 2]>;

/// Give each neuron its spontaneous rate, gain and event size, from its drive over videos that
/// are shown in no trial.
///
/// With `m` the rate given the video, the correlation of a single trial with `m` is
/// `sqrt(var m / (var m + mean m * event * (1 + 1/shape)))`; the event size is solved for it.
pub(super) fn calibrate(
    config: &SimulationConfig,
    streams: &Streams,
    neurons: &mut [NeuronTruth],
    cancel: &CancelToken,
) -> Result<(), SimulationError> {
    let seen: Result<Vec<DriveSums>, SimulationError> = (0..config.response.calibration_videos)
        .into_par_iter()
        .map(|number| drive_sums(config, streams, neurons, (number, cancel)))
        .collect();
    let seen = seen?;
    let law = &config.response;
    let n_values = (law.calibration_videos * config.canvas.n_frames) as f64;
    for (index, neuron) in neurons.iter_mut().enumerate() {
        let mut random = streams.stream(&format!("calibration of neuron {index}"));
        let [sum, square] = seen
            .iter()
            .fold([0.0, 0.0], |total, sums| [total[0] + sums[index][0], total[1] + sums[index][1]]);
        // A cell whose field lies off the screen is never driven and keeps a gain of 0.
        let mean_drive = sum / n_values;
        let variance = (square / n_values - mean_drive * mean_drive).max(0.0);
        let [low, high] = law.mean_rate;
        let mean_rate = low * (high / low).powf(random.uniform());
        let ceiling = random.uniform_in(law.ceiling[0], law.ceiling[1]);
        let driven = (1.0 - law.spontaneous_share) * mean_rate;
        neuron.drive_gain = if mean_drive > 0.0 { driven / mean_drive } else { 0.0 };
        neuron.spontaneous_rate = mean_rate - neuron.drive_gain * mean_drive;
        let rate_variance = neuron.drive_gain.powi(2) * variance;
        let noise_variance = rate_variance * (1.0 / ceiling.powi(2) - 1.0);
        let event = noise_variance / (mean_rate * (1.0 + 1.0 / law.event_shape));
        neuron.event_size = if event > 0.0 { event } else { mean_rate };
    }
    Ok(())
}

fn drive_sums(
    config: &SimulationConfig,
    streams: &Streams,
    neurons: &[NeuronTruth],
    (number, cancel): (usize, &CancelToken),
) -> Result<DriveSums, SimulationError> {
    let mut random = streams.stream(&format!("calibration video {number}"));
    let video = natural_video(&config.canvas, &config.video, &mut random)?;
    let drive = SeenVideo::new(video.view(), &config.normalisation).drive(neurons, None, cancel)?;
    let sums = drive.rows().into_iter().map(|row| {
        row.iter().fold([0.0, 0.0], |[sum, square], &value| {
            let value = f64::from(value);
            [sum + value, square + value * value]
        })
    });
    Ok(sums.collect())
}
