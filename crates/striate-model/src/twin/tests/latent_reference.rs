//! Twins with latents against `PyTorch` (`tests/data/make_latent_reference.py`): the three terms of the loss,
//! every gradient, a step of the optimiser, what is inferred and what is predicted from it.

use striate_kernels::optimiser::{AdamWStep, adamw_step};

use super::super::step::Objective;
use super::reference::{
    NEGLIGIBLE, Tensors, assert_close, axes_before_neurons, compare_parameters, read, size, spec,
    take_parameters,
};
use super::*;
use crate::latent::PredictionKind;
use crate::parameters::Gradients;
use crate::pass::{GivenNoise, Noise};

const N_CLIPS: usize = 2;
const N_FRAMES: usize = 7;
const N_NEURONS: usize = 5;

/// An element's gradient below this share of the largest may be rounding alone.
const ROUNDING: f32 = 1e-5;

fn twin(silent: &str, latent: &str) -> Twin {
    twin_reading("{}", silent, latent)
}

fn twin_reading(readout: &str, silent: &str, latent: &str) -> Twin {
    let model = format!(
        r#"{{
        "core": {{ "channels": [4, 6], "spatial_kernels": [5, 3], "temporal_kernels": [3, 2] }},
        "readout": {readout},
        "shifter": {{}},
        "likelihood": {{ "kind": "zero-inflated-gamma", "silent": "{silent}" }},
        "latent": {{ "dim": 3, "hidden": 6, "state": 4, "n_samples": 3, "position_units": 2, {latent} }}
    }}"#
    );
    let start = SessionStart {
        mean_response: vec![0.0; N_NEURONS],
        coordinates: Some(vec![[0.0; 2]; N_NEURONS]),
        cortex: Some(vec![[0.0; 3]; N_NEURONS]),
        ..SessionStart::default()
    };
    Twin::build(spec(&model, [10, 12], N_NEURONS, 2), &[start], &Streams::new(1)).unwrap()
}

fn input(reference: &Tensors) -> ClipInput<'_> {
    ClipInput {
        session: 0,
        n_clips: N_CLIPS,
        n_frames: N_FRAMES,
        stimulus: &reference["input/stimulus"],
        behaviour: Some(&reference["input/behaviour"]),
        pupil_center: Some(&reference["input/pupil_center"]),
    }
}

fn compare(mut twin: Twin, file: &str) {
    let reference = &read(file);
    take_parameters(&mut twin, reference);
    let loss_scale = f64::from(reference["input/loss_scale"][0]);
    let objective = Objective { responses: &reference["input/responses"], loss_scale };
    let noise = GivenNoise {
        positions: &axes_before_neurons(&reference["input/noise"], N_NEURONS),
        hidden: &reference["input/hidden"],
        latents: &reference["input/latents"],
    };
    let mut gradients = Gradients::zeros(twin.parameters());
    let (input, noise) = (input(reference), Noise::Given(noise));
    let result = twin.compute_step(&input, objective, noise, &mut gradients).unwrap();
    twin.keep_statistics(&result);
    let loss = result.loss;
    for (name, found) in [
        ("likelihood", loss.likelihood),
        ("divergence", loss.divergence),
        ("regulariser", loss.regulariser),
    ] {
        let name = format!("result/{name}");
        // The importance-weighted bound has no divergence: 0 in both.
        assert_close(&name, &[found as f32], &reference[&name], 1e-9);
    }
    compare_parameters(&twin, reference, &gradients);
    compare_evaluation(&mut twin, reference);
    compare_optimiser_step(&twin, reference, &gradients);
}

/// What is inferred from some neurons, and predicted at its mean.
fn compare_evaluation(twin: &mut Twin, reference: &Tensors) {
    let visible: Vec<bool> = reference["input/visible"].iter().map(|&seen| seen > 0.0).collect();
    let seen = SeenResponses {
        session: 0,
        n_clips: N_CLIPS,
        n_frames: N_FRAMES,
        responses: &reference["input/responses"],
        visible: Some(&visible),
    };
    let state = twin.infer(&seen).unwrap();
    assert_close("state", &state.mean, &reference["result/state"], 0.0);
    twin.latent.as_mut().unwrap().config.prediction = PredictionKind::AtMean;
    let predicted = state.frames(N_FRAMES, &(twin.frames_consumed()..N_FRAMES));
    let rates = twin.predict_given(&input(reference), &[predicted]).unwrap();
    assert_close("conditioned", &rates[0], &reference["result/conditioned"], 0.0);
}

/// The first step of Adam has the size of the learning rate however small a gradient is, and the sign of
/// one that is zero but for rounding is anything: those elements are left out.
fn compare_optimiser_step(twin: &Twin, reference: &Tensors, gradients: &Gradients) {
    let settings = AdamWStep {
        learning_rate: 5e-3,
        beta1: 0.9,
        beta2: 0.999,
        eps: 1e-8,
        weight_decay: 0.01,
        decoupled: true,
        step: 1,
    };
    let largest = gradients.0.iter().map(|gradient| size(gradient)).fold(0.0, f64::max) as f32;
    let (mut n_left_out, mut n_all) = (0, 0);
    for (parameter, gradient) in twin.parameters().0.iter().zip(&gradients.0) {
        if !parameter.trainable {
            continue;
        }
        let mut moved = parameter.values.clone();
        let [mut first, mut second] = [0, 1].map(|_| vec![0.0; moved.len()]);
        adamw_step(&settings, &mut moved, gradient, &mut first, &mut second);
        let expected = &reference[&format!("stepped/{}", parameter.name)];
        let reliable = |index: &usize| gradient[*index].abs() > ROUNDING * largest;
        let kept: Vec<usize> = (0..moved.len()).filter(reliable).collect();
        (n_left_out, n_all) = (n_left_out + moved.len() - kept.len(), n_all + moved.len());
        let pick = |values: &[f32]| kept.iter().map(|&i| values[i]).collect::<Vec<f32>>();
        assert_close(&parameter.name, &pick(&moved), &pick(expected), NEGLIGIBLE);
    }
    assert!(n_left_out * 5 < n_all, "{n_left_out} of {n_all} elements left out");
}

#[test]
fn released_twin_agrees_with_pytorch() {
    let latent = r#""kl": "reversed", "kl_weight": 5.0, "weights": "released",
                    "rescale_at_test": false, "hidden_half": "first""#;
    compare(twin("released", latent), "latent-released.safetensors");
}

#[test]
fn proper_twin_with_a_prior_over_time_agrees_with_pytorch() {
    let latent = r#""prior": "autoregressive", "posterior_scale": "per-dimension""#;
    compare(twin("density", latent), "latent-proper.safetensors");
}

#[test]
fn importance_weighted_twin_with_loadings_of_positions_agrees_with_pytorch() {
    let latent = r#""objective": "importance", "loadings": "from-positions""#;
    compare(twin("density", latent), "latent-importance.safetensors");
}

#[test]
fn twin_that_mixes_frames_and_channels_agrees_with_pytorch() {
    let readout = r#"{ "mixing": { "frames": 3, "channels": 5 } }"#;
    let twin = twin_reading(readout, "density", r#""objective": "elbo""#);
    compare(twin, "latent-mixed.safetensors");
}
