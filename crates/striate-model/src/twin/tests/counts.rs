//! Parameter counts of the published baselines, five sessions of Sensorium 2023.

use super::*;

const N_NEURONS: [usize; 5] = [7863, 7908, 7939, 8202, 8122];

fn n_parameters(model: &str) -> usize {
    let session = |(index, &n_neurons): (usize, &usize)| SessionShape {
        id: format!("session-{index}"),
        n_neurons,
        n_behaviour: 2,
        has_pupil_center: true,
    };
    let start = |&n: &usize| SessionStart {
        mean_response: vec![1.0; n],
        coordinates: Some((0..n).map(|i| [i as f32, (i % 90) as f32]).collect()),
        ..SessionStart::default()
    };
    let sessions = N_NEURONS.iter().enumerate().map(session).collect();
    let model = serde_json::from_str(model).unwrap();
    let spec = TwinSpec { model, height: 36, width: 64, sessions };
    let starts: Vec<SessionStart> = N_NEURONS.iter().map(start).collect();
    Twin::build(spec, &starts, &Streams::new(1)).unwrap().n_parameters()
}

#[test]
fn factorised_baseline_has_5_707_743_parameters() {
    assert_eq!(n_parameters(r#"{ "shifter": {} }"#), 5_707_743);
}

#[test]
fn static_baseline_on_video_has_2_814_015_parameters() {
    let model = r#"{ "core": { "kind": "static-2d", "separable_bias": true }, "shifter": {} }"#;
    assert_eq!(n_parameters(model), 2_814_015);
}

/// The video core; per neuron 2 x 128 features and 4 numbers of the covariance, per session 152 of the
/// position network and 112 of the mixing: two kernels of 11 x 5 and their biases.
#[test]
fn video_only_zero_inflated_twin_has_10_784_592_parameters() {
    let model = |readout: &str| {
        format!(
            r#"{{ "input": {{ "behaviour_as_channels": false }}, "readout": {readout},
                  "likelihood": {{ "kind": "zero-inflated-gamma" }} }}"#
        )
    };
    let mixing = r#"{ "bias": false, "mixing": { "frames": 11, "channels": 5 } }"#;
    assert_eq!(n_parameters(&model(mixing)), 374_432 + 10_410_160);
    let without = n_parameters(&model(r#"{ "bias": false }"#));
    assert_eq!(without, 374_432 + 10_410_160 - 5 * 112);
}

/// The same, and encoder and loadings.
#[test]
fn twin_with_latents_has_13_431_223_parameters() {
    let model = r#"{ "input": { "behaviour_as_channels": false },
                     "readout": { "bias": false, "mixing": { "frames": 11, "channels": 5 } },
                     "likelihood": { "kind": "zero-inflated-gamma" }, "latent": {} }"#;
    assert_eq!(n_parameters(model), 13_431_223);
}
