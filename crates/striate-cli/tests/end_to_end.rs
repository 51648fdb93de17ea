//! The verbs one after another on a tiny recording, as somebody at a terminal uses them.

#[path = "support/command.rs"]
mod command;
#[path = "support/tiny.rs"]
mod tiny;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use command::{Outcome, command, striate, text};
use serde_json::Value;
use striate::formats::npy::NpyFile;
use striate::formats::npz::NpzFile;
use striate::formats::safetensors;

const TIERS: [&str; 2] = ["live_test_main", "oracle"];

const METRICS: [&str; 4] =
    ["single_trial_correlation", "correlation_to_average", "feve", "fraction_of_ceiling"];

/// A run fitted in a few steps, in `folder/run`.
fn fitted(folder: &Path) -> PathBuf {
    let config = tiny::recording_and_config(folder);
    let run = folder.join("run");
    striate(&["fit", &text(&config), "--out", &text(&run), "--set", "fit.max_steps=12"])
        .succeeded();
    run
}

#[test]
fn recording_is_inspected_in_words_in_numbers_and_as_a_picture() {
    let folder = tempfile::tempdir().unwrap();
    let session = tiny::recording(&folder.path().join("data"));
    let words = striate(&["inspect", &text(&session), "--quiet"]).succeeded();
    for expected in ["6 neurons", "13 trials", "14 x 20 pixels", "2 stimuli x 2", "ceiling:"] {
        assert!(words.stdout.contains(expected), "no `{expected}` in {}", words.stdout);
    }
    assert_eq!(words.stderr, "");
    let picture = folder.path().join("session.png");
    let found =
        striate(&["inspect", &text(&session), "--json", "--picture", &text(&picture)]).succeeded();
    let inspected = &found.json()["sessions"][0];
    assert_eq!(inspected["id"], tiny::SESSION);
    assert_eq!(inspected["n_neurons"], tiny::N_NEURONS);
    assert_eq!(inspected["tiers"]["train"]["n_trials"], 6);
    assert_eq!(inspected["n_missing_responses"], 0);
    assert!(std::fs::read(&picture).unwrap().starts_with(b"\x89PNG\r\n\x1a\n"));
}

#[test]
fn simulation_is_never_overwritten_and_the_seed_decides_it() {
    let folder = tempfile::tempdir().unwrap();
    let simulate = |name: &str, seed: &str| {
        let out = text(&folder.path().join(name));
        striate(&["simulate", "--preset", "tiny", "--seed", seed, "--out", &out, "--json"])
    };
    let first = simulate("a", "5").succeeded().json();
    assert_eq!((&first["seed"], &first["sessions"][0]["n_trials"]), (&5.into(), &13.into()));
    simulate("b", "5").succeeded();
    simulate("c", "6").succeeded();
    let responses = |name: &str| {
        let session = folder.path().join(name).join(tiny::SESSION);
        std::fs::read(session.join("data/responses/3.npy")).unwrap()
    };
    assert_eq!(responses("a"), responses("b"));
    assert_ne!(responses("a"), responses("c"));
    let refused = simulate("a", "6");
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains(tiny::SESSION), "{refused:?}");
}

#[test]
fn scores_hold_what_programs_rely_on() {
    let folder = tempfile::tempdir().unwrap();
    let run = fitted(folder.path());
    let scores = striate(&["score", &text(&run), "--json"]).succeeded();
    let value = scores.json();
    for scored in [&value, &value["baseline"]] {
        for tier in TIERS {
            let of_tier = &scored["tiers"][tier];
            check_metrics(&of_tier["pooled"]);
            check_metrics(&of_tier["sessions"][tiny::SESSION]);
        }
        assert!(scored["tiers"]["train"].is_null(), "trials that were fitted are not scored");
    }
    for row in ["linear-nonlinear", "twin", "noise ceiling"] {
        assert!(scores.stderr.contains(row), "no {row} in {}", scores.stderr);
    }
    let table = std::fs::read_to_string(run.join("neurons.csv")).unwrap();
    // Two predictors, two tiers and a heading.
    assert_eq!(table.lines().count(), 2 * TIERS.len() * tiny::N_NEURONS + 1, "{table}");
    assert!(run.join("scores.json").is_file());
    let one = ["score", &text(&run), "--json", "--no-baseline", "--tier", "oracle"];
    let one = striate(&one).succeeded().json();
    assert!(one["baseline"].is_null() && one["tiers"]["live_test_main"].is_null(), "{one}");
    assert_eq!(one["tiers"]["oracle"], value["tiers"]["oracle"]);
}

