use striate_base::NoProgress;
use striate_model::{SessionShape, SessionStart, Twin, TwinSpec};

use super::*;
use crate::testing::subject_of;
use crate::training::TrainingSample;

fn twin(model: &str) -> Twin {
    let (id, n_neurons) = ("mouse".to_owned(), 2);
    let session = SessionShape { id, n_neurons, n_behaviour: 0, has_pupil_center: false };
    let model = serde_json::from_str(model).unwrap();
    let spec = TwinSpec { model, height: 14, width: 16, sessions: vec![session] };
    let start = SessionStart { mean_response: vec![0.5; 2], ..SessionStart::default() };
    Twin::build(spec, &[start], &Streams::new(4)).unwrap()
}

fn training(n_frames: usize) -> TrainingSample {
    let mut random = Streams::new(3).stream("training");
    let clips = Array4::from_shape_simple_fn((40, n_frames, 14, 16), || random.normal() as f32);
    TrainingSample {
        clips,
        luminance_range: [-5.0, 5.0],
        mean: 0.0,
        deviation: 1.0,
        behaviour: None,
        pupil_center: None,
        frame_rate_hz: None,
    }
}

fn values(found: &Experiment, name: &str) -> Vec<f64> {
    found.values_of(name).unwrap().iter().map(|value| value.unwrap()).collect()
}

/// A core of one layer is linear until its last step, so that the best input is its kernel.
#[test]
fn the_best_input_of_a_linear_channel_is_its_kernel() {
    let model = r#"{ "core": { "kind": "static-2d", "channels": 3, "layers": 1,
        "input_kernel": 5, "hidden_kernel": 3 } }"#;
    let twin = twin(model);
    let subject = subject_of(&twin, training(1));
    let config = FeatureConfig {
        preconditioning: crate::exciting::Preconditioning::None,
        ..FeatureConfig::default()
    };
    let ask = |cancel: &CancelToken| {
        feature_visualisation(&subject, &config, &Streams::new(1), (&mut NoProgress, cancel))
    };
    let found = ask(&CancelToken::new()).unwrap();
    let size = twin.channel_window();
    assert_eq!(found.neurons, [0, 1, 2], "a row for each channel");
    let inputs: Vec<f32> = found.array_of("input").unwrap().values.iter().copied().collect();
    let per_clip = size[0] * size[1];
    for (channel, input) in inputs.chunks_exact(per_clip).enumerate() {
        let norm = input.iter().map(|value| value * value).sum::<f32>().sqrt();
        assert!((norm - (per_clip as f32).sqrt()).abs() < 1e-3);
        let grey = vec![0.0; per_clip];
        let at = ChannelInput { n_clips: 1, n_frames: 1, size, stimulus: &grey, behaviour: None };
        let (_, kernel) = twin.channel_gradient(&at, &[channel]).unwrap();
        let alike = crate::exciting::similarity(input, &kernel, 0.0);
        assert!(alike > 0.999, "channel {channel}: {alike}");
    }
    assert!(values(&found, "start_agreement").iter().all(|&alike| alike > 0.99));
    let (best, known) = (values(&found, "response"), values(&found, "best_training_response"));
    assert!(best.iter().zip(&known).all(|(best, known)| best > known));
    assert_eq!(found.summary["share_beyond_training"], 1.0);
    assert!(
        values(&found, "share_of_training_farther").iter().all(|share| (0.0..=1.0).contains(share))
    );
    let stopped = CancelToken::new();
    stopped.cancel();
    assert!(matches!(ask(&stopped), Err(InsilicoError::Cancelled)));
}

#[test]
fn channels_of_a_video_core_get_videos_the_same_every_time() {
    let model = r#"{ "core": { "channels": [2, 5], "spatial_kernels": [3, 3],
        "temporal_kernels": [2, 2] } }"#;
    let twin = twin(model);
    let subject = subject_of(&twin, training(3));
    let config = FeatureConfig { steps: 20, n_starts: 3, ..FeatureConfig::default() };
    let ask = || {
        let work = (&mut NoProgress as &mut dyn Progress, &CancelToken::new());
        feature_visualisation(&subject, &config, &Streams::new(1), work).unwrap()
    };
    let found = ask();
    assert_eq!(found, ask());
    let input = found.arrays.iter().find(|array| array.name == "input").unwrap();
    let [height, width] = twin.channel_window();
    assert_eq!(input.values.shape(), [5, 3, height, width]);
    let folder = tempfile::tempdir().unwrap();
    found.write(folder.path(), "session-0").unwrap();
    let table = std::fs::read_to_string(folder.path().join("session-0.csv")).unwrap();
    assert!(table.starts_with("channel,response,best_training_response,"), "{table}");
    assert_eq!(table.lines().count(), 6);
    assert!(FeatureConfig { n_starts: 0, ..config }.check().is_err());
}
