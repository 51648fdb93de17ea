//! Fits of twins with latents, in two stages.

use std::path::Path;

use striate_fit::{FitConfig, FitOutcome, RunFolder, StageKind};
use striate_model::latent::is_latent;
use striate_model::readout::{MixingConfig, ReadoutConfig};
use striate_model::{Parameter, Twin};

use crate::support::{Bench, results};

/// Three epochs of four steps without latents, two of four with them.
const TWO_STAGES: [&str; 8] = [
    "model.latent.dim=2",
    "model.latent.hidden=6",
    "model.latent.state=4",
    "model.latent.n_samples=2",
    "model.latent.n_evaluation_samples=4",
    "fit.max_epochs=3",
    "fit.joint.max_epochs=2",
    "fit.stopping.patience=0",
];

/// Steps of the stages.
const N_STEPS: [u64; 2] = [12, 8];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    TWO_STAGES.iter().chain(more).copied().collect()
}

/// Parameters that `belongs` selects.
fn select(twin: &Twin, belongs: impl Fn(&Parameter) -> bool) -> Vec<Parameter> {
    let unfrozen = |p: &Parameter| Parameter { frozen: false, ..p.clone() };
    twin.parameters().0.iter().filter(|p| belongs(p)).map(unfrozen).collect()
}

