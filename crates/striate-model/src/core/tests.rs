//! Parameter counts and output sizes of the published baselines.

use striate_base::Streams;

use super::*;
use crate::parameters::Parameters;

fn built(config: &str, channels: usize) -> (Box<dyn Core>, usize) {
    let config: CoreConfig = serde_json::from_str(config).unwrap();
    config.settings().check().unwrap();
    let mut parameters = Parameters::default();
    let streams = Streams::new(1);
    let mut builder = ParameterBuilder::new(&mut parameters, &streams, "core", "core".into());
    let input = CoreInput { height: 36, width: 64, channels };
    let core = config.settings().build(input, &mut builder).unwrap();
    (core, parameters.n_trainable())
}

#[test]
fn factorised_core_has_the_published_number_of_parameters() {
    // Sensorium 2023: video with two behaviour traces; video alone; video with three traces.
    for (channels, expected) in [(3, 382_176), (1, 374_432), (4, 386_048)] {
        let (core, n_parameters) = built("{}", channels);
        assert_eq!(n_parameters, expected, "{channels} channels");
        let grid = core.grid();
        assert_eq!((grid.size, core.channels(), grid.n_lags), ([18, 46], 128, 19));
        // Valid kernels of 11, 5 and 5 pixels: centres 5 + 2 + 2 pixels from the edge.
        assert_eq!((grid.first, grid.stride), ([9.0, 9.0], [1.0, 1.0]));
    }
}

#[test]
fn static_core_has_the_published_number_of_parameters() {
    for (channels, bias, expected) in [
        (3, false, 50_048),
        (3, true, 50_624),
        (1, false, 39_680),
        (1, true, 40_256),
        (4, false, 55_232),
        (4, true, 55_808),
    ] {
        let config = format!(r#"{{ "kind": "static-2d", "separable_bias": {bias} }}"#);
        let (core, n_parameters) = built(&config, channels);
        assert_eq!(n_parameters, expected, "{channels} channels, bias {bias}");
        assert_eq!((core.grid().size, core.channels()), ([28, 56], 64));
        assert_eq!(core.grid().n_lags, 1);
    }
}

#[test]
fn identity_core_has_no_parameters_and_consumes_no_frames() {
    let (core, n_parameters) = built(r#"{ "kind": "identity" }"#, 3);
    assert_eq!((n_parameters, core.channels()), (0, 3));
    assert_eq!(core.grid(), OutputGrid::of_image(36, 64));
    assert_eq!(core.activations(2, 5).saved, 0);
    let error = serde_json::from_str::<CoreConfig>(r#"{ "kind": "identity", "channels": 3 }"#);
    assert!(error.unwrap_err().to_string().contains("unknown field `channels`"));
}

#[test]
fn strides_and_same_padding_give_the_sizes_of_a_convolution() {
    let config = r#"{ "channels": [8, 16], "spatial_kernels": [9, 5], "temporal_kernels": [15, 5],
                      "spatial_padding": "same", "spatial_strides": [2] }"#;
    let (core, _) = built(config, 1);
    let grid = core.grid();
    assert_eq!((grid.size, grid.n_lags), ([18, 32], 19));
    assert_eq!((grid.first, grid.stride), ([0.0, 0.0], [2.0, 2.0]));
}

#[test]
fn settings_that_make_no_core_are_refused_by_key() {
    for (config, key) in [
        (r#"{ "channels": [8] }"#, "spatial_kernels"),
        (r#"{ "channels": [] }"#, "channels"),
        (r#"{ "spatial_padding": "same", "spatial_kernels": [11, 4, 5] }"#, "spatial_kernels"),
        (r#"{ "batch_norm_momentum": 1.5 }"#, "batch_norm_momentum"),
        (r#"{ "kind": "static-2d", "hidden_kernel": 6 }"#, "hidden_kernel"),
        (r#"{ "kind": "static-2d", "gamma_input": -1 }"#, "gamma_input"),
    ] {
        let config: CoreConfig = serde_json::from_str(config).unwrap();
        let error = config.settings().check().unwrap_err().to_string();
        assert!(error.contains(&format!("`model.core.{key}`")), "{error}");
        assert!(error.contains("expected"), "{error}");
    }
}

#[test]
fn input_smaller_than_the_kernels_is_refused() {
    let mut parameters = Parameters::default();
    let streams = Streams::new(1);
    let mut builder = ParameterBuilder::new(&mut parameters, &streams, "core", "core".into());
    let input = CoreInput { height: 12, width: 64, channels: 1 };
    let error = CoreConfig::default().settings().build(input, &mut builder).err().unwrap();
    assert!(error.to_string().contains("2 x 54"), "{error}");
}

#[test]
fn kinds_are_named_in_errors_and_survive_a_round_trip() {
    let error = serde_json::from_str::<CoreConfig>(r#"{ "kind": "transformer" }"#).unwrap_err();
    assert!(error.to_string().contains("`factorised-3d`, `static-2d`, `identity`"), "{error}");
    for kind in CoreConfig::KINDS {
        let config: CoreConfig =
            serde_json::from_str(&format!(r#"{{ "kind": "{kind}" }}"#)).unwrap();
        let text = serde_json::to_string(&config).unwrap();
        assert!(text.contains(&format!(r#""kind":"{kind}""#)), "{text}");
        assert_eq!(serde_json::from_str::<CoreConfig>(&text).unwrap(), config);
    }
}

#[test]
fn precision_survives_a_round_trip_and_unknown_ones_are_refused() {
    let read = serde_json::from_str::<CoreConfig>;
    let text = serde_json::to_string(&read(r#"{ "precision": "bf16" }"#).unwrap()).unwrap();
    assert!(text.contains(r#""precision":"bf16""#), "{text}");
    let CoreConfig::Factorised(config) = read(&text).unwrap() else { panic!("another kind") };
    assert_eq!(config.precision, Precision::Bf16);
    assert_eq!(FactorisedConfig::default().precision, Precision::F32);
    let error = read(r#"{ "precision": "f16" }"#).unwrap_err();
    assert!(error.to_string().contains("expected `f32` or `bf16`"), "{error}");
}
