//! Feature visualisation: what excites each channel of the core (Erhan et al. 2009, "Visualizing higher-layer
//! features of a deep network"; Olah et al. 2017, "Feature visualization", Distill).
//!
//! A neuron of the twin is a weighted sum of the core's channels where it looks; the channels are the features
//! that all neurons share. Each gets the clip of given contrast that it answers most at the middle of its map,
//! found by the same ascent as the most exciting inputs of neurons ([`crate::exciting`]).

mod config;
mod search;

use ndarray::{Array4, Axis, s};
use striate_base::{CancelToken, Progress, Streams};
use striate_model::{ChannelInput, Windows};

pub use self::config::FeatureConfig;
use self::search::{Found, Search};
use crate::error::InsilicoError;
use crate::experiment::Experiment;
use crate::familiarity::Familiarity;
use crate::subject::Subject;

/// Name of the experiment.
pub(crate) const KIND: &str = "features";

/// What excites each channel of the core; of the first twin, where there are several.
///
/// The rows of the experiment are channels, no neurons. Its array is `input` `[channel, frame, y, x]` on the scale
/// of the recording's stimulus; its columns `response` to it, `mean_training_response`,
/// `training_response_deviation` and `best_training_response` to the training stimuli in the middle of the screen,
/// `start_agreement`, the lowest similarity (cosine) of the best input with those of the other starts,
/// `distance_from_training` and `share_of_training_farther` as in [`crate::Strangeness`]. The origin of the result
/// is left to the caller.
///
/// # Errors
/// [`InsilicoError::OutOfRange`] for settings outside their ranges, [`InsilicoError::Cancelled`], and what the
/// twin and [`Familiarity::in_windows`] report.
pub fn feature_visualisation(
    subject: &Subject<'_>,
    config: &FeatureConfig,
    streams: &Streams,
    (progress, cancel): (&mut dyn Progress, &CancelToken),
) -> Result<Experiment, InsilicoError> {
    config.check()?;
    let search = Search::new(subject, config);
    let channels: Vec<usize> = (0..search.twin.n_channels()).collect();
    progress.start("features", Some(channels.len() as u64));
    let mut all = Found::default();
    for channels in channels.chunks(search.channels_at_once()) {
        all.append(search.optimise(channels, streams, cancel)?);
        progress.advance(channels.len() as u64);
    }
    progress.finish();
    describe(subject, &search, all, config)
}

fn describe(
    subject: &Subject<'_>,
    search: &Search<'_>,
    all: Found,
    config: &FeatureConfig,
) -> Result<Experiment, InsilicoError> {
    let (n, n_frames, [height, width]) = (all.responses.len(), search.n_frames, search.size);
    let channels: Vec<usize> = (0..n).collect();
    let mut found = Experiment::new(KIND, &subject.id, config, &channels);
    let shape = (n, n_frames, height, width);
    let inputs = Array4::from_shape_vec(shape, all.inputs)
        .map_err(|e| InsilicoError::mismatch("inputs", e, format!("{shape:?}")))?;
    let [middle, known] = training(subject, search)?;
    let strange = strangeness(subject, search, &inputs, middle)?;
    let training = summarise(&known, n);
    let beyond = all.responses.iter().zip(&training[2]).filter(|(r, best)| r > best).count();
    found.summary.insert("n_channels".into(), n as f64);
    found.summary.insert("share_beyond_training".into(), beyond as f64 / n.max(1) as f64);
    let mean = |values: &[f32]| values.iter().map(|&v| f64::from(v)).sum::<f64>();
    found.summary.insert("mean_start_agreement".into(), mean(&all.agreements) / n.max(1) as f64);
    let about = "What excites the channel most at the middle of its map.";
    let axes = [("channel", n), ("frame", n_frames), ("y", height), ("x", width)];
    found.array(("input", "stimulus", about), &axes, inputs.into_iter().collect())?;
    columns(&mut found, [all.responses, all.agreements], training, strange);
    Ok(found)
}

