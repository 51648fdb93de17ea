//! Writes a folder of runs, and says how long the dashboard takes to show them.
//!
//! `cargo run --release -p striate-dashboard --example load -- RUNS POINTS NEURONS FOLDER`
//!
//! Each run has as many records in `metrics.jsonl`, and the first has scores and an experiment of as many neurons;
//! all files are as `striate fit`, `striate score` and `striate probe` write them. Folders that are there already are
//! not written again.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use striate_base::files::write_atomic;
use striate_base::{CancelToken, RandomStream, Streams};
use striate_dashboard::{ServeConfig, Server};
use striate_fit::{FitEnd, FitSummary, MetricsRecord, RunStatus, StageKind};
use striate_formats::safetensors::{NamedTensor, write};
use striate_score::{NeuronScores, ScoreFile, Scores, TierScores};

mod client;

/// Pixels of the receptive fields.
const FIELD: [usize; 2] = [24, 40];

/// Places on a tuning curve.
const N_ORIENTATIONS: usize = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [runs, points, neurons, folder] = &arguments[..] else {
        return Err("expected RUNS POINTS NEURONS FOLDER".into());
    };
    let (n_runs, n_points, n_neurons) = (runs.parse()?, points.parse()?, neurons.parse()?);
    let folder = Path::new(folder);
    let clock = Instant::now();
    for number in 0..n_runs {
        let run = folder.join(format!("run-{number:04}"));
        if !run.join("status.json").is_file() {
            // Neurons in one run only: the others are there to be listed.
            write_run(&run, number, n_points, if number == 0 { n_neurons } else { 100 })?;
        }
    }
    println!("written in {:.1} s", clock.elapsed().as_secs_f64());
    measure(folder, n_runs.min(100))
}

/// A finished run.
fn write_run(
    run: &Path,
    number: usize,
    n_points: u64,
    n_neurons: usize,
) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(run)?;
    let mut random = Streams::new(number as u64).stream("load");
    write_atomic(&run.join("metrics.jsonl"), |file| {
        write_metrics(&mut BufWriter::with_capacity(1 << 20, file), n_points, &mut random)
    })?;
    let text = "compat = \"proper\"\nseed = 1\n\n[recording]\npath = \"nowhere\"\n\n[model.core]\nkind = \
                \"factorised-3d\"\n\n[model.likelihood]\nkind = \"poisson\"\n";
    std::fs::write(run.join("config.toml"), text)?;
    let part = |kind: &str| json!({"kind": kind});
    let twin = json!({
        "format": "striate-twin", "version": 1, "producer": "striate 0.1.0", "weights_blake3": "",
        "twin": {
            "model": {"core": part("factorised-3d"), "likelihood": part("poisson")},
            "height": FIELD[0], "width": FIELD[1],
            "sessions": [{"id": "mouse", "n_neurons": n_neurons, "n_behaviour": 2, "has_pupil_center": true}],
        },
    });
    write_json(&run.join("twin.json"), &twin)?;
    scores(n_neurons, &mut random).write(&run.join("scores.json"))?;
    if number == 0 {
        write_experiment(run, n_neurons, &mut random)?;
    }
    let summary = FitSummary {
        ended_by: FitEnd::MaxEpochs,
        steps: 30 * n_points,
        epochs: n_points,
        best_score: Some(0.5),
        best_step: 30,
        n_parameters: 1000,
    };
    write_json(&run.join("status.json"), &serde_json::to_value(RunStatus::Finished { summary })?)
}

fn write_metrics(
    file: &mut dyn Write,
    n_points: u64,
    random: &mut RandomStream,
) -> std::io::Result<()> {
    let mut loss = 1.0;
    for epoch in 1..=n_points {
        loss += 0.01 * (0.3 - loss) + 0.01 * random.normal();
        let score = 0.6 * (1.0 - loss);
        let record = MetricsRecord {
            epoch,
            step: 30 * epoch,
            stage: StageKind::All,
            learning_rate: 0.01 / (1.0 + epoch as f64 / 1000.0),
            train_loss: loss,
            divergence: 0.0,
            regulariser: 30.0 * loss,
            validation_score: Some(score),
            session_scores: BTreeMap::from([("mouse".to_owned(), score)]),
            best_score: Some(score),
            round: 0,
        };
        serde_json::to_writer(&mut *file, &record)?;
        file.write_all(b"\n")?;
    }
    Ok(())
}

