//! Experiments on single neurons, as somebody at a terminal does them.

#[path = "support/command.rs"]
mod command;
#[path = "support/tiny.rs"]
mod tiny;

use std::path::{Path, PathBuf};

use command::{striate, text};
use serde_json::Value;

/// A run of a few steps in `folder/NAME`.
fn fitted(folder: &Path, config: &str, name: &str, seed: &str) -> PathBuf {
    let run = folder.join(name);
    let out = text(&run);
    let words = ["fit", config, "--out", &out, "--set", "fit.max_steps=6", "--seed", seed];
    striate(&words).succeeded();
    run
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("results")).expect("JSON")
}

fn column<'a>(found: &'a Value, name: &str) -> &'a Value {
    let columns = found["columns"].as_array().expect("columns");
    &columns.iter().find(|column| column["name"] == name).expect("the column")["values"]
}

#[test]
fn neurons_are_probed_and_results_kept() {
    let folder = tempfile::tempdir().unwrap();
    let config = text(&tiny::recording_and_config(folder.path()));
    let one = fitted(folder.path(), &config, "one", "1");
    let other = fitted(folder.path(), &config, "other", "2");
    let settings = folder.path().join("settings.toml");
    std::fs::write(&settings, "n_directions = 8\nspatial_frequencies_cpp = [0.1, 0.2, 0.3]\n")
        .unwrap();
    let (run, with, settings) = (text(&one), text(&other), text(&settings));

    let words =
        ["probe", "tuning", &run, "--with", &with, "--settings", &settings, "--neurons", "0,2-3"];
    let words = [&words[..], &["--json"]].concat();
    let told = striate(&words).succeeded().json();
    assert_eq!(told["sessions"][0]["kept"], false);
    let path = one.join("probe/tuning/session-0.json");
    let found = json(&path);
    assert_eq!(found["neurons"], serde_json::json!([0, 2, 3]));
    assert_eq!(found["provenance"]["twins"].as_array().unwrap().len(), 2);
    assert_eq!(found["config"]["n_directions"], 8);
    for name in ["preferred_orientation", "preferred_orientation_error", "f1_f0"] {
        assert_eq!(column(&found, name).as_array().unwrap().len(), 3, "{name}");
    }
    for ending in ["csv", "safetensors", "svg"] {
        assert!(path.with_extension(ending).is_file(), "{ending}");
    }
    assert_eq!(striate(&words).succeeded().json()["sessions"][0]["kept"], true);
    let refused = striate(&["probe", "tuning", &run, "--neurons", "1"]);
    assert!(refused.stderr.contains("which would be lost"), "{refused:?}");
    let same = striate(&["probe", "tuning", &run, "--with", &run, "--again"]);
    assert!(same.code == Some(2) && same.stderr.contains("the same twin again"), "{same:?}");
    let again = [&words[..], &["--again"]].concat();
    assert_eq!(striate(&again).succeeded().json()["sessions"][0]["kept"], false);
    assert_eq!(json(&path), found, "the same twins, the same numbers");

    let words = ["probe", "receptive-fields", &run, "--n-noise-frames", "400", "--json"];
    let told = striate(&[&words[..], &["--threads", "1"]].concat()).succeeded().json();
    assert_eq!(told["sessions"][0]["summary"]["n_neurons"], tiny::N_NEURONS as f64);
    let path = one.join("probe/receptive-fields/session-0.json");
    let found = json(&path);
    assert_eq!(column(&found, "sta_peak_z").as_array().unwrap().len(), tiny::N_NEURONS);
    assert!(path.with_extension("svg").is_file());
    striate(&[&words[..], &["--threads", "2", "--again"]].concat()).succeeded();
    assert_eq!(json(&path), found, "any number of threads, the same numbers");
}

