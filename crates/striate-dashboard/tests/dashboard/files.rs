//! A folder with a recording, a run with scores and an experiment, and an extraction, made once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::json;
use striate_base::{CancelToken, NoProgress};
use striate_fit::{FitConfig, fit};
use striate_formats::npy;
use striate_formats::safetensors::{NamedTensor, write};
use striate_imaging::extraction::{ExtractionConfig, extract};
use striate_imaging::simulate::{CellConfig, MotionConfig, MovieSimulationConfig, SimulatedMovie};
use striate_imaging::{ArrayMovie, Movie};
use striate_model::Twin;
use striate_recording::simulate::{SimulationConfig, simulate};
use striate_recording::{Recording, RecordingConfig};
use striate_score::{ScoreConfig, ScoreFile, TwinPredictor, score_all};

pub(crate) const N_NEURONS: usize = 4;

/// Height and width of the stimulus.
pub(crate) const STIMULUS: [usize; 2] = [14, 20];

/// Frames, height and width of the movie.
pub(crate) const MOVIE: [usize; 3] = [300, 40, 44];

/// The folder, for tests that only read.
pub(crate) static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dashboard");
    // Of the last time: nothing removes what a static holds.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    make_run(&folder);
    make_experiment(&folder.join("runs/first"));
    make_extraction(&folder);
    folder
});

fn make_run(folder: &Path) {
    let (mut progress, cancel) = (NoProgress, CancelToken::new());
    let data = folder.join("data/mouse");
    let config = SimulationConfig { n_neurons: N_NEURONS, ..SimulationConfig::tiny() };
    simulate(&config.check().unwrap(), &data, &mut progress, &cancel).unwrap();
    let text = "
        [recording]
        path = \"data/mouse\"
        [model.core]
        kind = \"factorised-3d\"
        channels = [4]
        spatial_kernels = [5]
        temporal_kernels = [7]
        spatial_padding = \"same\"
        [fit]
        clip_frames = 12
        clips_per_batch = 2
        max_epochs = 3
        steps_per_epoch = 2
    ";
    let run = folder.join("runs/first");
    std::fs::create_dir_all(folder.join("runs")).unwrap();
    let config = FitConfig::from_toml(text, folder, &[]).unwrap().check().unwrap();
    fit(&config, &run, &mut progress, &cancel).unwrap();
    let twin = Twin::load(&run).unwrap();
    let recording = Recording::open(&RecordingConfig::at(&data)).unwrap();
    let predictor = TwinPredictor::new(&twin, &recording).unwrap();
    let scores =
        score_all(&[&predictor], &recording, &ScoreConfig::default(), &mut progress, &cancel);
    ScoreFile::new("hash".into(), scores.unwrap()).write(&run.join("scores.json")).unwrap();
    std::fs::write(run.join("report.html"), "<script>alert(1)</script>").unwrap();
}

/// As `striate probe` writes it, of the neurons 2 and 0.
pub(crate) fn make_experiment(run: &Path) {
    let folder = run.join("probe/tuning");
    std::fs::create_dir_all(&folder).unwrap();
    let text = json!({
        "format_version": 1, "producer": "striate 0.1.0", "experiment": "tuning", "session": "simulated-1",
        "provenance": {"twins": ["hash"], "data_hash": "hash", "seed": 1},
        "config": {"contrasts": [0.5, 1.0]}, "summary": {"n_neurons": 2.0},
        "columns": [
            {"name": "preferred", "unit": "deg", "about": "Where it is highest", "values": [90.0, null]},
            {"name": "preferred_error", "unit": "deg", "about": "Its error", "values": [2.5, null]},
        ],
        "neurons": [2, 0],
        "arrays": [
            {"name": "curve", "axes": ["neuron", "angle"], "unit": "response", "about": "Over angles"},
            {"name": "angle", "axes": ["angle"], "unit": "deg", "about": "Angles"},
            {"name": "matrix", "axes": ["a", "b"], "unit": "", "about": "Of all neurons together"},
        ],
    });
    std::fs::write(folder.join("session-0.json"), text.to_string()).unwrap();
    let tensors = [
        NamedTensor { name: "curve", shape: &[2, 3], values: &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0] },
        NamedTensor { name: "angle", shape: &[3], values: &[0.0, 60.0, 120.0] },
        NamedTensor { name: "matrix", shape: &[2, 2], values: &[1.0, 0.5, 0.5, f32::NAN] },
        NamedTensor { name: "secret", shape: &[1], values: &[7.0] },
    ];
    write(&folder.join("session-0.safetensors"), &tensors, &BTreeMap::new()).unwrap();
    std::fs::write(folder.join("session-0-b.svg"), "<svg xmlns=\"http://www.w3.org/2000/svg\"/>")
        .unwrap();
    std::fs::write(folder.join("session-0-a.png"), b"\x89PNG").unwrap();
    std::fs::write(folder.join("session-01.png"), b"of another session").unwrap();
}

fn make_extraction(folder: &Path) {
    let [n_frames, height, width] = MOVIE;
    let simulated = SimulatedMovie::new(MovieSimulationConfig {
        n_frames,
        height,
        width,
        cells: CellConfig { n_cells: 4, peak_snr: 5.0, ..CellConfig::default() },
        motion: MotionConfig::none(),
        ..MovieSimulationConfig::demo()
    })
    .unwrap();
    let mut frames = ndarray::Array3::zeros((n_frames, height, width));
    simulated.read(0..n_frames, frames.as_slice_mut().unwrap()).unwrap();
    let (movie, out) = (folder.join("movie.npy"), folder.join("extracted"));
    npy::write_f32(&movie, &frames.view().into_dyn()).unwrap();
    std::fs::create_dir_all(&out).unwrap();
    let config = ExtractionConfig { frame_rate_hz: 30.0, ..ExtractionConfig::default() };
    std::fs::write(out.join("config.toml"), toml::to_string(&config).unwrap()).unwrap();
    std::fs::write(out.join("movie.json"), json!({"path": movie}).to_string()).unwrap();
    let (movie, config) = (ArrayMovie::new(frames), config.check().unwrap());
    extract(&movie, "a", &config, None, &out, &mut NoProgress, &CancelToken::new()).unwrap();
}

/// A run that has begun and has no twin.
pub(crate) fn begin_run(folder: &Path, name: &str) -> PathBuf {
    let run = folder.join(name);
    std::fs::create_dir_all(&run).unwrap();
    std::fs::write(run.join("config.toml"), "[model.core]\nkind = \"static-2d\"\n").unwrap();
    std::fs::write(run.join("status.json"), "{\"state\": \"running\"}").unwrap();
    run
}

/// A line of `metrics.jsonl`.
pub(crate) fn record(epoch: u64, loss: f64) -> String {
    let record = striate_fit::MetricsRecord {
        epoch,
        step: 10 * epoch,
        stage: striate_fit::StageKind::All,
        learning_rate: 0.5,
        train_loss: loss,
        divergence: 0.0,
        regulariser: 0.0,
        validation_score: None,
        session_scores: BTreeMap::new(),
        best_score: Some(0.25),
        round: 0,
    };
    serde_json::to_string(&record).unwrap() + "\n"
}
