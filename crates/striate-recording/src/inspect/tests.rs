use std::path::Path;

use ndarray::{Array2, ArrayD, IxDyn};
use striate_base::{CancelToken, NoProgress};
use striate_formats::npy::NpyFile;

use super::*;
use crate::testing::{
    N_NEURONS, Order, SIZE, VideoSession, manifest_video, open, video_folder, write,
};

fn look(path: &Path) -> SessionInspection {
    look_with(path, &InspectionConfig::default())
}

fn look_with(path: &Path, config: &InspectionConfig) -> SessionInspection {
    let recording = open(path).unwrap();
    let found = inspect(&recording, config, &mut NoProgress, &CancelToken::new());
    found.unwrap().sessions.remove(0)
}

fn codes(found: &SessionInspection) -> Vec<&str> {
    found.warnings.iter().map(|warning| warning.code.as_str()).collect()
}

#[test]
fn numbers_of_a_small_session() {
    let mut session = VideoSession::new(&["train", "oracle", "oracle", "final_test_main"]);
    session.trials[2].1 = 1;
    let (_folder, path) = video_folder(&session);
    write(&path.join("data/responses/3.npy"), &ArrayD::zeros(IxDyn(&[2, 12])), Order::C);
    let found = look(&path);
    assert_eq!((found.n_trials, found.n_trials_read), (4, 4));
    let oracle = &found.tiers["oracle"];
    assert_eq!((oracle.n_trials, oracle.n_frames, oracle.n_repeated_stimuli), (2, 20, 1));
    assert_eq!((oracle.fewest_repeats, oracle.most_repeats), (Some(2), Some(2)));
    assert_eq!(found.tiers["final_test_main"].n_trials_with_responses, 0);
    // Responses are 1 + 100 trial + 20 neuron + frame over trials 0, 1, 2 and frames 0..10.
    assert!((found.neurons[0].mean - (1.0 + 100.0 + 4.5)).abs() < 1e-9);
    assert_eq!((found.neurons[1].max, found.neurons[0].id), (1.0 + 200.0 + 20.0 + 9.0, 70));
    let variance = 20000.0 / 3.0 + 99.0 / 12.0;
    assert!((found.neurons[0].std - f64::sqrt(variance)).abs() < 1e-9);
    // Ten frames of two repeats each: means grow by 1 a frame, repeats differ by 100.
    let ceiling = found.ceiling.as_ref().unwrap();
    assert_eq!(ceiling.n_stimuli, 10);
    // Signal 8.25 - 0.9 * 2500 is negative: 0.
    assert_eq!(found.neurons[0].noise_ceiling, Some(0.0));
    assert_eq!(found.mean_rate_hz, None);
    assert_eq!(found.stimulus.n_missing, 0);
    let said = codes(&found);
    assert!(said.contains(&"hidden-tier") && said.contains(&"few-repeats"), "{said:?}");
    assert!(said.contains(&"unnormalised-stimulus"), "{said:?}");
    // Through JSON and back.
    let text = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<SessionInspection>(&text).unwrap(), found);
}

#[test]
fn missing_responses_of_a_test_tier_are_noticed() {
    let (_folder, path) = video_folder(&VideoSession::new(&["train", "live_test", "live_test"]));
    assert!(!codes(&look(&path)).contains(&"partly-hidden-tier"));
    std::fs::remove_file(path.join("data/responses/2.npy")).unwrap();
    let found = look(&path);
    let warning = found.warnings.iter().find(|warning| warning.code == "partly-hidden-tier");
    let message = &warning.expect("a warning").message;
    assert!(message.contains("responses to only 1 of its 2 trials"), "{message}");
}

#[test]
fn rates_are_per_second_where_responses_are_counts() {
    let (_folder, path) = manifest_video(30, "[[tiers]]\nname = \"train\"\nframes = [0, 30]\n");
    let found = look(&path);
    // Counts 100 n + frame: means 14.5, 114.5, 214.5 at 10 frames a second.
    assert!((found.mean_rate_hz.unwrap() - 1145.0).abs() < 1e-9);
    assert_eq!(found.ceiling, None);
    assert_eq!(codes(&found).last(), Some(&"no-repeats"));
}

