//! Odd data.

use super::*;

/// Sizes at the edge, and settings that divide by something.
const SETTINGS: [&str; 4] = [
    r#""n_samples": 1"#,
    r#""objective": "importance""#,
    r#""prior": "autoregressive", "kl": "reversed""#,
    r#""weights": "released", "masking": "entire-trial", "hidden_fraction": 0.99"#,
];

fn assert_finite(mut twin: Twin, batch: &Batch) {
    let (loss, gradients) = step(&mut twin, batch);
    assert!(loss.total().is_finite(), "{loss:?}");
    assert!(gradients.0.iter().flatten().all(|g| g.is_finite()));
    let state = twin.infer(&seen(batch, None)).unwrap();
    let state = state.frames(batch.n_frames, &(twin.frames_consumed()..batch.n_frames));
    let responses = predicted_responses(&twin, batch);
    let judged = twin.judge_given(&batch.input(), &responses, &[state]).unwrap();
    assert!(judged[0].rates.iter().all(|rate| rate.is_finite()));
    assert!(judged[0].log_densities.iter().flatten().all(|density| density.is_finite()));
}

#[test]
fn silence_and_storms_are_finite() {
    for likelihood in LIKELIHOODS {
        for settings in SETTINGS {
            for response in [0.0, 1e6] {
                let twin = loaded(likelihood, settings);
                let mut batch = batch(&twin, 2, 8);
                batch.responses.fill(response);
                assert_finite(twin, &batch);
            }
        }
    }
}

#[test]
fn one_neuron_and_one_frame_are_enough() {
    for likelihood in LIKELIHOODS {
        for settings in SETTINGS {
            let mut spec = spec(likelihood, settings);
            spec.sessions.truncate(1);
            spec.sessions[0].n_neurons = 1;
            let start = zero_inflated::start(1, Some(vec![[0.0; 2]]));
            let mut twin = Twin::build(spec, &[start], &Streams::new(3)).unwrap();
            for parameter in &mut twin.parameters.0 {
                if parameter.name.starts_with("loadings.") {
                    parameter.values.fill(0.5);
                }
            }
            let batch = batch(&twin, 1, 4);
            let alone = twin.infer_without_each(&seen(&batch, None), &[0]).unwrap();
            assert!(alone.mean.iter().all(|mean| mean.is_finite()));
            assert_finite(twin, &batch);
        }
    }
}