#[test]
fn inputs_are_found_verified_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let config = text(&tiny::recording_and_config(folder.path()));
    let one = fitted(folder.path(), &config, "one", "1");
    let (run, other) = (text(&one), text(&fitted(folder.path(), &config, "other", "2")));
    let words = ["probe", "most-exciting", &run, "--steps", "4", "--verify", &other, "--json"];
    striate(&[&words[..], &["--threads", "1"]].concat()).succeeded();
    let path = one.join("probe/most-exciting/session-0.json");
    let found = json(&path);
    assert!(found["summary"]["share_verified"].is_number());
    for name in ["response", "verified_response", "distance_from_training", "window_row"] {
        assert_eq!(column(&found, name).as_array().unwrap().len(), tiny::N_NEURONS, "{name}");
    }
    assert!(path.with_extension("svg").is_file());
    assert!(!path.with_extension("parts").exists(), "parts are gone once all is written");
    striate(&[&words[..], &["--threads", "2", "--again"]].concat()).succeeded();
    assert_eq!(json(&path), found, "any number of threads, the same numbers");

    let words = ["probe", "most-exciting", &run, "--least", "--steps", "4", "--diverse", "2"];
    striate(&words).succeeded();
    let least = json(&one.join("probe/least-exciting/session-0.json"));
    let mean = |found: &Value| {
        let values = column(found, "response").as_array().unwrap().iter();
        values.map(|value| value.as_f64().unwrap()).sum::<f64>()
    };
    assert!(mean(&least) < mean(&found));
}

#[test]
fn results_are_verified_later_and_stay_verified() {
    let folder = tempfile::tempdir().unwrap();
    let config = text(&tiny::recording_and_config(folder.path()));
    let one = fitted(folder.path(), &config, "one", "1");
    let (run, other) = (text(&one), text(&fitted(folder.path(), &config, "other", "2")));
    let words = ["probe", "most-exciting", &run, "--steps", "3", "--json"];
    let verified = [&words[..], &["--verify", &other]].concat();
    let is_kept = |words: &[&str]| striate(words).succeeded().json()["sessions"][0]["kept"].clone();
    assert_eq!(is_kept(&words), false);
    let path = one.join("probe/most-exciting/session-0.json");
    let mut before = json(&path);
    // Were the inputs looked for again, this mark would be lost.
    before["summary"]["mark"] = 7.0.into();
    std::fs::write(&path, before.to_string()).unwrap();
    assert_eq!(is_kept(&verified), false);
    let mut found = json(&path);
    assert_eq!(found["summary"]["mark"], 7.0);
    assert!(found["summary"]["share_verified"].is_number());
    assert_eq!(column(&found, "response"), column(&before, "response"));
    assert_eq!(column(&found, "verified_response").as_array().unwrap().len(), tiny::N_NEURONS);
    assert_eq!(is_kept(&verified), true);
    assert_eq!(is_kept(&words), true, "who asks for less gets it");
    assert_eq!(json(&path), found);
    found["config"]["verified_by"] = "somebody else".into();
    std::fs::write(&path, found.to_string()).unwrap();
    let refused = striate(&verified);
    assert!(refused.code == Some(2) && refused.stderr.contains("would be lost"), "{refused:?}");
}

#[test]
fn the_range_of_the_display_decides_what_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let config = text(&tiny::recording_and_config(folder.path()));
    let one = fitted(folder.path(), &config, "one", "1");
    let run = text(&one);
    let words = ["probe", "most-exciting", &run, "--steps", "2"];
    let with = |range| [&words[..], &["--luminance-range", range]].concat();
    striate(&with("-300,300")).succeeded();
    let found = json(&one.join("probe/most-exciting/session-0.json"));
    assert_eq!(found["config"]["training"]["luminance_range"], serde_json::json!([-300.0, 300.0]));
    striate(&with("-300,300")).succeeded();
    for (words, expected) in [
        (with("-300,400"), "luminance range"),
        (words.to_vec(), "luminance range"),
        ([&with("300,400")[..], &["--again"]].concat(), "around the training stimuli's mean"),
        (with("5,-5"), "the lower one first"),
        (with("NaN,1"), "two finite numbers"),
        (with(""), "two finite numbers"),
    ] {
        let outcome = striate(&words);
        assert!(outcome.code == Some(2) && outcome.stderr.contains(expected), "{outcome:?}");
    }
}

