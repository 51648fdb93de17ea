//! Twins whose readout mixes frames and channels before its weights.

use super::*;
use crate::parameters::Gradients;

/// A twin with two outputs and latents, mixing 7 frames and 3 channels.
fn mixed() -> Twin {
    let mut spec = small_spec();
    let readout = r#"{ "init_sigma": 0.2, "mixing": { "frames": 7, "channels": 3 } }"#;
    spec.model.readout = serde_json::from_str(readout).unwrap();
    spec.model.likelihood = serde_json::from_str(r#"{ "kind": "zero-inflated-gamma" }"#).unwrap();
    let latent = r#"{ "dim": 2, "hidden": 6, "state": 4, "n_samples": 3,
                      "n_evaluation_samples": 5 }"#;
    spec.model.latent = Some(serde_json::from_str(latent).unwrap());
    let coordinates = small_starts()[0].coordinates.clone();
    let starts = [zero_inflated::start(5, coordinates), zero_inflated::start(3, None)];
    Twin::build(spec, &starts, &Streams::new(3)).unwrap()
}

fn step(twin: &mut Twin, clips: &Batch) -> (StepLoss, Gradients) {
    let mut gradients = Gradients::zeros(twin.parameters());
    let loss = twin
        .loss_and_gradients(&clips.input(), &clips.responses, 0.5, &mut random(), &mut gradients)
        .unwrap();
    (loss, gradients)
}

/// Responses to the frames that are predicted.
fn predicted_responses(twin: &Twin, batch: &Batch, n_neurons: usize) -> Vec<f32> {
    let skipped = twin.frames_consumed() * n_neurons;
    let clips = batch.responses.chunks_exact(batch.n_frames * n_neurons);
    clips.flat_map(|clip| clip[skipped..].to_vec()).collect()
}

#[test]
fn pieces_change_no_value() {
    let (twin, mut in_pieces) = (mixed(), mixed());
    in_pieces.most_values = 1;
    assert_eq!((twin.frames_consumed(), twin.frames_ahead()), (3, 3));
    for (n_clips, n_frames) in [(1, 60), (3, 21), (2, 43), (7, 4)] {
        let clips = Batch::random(&twin, 0, n_clips, n_frames);
        let responses = predicted_responses(&twin, &clips, 5);
        let state = LatentState {
            mean: responses[..2 * n_clips * (n_frames - 3)].to_vec(),
            scale: vec![0.5, 0.7],
        };
        let all = |twin: &Twin| {
            let input = clips.input();
            let judged = twin.judge_given(&input, &responses, std::slice::from_ref(&state));
            (twin.predict(&input).unwrap(), twin.moments(&input).unwrap(), judged.unwrap())
        };
        let whole = all(&twin);
        assert_eq!(whole.0.len(), n_clips * (n_frames - 3) * 5);
        assert!(all(&in_pieces) == whole, "{n_clips} clips of {n_frames} frames");
    }
    let clips = Batch::random(&twin, 0, 1, 60);
    let responses = predicted_responses(&twin, &clips, 5);
    let mean = clips.behaviour.iter().copied().cycle().take(5 * 57 * 2).collect();
    let state = LatentState { mean, scale: vec![0.5, 0.7] };
    let each = |twin: &Twin| twin.judge_each(&clips.input(), &responses, &state).unwrap();
    assert!(each(&in_pieces) == each(&twin));
}

#[test]
fn predictions_look_ahead_within_the_clip() {
    let twin = mixed();
    let mut clips = Batch::random(&twin, 0, 1, 20);
    let before = twin.predict(&clips.input()).unwrap();
    // The last frame of the stimulus reaches the last prediction, and by it the three before.
    let last = clips.stimulus.len() - 120;
    clips.stimulus[last..].iter_mut().for_each(|pixel| *pixel += 3.0);
    let after = twin.predict(&clips.input()).unwrap();
    let reached = before.len() - 4 * 5;
    assert_eq!(before[..reached], after[..reached]);
    for (before, after) in before[reached..].chunks(5).zip(after[reached..].chunks(5)) {
        assert_ne!(before, after);
    }
}

