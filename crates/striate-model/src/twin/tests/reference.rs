//! Loss, every gradient, running statistics, predictions and the stimulus gradient against `PyTorch`
//! (`tests/data/make_reference.py`).

use std::collections::BTreeMap;
use std::path::Path;

use striate_formats::safetensors;

use super::super::step::Objective;
use super::*;
use crate::parameters::Gradients;
use crate::pass::{GivenNoise, Noise};

/// Largest relative error (L2): the project's bound for f32. The reference is in double precision.
const TOLERANCE: f64 = 1e-4;

/// Gradients this much smaller than the largest are compared with the largest: those of biases
/// before a normalisation are zero, and what is found is rounding.
pub(super) const NEGLIGIBLE: f64 = 1e-3;

pub(super) type Tensors = BTreeMap<String, Vec<f32>>;

pub(super) fn read(file: &str) -> Tensors {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file);
    let (tensors, _) = safetensors::read(&path).unwrap();
    tensors.into_iter().map(|tensor| (tensor.name, tensor.values)).collect()
}

fn norm(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|v| v * v).sum::<f64>().sqrt()
}

pub(super) fn size(values: &[f32]) -> f64 {
    norm(values.iter().map(|&v| f64::from(v)))
}

pub(super) fn assert_close(what: &str, found: &[f32], expected: &[f32], least: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let pairs = found.iter().zip(expected);
    let difference = norm(pairs.map(|(&f, &e)| f64::from(f) - f64::from(e)));
    let relative = difference / size(expected).max(least);
    assert!(relative < TOLERANCE, "{what}: relative error {relative}");
}

/// Give a twin the parameters of the reference.
pub(super) fn take_parameters(twin: &mut Twin, reference: &Tensors) {
    for parameter in &mut twin.parameters.0 {
        let name = format!("parameter/{}", parameter.name);
        parameter.values.copy_from_slice(&reference[&name]);
    }
}

fn compare(mut twin: Twin, reference: &Tensors, [n_clips, n_frames]: [usize; 2]) {
    take_parameters(&mut twin, reference);
    let of_input = |name: &str| reference.get(&format!("input/{name}")).map(Vec::as_slice);
    let input = ClipInput {
        session: 0,
        n_clips,
        n_frames,
        stimulus: of_input("stimulus").unwrap(),
        behaviour: of_input("behaviour"),
        pupil_center: of_input("pupil_center"),
    };
    let loss_scale = f64::from(reference["input/loss_scale"][0]);
    let objective = Objective { responses: &reference["input/responses"], loss_scale };
    let noise = axes_before_neurons(&reference["input/noise"], twin.spec.sessions[0].n_neurons);
    let noise = Noise::Given(GivenNoise { positions: &noise, ..GivenNoise::default() });
    let mut gradients = Gradients::zeros(twin.parameters());
    let result = twin.compute_step(&input, objective, noise, &mut gradients).unwrap();
    twin.keep_statistics(&result);

    let close = |what: &str, found: f64| assert_close(what, &[found as f32], &reference[what], 0.0);
    close("result/likelihood", result.loss.likelihood);
    close("result/regulariser", result.loss.regulariser);
    compare_parameters(&twin, reference, &gradients);

    let predicted = twin.predict(&input).unwrap();
    assert_close("prediction", &predicted, &reference["result/prediction"], 0.0);
    let weights = of_input("output_weights").unwrap();
    let gradient = twin.stimulus_gradient(&input, weights).unwrap();
    assert_close("stimulus", &gradient, &reference["result/stimulus_gradient"], 0.0);
}

/// `[frame, neuron, 2]` to `[frame, 2, neuron]`.
pub(super) fn axes_before_neurons(noise: &[f32], n_neurons: usize) -> Vec<f32> {
    let frames = noise.chunks_exact(2 * n_neurons);
    frames
        .flat_map(|frame| [0, 1].map(|axis| frame[axis..].iter().step_by(2)))
        .flatten()
        .copied()
        .collect()
}

/// Every gradient, and every running statistic after the step.
pub(super) fn compare_parameters(twin: &Twin, reference: &Tensors, gradients: &Gradients) {
    let largest = reference.iter().filter(|(name, _)| name.starts_with("gradient/"));
    let largest = largest.map(|(_, values)| size(values)).fold(0.0, f64::max);
    let (mut n_gradients, mut n_statistics) = (0, 0);
    for (parameter, gradient) in twin.parameters().0.iter().zip(&gradients.0) {
        let name = &parameter.name;
        if parameter.trainable {
            let expected = &reference[&format!("gradient/{name}")];
            assert_close(name, gradient, expected, NEGLIGIBLE * largest);
            n_gradients += 1;
        } else if let Some(after) = reference.get(&format!("after/{name}")) {
            assert_close(name, &parameter.values, after, 0.0);
            n_statistics += 1;
        }
    }
    let count = |start: &str| reference.keys().filter(|name| name.starts_with(start)).count();
    assert_eq!((n_gradients, n_statistics), (count("gradient/"), count("after/")));
}

pub(super) fn spec(
    model: &str,
    [height, width]: [usize; 2],
    n_neurons: usize,
    n_behaviour: usize,
) -> TwinSpec {
    let has_pupil_center = n_behaviour > 0;
    let session = SessionShape { id: "mouse".into(), n_neurons, n_behaviour, has_pupil_center };
    let model = serde_json::from_str(model).unwrap();
    TwinSpec { model, height, width, sessions: vec![session] }
}

fn start(n_neurons: usize, coordinates: Option<Vec<[f32; 2]>>) -> SessionStart {
    SessionStart { mean_response: vec![0.0; n_neurons], coordinates, ..SessionStart::default() }
}

#[test]
fn factorised_twin_agrees_with_pytorch() {
    let model = r#"{
        "core": { "channels": [4, 6], "spatial_kernels": [5, 3], "temporal_kernels": [3, 2] },
        "shifter": {}
    }"#;
    let start = start(5, Some(vec![[0.0; 2]; 5]));
    let twin = Twin::build(spec(model, [10, 12], 5, 2), &[start], &Streams::new(1)).unwrap();
    compare(twin, &read("factorised.safetensors"), [2, 7]);
}

#[test]
fn static_twin_agrees_with_pytorch() {
    let model = r#"{
        "core": { "kind": "static-2d", "channels": 4, "layers": 2, "input_kernel": 5,
                  "input_padding": "same", "input_stride": 2, "hidden_kernel": 3,
                  "separable_bias": true },
        "readout": { "gamma_features": 0.0076 }
    }"#;
    let twin =
        Twin::build(spec(model, [13, 12], 4, 0), &[start(4, None)], &Streams::new(1)).unwrap();
    compare(twin, &read("static.safetensors"), [6, 1]);
}
