//! The gradients of the reference step in a file, for `benches/peers/gradients.py` to compare.

use std::collections::BTreeMap;
use std::path::Path;

use striate_base::Streams;
use striate_formats::safetensors::{NamedTensor, write};
use striate_model::Gradients;

use crate::Failure;
use crate::batch::Batch;
use crate::twins;

/// Write stimulus, responses, parameters and gradients of one step. Receptive fields have no spread,
/// so that no random number matters but those in the file.
pub(crate) fn run(batch: Batch, path: &Path) -> Result<(), Failure> {
    let mut twin = twins::twin("step", batch)?;
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
    let names: Vec<[String; 2]> = (twin.parameters().0.iter())
        .map(|parameter| ["parameter", "gradient"].map(|kind| format!("{kind}.{}", parameter.name)))
        .collect();
    let (clips, frames) = ([batch.n_clips, batch.n_frames], [batch.height, batch.width]);
    let stimulus_shape = [clips, frames].concat();
    let responses_shape = [batch.n_clips, batch.n_frames, batch.n_neurons];
    let mut tensors = vec![
        NamedTensor { name: "stimulus", shape: &stimulus_shape, values: &stimulus },
        NamedTensor { name: "responses", shape: &responses_shape, values: &responses },
    ];
    let parameters = twin.parameters().0.iter().zip(&gradients.0).zip(&names);
    for ((parameter, gradient), [name, gradient_name]) in parameters.filter(|((p, _), _)| p.trainable) {
        let shape = &parameter.shape[..];
        tensors.push(NamedTensor { name, shape, values: &parameter.values });
        tensors.push(NamedTensor { name: gradient_name, shape, values: gradient });
    }
    Ok(write(path, &tensors, &BTreeMap::new())?)
}
