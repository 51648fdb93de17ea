//! From a simulated recording to a file.

use striate_base::NoProgress;
use striate_model::{SessionShape, SessionStart, Twin, TwinSpec};
use striate_recording::simulate::{SimulationConfig, simulate};
use striate_recording::{Recording, RecordingConfig};

use super::*;
use crate::training::TrainingConfig;

fn twin(session: &Session) -> Twin {
    let info = &session.info;
    let shape = SessionShape {
        id: info.id.clone(),
        n_neurons: info.n_neurons,
        n_behaviour: info.n_behaviour,
        has_pupil_center: info.has_pupil_center,
    };
    let model = r#"{
        "core": { "channels": [4], "spatial_kernels": [5], "temporal_kernels": [5] },
        "latent": { "dim": 2 }, "likelihood": { "kind": "zero-inflated-gamma" }
    }"#;
    let model = serde_json::from_str(model).unwrap();
    let (height, width) = (info.height, info.width);
    let spec = TwinSpec { model, height, width, sessions: vec![shape] };
    let mean_response = vec![0.5; info.n_neurons];
    let start = SessionStart { mean_response, ..SessionStart::default() };
    Twin::build(spec, &[start], &Streams::new(4)).unwrap()
}

#[test]
fn a_recording_gives_files() {
    let folder = tempfile::tempdir().unwrap();
    let config = SimulationConfig { n_neurons: 9, ..SimulationConfig::tiny() }.check().unwrap();
    simulate(&config, folder.path(), &mut NoProgress, &CancelToken::new()).unwrap();
    let recording = Recording::open(&RecordingConfig::at(folder.path())).unwrap();
    let session = &recording.sessions[0];
    let twin = twin(session);
    let config = TrainingConfig { n_trials: Some(2), ..TrainingConfig::default() };
    let subject = Subject::new(&[&twin], session, &config).unwrap();
    let ask = |config: &GeometryConfig, cancel: &CancelToken| {
        let all: Vec<usize> = (0..9).collect();
        let progress = &mut NoProgress;
        geometry((&subject, session), &all, config, &Streams::new(1), (progress, cancel))
    };
    let config = GeometryConfig {
        bin_frames: 5,
        max_neurons: 7,
        max_pair_neurons: 4,
        max_stimuli: 12,
        n_bootstraps: 5,
        ..GeometryConfig::default()
    };
    let found = ask(&config, &CancelToken::new()).unwrap();
    assert_finite(&found);
    assert_eq!(found.neurons.len(), 7);
    assert_eq!(found.summary["noise_correlation_n_pairs"], 6.0);
    assert!(found.summary["n_repeats_least"] >= 2.0 && found.summary["n_stimuli"] >= 3.0);
    found.write(folder.path(), "session-0").unwrap();
    assert!(folder.path().join("session-0.json").is_file());

    let stopped = CancelToken::new();
    stopped.cancel();
    assert!(matches!(ask(&config, &stopped), Err(InsilicoError::Cancelled)));
    let unknown = GeometryConfig { tier: Some("dreams".into()), ..config.clone() };
    let error = ask(&unknown, &CancelToken::new()).unwrap_err().to_string();
    assert!(error.contains("expected dreams"), "{error}");
    let one = GeometryConfig { bin_frames: 10_000, ..config.clone() };
    let error = ask(&one, &CancelToken::new()).unwrap_err().to_string();
    assert!(error.contains("expected at least 3"), "{error}");
    assert!(ask(&GeometryConfig { n_bootstraps: 1, ..config }, &CancelToken::new()).is_err());
}
