//! Twins with latents, from the fit to the report, as somebody at a terminal uses them.

#[path = "support/command.rs"]
mod command;
#[path = "support/tiny.rs"]
mod tiny;

use std::path::{Path, PathBuf};

use command::{striate, text};
use striate::formats::npz::NpzFile;

/// A run of a few steps with latents, in `folder/run`.
fn fitted(folder: &Path) -> PathBuf {
    let config = tiny::recording_and_config(folder);
    let run = folder.join("run");
    let latent = [
        "model.likelihood.kind=zero-inflated-gamma",
        "model.latent.dim=2",
        "model.latent.init_scale=0.3",
        "model.latent.n_evaluation_samples=20",
        "fit.max_steps=8",
        "fit.joint.max_steps=8",
        "fit.joint.learning_rate=0.02",
    ];
    let (config, out) = (text(&config), text(&run));
    let mut words = vec!["fit", config.as_str(), "--out", out.as_str()];
    words.extend(latent.iter().flat_map(|set| ["--set", set]));
    striate(&words).succeeded();
    run
}

#[test]
fn latents_are_fitted_scored_probed_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let run = fitted(folder.path());
    assert!(run.join("without-latents/twin.json").is_file());

    let conditions = ["--condition", "half", "--condition", "leave-one-out", "--condition", "0.5"];
    let run_text = text(&run);
    let mut words = vec!["score", run_text.as_str(), "--json", "--no-baseline"];
    words.extend(conditions);
    let scores = striate(&words).succeeded();
    let value = scores.json();
    let correlation = |scores: &serde_json::Value| {
        scores["tiers"]["oracle"]["pooled"]["single_trial_correlation"].clone()
    };
    for scored in [
        &value,
        &value["without_latents"],
        &value["conditioned"]["half"],
        &value["conditioned"]["leave-one-out"],
        &value["conditioned"]["0.5"],
    ] {
        assert_eq!(correlation(scored)["n_neurons"], tiny::N_NEURONS, "{scored}");
        assert!(
            scored["tiers"]["oracle"]["log_likelihood"]["pooled"]["bits_density"]["mean"].is_f64()
        );
    }
    assert_ne!(correlation(&value), correlation(&value["conditioned"]["half"]));

    let arrays = folder.path().join("latents.npz");
    let words =
        ["probe", "latents", &run_text, "--tier", "oracle", "--json", "--out", &text(&arrays)];
    let probed = striate(&words).succeeded().json();
    let session = &probed["analysis"]["sessions"][tiny::SESSION];
    assert_eq!(session["divergence_nats"].as_array().unwrap().len(), 2);
    assert_eq!(session["effects"][1].as_array().unwrap().len(), tiny::N_NEURONS);
    assert!(session["calibration"]["curves"][2]["error"].is_f64(), "{session}");
    let archive = NpzFile::open(&arrays).unwrap();
    assert_eq!(archive.names().len(), 4);
    for name in archive.names() {
        assert_eq!(archive.read_f32(name).unwrap().shape(), [70, 2]);
    }

    striate(&["report", &run_text]).succeeded();
    let page = std::fs::read_to_string(run.join("report.html")).unwrap();
    for part in ["Latents", "twin without latents", "twin given half", "Calibration"] {
        assert!(page.contains(part), "no {part} in the report");
    }
}

#[test]
fn samples_are_joint_and_neurons_can_be_seen() {
    let folder = tempfile::tempdir().unwrap();
    let run = text(&fitted(folder.path()));
    let neurons = folder.path().join("neurons.txt");
    std::fs::write(&neurons, "0\n3\n").unwrap();
    let out = folder.path().join("samples.npz");
    let (neurons, out_text) = (text(&neurons), text(&out));
    let common = ["predict", &run, "--tier", "oracle", "--out", &out_text, "--json"];
    let predict = |more: &[&str]| {
        let told = striate(&[&common[..], more].concat()).succeeded().json();
        let archive = NpzFile::open(&out).unwrap();
        let name = archive.names()[0];
        (told, archive.read_f32(name).unwrap())
    };
    let (told, samples) = predict(&["--samples", "3", "--given", &neurons]);
    assert_eq!(told["axes"], serde_json::json!(["sample", "frame", "neuron"]));
    assert_eq!(samples.shape(), [3, 70, tiny::N_NEURONS]);
    assert!(samples.iter().filter(|y| !y.is_nan()).all(|y| *y >= 0.0));
    let (_, again) = predict(&["--samples", "3", "--given", &neurons]);
    let equal = samples.iter().zip(&again).all(|(a, b)| a.to_bits() == b.to_bits());
    assert!(equal, "the same seed draws the same");
    let (_, given) = predict(&["--given", &neurons]);
    let (_, alone) = predict(&[]);
    assert_eq!(given.shape(), [70, tiny::N_NEURONS]);
    assert!(given.iter().zip(&alone).any(|(a, b)| a != b && !a.is_nan()));

    std::fs::write(folder.path().join("neurons.txt"), "0\n6\n").unwrap();
    let refused = striate(&[&common[..], &["--given", &neurons]].concat());
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("line 2: found `6`, expected a neuron, 0 to 5"), "{refused:?}");
}

#[test]
fn what_needs_latents_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let config = text(&tiny::recording_and_config(folder.path()));
    let run = text(&folder.path().join("run"));
    striate(&["fit", &config, "--out", &run, "--set", "fit.max_steps=2"]).succeeded();
    let out = text(&folder.path().join("latents.npz"));
    for words in [
        &["score", run.as_str(), "--no-baseline", "--condition", "half"][..],
        &["probe", "latents", run.as_str()],
        &["probe", "latents", run.as_str(), "--out", out.as_str()],
    ] {
        let refused = striate(words);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains("expected `model.latent`"), "{refused:?}");
    }
    let refused = striate(&["score", &run, "--condition", "most"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("expected half, first-half, leave-one-out"), "{refused:?}");
    let refused = striate(&["fit", &config, "--out", &run, "--set", "model.latent.dims=2"]);
    assert!(refused.stderr.contains("model.latent.dim"), "{refused:?}");
}