#[test]
fn two_processes_do_not_write_the_same_results() {
    let folder = tempfile::tempdir().unwrap();
    let config = text(&tiny::recording_and_config(folder.path()));
    let one = fitted(folder.path(), &config, "one", "1");
    let run = text(&one);
    let words = ["probe", "features", &run, "--steps", "2"];
    let results = one.join("probe/features");
    std::fs::create_dir_all(&results).unwrap();
    let lock = striate::base::lock::FolderLock::acquire(&results).unwrap();
    let refused = striate(&words);
    assert!(refused.code == Some(2) && refused.stderr.contains("locked by pid"), "{refused:?}");
    assert!(!results.join("session-0.json").exists());
    drop(lock);
    striate(&words).succeeded();
    let _lock = striate::base::lock::FolderLock::acquire(&results).unwrap();
    // What is there can be looked at.
    striate(&words).succeeded();
    let again = striate(&[&words[..], &["--again"]].concat());
    assert!(again.stderr.contains("locked by pid"), "{again:?}");
}

#[test]
fn populations_features_and_ensembles_leave_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let config = text(&tiny::recording_and_config(folder.path()));
    let one = fitted(folder.path(), &config, "one", "1");
    let (run, other) = (text(&one), text(&fitted(folder.path(), &config, "other", "2")));
    striate(&["probe", "geometry", &run, "--bin-frames", "5"]).succeeded();
    striate(&["probe", "features", &run, "--steps", "4"]).succeeded();
    for name in ["geometry/session-0.json", "features/session-0.safetensors"] {
        assert!(one.join("probe").join(name).is_file(), "{name}");
    }
    let told = striate(&["score", &run, "--with", &other, "--no-baseline", "--json"]);
    let told = told.succeeded().json();
    assert!(told["one_twin"].is_object() && one.join("ensemble.json").is_file(), "{told}");
    assert!(!one.join("scores.json").exists(), "an ensemble's scores are not the twin's own");
    let refused = striate(&["score", &run, "--with", "nowhere"]);
    assert!(refused.stderr.contains("nowhere"), "{refused:?}");
}

#[test]
fn settings_that_cannot_be_understood_say_where() {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("settings.toml");
    // Settings are read before the run is opened.
    for (experiment, written, expected) in [
        ("tuning", "contrast = 0.5\nn_directions = \"few\"\n", "line 2: invalid type"),
        ("tuning", "n_directions = \"few\"\n", "`n_directions`"),
        ("tuning", "n_direction = 4\n", "nearest known key is `n_directions`"),
        ("most-exciting", "zzzzzzzz = 4\n", "known keys there are goal, form, n_frames, contrast"),
        ("most-exciting", "preconditioning.sigma = 4\n", "known keys there are sigma_px"),
        ("geometry", "[bin_frames]\n", "line 1: invalid type"),
        ("receptive-fields", "n_noise_frames = -1\n", "line 1: invalid value"),
        ("features", "steps = \n", "line 1: "),
    ] {
        std::fs::write(&settings, written).unwrap();
        let settings = text(&settings);
        let outcome = striate(&["probe", experiment, "nowhere", "--settings", &settings]);
        assert_eq!(outcome.code, Some(2), "{outcome:?}");
        assert!(outcome.stderr.contains(expected), "{experiment} {written}: {outcome:?}");
        assert!(outcome.stderr.trim_end().ends_with(&settings), "{outcome:?}");
    }
    std::fs::write(&settings, vec![b'#'; (1 << 20) + 1]).unwrap();
    let large = striate(&["probe", "tuning", "nowhere", "--settings", &text(&settings)]);
    assert!(large.code == Some(2) && large.stderr.contains("more than 1048576 bytes"), "{large:?}");
}

#[test]
fn what_cannot_be_probed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = text(&tiny::recording_and_config(folder.path()));
    let run = text(&fitted(folder.path(), &config, "one", "1"));
    let settings = folder.path().join("settings.toml");
    std::fs::write(&settings, "n_direction = 4\n").unwrap();
    let settings = text(&settings);
    for (words, expected) in [
        (&["--neurons", "999"][..], "found 999, expected numbers below"),
        (&["--session", "nobody"], "found nobody, expected one of the twin's"),
        (&["--settings", &settings], "n_direction"),
        (&["--contrast", "2"], "`contrast`: found 2, expected above 0 to 1"),
        (&["--memory-limit", "1KiB"], "--memory-limit allows"),
    ] {
        let outcome = striate(&[&["probe", "tuning", &run], words].concat());
        assert!(outcome.stderr.contains(expected), "{outcome:?}");
        let code = if words[0] == "--memory-limit" { 4 } else { 2 };
        assert_eq!(outcome.code, Some(code), "{outcome:?}");
    }
}
