//! Manifests of real recordings. Needs `STRIATE_DATA`, the folder that holds them.

use std::io::Write;
use std::path::{Path, PathBuf};

use striate_base::{CancelToken, NoProgress};
use striate_recording::{
    InspectionConfig, Recording, RecordingConfig, StimulusFeature, StimulusKind, inspect,
    response_triggered_average,
};

/// The two complete examples of `docs/recordings.md`.
const DOCUMENT: &str = include_str!("../../../docs/recordings.md");

/// The folder with real recordings; without it the test says that it was skipped.
fn data(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("STRIATE_DATA").map(PathBuf::from);
    if folder.is_none() {
        // Past the capture of passing tests' output.
        let _ = writeln!(std::io::stderr(), "SKIPPED {test}: STRIATE_DATA is not set");
    }
    folder
}

/// The manifest of that name in the document, written to a folder.
fn manifest(name: &str, folder: &Path) -> PathBuf {
    let marked = format!("name = \"{name}\"");
    let block = DOCUMENT.split("```toml\n").find(|block| block.contains(&marked));
    let text = block.and_then(|block| block.split("```").next()).expect("example in the document");
    let path = folder.join(format!("{name}.toml"));
    std::fs::write(&path, text).expect("manifest can be written");
    path
}

fn open(name: &str, root: &Path) -> Recording {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = manifest(name, folder.path());
    let config = RecordingConfig { root: Some(root.to_owned()), ..RecordingConfig::at(path) };
    Recording::open(&config).expect("recording opens")
}

#[test]
fn salamander_retina_opens_with_its_shapes_and_receptive_fields() {
    let Some(data) = data("salamander_retina") else { return };
    let folder = data.join("rgc-whitenoise-salamander");
    let recording = open("rgc-whitenoise-salamander", &folder);
    let session = &recording.sessions[0];
    let info = &session.info;
    assert_eq!((info.kind, info.n_neurons), (StimulusKind::Video, 135));
    assert_eq!((info.height, info.width, info.frame_rate_hz), (64, 64, Some(30.0)));
    let frames = |tier: &str| -> usize {
        session.trials_of(tier).iter().map(|&trial| info.trials[trial].n_frames).sum()
    };
    assert_eq!((frames("train"), frames("validation")), (24_000, 6_000));
    let data = session.load(session.trials_of("validation")[0], 100..110).unwrap();
    assert!(data.stimulus.iter().all(|&value| value == -1.0 || value == 1.0));

    // The readme: spike-triggered averages at lags 4 to 5 stand at the centres in `center_xy`.
    let averages = response_triggered_average(
        session,
        "validation",
        6,
        (StimulusFeature::Intensity, 0..session.info.n_neurons),
        &CancelToken::new(),
    )
    .unwrap();
    let counts =
        striate_formats::npz::NpzFile::open(&folder.join("spike_counts_0_30000.npz")).unwrap();
    let centres = counts.read_i64("center_xy").unwrap();
    let origin = [67.0, 45.0];
    let mut close = 0;
    for neuron in 0..135 {
        let average = averages.slice(ndarray::s![neuron, 4..6, .., ..]);
        let peak = average.indexed_iter().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).unwrap();
        let (_, row, column) = peak.0;
        let x = centres[[neuron, 0]] as f64 - origin[0] - column as f64;
        let y = centres[[neuron, 1]] as f64 - origin[1] - row as f64;
        close += usize::from(x.hypot(y) <= 6.0);
    }
    // Most cells are too noisy for their largest pixel after 6000 frames. Of a map of 64 x 64 pixels a
    // circle of radius 6 is 3 %: 135 wrong maps, as of transposed pixels, would give 4.
    assert!(close > 40, "{close} of 135 averages peak near the published centre");
}

