//! The gradients of the reference step in a file, for `benches/peers/gradients.py` to compare.

use std::collections::BTreeMap;
use std::path::Path;

use striate_base::Streams;
use striate_formats::safetensors::{NamedTensor, write};
use striate_model::{Gradients, Twin};

use crate::Failure;
use crate::batch::Batch;
use crate::twins;

/// Write stimulus, responses, parameters and gradients of one step. Receptive fields have no spread,
/// so that no random number matters but those in the file.
pub(crate) fn run(batch: Batch, path: &Path) -> Result<(), Failure> {
    let mut twin = twins::twin("step", "f32", batch)?;
    for parameter in &mut twin.parameters_mut().0 {
        if parameter.name.ends_with("sigma") {
            parameter.values.fill(0.0);
        }
    }
    let mut random = Streams::new(0).stream("batch");
    let stimulus = twins::stimulus(batch, &mut random);
    let n_frames = batch.n_frames - twin.frames_consumed();
    let responses = twins::responses(batch, &mut random);
    let mut gradients = Gradients::zeros(twin.parameters());
    let scale = 1.0 / (batch.n_clips * n_frames * batch.n_neurons) as f64;
    let input = twins::input(batch, &stimulus);
    twin.loss_and_gradients(&input, &responses, scale, &mut random, &mut gradients)?;
    write_all(batch, path, [&stimulus, &responses], &twin, &gradients)
}

fn write_all(
    batch: Batch,
    path: &Path,
    [stimulus, responses]: [&[f32]; 2],
    twin: &Twin,
    gradients: &Gradients,
) -> Result<(), Failure> {
    let Batch { n_clips, n_frames, height, width, n_neurons } = batch;
    let [of_stimulus, of_responses] =
        [vec![n_clips, n_frames, height, width], vec![n_clips, n_frames, n_neurons]];
    let mut tensors = vec![
        NamedTensor { name: "stimulus", shape: &of_stimulus, values: stimulus },
        NamedTensor { name: "responses", shape: &of_responses, values: responses },
    ];
    let parameters = twin.parameters().0.iter().zip(&gradients.0);
    let named: Vec<_> = (parameters.filter(|(parameter, _)| parameter.trainable))
        .map(|pair| (["parameter", "gradient"].map(|kind| format!("{kind}.{}", pair.0.name)), pair))
        .collect();
    for ([name, gradient_name], (parameter, gradient)) in &named {
        let shape = &parameter.shape[..];
        tensors.push(NamedTensor { name, shape, values: &parameter.values });
        tensors.push(NamedTensor { name: gradient_name, shape, values: gradient });
    }
    Ok(write(path, &tensors, &BTreeMap::new())?)
}