/// One value of each for every channel: responses and agreements of starts, the mean, deviation and largest of
/// the responses in training, distances and shares.
fn columns(
    found: &mut Experiment,
    [responses, agreements]: [Vec<f32>; 2],
    [training_mean, training_deviation, training_best]: [Vec<f32>; 3],
    (distances, shares): (Vec<f32>, Vec<f32>),
) {
    let deviation = "training_response_deviation";
    let distance = "Mahalanobis distance of the input from training stimuli.";
    let share = "Share of the training stimuli that are farther out.";
    let best = "Largest response to the sampled training stimuli.";
    for (name, about, values) in [
        ("response", "Response of the channel to its input.", responses),
        ("best_training_response", best, training_best),
        ("mean_training_response", "Mean of these responses.", training_mean),
        (deviation, "Standard deviation of these responses.", training_deviation),
        ("start_agreement", "Lowest similarity of inputs found from other starts.", agreements),
        ("distance_from_training", distance, distances),
        ("share_of_training_farther", share, shares),
    ] {
        found.column(name, "", about, values.into_iter().map(f64::from));
    }
}

/// The training clips in the middle of the screen, as far as the channels see, as their origin; and all
/// channels' responses `[clip, channel]`.
fn training(subject: &Subject<'_>, search: &Search<'_>) -> Result<[Vec<f32>; 2], InsilicoError> {
    let [height, width] = search.size;
    let [y, x] = [0, 1].map(|axis| (subject.screen()[axis] - search.size[axis]) / 2);
    let clips = &subject.training.clips;
    let mut known = Vec::new();
    for clip in clips.axis_iter(Axis(0)) {
        let first = clip.dim().0 - search.n_frames;
        let part = clip.slice(s![first.., y..y + height, x..x + width]);
        let stimulus: Vec<f32> = part.iter().copied().collect();
        known.extend(search.twin.channel_responses(&ChannelInput {
            n_clips: 1,
            stimulus: &stimulus,
            ..search.input(1, &[])
        })?);
    }
    Ok([vec![y as f32, x as f32], known])
}

/// Mean, standard deviation and largest of each channel's responses `[clip, channel]`.
fn summarise(known: &[f32], n_channels: usize) -> [Vec<f32>; 3] {
    let n = (known.len() / n_channels.max(1)).max(1) as f64;
    let of = |channel: usize| known[channel..].iter().step_by(n_channels).map(|&r| f64::from(r));
    let mean = |channel: usize| of(channel).sum::<f64>() / n;
    let deviation = |channel: usize| {
        let mean = mean(channel);
        (of(channel).map(|r| (r - mean).powi(2)).sum::<f64>() / n).sqrt() as f32
    };
    let best = |channel: usize| of(channel).fold(f64::NEG_INFINITY, f64::max) as f32;
    [
        (0..n_channels).map(|channel| mean(channel) as f32).collect(),
        (0..n_channels).map(deviation).collect(),
        (0..n_channels).map(best).collect(),
    ]
}

/// Distances and percentiles.
fn strangeness(
    subject: &Subject<'_>,
    search: &Search<'_>,
    inputs: &Array4<f32>,
    middle: Vec<f32>,
) -> Result<(Vec<f32>, Vec<f32>), InsilicoError> {
    let origin = [middle[0] as usize, middle[1] as usize];
    let windows = Windows { size: search.size, origins: vec![origin] };
    let known = Familiarity::in_windows(&subject.training, &windows)?;
    // One frame is no video to compare with videos.
    if subject.n_lags() > 1 && search.n_frames == 1 {
        let none = vec![f32::NAN; inputs.dim().0];
        return Ok((none.clone(), none));
    }
    let found = known.judge(inputs.view())?;
    Ok(found.iter().map(|found| (found.distance as f32, found.percentile as f32)).unzip())
}

#[cfg(test)]
mod tests;
