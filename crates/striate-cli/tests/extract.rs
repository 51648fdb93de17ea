//! `striate extract` end to end on a tiny simulated movie, sound and broken.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

#[path = "support/command.rs"]
mod command;
#[path = "support/npy.rs"]
mod npy;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use command::{Outcome, command, files_under, striate, text};
use striate::formats::npy::NpyFile;
use striate::formats::stack::{PixelType, TiffWriter};
use tempfile::TempDir;

const N_FRAMES: usize = 400;

/// Everything but times and seconds, which no two runs share.
const RESULTS: [&str; 11] = [
    "cells.csv",
    "cells.safetensors",
    "decomposition.json",
    "dff.npy",
    "events.csv",
    "factors.safetensors",
    "fluorescence.npy",
    "images.safetensors",
    "recording.toml",
    "regions.json",
    "spikes.npy",
];

/// Fits in a second: a bias and a readout of a small convolution.
const FIT: &str = r#"
[recording]
path = "PATH"

[model.core]
kind = "factorised-3d"
channels = [2, 2]
spatial_kernels = [3, 3]
temporal_kernels = [3, 3]
spatial_padding = "same"

[fit]
clip_frames = 20
clips_per_batch = 1
max_steps = 3
"#;

/// A folder with `movie.tif` and `truth`: 400 frames of 48 x 48, five cells.
struct Movie(TempDir);

impl Movie {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut words = vec!["simulate".to_owned(), "movie".into(), "--quiet".into()];
        words.extend(["--out".into(), text(folder.path())]);
        for set in [
            "n_frames=400",
            "height=48",
            "width=48",
            "cells.n_cells=5",
            "cells.peak_snr=4",
            "motion.drift_px=0",
            "motion.jitter_px=0",
            "motion.jump_rate_hz=0",
        ] {
            words.extend(["--set".into(), set.into()]);
        }
        striate(&words).succeeded();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn extract(&self, out: &str, more: &[&str]) -> Outcome {
        striate(&self.words(out, more))
    }

    fn words(&self, out: &str, more: &[&str]) -> Vec<String> {
        let (movie, out) = (text(&self.path("movie.tif")), text(&self.path(out)));
        let words = ["extract", &movie, "--out", &out, "--json", "--quiet"];
        words.iter().chain(more).map(ToString::to_string).collect()
    }
}

#[test]
fn a_movie_becomes_cells_traces_a_page_and_a_recording() {
    let movie = Movie::new();
    let first = movie.extract("out", &[]).succeeded().json();
    let n_cells = first["n_cells"].as_u64().unwrap() as usize;
    assert_eq!(first["shape"], serde_json::json!([N_FRAMES, 48, 48]));
    assert_eq!(first["frame_rate_hz"], 30.0);
    let truth = &first["truth"];
    assert!(truth["recall"].as_f64().unwrap() >= 0.8, "{truth}");
    assert!(truth["trace_correlation_median"].as_f64().unwrap() > 0.9, "{truth}");
    for key in ["registration", "decomposition", "stages", "peak_mb", "seconds", "report"] {
        assert!(first.get(key).is_some(), "no {key} in {first}");
    }
    let out = movie.path("out");
    for name in RESULTS.iter().chain(&["config.toml", "provenance.json", "calcium.npy"]) {
        assert!(out.join(name).is_file(), "{name} is missing");
    }
    let spikes = NpyFile::open(&out.join("spikes.npy")).unwrap();
    assert_eq!(spikes.shape(), [n_cells, N_FRAMES]);
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("movie.tif") && page.contains("simulated movie"));
    // A second call takes the stages that were kept: the seconds of each are those of the first.
    let factors = fs::metadata(out.join("factors.safetensors")).unwrap().modified().unwrap();
    let second = movie.extract("out", &[]).succeeded().json();
    assert_eq!(second["stages"], first["stages"]);
    let now = fs::metadata(out.join("factors.safetensors")).unwrap().modified().unwrap();
    assert_eq!(factors, now);
    let manifest = text(&out.join("recording.toml"));
    let inspected = striate(&["inspect", &manifest, "--json"]).succeeded().json();
    assert_eq!(inspected["sessions"][0]["n_neurons"], n_cells);
    // Nothing that is found: a page all the same, and no recording of other cells.
    let none = movie.extract("out", &["--set", "demixing.min_strength=1000"]).succeeded().json();
    assert_eq!((&none["n_cells"], &none["truth"]["f1"]), (&0.into(), &0.0.into()));
    assert!(out.join("report.html").is_file() && !out.join("recording.toml").exists());
}

