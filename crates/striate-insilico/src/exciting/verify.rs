//! Whether another twin, fitted for itself, agrees.

use striate_base::{CancelToken, Progress};
use striate_model::Windows;

use super::config::Goal;
use super::results::{respond_to_inputs, summarise};
use super::training::TrainingStimuli;
use crate::error::InsilicoError;
use crate::experiment::Experiment;
use crate::subject::Subject;

/// Show the inputs of an experiment to another subject, and add as columns what it says: its response to each
/// input (`verified_response`), to the training stimulus that drives it furthest
/// (`verified_best_training_response`, as in [`super::most_exciting`]); and to the summary the share of neurons
/// for which the input is beyond that (`share_verified`).
///
/// # Errors
/// [`InsilicoError::Mismatch`] for an experiment that has no inputs, [`InsilicoError::Model`] for a subject
/// that does not fit, [`InsilicoError::Recording`] for trials that cannot be read,
/// [`InsilicoError::Cancelled`] where asked to stop.
pub fn verify_inputs(
    experiment: &mut Experiment,
    goal: Goal,
    (other, training): (&Subject<'_>, TrainingStimuli<'_>),
    (progress, cancel): (&mut dyn Progress, &CancelToken),
) -> Result<(), InsilicoError> {
    let Some(inputs) = experiment.array_of("input") else {
        return Err(InsilicoError::mismatch("array `input` of an experiment", "none", "one"));
    };
    let values = inputs.values.as_standard_layout();
    let &[_, n_frames, height, width] = values.shape() else {
        return Err(InsilicoError::mismatch("axes of the inputs", inputs.axes.len(), 4));
    };
    if n_frames < other.n_lags() {
        let expected = format!("{} or more, which a response depends on", other.n_lags());
        return Err(InsilicoError::mismatch("frames of the inputs", n_frames, expected));
    }
    let origins = |name| experiment.values_of(name).unwrap_or_default().iter().flatten();
    let places = origins("window_row").zip(origins("window_column"));
    let origins: Vec<[usize; 2]> = places.map(|(&y, &x)| [y as usize, x as usize]).collect();
    let windows = Windows { size: [height, width], origins };
    let shown = (n_frames, values.as_slice().unwrap_or_default());
    let responses = respond_to_inputs(other, &experiment.neurons, &windows, shown)?;
    let how = (goal, n_frames + 1 - other.n_lags());
    let extremes = training.extremes(other, how, (progress, cancel))?;
    let extremes: Vec<f64> =
        experiment.neurons.iter().map(|&neuron| f64::from(extremes[neuron])).collect();
    let about = "Response of another twin to the input.";
    experiment.column("verified_response", "response", about, responses);
    let about = "Mean response of that twin over as many frames of the training stimuli, where they drive it \
                 furthest.";
    experiment.column("verified_best_training_response", "response", about, extremes);
    let columns = ["verified_response", "verified_best_training_response"];
    summarise(experiment, ("share_verified", goal), columns);
    Ok(())
}