/// Every metric is there: a summary, or null where it is not defined.
fn check_metrics(metrics: &Value) {
    let metrics = metrics.as_object().expect("metrics by name");
    for name in METRICS {
        let summary = metrics.get(name).unwrap_or_else(|| panic!("no {name}: {metrics:?}"));
        if summary.is_null() {
            continue;
        }
        assert!(summary["mean"].is_f64() && summary["median"].is_f64(), "{name}: {summary}");
        let n = summary["n_neurons"].as_u64().expect("a number of neurons");
        assert!((1..=tiny::N_NEURONS as u64).contains(&n), "{name}: {summary}");
    }
    let n_neurons = &metrics["single_trial_correlation"]["n_neurons"];
    assert_eq!(n_neurons, tiny::N_NEURONS, "correlations are defined for every neuron");
}

#[test]
fn predictions_are_the_same_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let run = fitted(folder.path());
    let predict = |name: &str| {
        let out = folder.path().join(name);
        let tier = ["--tier", "oracle", "--json"];
        let words = ["predict", &text(&run), "--out", &text(&out)];
        let told = striate(&[&words[..], &tier[..]].concat()).succeeded().json();
        assert_eq!((&told["n_trials"], &told["axes"][0]), (&4.into(), &"frame".into()));
        out
    };
    let archive = NpzFile::open(&predict("predictions.npz")).unwrap();
    let (tensors, metadata) = safetensors::read(&predict("predictions.safetensors")).unwrap();
    let arrays = predict("predictions");
    assert_eq!(metadata["axes"], "frame, neuron");
    assert_eq!(archive.names().len(), 4);
    for name in archive.names() {
        assert!(name.starts_with(tiny::SESSION), "{name}");
        let rates = archive.read_f32(name).unwrap();
        assert_eq!(rates.shape(), [70, tiny::N_NEURONS]);
        // Kernels of 7 and 3 frames leave 8 frames without a prediction.
        let n_missing = rates.iter().filter(|rate| rate.is_nan()).count();
        assert_eq!(n_missing, 8 * tiny::N_NEURONS);
        let bits: Vec<u32> = rates.iter().map(|rate| rate.to_bits()).collect();
        let tensor = tensors.iter().find(|tensor| tensor.name == name).expect("tensor of a trial");
        assert_eq!(tensor.values.iter().map(|rate| rate.to_bits()).collect::<Vec<_>>(), bits);
        let file = NpyFile::open(&arrays.join(format!("{name}.npy"))).unwrap().read_f32().unwrap();
        assert_eq!(file.iter().map(|rate| rate.to_bits()).collect::<Vec<_>>(), bits);
    }
    let wrong = ["predict", &text(&run), "--out", "predictions.pt"];
    assert_eq!(striate(&wrong).code, Some(2));
}

#[test]
fn submission_is_written_checked_and_scored() {
    let folder = tempfile::tempdir().unwrap();
    let run = text(&fitted(folder.path()));
    let out = text(&folder.path().join("submission"));
    let written = striate(&["submit", &run, "--track", "2023", "--out", &out, "--json"]);
    let files = written.succeeded().json()["files"].clone();
    let file = files[0].as_str().expect("a file").to_owned();
    assert!(file.ends_with("predictions_live_main.parquet.brotli"), "{file}");
    assert_eq!(files.as_array().map(Vec::len), Some(1), "{files}");

    let checked = striate(&["submit", &run, "--check", &file, "--json"]).succeeded().json();
    let scores = striate(&["score", &run, "--json", "--no-baseline"]).succeeded().json();
    let mean = |of: &Value| {
        let correlation = &of["tiers"]["live_test_main"]["pooled"]["single_trial_correlation"];
        correlation["mean"].as_f64().expect("a mean correlation")
    };
    // Files hold the same 32-bit numbers that are scored directly.
    assert_eq!(mean(&checked["files"][&file]), mean(&scores));

    let official = ["--names", "official-writer", "--tier", "oracle", "--json"];
    let words = ["submit", &run, "--track", "2023", "--out", &out];
    let files = striate(&[&words[..], &official[..]].concat()).succeeded().json();
    let file = files["files"][0].as_str().expect("a file");
    assert!(file.ends_with("predictions_file_oracle_main_track.parquet.brotli"), "{file}");

    let images = striate(&["submit", &run, "--track", "2022", "--out", &out]);
    assert_eq!(images.code, Some(2), "{images:?}");
}