#[test]
fn known_cells_keep_their_order() {
    let movie = Movie::new();
    movie.extract("out", &[]).succeeded();
    let regions = text(&movie.path("out/regions.json"));
    let known = movie.extract("known", &["--regions", &regions]).succeeded().json();
    // Compared with themselves they would only look well.
    assert!(known["truth"].is_null(), "{known}");
    let centres = |out: &str| -> Vec<f64> {
        let table = fs::read_to_string(movie.path(out).join("cells.csv")).unwrap();
        table.lines().skip(1).map(|line| line.split(',').nth(1).unwrap().parse().unwrap()).collect()
    };
    let (found, known) = (centres("out"), centres("known"));
    assert_eq!(found.len(), known.len());
    assert!(found.iter().zip(&known).all(|(a, b)| (a - b).abs() < 1.0), "{found:?} {known:?}");
}

#[test]
fn what_was_shown_makes_a_recording_that_fits() {
    let movie = Movie::new();
    let video = (0..N_FRAMES * 64).map(|i| (i * 7919 % 61) as f32 / 30.0 - 1.0);
    npy::write_f32(&movie.path("video.npy"), &[N_FRAMES, 8, 8], video);
    let shown = "name = \"shown\"\n[stimulus]\npath = \"video.npy\"\naxes = [\"frame\", \"y\", \"x\"]\n\
                 [[tiers]]\nname = \"train\"\nframes = [0, 300]\ntrial_frames = 100\n\
                 [[tiers]]\nname = \"validation\"\nframes = [300, 400]\n";
    fs::write(movie.path("stimulus.toml"), shown).unwrap();
    let stimulus = text(&movie.path("stimulus.toml"));
    movie.extract("out", &["--stimulus", &stimulus]).succeeded();
    let manifest = text(&movie.path("out/recording.toml"));
    striate(&["inspect", &manifest, "--json"]).succeeded();
    let config = movie.path("fit.toml");
    fs::write(&config, FIT.replace("PATH", &manifest)).unwrap();
    let run = text(&movie.path("run"));
    striate(&["fit", &text(&config), "--out", &run, "--quiet"]).succeeded();
    assert!(movie.path("run/twin.safetensors").is_file());
}

#[test]
fn presentations_become_images_and_repeats() {
    let movie = Movie::new();
    npy::write_f32(&movie.path("images.npy"), &[4, 8, 8], (0..256).map(|i| (i % 7) as f32));
    let shown = "name = \"shown\"\n[stimulus]\npath = \"images.npy\"\naxes = [\"image\", \"y\", \"x\"]\n\
                 [[tiers]]\nname = \"train\"\nimages = [0, 3]\n\
                 [[tiers]]\nname = \"validation\"\nimages = [3, 4]\n";
    fs::write(movie.path("stimulus.toml"), shown).unwrap();
    let mut table = String::from("image,first_frame,end_frame\n");
    // Each image twice, the last once.
    (0..7).for_each(|i| table += &format!("{},{},{}\n", i % 4, i * 50, i * 50 + 10));
    fs::write(movie.path("shown.csv"), table).unwrap();
    let (stimulus, shown) = (text(&movie.path("stimulus.toml")), text(&movie.path("shown.csv")));
    let more = ["--stimulus", &stimulus, "--presentations", &shown];
    let n_cells = movie.extract("out", &more).succeeded().json()["n_cells"].as_u64().unwrap();
    let read =
        |name: &str| NpyFile::open(&movie.path("out").join(name)).unwrap().read_f32().unwrap();
    let (responses, spikes) = (read("responses.npy"), read("spikes.npy"));
    assert_eq!(responses.shape(), [n_cells as usize, 4, 2]);
    assert!(responses[[0, 3, 1]].is_nan());
    // Image 1 was shown again as presentation 5.
    let mean = (250..260).map(|frame| spikes[[0, frame]]).sum::<f32>() / 10.0;
    assert!((responses[[0, 1, 1]] - mean).abs() <= 1e-6 * mean.abs().max(1.0));
    striate(&["inspect", &text(&movie.path("out/recording.toml"))]).succeeded();
    fs::write(movie.path("shown.csv"), "image,first_frame,end_frame\n0,10,9\n").unwrap();
    let wrong = movie.extract("out", &more);
    assert_eq!(wrong.code, Some(3), "{wrong:?}");
    assert!(wrong.stderr.contains("line 2: found `0,10,9`"), "{wrong:?}");
}

