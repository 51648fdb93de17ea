//! Most and least exciting inputs: for each neuron the stimulus of given contrast that it responds to most,
//! or least (Walker et al. 2019, "Inception loops discover what excites neurons most using deep predictive
//! models", Nature Neuroscience 22).
//!
//! Every neuron has an input of its own, in the window of the screen that it sees; a batch of windows is one
//! pass of the core. Each input starts from smooth noise and follows the preconditioned gradient of the
//! response on the sphere of equal norm, with steps that shrink along a cosine; pixels stay within what the
//! display can show. Several starts tell how sure the optimum is. With `n_diverse` several inputs of a neuron
//! push each other apart while they climb (Cadena et al. 2018, "Diverse feature visualizations reveal
//! invariances in early layers of deep neural networks", ECCV).
//!
//! # Differences from the papers
//! Steps are normalised, so that neurons of all gains climb alike. Diverse inputs repel by the square of
//! their correlation, which is blind to contrast reversal, and not by the distance of the nearest pair.

mod ascent;
mod batch;
mod config;
mod constraint;
mod results;
#[cfg(test)]
mod tests;
mod training;
mod verify;

use striate_base::{CancelToken, Progress, Streams};
use striate_model::Windows;

use crate::error::InsilicoError;
use crate::experiment::Experiment;
use crate::parts::Parts;
use crate::subject::Subject;
pub(crate) use ascent::{Ascent, Copies};
use batch::Batch;
pub use config::{ExcitingConfig, Form, Goal, Preconditioning};
pub(crate) use constraint::{Constraint, Preconditioner, similarity};
use results::Results;
pub use training::TrainingStimuli;
pub use verify::verify_inputs;

/// Find the most (or least) exciting input of each neuron.
///
/// The experiment holds the best input of each neuron (`input` `[neuron, frame, y, x]`, in windows whose
/// upper left pixels are the columns `window_row` and `window_column`, on the scale of the recording's
/// stimulus), where asked for its diverse ones (`diverse_input` `[neuron, copy, frame, y, x]`), and columns:
/// the response, its spread over twins, that of the best of `training` (a mean over as many frames as that to
/// the input, under mean behaviour; not known where the stimuli are shorter than the input), how far the starts
/// agree, and how far the input is from the training stimuli.
///
/// What `parts` has kept of an earlier call is not computed again.
///
/// # Errors
/// [`InsilicoError::OutOfRange`] for settings, [`InsilicoError::Model`] for neurons that are not there,
/// [`InsilicoError::Recording`] for trials that cannot be read, [`InsilicoError::Cancelled`] where asked to
/// stop.
pub fn most_exciting(
    (subject, training): (&Subject<'_>, TrainingStimuli<'_>),
    neurons: &[usize],
    config: &ExcitingConfig,
    streams: &Streams,
    parts: &Parts,
    (progress, cancel): (&mut dyn Progress, &CancelToken),
) -> Result<Experiment, InsilicoError> {
    config.check(subject.n_lags())?;
    // Once for all, so that all inputs have one size.
    let windows = subject.windows(neurons, config.margin_px)?;
    let per_batch = config.neurons_at_once(subject, windows.size);
    progress.start(config.goal.stage(), Some(neurons.len() as u64));
    let mut results = Results::of(subject, config.goal);
    let batches = neurons.chunks(per_batch).zip(windows.origins.chunks(per_batch));
    for (index, (some, origins)) in batches.enumerate() {
        if cancel.is_cancelled() {
            return Err(InsilicoError::Cancelled);
        }
        let found = parts.finished_or(&format!("batch-{index}"), || {
            let windows = Windows { size: windows.size, origins: origins.to_vec() };
            Batch::new(subject, (some, &windows), config).optimise(streams, cancel)
        })?;
        results.extend(found)?;
        progress.advance(some.len() as u64);
    }
    progress.finish();
    let how = (config.goal, config.n_frames(subject) + 1 - subject.n_lags());
    let extremes = training.kept_extremes(parts, subject, how, (progress, cancel))?;
    results.finish((subject, &extremes), neurons, config)
}