#[test]
fn report_needs_neither_network_nor_scripts() {
    let folder = tempfile::tempdir().unwrap();
    let run = fitted(folder.path());
    let told = striate(&["report", &text(&run), "--json"]).succeeded().json();
    let page = run.join("report.html");
    assert_eq!(told["report"], text(&page));
    let html = std::fs::read_to_string(page).unwrap();
    for forbidden in ["http://", "https://", "<script", "src=\"/", "@import", "<link", "<iframe"] {
        assert!(!html.contains(forbidden), "{forbidden} in the report");
    }
    for expected in
        ["<html", "data:image/svg+xml;base64,", "</html>", "oracle", "noise ceiling", tiny::SESSION]
    {
        assert!(html.contains(expected), "no {expected} in the report");
    }
    let again = folder.path().join("again.html");
    striate(&["report", &text(&run), "--out", &text(&again)]).succeeded();
    assert!(again.is_file());
}

#[test]
fn recording_that_moved_is_found_again_and_nothing_else_can_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    let run = text(&fitted(folder.path()));
    let moved = folder.path().join("elsewhere");
    std::fs::rename(folder.path().join("data"), &moved).unwrap();
    let lost = striate(&["score", &run, "--no-baseline"]);
    assert_eq!(lost.code, Some(3), "{lost:?}");
    assert!(lost.stderr.contains("data"), "{lost:?}");
    striate(&["score", &run, "--no-baseline", "--recording", &text(&moved)]).succeeded();
    let refused = striate(&["score", &run, "--set", "model.core.channels=[1]"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
}

#[test]
fn interrupted_fit_exits_with_130_and_goes_on_with_what_it_printed() {
    let folder = tempfile::tempdir().unwrap();
    let config = tiny::recording_and_config(folder.path());
    let (whole, run) = (folder.path().join("whole"), folder.path().join("run"));
    striate(&long_fit(&config, &whole)).succeeded();
    let child = begun(&config, &run);
    interrupt(&child);
    let stopped: Outcome = child.wait_with_output().unwrap().into();
    assert_eq!(stopped.code, Some(130), "{stopped:?}");
    let printed = stopped.stderr.lines().find_map(|line| line.split_once("go on with: striate "));
    let printed = printed.expect("how to go on").1;
    let status = std::fs::read_to_string(run.join("status.json")).unwrap();
    assert!(status.contains("interrupted"), "{status}");
    let unfinished = striate(&["score", &text(&run)]);
    assert_eq!(unfinished.code, Some(2), "{unfinished:?}");
    assert!(unfinished.stderr.contains("not finished"), "{unfinished:?}");

    let words: Vec<&str> = printed.split(' ').collect();
    striate(&words).succeeded();
    for file in ["twin.safetensors", "metrics.jsonl"] {
        let (a, b) = (std::fs::read(whole.join(file)), std::fs::read(run.join(file)));
        assert_eq!(a.unwrap(), b.unwrap(), "{file}");
    }
}

#[test]
fn two_processes_cannot_write_one_run() {
    let folder = tempfile::tempdir().unwrap();
    let config = tiny::recording_and_config(folder.path());
    let run = folder.path().join("run");
    let mut first = begun(&config, &run);
    let second = striate(&long_fit(&config, &run));
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(second.code, Some(2), "{second:?}");
    let expected = format!("locked by pid {}", first.id());
    assert!(second.stderr.contains(&expected), "no `{expected}`: {second:?}");
    assert!(second.stderr.trim_end().ends_with(&text(&run)), "{second:?}");
}

#[test]
fn unknown_key_is_refused_with_the_nearest_known_one() {
    let folder = tempfile::tempdir().unwrap();
    let config = tiny::recording_and_config(folder.path());
    let run = folder.path().join("run");
    for (given, nearest) in [
        ("fit.lerning_rate=0.1", "fit.learning_rate"),
        ("model.core.chanels=[4]", "model.core.channels"),
        ("recording.rot=x", "recording.root"),
    ] {
        let refused = striate(&["fit", &text(&config), "--out", &text(&run), "--set", given]);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains(&format!("`{nearest}`")), "{refused:?}");
        assert!(!run.exists(), "nothing is written for a refused configuration");
    }
    let out = text(&folder.path().join("simulated"));
    let refused = striate(&["simulate", "--set", "n_neuron=3", "--out", &out]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("`n_neurons`"), "{refused:?}");
}

