//! From a simulated recording to a file.

use striate_base::NoProgress;
use striate_model::{SessionShape, SessionStart, Twin, TwinSpec};
use striate_recording::simulate::{SimulationConfig, simulate};
use striate_recording::{Recording, RecordingConfig};

use super::*;
use crate::training::TrainingConfig;

fn twin(session: &Session, (seed, latent): (u64, bool), mean: f32) -> Twin {
    let info = &session.info;
    let shape = SessionShape {
        id: info.id.clone(),
        n_neurons: info.n_neurons,
        n_behaviour: info.n_behaviour,
        has_pupil_center: info.has_pupil_center,
    };
    let latent = if latent { r#""latent": { "dim": 2 },"# } else { "" };
    let model = format!(
        r#"{{ "core": {{ "channels": [4], "spatial_kernels": [5], "temporal_kernels": [5] }}, {latent}
            "readout": {{ "init_bias": "mean-rate" }}, "likelihood": {{ "kind": "zero-inflated-gamma" }} }}"#
    );
    let model = serde_json::from_str(&model).unwrap();
    let (height, width) = (info.height, info.width);
    let spec = TwinSpec { model, height, width, sessions: vec![shape] };
    let mean_response = vec![mean; info.n_neurons];
    let start = SessionStart { mean_response, ..SessionStart::default() };
    Twin::build(spec, &[start], &Streams::new(seed)).unwrap()
}

fn recording() -> (tempfile::TempDir, Recording) {
    let folder = tempfile::tempdir().unwrap();
    let config = SimulationConfig { n_neurons: 9, ..SimulationConfig::tiny() }.check().unwrap();
    simulate(&config, folder.path(), &mut NoProgress, &CancelToken::new()).unwrap();
    let recording = Recording::open(&RecordingConfig::at(folder.path())).unwrap();
    (folder, recording)
}

#[test]
fn differences_between_twins_are_errors_and_no_noise() {
    let (_folder, recording) = recording();
    let session = &recording.sessions[0];
    // What one answers is far from what the other does, in all neurons alike.
    let [one, other] = [(1, 0.1), (2, 3.0)].map(|(seed, mean)| twin(session, (seed, false), mean));
    let training = TrainingConfig { n_trials: Some(2), ..TrainingConfig::default() };
    let ask = |twins: &[&Twin]| {
        let subject = Subject::new(twins, session, &training).unwrap();
        let all: Vec<usize> = (0..9).collect();
        let config = GeometryConfig { bin_frames: 5, n_bootstraps: 5, ..GeometryConfig::default() };
        let watch = (&mut NoProgress as &mut dyn Progress, &CancelToken::new());
        geometry((&subject, session), &all, &config, &Streams::new(1), watch).unwrap()
    };
    let (alone, both) = (ask(&[&one]), ask(&[&one, &other]));
    let same = "participation_ratio_recorded_error";
    assert_eq!(alone.summary[same], both.summary[same]);
    let second = ask(&[&other]);
    let name = "rdm_agreement";
    // The standard error of two values is half their difference.
    let between = 0.5 * (alone.summary[name] - second.summary[name]).abs();
    assert!(both.summary["rdm_agreement_error"] >= between && between > 0.0);
    let noise = both.summary["noise_correlation_mean_twin"];
    assert!(noise.abs() < 0.15, "{noise}");
    assert!(both.array_of("distance_from_training").is_some());
    assert!(both.summary["mean_share_of_training_farther"] <= 1.0);
}

#[test]
fn a_recording_gives_files() {
    let (folder, recording) = recording();
    let session = &recording.sessions[0];
    let twin = twin(session, (4, true), 0.5);
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
