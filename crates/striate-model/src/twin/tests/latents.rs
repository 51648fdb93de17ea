//! Twins with latents.

mod blocks;
mod distribution;
mod given;
mod inference;
mod numerics;
mod start;
mod steps;

use super::*;
use crate::parameters::Gradients;

const POISSON: &str = r#"{ "kind": "poisson" }"#;
const ZERO_INFLATED: &str = r#"{ "kind": "zero-inflated-gamma" }"#;
const LIKELIHOODS: [&str; 2] = [POISSON, ZERO_INFLATED];

/// The small twin with two latents, and settings of these: text such as `"kl": "reversed"`.
fn spec(likelihood: &str, settings: &str) -> TwinSpec {
    let sizes = r#""dim": 2, "hidden": 6, "state": 4, "n_samples": 3, "n_evaluation_samples": 20"#;
    let comma = if settings.is_empty() { "" } else { "," };
    // A key that is given twice would be refused.
    let sizes =
        sizes.split(", ").filter(|size| !settings.contains(size.split(':').next().unwrap()));
    let sizes = sizes.collect::<Vec<_>>().join(", ");
    let latent = format!("{{ {sizes}{comma} {settings} }}");
    let mut spec = small_spec();
    spec.model.likelihood = serde_json::from_str(likelihood).unwrap();
    spec.model.latent = Some(serde_json::from_str(&latent).unwrap());
    spec
}

/// Starts of the small twin, for any likelihood and loadings.
fn starts() -> [SessionStart; 2] {
    let coordinates = small_starts()[0].coordinates.clone();
    let cortex =
        |n: usize| Some((0..n).map(|i| [i as f32, (i * i) as f32, 1.0 - i as f32]).collect());
    [
        SessionStart { cortex: cortex(5), ..zero_inflated::start(5, coordinates) },
        SessionStart { cortex: cortex(3), ..zero_inflated::start(3, None) },
    ]
}

/// A twin as it starts.
fn fresh(likelihood: &str, settings: &str) -> Twin {
    Twin::build(spec(likelihood, settings), &starts(), &Streams::new(3)).unwrap()
}

/// A twin whose latents matter.
fn loaded(likelihood: &str, settings: &str) -> Twin {
    let mut twin = fresh(likelihood, settings);
    let mut random = Streams::new(6).stream("loadings");
    let loadings = twin.parameters.0.iter_mut().filter(|p| p.name.starts_with("loadings."));
    for parameter in loadings.filter(|p| p.trainable) {
        random.fill_normal(&mut parameter.values);
        parameter.values.iter_mut().for_each(|value| *value *= 0.5);
    }
    twin
}

/// Counts, silent about half of the time: fit for both likelihoods.
fn batch(twin: &Twin, n_clips: usize, n_frames: usize) -> Batch {
    let mut batch = Batch::random(twin, 0, n_clips, n_frames);
    batch.responses.iter_mut().for_each(|response| *response = (2.0 * *response).floor());
    batch
}

/// Responses to the frames that are predicted.
fn predicted_responses(twin: &Twin, batch: &Batch) -> Vec<f32> {
    let n_neurons = twin.spec.sessions[batch.session].n_neurons;
    let skipped = twin.frames_consumed() * n_neurons;
    let clips = batch.responses.chunks_exact(batch.n_frames * n_neurons);
    clips.flat_map(|clip| clip[skipped..].to_vec()).collect()
}

fn seen<'a>(batch: &'a Batch, visible: Option<&'a [bool]>) -> SeenResponses<'a> {
    SeenResponses {
        session: batch.session,
        n_clips: batch.n_clips,
        n_frames: batch.n_frames,
        responses: &batch.responses,
        visible,
    }
}

/// What is inferred about the frames that are predicted, from neurons 1, 3 and 4.
fn state(twin: &Twin, batch: &Batch) -> LatentState {
    let visible = [false, true, false, true, true];
    let state = twin.infer(&seen(batch, Some(&visible))).unwrap();
    state.frames(batch.n_frames, &(twin.frames_consumed()..batch.n_frames))
}

fn step(twin: &mut Twin, batch: &Batch) -> (StepLoss, Gradients) {
    let mut gradients = Gradients::zeros(twin.parameters());
    let (input, mut random) = (batch.input(), random());
    let loss = twin
        .loss_and_gradients(&input, &batch.responses, 0.5, &mut random, &mut gradients)
        .unwrap();
    (loss, gradients)
}

#[track_caller]
fn assert_near(found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        let both_are_none = found.is_nan() && expected.is_nan();
        let error = (found - expected).abs();
        assert!(
            both_are_none || error <= tolerance * (1.0 + expected.abs()),
            "{found}, {expected}"
        );
    }
}