#[test]
fn simulated_movies_are_never_overwritten() {
    let movie = Movie::new();
    let before = fs::read(movie.path("movie.tif")).unwrap();
    let again = striate(&["simulate", "movie", "--out", &text(movie.0.path())]);
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.stderr.contains("nothing is overwritten"), "{again:?}");
    assert!(before == fs::read(movie.path("movie.tif")).unwrap());
    let preset = striate(&["simulate", "movie", "--preset", "tiny", "--out", "x"]);
    assert_eq!(preset.code, Some(2), "{preset:?}");
}

#[test]
fn what_is_wrong_is_named() {
    let movie = Movie::new();
    let key = movie.extract("out", &["--set", "demixing.diametre_px=9"]);
    assert_eq!(key.code, Some(2), "{key:?}");
    assert!(key.stderr.contains("nearest known key is `demixing.diameter_px`"), "{key:?}");
    let memory = movie.extract("out", &["--memory-limit", "10MB"]);
    assert_eq!(memory.code, Some(4), "{memory:?}");
    let silent = movie.path("silent.tif");
    let mut writer = TiffWriter::create(&silent, [8, 8], PixelType::U16, Some(1)).unwrap();
    writer.write_frame(&[1.0; 64]).unwrap();
    writer.finish().unwrap();
    let out = text(&movie.path("out"));
    let rate = striate(&["extract", &text(&silent), "--out", &out]);
    assert_eq!(rate.code, Some(2), "{rate:?}");
    assert!(rate.stderr.contains("--set frame_rate_hz=RATE"), "{rate:?}");
    let file = fs::File::options().write(true).open(movie.path("movie.tif")).unwrap();
    file.set_len(100_000).unwrap();
    let cut = movie.extract("out", &[]);
    assert_eq!(cut.code, Some(3), "{cut:?}");
    assert!(cut.stderr.contains("movie.tif") && !cut.stderr.contains("panicked"), "{cut:?}");
    assert!(!movie.path("out/report.html").exists());
}

#[test]
fn killed_extractions_end_with_the_same_bits() {
    let movie = Movie::new();
    let more = ["--threads", "2", "--set", "register=rigid"];
    let clock = Instant::now();
    movie.extract("whole", &more).succeeded();
    let whole = clock.elapsed();
    let mut n_killed = 0;
    for part in [0.15, 0.3, 0.45, 0.6, 0.75, 0.9] {
        n_killed += u32::from(killed(&movie.words("killed", &more), whole.mul_f64(part)));
    }
    movie.extract("killed", &more).succeeded();
    assert!(n_killed > 0, "no kill hit an extraction at work");
    for name in RESULTS {
        let [a, b] = ["whole", "killed"].map(|out| fs::read(movie.path(out).join(name)).unwrap());
        assert!(a == b, "{name} differs from the uninterrupted run's");
    }
    for file in files_under(&movie.path("killed")) {
        assert!(!is_temporary(&file), "left behind: {}", file.display());
    }
}

fn is_temporary(file: &Path) -> bool {
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    name.ends_with(".tmp") || name.contains("scratch")
}

/// Begin or go on and kill it; whether the kill came in time.
fn killed(words: &[String], after: Duration) -> bool {
    let mut child = command(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(after);
    let ended = child.try_wait().unwrap().is_some();
    child.kill().unwrap();
    child.wait().unwrap();
    !ended
}