#[test]
fn a_small_step_against_the_gradient_lowers_the_loss() {
    let mut twin = mixed();
    let clips = Batch::random(&twin, 0, 2, 12);
    let (before, gradients) = step(&mut twin, &clips);
    for name in ["readout.a.mixing.weight", "readout.a.mixing.bias", "readout.a.features_theta"] {
        let index = twin.parameters().0.iter().position(|p| p.name == name).unwrap();
        assert!(gradients.0[index].iter().all(|&g| g != 0.0), "{name}");
    }
    let length: f32 = gradients.0.iter().flatten().map(|g| g * g).sum();
    let rate = 1e-3 / length;
    for (parameter, gradient) in twin.parameters_mut().0.iter_mut().zip(&gradients.0) {
        for (value, g) in parameter.values.iter_mut().zip(gradient) {
            *value -= rate * g;
        }
    }
    let change = step(&mut twin, &clips).0.total() - before.total();
    // First order: -1e-3; the loss is known to f32 sums of some hundred terms.
    assert!((change + 1e-3).abs() < 3e-4, "{change}");
}

#[test]
fn stimulus_gradient_agrees_with_differences() {
    let mut twin = mixed();
    twin.use_latents(false);
    let mut clips = Batch::random(&twin, 0, 1, 12);
    let n_predicted = 9 * 5;
    let weights: Vec<f32> = (0..n_predicted).map(|i| 0.2 + (i % 4) as f32).collect();
    let gradient = twin.stimulus_gradient(&clips.input(), &weights).unwrap();
    let direction: Vec<f32> = gradient.iter().map(|g| g.signum()).collect();
    let slope: f64 = gradient.iter().map(|&g| f64::from(g).abs()).sum();
    let original = clips.stimulus.clone();
    let mut objective = |by: f32| -> f64 {
        clips.stimulus.clone_from(&original);
        clips.stimulus.iter_mut().zip(&direction).for_each(|(x, d)| *x += by * d);
        let rates = twin.predict(&clips.input()).unwrap();
        rates.iter().zip(&weights).map(|(&r, &w)| f64::from(r) * f64::from(w)).sum()
    };
    let found = (objective(1e-3) - objective(-1e-3)) / 2e-3;
    assert!((found - slope).abs() < 1e-2 * slope, "{found}, expected {slope}");
}

#[test]
fn steady_state_takes_the_memory_that_was_predicted() {
    let mut twin = mixed();
    let clips = Batch::random(&twin, 0, 2, 12);
    for _ in 0..2 {
        step(&mut twin, &clips);
    }
    let bytes = twin.pool.bytes();
    step(&mut twin, &clips);
    assert_eq!(twin.pool.bytes(), bytes);
    assert!(bytes as u64 <= twin.training_bytes(2, 12) + 4 * twin.n_parameters() as u64);
}

#[test]
fn kernels_start_as_in_pytorch() {
    let twin = mixed();
    let found = |name: &str| twin.parameters().find(name).unwrap();
    let (weight, bias) = (found("readout.b.mixing.weight"), found("readout.b.mixing.bias"));
    assert_eq!((&weight.shape[..], &bias.shape[..]), (&[2, 7, 3][..], &[2][..]));
    let bound = 1.0 / 21.0f32.sqrt();
    assert!(weight.values.iter().chain(&bias.values).all(|value| value.abs() <= bound));
    assert!(weight.values.iter().any(|&value| value > 0.8 * bound));
    assert!(weight.values.iter().any(|&value| value < -0.8 * bound));
}

#[test]
fn sizes_out_of_range_are_named() {
    for (mixing, what) in [
        (r#"{ "frames": 10, "channels": 5 }"#, "`model.readout.mixing.frames` is 10"),
        (r#"{ "frames": 11, "channels": 0 }"#, "`model.readout.mixing.channels` is 0"),
        (r#"{ "frames": 53, "channels": 5 }"#, "an odd number from 1 to 51"),
    ] {
        let mut spec = small_spec();
        let readout = format!(r#"{{ "mixing": {mixing} }}"#);
        spec.model.readout = serde_json::from_str(&readout).unwrap();
        let error = spec.model.check().unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
}