#[test]
fn macaque_v4_opens_all_sessions_jointly() {
    let Some(data) = data("macaque_v4") else { return };
    let recording = open("v4-natural-images", &data.join("v4-natural-images"));
    let sizes: Vec<(usize, usize)> = recording
        .sessions
        .iter()
        .map(|session| (session.info.n_neurons, session.info.trials.len()))
        .collect();
    let expected = [
        (33, 1200),
        (36, 1200),
        (31, 1200),
        (24, 1200),
        (33, 1200),
        (82, 600),
        (88, 600),
        (80, 600),
        (50, 640),
    ];
    assert_eq!(sizes, expected);
    for session in &recording.sessions {
        assert_eq!((session.info.kind, session.info.height), (StimulusKind::Image, 56));
        let tiers = session.tiers();
        let n = session.info.trials.len();
        assert_eq!((tiers["train"], tiers["validation"]), (n * 7 / 10, n / 10));
    }
    // `gray56` was made from the same pictures by box averages of 2 x 2 pixels, rounded.
    let file = data.join("v4-natural-images/gray56_190923.npz");
    let grey = striate_formats::npz::NpzFile::open(&file).unwrap().read_f32("images").unwrap();
    let session = &recording.sessions[0];
    for image in [0, 599, 1199] {
        let loaded = session.load_whole(image).unwrap().stimulus;
        let ours = loaded.index_axis(ndarray::Axis(0), 0).mapv(|value| value * 50.0 + 110.0);
        let theirs = grey.index_axis(ndarray::Axis(0), image);
        let largest = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        // JPEG decoders may differ by 1 or 2 grey levels, rounding adds a half.
        assert!(largest < 4.0, "image {image}: {largest}");
    }
}

#[test]
fn macaque_v4_single_trials_give_ceilings() {
    let Some(data) = data("macaque_v4_single_trials") else { return };
    let recording = open("v4-single-trials", &data.join("v4-natural-images"));
    let found =
        inspect(&recording, &InspectionConfig::default(), &mut NoProgress, &CancelToken::new());
    let found = found.unwrap();
    for session in &found.sessions {
        let ceiling = session.ceiling.as_ref().unwrap();
        assert_eq!(session.n_missing_responses, 0);
        assert!((0.2..0.9).contains(&ceiling.mean), "{}: {ceiling:?}", session.id);
        println!("{}: {} trials, {ceiling:?}", session.id, session.n_trials);
    }
}

/// The manifest of that name in `configs/recordings`.
fn open_config(name: &str, root: &Path) -> Recording {
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/recordings");
    let path = configs.join(format!("{name}.toml"));
    let config = RecordingConfig { root: Some(root.to_owned()), ..RecordingConfig::at(path) };
    Recording::open(&config).expect("recording opens")
}

#[test]
fn delayed_reaches_are_trials_of_twenty_frames_without_a_stimulus() {
    let Some(data) = data("delayed_reaches") else { return };
    let folder = data.join("gpfa-delayed-reach");
    let recording = open_config("gpfa-delayed-reach", &folder);
    let session = &recording.sessions[0];
    let info = &session.info;
    assert_eq!((info.n_neurons, info.height, info.width), (53, 1, 1));
    assert!(info.trials.len() == 56 && info.trials.iter().all(|trial| trial.n_frames == 20));
    assert_eq!(session.tiers().values().sum::<usize>(), 56);
    let file = striate_formats::npz::NpzFile::open(&folder.join("sample_dat.npz")).unwrap();
    let spikes = file.read_i64("spikes_1ms").unwrap();
    let mut n_spikes = 0.0;
    for trial in 0..56 {
        let data = session.load_whole(trial).unwrap();
        assert!(data.stimulus.iter().all(|&value| value == 0.0));
        let counts = data.responses.unwrap();
        let own = spikes.index_axis(ndarray::Axis(0), trial);
        for neuron in [0, 17, 52] {
            let direct = own.slice(ndarray::s![neuron, 60..80]).sum();
            assert_eq!(counts[[3, neuron]], direct as f32);
        }
        n_spikes += f64::from(counts.sum());
    }
    // The readme: a mean rate of 13.9 Hz.
    let rate_hz = n_spikes / (56.0 * 53.0 * 0.4);
    assert!((rate_hz - 13.9).abs() < 0.05, "{rate_hz}");
}

#[test]
fn macaque_motor_cortex_opens_with_the_velocity_of_the_hand() {
    let Some(data) = data("macaque_motor_cortex") else { return };
    let recording = open_config("m1-reach-macaque", &data.join("m1-reach-macaque"));
    let session = &recording.sessions[0];
    let info = &session.info;
    assert_eq!((info.n_neurons, info.n_behaviour, info.frame_rate_hz), (171, 3, Some(20.0)));
    let tiers = session.tiers();
    assert_eq!((tiers["train"], tiers["validation"], tiers["test"]), (108, 16, 31));
    let n_frames: usize = info.trials.iter().map(|trial| trial.n_frames).sum();
    assert_eq!(n_frames, 15_536);
    let found =
        inspect(&recording, &InspectionConfig::default(), &mut NoProgress, &CancelToken::new());
    let found = found.unwrap();
    assert_eq!(found.sessions[0].n_missing_responses, 0);
}
