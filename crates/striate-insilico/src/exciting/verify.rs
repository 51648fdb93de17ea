//! Whether another twin, fitted for itself, agrees.

use striate_model::Windows;

use super::config::Goal;
use super::results::{extreme_training_responses, respond_to_inputs};
use crate::error::InsilicoError;
use crate::experiment::Experiment;
use crate::subject::Subject;

/// Show the inputs of an experiment to another subject, and add as columns what it says: its response to each
/// input (`verified_response`), to the training stimulus that drives it furthest
/// (`verified_best_training_response`); and to the summary the share of neurons for which the input is beyond
/// that (`share_verified`).
///
/// # Errors
/// [`InsilicoError::Mismatch`] for an experiment that has no inputs, [`InsilicoError::Model`] for a subject
/// that does not fit.
pub fn verify_inputs(
    experiment: &mut Experiment,
    goal: Goal,
    other: &Subject<'_>,
) -> Result<(), InsilicoError> {
    let Some(inputs) = experiment.array_of("input") else {
        return Err(InsilicoError::mismatch("array `input` of an experiment", "none", "one"));
    };
    let values = inputs.values.as_standard_layout();
    let &[_, n_frames, height, width] = values.shape() else {
        return Err(InsilicoError::mismatch("axes of the inputs", inputs.axes.len(), 4));
    };
    let origins = |name| experiment.values_of(name).unwrap_or_default().iter().flatten();
    let places = origins("window_row").zip(origins("window_column"));
    let origins: Vec<[usize; 2]> = places.map(|(&y, &x)| [y as usize, x as usize]).collect();
    let windows = Windows { size: [height, width], origins };
    let shown = (n_frames, values.as_slice().unwrap_or_default());
    let responses = respond_to_inputs(other, &experiment.neurons, &windows, shown)?;
    let extreme = extreme_training_responses(other, goal)?;
    let extreme: Vec<f64> = experiment.neurons.iter().map(|&neuron| extreme[neuron]).collect();
    let sign = f64::from(goal.sign());
    let n_beyond = responses.iter().zip(&extreme).filter(|(r, e)| sign * **r > sign * **e).count();
    let share = n_beyond as f64 / responses.len().max(1) as f64;
    experiment.summary.insert("share_verified".into(), share);
    let about = "Response of another twin to the input.";
    experiment.column("verified_response", "response", about, responses);
    let about =
        "Response of that twin to that of the sampled training clips that drives it furthest.";
    experiment.column("verified_best_training_response", "response", about, extreme);
    Ok(())
}
