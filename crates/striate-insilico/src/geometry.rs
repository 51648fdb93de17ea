//! Geometry of the population: how stimuli lie to each other in the responses of all neurons, in the twin and
//! in the recording.
//!
//! | question | numbers of the summary |
//! | --- | --- |
//! | do stimuli that look alike to the animal look alike to the twin? | `rdm_agreement`, Spearman's over pairs of stimuli; beside it what the recording allows: `rdm_reliability`, `rdm_ceiling_lower`, `rdm_ceiling_upper` |
//! | are the same neurons alike? | `signal_correlation_*`: over stimuli; `noise_correlation_*`: over repeats |
//! | how many dimensions? | `participation_ratio_*`, `power_law_exponent_*` |
//!
//! Stimuli are images, or stretches of videos, each response the mean over the stretch. Responses are in units
//! of the standard deviation of recorded single responses, less each neuron's mean over stimuli; so a neuron
//! that the twin cannot predict counts little in it. `NAME_error` is the standard error over stimuli drawn
//! anew, and over twins where there are several; stretches of one video are not independent, so that those are
//! too small for long slow videos.

mod agreement;
mod bootstrap;
mod config;
mod dimensionality;
mod dissimilarity;
mod pairs;
mod parts;
mod patterns;
mod rank;
mod stimuli;

use ndarray::Array2;
use striate_base::{CancelToken, Progress, Streams};
use striate_recording::Session;

use self::bootstrap::Bootstrap;
pub use self::config::GeometryConfig;
use self::patterns::Patterns;
use self::stimuli::Responses;
use crate::error::InsilicoError;
use crate::experiment::Experiment;
use crate::familiarity::Strangeness;
use crate::parts::Parts;
use crate::subject::Subject;
use crate::twins::over_twins;

/// Population geometry of the twin beside that of the recording, of some neurons by their numbers.
///
/// The twin answers the stimuli with behaviour at its mean; for noise correlations responses are drawn from it
/// for the recorded trials, with the behaviour in each. Where no stimulus is repeated, what needs repeats is
/// left out: reliabilities, ceilings, distances without noise, noise correlations, cross-validated
/// components.
///
/// Memory: recorded responses of the chosen stimuli, repeats and neurons three times, and a few matrices
/// `[stimulus, stimulus]` and `[stimulus, pair of neurons]`. The origin of the result is left to the caller.
///
/// # Errors
/// [`InsilicoError::OutOfRange`] for settings outside their ranges, [`InsilicoError::NotEnough`] for a session
/// with fewer than three stimuli or two neurons, [`InsilicoError::Cancelled`], and what reading and predicting
/// report.
pub fn geometry(
    (subject, session): (&Subject<'_>, &Session),
    neurons: &[usize],
    config: &GeometryConfig,
    streams: &Streams,
    (progress, cancel): (&mut dyn Progress, &CancelToken),
) -> Result<Experiment, InsilicoError> {
    config.check()?;
    let n_twins = subject.n_twins();
    over_twins(subject, &Parts::none(), progress, |subject, _, progress| {
        // Errors over stimuli are those of all twins as one.
        let n_bootstraps = if subject.n_twins() < n_twins { 0 } else { config.n_bootstraps };
        let shown = (subject, session);
        let (responses, stimuli) =
            Responses::collect(shown, neurons, config, streams, (&mut *progress, cancel))?;
        let tier = Some(responses.tier.clone());
        let config = &GeometryConfig { tier, n_bootstraps, ..config.clone() };
        let mut found = Experiment::new("geometry", &subject.id, config, &[]);
        describe(responses, config, streams, &mut found, (progress, cancel))?;
        strangeness(&mut found, &stimuli)?;
        Ok(found)
    })
}

/// How far the stimuli are from what twins were trained on.
fn strangeness(found: &mut Experiment, stimuli: &[Strangeness]) -> Result<(), InsilicoError> {
    let (n, axes) = (stimuli.len() as f64, [("stimulus", stimuli.len())]);
    let mut add = |name: &str, about: &str, of: fn(&Strangeness) -> f64| {
        let values: Vec<f32> = stimuli.iter().map(|stimulus| of(stimulus) as f32).collect();
        let mean = stimuli.iter().map(of).sum::<f64>() / n;
        found.summary.insert(format!("mean_{name}"), mean);
        found.array((name, "", about), &axes, values)
    };
    let about = "Mahalanobis distance of the stimulus from training stimuli.";
    add("distance_from_training", about, |stimulus| stimulus.distance)?;
    let about = "Share of the training stimuli that are farther out than the stimulus.";
    add("share_of_training_farther", about, |stimulus| stimulus.percentile)
}

/// Bytes that [`geometry`] needs beside what the twins do, at most, about.
pub fn geometry_bytes(n_neurons: usize, config: &GeometryConfig) -> u64 {
    let neurons = n_neurons.min(config.max_neurons);
    let pairs = n_neurons.min(config.max_pair_neurons).pow(2) / 2;
    let (stimuli, repeats) = (config.max_stimuli, config.max_repeats);
    // Recorded responses as f32, f64 and in halves; matrices of stimuli; correlations of each stimulus.
    (stimuli * (neurons * (12 * repeats + 64) + 64 * stimuli + 8 * pairs)) as u64
}

/// Everything that follows from the responses.
fn describe(
    responses: Responses,
    config: &GeometryConfig,
    streams: &Streams,
    found: &mut Experiment,
    (progress, cancel): (&mut dyn Progress, &CancelToken),
) -> Result<(), InsilicoError> {
    if responses.neurons.len() < 2 {
        return Err(InsilicoError::NotEnough {
            what: "neurons of a population".into(),
            found: responses.neurons.len().to_string(),
            expected: "at least 2".into(),
        });
    }
    let n_stimuli = responses.groups.len();
    let repeats = responses.recorded.iter().map(Array2::nrows);
    let count = |found: &mut Experiment, name: &str, n: usize| {
        found.summary.insert(name.into(), n as f64);
    };
    count(found, "n_neurons", responses.neurons.len());
    count(found, "n_stimuli", n_stimuli);
    count(found, "n_repeats_least", repeats.clone().min().unwrap_or(0));
    count(found, "n_repeats_most", repeats.max().unwrap_or(0));
    found.neurons.clone_from(&responses.neurons);
    let bootstrap = Bootstrap::new(n_stimuli, config.n_bootstraps, streams);
    let patterns = Patterns::new(responses);
    let work = parts::Work { patterns: &patterns, config, streams, bootstrap: &bootstrap };
    work.neurons(found);
    work.ceilings(found);
    let parts = [
        parts::Work::dissimilarities,
        parts::Work::signal,
        parts::Work::noise,
        parts::Work::dimensions,
    ];
    progress.start("geometry", Some(parts.len() as u64));
    for part in parts {
        if cancel.is_cancelled() {
            return Err(InsilicoError::Cancelled);
        }
        part(&work, found)?;
        progress.advance(1);
    }
    progress.finish();
    Ok(())
}

#[cfg(test)]
mod tests;