fn scores(n_neurons: usize, random: &mut RandomStream) -> ScoreFile {
    let mut of = |predictor: &str| {
        let mut values = || (0..n_neurons).map(|_| Some(random.uniform())).collect();
        let neurons = NeuronScores {
            n_trials: 48,
            n_repeated_stimuli: 6,
            n_frames: 4800,
            correlation_to_average: values(),
            feve: values(),
            fraction_of_ceiling: values(),
            noise_ceiling: values(),
            oracle: values(),
            single_trial_correlation: values().into_iter().flatten().collect(),
            ..NeuronScores::default()
        };
        let tier = TierScores { sessions: BTreeMap::from([("mouse".to_owned(), neurons)]) };
        let tiers = BTreeMap::from([("test".to_owned(), tier)]);
        Scores { predictor: predictor.to_owned(), tiers, ..Scores::default() }
    };
    ScoreFile::new(String::new(), vec![of("linear-nonlinear"), of("twin")])
}

fn write_experiment(
    run: &Path,
    n_neurons: usize,
    random: &mut RandomStream,
) -> Result<(), Box<dyn Error>> {
    let folder = run.join("probe/tuning");
    std::fs::create_dir_all(&folder)?;
    let mut column = |name: &str| {
        let values: Vec<f64> = (0..n_neurons).map(|_| random.uniform()).collect();
        json!({"name": name, "unit": "deg", "about": "an example", "values": values})
    };
    let names = ["preferred_orientation", "preferred_orientation_error", "orientation_selectivity"];
    let columns: Vec<Value> = names.map(&mut column).into();
    let array = |name: &str, axes: &[&str]| json!({"name": name, "axes": axes, "unit": "response", "about": ""});
    let text = json!({
        "format_version": 1, "producer": "striate 0.1.0", "experiment": "tuning", "session": "mouse",
        "provenance": {"twins": [""], "data_hash": "", "seed": 1}, "config": {},
        "summary": {"n_neurons": n_neurons}, "columns": columns,
        "neurons": (0..n_neurons).collect::<Vec<_>>(),
        "arrays": [
            array("orientation_curve", &["neuron", "orientation_deg"]),
            array("orientation_deg", &["orientation_deg"]),
            array("receptive_field", &["neuron", "y", "x"]),
        ],
    });
    let curves: Vec<f32> =
        (0..n_neurons * N_ORIENTATIONS).map(|_| random.uniform() as f32).collect();
    let fields: Vec<f32> =
        (0..n_neurons * FIELD[0] * FIELD[1]).map(|_| random.uniform() as f32).collect();
    let scale: Vec<f32> = (0..N_ORIENTATIONS).map(|i| (180 * i / N_ORIENTATIONS) as f32).collect();
    let tensors = [
        NamedTensor {
            name: "orientation_curve",
            shape: &[n_neurons, N_ORIENTATIONS],
            values: &curves,
        },
        NamedTensor { name: "orientation_deg", shape: &[N_ORIENTATIONS], values: &scale },
        NamedTensor {
            name: "receptive_field",
            shape: &[n_neurons, FIELD[0], FIELD[1]],
            values: &fields,
        },
    ];
    write(&folder.join("session-0.safetensors"), &tensors, &BTreeMap::new())?;
    write_json(&folder.join("session-0.json"), &text)
}

fn write_json(path: &Path, value: &Value) -> Result<(), Box<dyn Error>> {
    Ok(std::fs::write(path, format!("{value:#}\n"))?)
}

/// Serve the folder, and ask as the page does.
fn measure(folder: &Path, n_curves: usize) -> Result<(), Box<dyn Error>> {
    let server = Server::bind(&ServeConfig { port: 0, ..ServeConfig::of(folder) })?;
    let mut client = client::Client::new(&server.url())?;
    let cancel = CancelToken::new();
    let stop = cancel.clone();
    let serving = std::thread::spawn(move || server.run(&stop));
    let overview = client.timed("overview, cold", "/api/overview")?;
    std::thread::sleep(std::time::Duration::from_millis(1100));
    client.timed("overview, warm", "/api/overview")?;
    let overview: Value = serde_json::from_slice(&overview)?;
    let ids: Vec<&str> = overview["runs"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|run| run["id"].as_str())
        .collect();
    let first = ids.first().copied().unwrap_or_default().to_owned();
    let path = format!(
        "/api/curves?runs={}&key=loss&points=1000",
        ids[..n_curves.min(ids.len())].join(",")
    );
    client.timed(&format!("curves of {n_curves} runs, cold"), &path)?;
    client.timed(&format!("curves of {n_curves} runs, warm"), &path)?;
    client.timed("table of neurons, cold", &format!("/api/runs/{first}/neurons"))?;
    client.timed("table of neurons, warm", &format!("/api/runs/{first}/neurons"))?;
    client.timed("a neuron", &format!("/api/runs/{first}/neurons/0/7"))?;
    client.timed(
        "its field",
        &format!("/api/runs/{first}/neurons/0/7/arrays/tuning/receptive_field"),
    )?;
    client.live(&ids[..ids.len().min(20)], folder)?;
    println!(
        "peak memory {:.0} MiB",
        striate_base::machine::peak_memory() as f64 / f64::from(1 << 20)
    );
    cancel.cancel();
    serving.join().map_err(|_| "the server panicked")??;
    Ok(())
}