#[test]
fn zero_inflated_twin_goes_through_all_verbs() {
    let folder = tempfile::tempdir().unwrap();
    let config = tiny::recording_and_config(folder.path());
    let run = text(&folder.path().join("run"));
    let kind = "model.likelihood.kind=zero-inflated-gamma";
    let fit = ["fit", &text(&config), "--out", &run, "--set", "fit.max_steps=12", "--set", kind];
    striate(&fit).succeeded();
    let scored = striate(&["score", &run, "--no-baseline", "--json"]).succeeded().json();
    let pooled = &scored["tiers"]["oracle"]["log_likelihood"]["pooled"];
    let bits = |key: &str| pooled[key]["mean"].as_f64().unwrap();
    // A silent frame is worth log2(1 / 0.005) bits more as a density.
    assert!(bits("bits_density") > bits("bits_point_mass"), "{pooled}");
    assert!(bits("bits_released").is_finite(), "{pooled}");
    let factors = ["score", &run, "--no-baseline", "--condition", "half", "--factors", "2"];
    let given = striate(&[&factors[..], &["--json"]].concat()).succeeded().json();
    let given = &given["factor_analysis"]["half"]["tiers"]["oracle"];
    assert!(given["pooled"]["single_trial_correlation"]["mean"].is_f64(), "{given}");
    assert!(given["log_likelihood"]["pooled"]["bits_density"]["mean"].is_f64(), "{given}");
    let refused = striate(&["score", &run, "--factors", "2"]);
    assert!(refused.code == Some(2) && refused.stderr.contains("--condition"), "{refused:?}");
    let words = striate(&["score", &run, "--no-baseline"]).succeeded();
    assert!(words.stdout.contains("bits per neuron and frame"), "{}", words.stdout);
    let table = std::fs::read_to_string(Path::new(&run).join("neurons.csv")).unwrap();
    assert!(table.lines().next().unwrap().ends_with(",bits_density"), "{table}");
    let out = folder.path().join("predictions");
    striate(&["predict", &run, "--tier", "oracle", "--out", &text(&out)]).succeeded();
    assert!(out.is_dir());
    striate(&["report", &run]).succeeded();
    assert!(Path::new(&run).join("report.html").exists());
}

#[test]
fn shipped_configuration_of_the_salamander_retina_works() {
    let Some(data) = std::env::var_os("STRIATE_DATA").map(PathBuf::from) else {
        // Not with `println!`: the output of tests that pass is not shown.
        let _ = writeln!(std::io::stderr(), "SKIPPED salamander retina: STRIATE_DATA is not set");
        return;
    };
    let root = format!("recording.root={}", text(&data.join("rgc-whitenoise-salamander")));
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/rgc-whitenoise.toml");
    let config = text(&config);
    let found = striate(&["inspect", &config, "--set", &root, "--json"]).succeeded().json();
    assert_eq!(found["sessions"][0]["n_neurons"], 135);
    let folder = tempfile::tempdir().unwrap();
    let run = text(&folder.path().join("run"));
    let fit = ["fit", &config, "--set", &root, "--set", "fit.max_steps=3", "--out", &run, "--json"];
    let summary = striate(&fit).succeeded().json()["summary"].clone();
    assert_eq!((&summary["steps"], &summary["ended_by"]), (&3.into(), &"max-steps".into()));
    assert!(summary["best_score"].is_f64(), "{summary}");
}

/// A fit of some seconds.
fn long_fit(config: &Path, run: &Path) -> Vec<String> {
    let words = ["fit", &text(config), "--out", &text(run), "--set", "fit.max_epochs=60"];
    words.iter().map(ToString::to_string).collect()
}

/// That fit, which has done its first epoch.
fn begun(config: &Path, run: &Path) -> Child {
    let mut fit = command(&long_fit(config, run));
    let child = fit.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("striate starts");
    let metrics = run.join("metrics.jsonl");
    let patience = Instant::now();
    while std::fs::metadata(&metrics).map_or(0, |file| file.len()) == 0 {
        assert!(patience.elapsed() < Duration::from_secs(60), "no epoch was done in a minute");
        std::thread::sleep(Duration::from_millis(2));
    }
    child
}

/// Ctrl-C.
fn interrupt(child: &Child) {
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(status.expect("kill starts").success());
}