/// Stop a fit after each of these numbers of steps, and let it go on to the end.
fn assert_resumed_fits_are_bit_equal(bench: &Bench, changes: &[&str], stops: &[u64]) {
    bench.fit("whole", changes).unwrap();
    let expected = results(&bench.run("whole"));
    let start = std::fs::read(bench.run("whole/without-latents/twin.safetensors")).unwrap();
    for stop in stops {
        let name = format!("stopped-{stop}");
        let outcome = bench.fit_for(&name, changes, *stop).unwrap();
        let FitOutcome::Interrupted { step, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(step, *stop);
        bench.fit(&name, changes).unwrap();
        assert_eq!(results(&bench.run(&name)), expected, "stopped after {stop} steps");
        let found = bench.run(&name).join("without-latents/twin.safetensors");
        assert_eq!(std::fs::read(found).unwrap(), start, "stopped after {stop} steps");
    }
}

#[test]
fn resumed_fit_is_bit_equal_in_both_stages_and_between_them() {
    let bench = Bench::new();
    let [first, second] = N_STEPS;
    let stops = [2, first - 4, first - 1, first, first + 1, first + 4, first + second - 1];
    assert_resumed_fits_are_bit_equal(&bench, &with(&[]), &stops);
}

#[test]
fn resumed_fit_is_bit_equal_where_a_stage_ends_within_an_epoch() {
    let bench = Bench::new();
    let changes = with(&["fit.max_steps=6", "fit.joint.max_steps=5"]);
    assert_resumed_fits_are_bit_equal(&bench, &changes, &[5, 6, 7, 10]);
}

#[test]
fn resumed_fit_of_two_sessions_with_zero_inflated_responses_is_bit_equal() {
    let bench = Bench::two_sessions();
    let changes = with(&[
        "model.likelihood.kind=zero-inflated-gamma",
        "model.latent.prior=autoregressive",
        "model.latent.loadings=from-positions",
        "compat=released",
    ]);
    assert_resumed_fits_are_bit_equal(&bench, &changes, &[5, N_STEPS[0], N_STEPS[0] + 3]);
}

#[test]
fn work_after_the_last_checkpoint_is_done_again_across_the_stages() {
    let bench = Bench::new();
    let changes = with(&["fit.checkpoint.every_steps=5", "fit.checkpoint.keep=9"]);
    bench.fit("whole", &changes).unwrap();
    bench.fit_for("killed", &changes, 14).unwrap();
    // What a kill after step 14 leaves, had neither that step nor the border been written.
    let run = bench.run("killed");
    for step in [14, 12] {
        let name = format!("checkpoints/step-{step:08}.safetensors");
        std::fs::remove_file(run.join(name)).unwrap();
    }
    bench.fit("killed", &changes).unwrap();
    assert_eq!(results(&run), results(&bench.run("whole")));
}

#[test]
fn metrics_say_which_stage_they_are_of() {
    let bench = Bench::new();
    let outcome = bench.fit("run", &with(&[])).unwrap();
    let summary = outcome.summary().unwrap();
    assert_eq!((summary.steps, summary.epochs), (N_STEPS[0] + N_STEPS[1], 5));
    let metrics = RunFolder::open(&bench.run("run")).unwrap().metrics().unwrap();
    let stages: Vec<StageKind> = metrics.iter().map(|m| m.stage).collect();
    let [first, second] = [StageKind::WithoutLatents, StageKind::All];
    assert_eq!(stages, [first, first, first, second, second]);
    for record in &metrics {
        assert_eq!(record.divergence > 0.0, record.stage == second, "{record:?}");
        assert!(record.train_loss.is_finite() && record.validation_score.is_some());
    }
    // The best score is that of the stage.
    assert_eq!(metrics[3].best_score, metrics[3].validation_score);
}

#[test]
fn first_stage_is_the_fit_without_latents_and_is_kept() {
    let bench = Bench::new();
    bench.fit("two", &with(&[])).unwrap();
    bench.fit("one", &["fit.max_epochs=3", "fit.stopping.patience=0"]).unwrap();
    let folder = RunFolder::open(&bench.run("two")).unwrap().without_latents().unwrap();
    assert_eq!(RunFolder::open(&bench.run("one")).unwrap().without_latents(), None);
    let [start, one, two] =
        [&folder, &bench.run("one"), &bench.run("two")].map(|path| Twin::load(path).unwrap());
    let others = |p: &Parameter| !is_latent(p);
    assert_eq!(select(&start, others), select(&one, others));
    // Loadings start at zero, and latents are not fitted before their time.
    let of_loadings = |p: &Parameter| p.name.starts_with("loadings.");
    let zero = |p: &Parameter| p.values.iter().all(|&value| value == 0.0);
    assert!(select(&start, of_loadings).iter().all(zero));
    assert!(!select(&two, of_loadings).iter().any(zero));
    assert_ne!(select(&two, others), select(&start, others));
}

#[test]
fn both_stages_can_be_one() {
    let bench = Bench::new();
    let changes = with(&["fit.without_latents_first=false"]);
    let outcome = bench.fit("run", &changes).unwrap();
    // The stage with latents is that of `fit.joint`, whether another one came before it or not.
    assert_eq!(outcome.summary().unwrap().steps, N_STEPS[1]);
    let folder = RunFolder::open(&bench.run("run")).unwrap();
    assert_eq!(folder.without_latents(), None);
    let metrics = folder.metrics().unwrap();
    assert!(metrics.iter().all(|m| m.stage == StageKind::All && m.divergence > 0.0));
}

/// Without loadings a prediction from other neurons is that of the stimulus, and both scores are of the same
/// frames.
fn assert_conditioned_score_is_the_plain_one(bench: &Bench, crops: &[&str], more: &[&str]) {
    let scores = |crop: &str, metric: &str| {
        let name = format!("{metric}-{crop}");
        let metric = format!("fit.validation.metric={metric}");
        let crop = format!("fit.validation.crop_frames={crop}");
        // The first stage leaves latents out, the second one moves nothing yet.
        let changes = [
            &metric,
            &crop,
            "fit.joint.learning_rate=1e-30",
            "fit.joint.schedule.kind=constant",
            "fit.max_epochs=1",
        ];
        bench.fit(&name, &with(&[&changes[..], more].concat())).unwrap();
        let metrics = RunFolder::open(&bench.run(&name)).unwrap().metrics().unwrap();
        metrics.iter().map(|m| m.validation_score.unwrap()).collect::<Vec<f64>>()
    };
    for crop in crops {
        let plain = scores(crop, "single-trial-correlation");
        let conditioned = scores(crop, "conditioned-correlation");
        assert_eq!((plain.len(), conditioned.len()), (3, 3));
        for (plain, conditioned) in plain.iter().zip(&conditioned) {
            // Averages over samples of equal predictions are rounded.
            assert!((plain - conditioned).abs() < 1e-5, "crop {crop}: {plain}, {conditioned}");
        }
    }
}

/// Whole trials, random crops, and crops too short to be scored.
#[test]
fn conditioned_score_is_of_the_frames_of_the_plain_one() {
    assert_conditioned_score_is_the_plain_one(&Bench::new(), &["70", "60", "5"], &[]);
}

/// The plain score is of pieces of a trial, the conditioned one of all of it.
#[test]
fn pieces_of_a_twin_that_looks_ahead_are_scored_as_the_whole() {
    let mixing = ["model.readout.mixing={ frames = 9, channels = 3 }"];
    assert_conditioned_score_is_the_plain_one(&Bench::long(), &["360"], &mixing);
}

#[test]
fn published_twins_mix_frames_and_channels() {
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
    for name in ["sensorium-2023-zig.toml", "sensorium-2023-latent.toml"] {
        let text = std::fs::read_to_string(configs.join(name)).unwrap();
        let changes = ["recording.path=data".to_owned()];
        let config = FitConfig::from_toml(&text, &configs, &changes).unwrap();
        config.clone().check().unwrap();
        let ReadoutConfig::Gaussian(readout) = &config.model.readout;
        assert_eq!(readout.mixing, Some(MixingConfig { frames: 11, channels: 5 }), "{name}");
    }
}