#[test]
fn odd_responses_are_noticed_and_graded() {
    let (folder, path) =
        manifest_video(30, "[[tiers]]\nname = \"fit\"\nframes = [0, 20]\ntrial_frames = 3\n");
    let file = folder.path().join("counts.npy");
    let mut counts = NpyFile::open(&file).unwrap().read_f64().unwrap();
    counts[[0, 4]] = f64::NAN;
    for frame in 0..30 {
        counts[[1, frame]] = 5.0;
        counts[[2, frame]] = if frame == 7 { -1.0 } else { (frame % 3) as f64 };
        counts[[0, frame]] = if frame == 4 { f64::NAN } else { (frame % 3) as f64 };
    }
    write(&file, &counts, Order::C);
    let found = look(&path);
    assert_eq!((found.n_missing_responses, found.neurons[0].n_missing), (1, 1));
    assert_eq!(found.neurons[2].n_negative, 1);
    let said = codes(&found);
    for code in [
        "missing-values",
        "constant-neurons",
        "negative-responses",
        "ambiguous-shape",
        "duplicate-trials",
        "no-train-tier",
    ] {
        assert!(said.contains(&code), "{code} in {said:?}");
    }
    let severities: Vec<Severity> = found.warnings.iter().map(|w| w.severity).collect();
    assert_eq!(severities[0], Severity::Error);
    assert!(severities.is_sorted_by(|a, b| a >= b));
    let recording = Inspection { name: "r".into(), sessions: vec![found] };
    assert_eq!(recording.worst(), Some(Severity::Error));
}

#[test]
fn stimuli_of_train_in_another_tier_are_leaks() {
    let mut session = VideoSession::new(&["train", "train", "oracle"]);
    session.trials[2].1 = 1;
    let (_folder, path) = video_folder(&session);
    assert!(codes(&look(&path)).contains(&"leaking-stimuli"));
    session.trials[2].1 = 2;
    let (_folder, path) = video_folder(&session);
    assert!(!codes(&look(&path)).contains(&"leaking-stimuli"));
}

#[test]
fn large_sessions_are_looked_at_in_part_with_repeats_together() {
    let mut session = VideoSession::new(&["train"; 40]);
    for (trial, entry) in session.trials.iter_mut().enumerate().skip(20) {
        *entry = ("oracle", 100 + trial / 4, [10; 4]);
    }
    let (_folder, path) = video_folder(&session);
    let per_trial = (10 * (SIZE[0] * SIZE[1] + N_NEURONS)) as u64;
    let found = look_with(&path, &InspectionConfig { max_values: 20 * per_trial });
    assert_eq!(found.n_trials_read, 10 + 12);
    assert_eq!(found.ceiling.as_ref().unwrap().n_stimuli, 3 * 10);
    assert!(codes(&found).contains(&"partly-read"));
}

#[test]
fn cancellation_stops_it() {
    let (_folder, path) = video_folder(&VideoSession::new(&["train"]));
    let recording = open(&path).unwrap();
    let cancel = CancelToken::new();
    cancel.cancel();
    let stopped = inspect(&recording, &InspectionConfig::default(), &mut NoProgress, &cancel);
    assert!(matches!(stopped, Err(RecordingError::Cancelled)));
}

#[test]
fn examples_show_different_frames_and_successive_responses() {
    let (_folder, path) = video_folder(&VideoSession::new(&["train", "train"]));
    let recording = open(&path).unwrap();
    let shown = examples(&recording.sessions[0], 4, 15).unwrap();
    let labels: Vec<&str> = shown.frames.iter().map(|frame| frame.label.as_str()).collect();
    let expected = ["trial 0, frame 1", "trial 0, frame 3", "trial 1, frame 6", "trial 1, frame 8"];
    assert_eq!(labels, expected);
    assert_eq!(shown.frames[0].pixels.dim(), (SIZE[0], SIZE[1]));
    assert_eq!(shown.responses.dim(), (N_NEURONS, 15));
    let raw = Array2::from_shape_fn((N_NEURONS, 15), |(neuron, column)| {
        VideoSession::response(column / 10, neuron, column % 10) as f32
    });
    assert_eq!(shown.responses, raw);
    assert_eq!((shown.column_name.as_str(), shown.column_step), ("time (s)", 1.0 / 30.0));
    let all = examples(&recording.sessions[0], 100, 100).unwrap();
    assert_eq!((all.frames.len(), all.responses.ncols()), (20, 20));
}
