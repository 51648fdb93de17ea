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
