//! What is shown is what lies in the files.

use striate_formats::npy::NpyFile;
use striate_imaging::Movie;
use striate_imaging::decomposition::FactorisedMovie;
use striate_recording::{Recording, RecordingConfig};
use striate_score::{Metric, ScoreFile};

use crate::files::{FOLDER, MOVIE, N_NEURONS, STIMULUS, begin_run, record};
use crate::support::Dashboard;

fn id(dashboard: &Dashboard, kind: &str) -> String {
    let overview = dashboard.json("/api/overview");
    overview[kind][0]["id"].as_str().unwrap_or_else(|| panic!("{overview}")).to_owned()
}

#[test]
fn the_overview_lists_everything_once() {
    let dashboard = Dashboard::of(&FOLDER);
    let overview = dashboard.json("/api/overview");
    let names = |kind: &str| -> Vec<&str> {
        overview[kind].as_array().unwrap().iter().map(|of| of["name"].as_str().unwrap()).collect()
    };
    assert_eq!(names("runs"), ["runs/first"]);
    assert_eq!(names("extractions"), ["extracted"]);
    assert!(names("recordings").contains(&"data/mouse"), "{overview}");
    let run = &overview["runs"][0];
    assert_eq!(
        (&run["status"], &run["epoch"], &run["step"]),
        (&"finished".into(), &3.into(), &6.into())
    );
    assert_eq!((&run["n_sessions"], &run["n_neurons"]), (&1.into(), &N_NEURONS.into()));
    assert_eq!((&run["core"], &run["likelihood"]), (&"factorised-3d".into(), &"poisson".into()));
    assert_eq!(
        (&run["experiments"], &run["has_report"]),
        (&serde_json::json!(["tuning"]), &true.into())
    );
    let recording =
        overview["recordings"].as_array().unwrap().iter().find(|of| of["id"] == run["recording"]);
    assert_eq!(recording.unwrap()["n_neurons"], N_NEURONS);
    let extraction = &overview["extractions"][0];
    assert_eq!(
        (&extraction["n_frames"], &extraction["height"]),
        (&MOVIE[0].into(), &MOVIE[1].into())
    );
}

#[test]
fn scores_are_those_of_the_file() {
    let dashboard = Dashboard::of(&FOLDER);
    let file = ScoreFile::read(&FOLDER.join("runs/first/scores.json")).unwrap();
    let (tier, of_tier) = file.scores[0].tiers.iter().next().unwrap();
    let expected = of_tier.pooled(Metric::SingleTrialCorrelation).unwrap();
    let run = dashboard.json(&format!("/api/runs/{}", id(&dashboard, "runs")));
    assert_eq!(run["score"].as_f64(), Some(expected.mean));
    let line = &run["scores"][0];
    assert_eq!(
        (&line["tier"], &line["metric"]),
        (&tier.as_str().into(), &"single_trial_correlation".into())
    );
    assert_eq!(line["twin_median"].as_f64(), Some(expected.median));
    assert!(run["config"].as_str().unwrap().contains("[model.core]"));
    assert_eq!(run["sessions"][0]["n_neurons"], N_NEURONS);
    let table = dashboard.json(&format!("/api/runs/{}/neurons", id(&dashboard, "runs")));
    assert_eq!(table["neuron"], serde_json::json!([0, 1, 2, 3]));
    let column = &table["columns"][0];
    assert_eq!(column["name"], "single_trial_correlation");
    let first = of_tier.sessions.values().next().unwrap().single_trial_correlation[0];
    assert!((column["values"][0].as_f64().unwrap() - first).abs() < 1e-6);
}

#[test]
fn experiments_are_laid_out_by_neuron() {
    let dashboard = Dashboard::of(&FOLDER);
    let run = format!("/api/runs/{}", id(&dashboard, "runs"));
    let table = dashboard.json(&format!("{run}/neurons"));
    let column = table["columns"]
        .as_array()
        .unwrap()
        .iter()
        .find(|of| of["name"] == "tuning/preferred")
        .unwrap();
    assert_eq!(column["values"], serde_json::json!([null, null, 90.0, null]));
    let neuron = dashboard.json(&format!("{run}/neurons/0/2"));
    let experiment = &neuron["experiments"][0];
    assert_eq!(
        experiment["columns"].as_array().unwrap().len(),
        1,
        "the error is no column of its own"
    );
    assert_eq!(
        (&experiment["columns"][0]["value"], &experiment["columns"][0]["error"]),
        (&90.0.into(), &2.5.into())
    );
    assert_eq!(experiment["arrays"].as_array().unwrap().len(), 1);
    let origin = serde_json::json!({"twins": ["hash"], "data_hash": "hash", "seed": 1});
    assert_eq!(
        (&experiment["provenance"], &experiment["producer"]),
        (&origin, &"striate 0.1.0".into())
    );
    let curve = &experiment["arrays"][0];
    assert_eq!(
        (&curve["axes"], &curve["shape"]),
        (&serde_json::json!(["angle"]), &serde_json::json!([3]))
    );
    assert_eq!(curve["scales"]["angle"], serde_json::json!([0.0, 60.0, 120.0]));
    let part =
        |neuron: usize| dashboard.get(&format!("{run}/neurons/0/{neuron}/arrays/tuning/curve"));
    assert_eq!((part(2).floats(), part(0).floats()), (vec![1.0, 2.0, 3.0], vec![4.0, 5.0, 6.0]));
    assert_eq!(part(1).status, 404, "it was not probed");
    assert_eq!(dashboard.get(&format!("{run}/neurons/0/{N_NEURONS}")).status, 404);
    assert_eq!(dashboard.get(&format!("{run}/neurons/0/2/arrays/tuning/matrix")).status, 404);
    let whole = dashboard.get(&format!("{run}/experiments/tuning/0/arrays/matrix"));
    assert_eq!((whole.shape(), whole.floats()[1]), (vec![2, 2], 0.5));
    let pictures = dashboard.json(&format!("{run}/experiments/tuning/0/pictures"));
    assert_eq!(pictures["pictures"], serde_json::json!(["session-0-a.png", "session-0-b.svg"]));
    assert_eq!(dashboard.get(&format!("{run}/experiments/tuning/0/pictures/0")).body, b"\x89PNG");
    assert_eq!(dashboard.get(&format!("{run}/experiments/tuning/1")).status, 404);
}

#[test]
fn trials_are_played_as_they_were() {
    let dashboard = Dashboard::of(&FOLDER);
    let path = FOLDER.join("data/mouse");
    let recording = Recording::open(&RecordingConfig::at(&path)).unwrap();
    let session = &recording.sessions[0];
    let overview = dashboard.json("/api/overview");
    let found = overview["runs"][0]["recording"].as_str().unwrap();
    let page = dashboard.json(&format!("/api/recordings/{found}"));
    let listed = &page["sessions"][0];
    assert_eq!(listed["trials"].as_array().unwrap().len(), session.info.trials.len());
    assert_eq!((&listed["kind"], &listed["n_neurons"]), (&"video".into(), &N_NEURONS.into()));
    let names = ["pupil dilation", "running speed"];
    assert_eq!(listed["behaviour_names"], serde_json::json!(names));
    let (trial, of) = (session.trials_of("train")[1], session.info.trials.len());
    let data = session.load_whole(trial).unwrap();
    let base = format!("/api/recordings/{found}/sessions/0/trials");
    let stimulus = dashboard.get(&format!("{base}/{trial}/stimulus"));
    assert_eq!(stimulus.shape(), [data.stimulus.dim().0, STIMULUS[0], STIMULUS[1]]);
    let (low, high) = stimulus.headers["x-range"].split_once(',').unwrap();
    let (low, high): (f32, f32) = (low.parse().unwrap(), high.parse().unwrap());
    for (&grey, &value) in stimulus.body.iter().zip(&data.stimulus) {
        let shown = low + (high - low) * f32::from(grey) / 255.0;
        assert!((shown - value).abs() <= (high - low) / 509.0, "{shown} {value}");
    }
    let responses = dashboard.get(&format!("{base}/{trial}/responses"));
    assert_eq!((responses.shape(), &*responses.headers["x-neurons"]), (vec![70, N_NEURONS], "1"));
    let behaviour = dashboard.get(&format!("{base}/{trial}/behaviour"));
    assert_eq!(behaviour.shape(), [70, 4], "two traces and the pupil");
    assert_eq!(behaviour.floats()[0], data.behaviour.unwrap()[[0, 0]]);
    assert_eq!(dashboard.get(&format!("{base}/{of}/stimulus")).status, 404);
}

#[test]
fn the_twin_predicts_when_it_is_asked() {
    let dashboard = Dashboard::of(&FOLDER);
    let run = format!("/api/runs/{}/neurons/0", id(&dashboard, "runs"));
    let trace = dashboard.json(&format!("{run}/1/trace"));
    let length = |values: &serde_json::Value| values.as_array().unwrap().len();
    assert!(length(&trace["recorded"]) > 1, "the first tier has repeats: {}", trace["tier"]);
    assert_eq!(length(&trace["predicted"]), length(&trace["recorded"][0]));
    assert!(trace["predicted"][0].is_null() && trace["predicted"][69].is_number(), "{trace}");
    let train = dashboard.json(&format!("{run}/1/trace?tier=train&trial=2"));
    assert_eq!((length(&train["recorded"]), length(&train["trials"])), (1, 6));
    let recording = Recording::open(&RecordingConfig::at(FOLDER.join("data/mouse"))).unwrap();
    let session = &recording.sessions[0];
    let data = session.load_whole(session.trials_of("train")[2]).unwrap();
    let expected = f64::from(data.responses.unwrap()[[30, 1]]);
    assert!((train["recorded"][0][30].as_f64().unwrap() - expected).abs() < 1e-6);
    for bad in ["1/trace?tier=none", "1/trace?tier=train&trial=6", "4/trace"] {
        assert_eq!(dashboard.get(&format!("{run}/{bad}")).status, 404, "{bad}");
    }
}

#[test]
fn movies_are_shown_before_and_after() {
    let dashboard = Dashboard::of(&FOLDER);
    let base = format!("/api/extractions/{}", id(&dashboard, "extractions"));
    let page = dashboard.json(&base);
    assert_eq!((&page["has_raw"], &page["frame_rate_hz"]), (&true.into(), &30.0.into()));
    let cells = page["cells"].as_array().unwrap();
    assert!(!cells.is_empty() && cells[0]["contour"].as_array().unwrap().len() >= 4, "{page}");
    let [n_frames, height, width] = MOVIE;
    let mut values = vec![0.0; height * width];
    let movie = FactorisedMovie::open(&FOLDER.join("extracted/factors.safetensors")).unwrap();
    movie.read(123..124, &mut values).unwrap();
    let frame = dashboard.get(&format!("{base}/frames/123?kind=denoised"));
    assert_eq!(frame.shape(), [height, width]);
    let (low, high) = frame.headers["x-range"].split_once(',').unwrap();
    let (low, high): (f32, f32) = (low.parse().unwrap(), high.parse().unwrap());
    for (&grey, &value) in frame.body.iter().zip(&values) {
        let shown = low + (high - low) * f32::from(grey) / 255.0;
        assert!((shown - value.clamp(low, high)).abs() <= (high - low) / 509.0, "{shown} {value}");
    }
    let raw = dashboard.get(&format!("{base}/frames/0?kind=raw&count=3"));
    assert_eq!(
        (raw.shape(), &raw.headers["x-range"]),
        (vec![3, height, width], &frame.headers["x-range"])
    );
    let rest = dashboard.get(&format!("{base}/frames/{}?kind=residual&count=9", n_frames - 2));
    assert_eq!(rest.shape()[0], 2, "to the movie's end");
    assert_eq!(dashboard.get(&format!("{base}/frames/{n_frames}?kind=raw")).status, 404);
    assert_eq!(dashboard.get(&format!("{base}/frames/0?kind=other")).status, 400);
    let traces = dashboard.json(&format!("{base}/traces/0"));
    let spikes = NpyFile::open(&FOLDER.join("extracted/spikes.npy")).unwrap().read_f32().unwrap();
    assert_eq!(traces["spikes"].as_array().unwrap().len(), n_frames);
    assert!((traces["spikes"][50].as_f64().unwrap() - f64::from(spikes[[0, 50]])).abs() < 1e-6);
    assert_eq!(dashboard.get(&format!("{base}/traces/{}", cells.len())).status, 404);
}

#[test]
fn curves_come_in_the_order_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    for (name, loss) in [("a", 1.0), ("b", 2.0)] {
        let run = begin_run(folder.path(), name);
        let lines: String = (1..=5).map(|epoch| record(epoch, loss * epoch as f64)).collect();
        std::fs::write(run.join("metrics.jsonl"), lines + "{\"epoch\": 6, \"st").unwrap();
    }
    let dashboard = Dashboard::of(folder.path());
    let overview = dashboard.json("/api/overview");
    let id = |i: usize| overview["runs"][i]["id"].as_str().unwrap();
    assert_eq!(overview["runs"][1]["step"], 50, "of the last whole line");
    let path = format!("/api/curves?runs={}%2C{}&key=loss", id(1), id(0));
    let curves = dashboard.json(&path);
    assert_eq!(curves["curves"][0]["id"], id(1));
    assert_eq!(curves["curves"][0]["y"], serde_json::json!([2.0, 4.0, 6.0, 8.0, 10.0]));
    assert_eq!(curves["curves"][1]["x"], serde_json::json!([10, 20, 30, 40, 50]));
    for bad in ["runs=x&key=loss", "runs=&key=none", "key=loss", "runs=&key=loss&points=1"] {
        assert!([400, 404].contains(&dashboard.get(&format!("/api/curves?{bad}")).status), "{bad}");
    }
}

#[test]
fn a_run_whose_process_has_gone_is_not_running() {
    let folder = tempfile::tempdir().unwrap();
    let here = striate_base::machine::host();
    let here = here.split_whitespace().next().unwrap();
    let alive = format!("pid {} on {here} since 2026-01-01T00:00:00Z\n", std::process::id());
    let dead = format!("pid 4194304 on {here} since 2026-01-01T00:00:00Z\n");
    let elsewhere = "pid 4194304 on another since 2026-01-01T00:00:00Z\n".to_owned();
    for (name, lock) in [("alive", alive), ("dead", dead), ("elsewhere", elsewhere)] {
        std::fs::write(begin_run(folder.path(), name).join(".lock"), lock).unwrap();
    }
    let overview = Dashboard::of(folder.path()).json("/api/overview");
    let status = |i: usize| overview["runs"][i]["status"].as_str().unwrap();
    let expected = if cfg!(target_os = "linux") { "interrupted" } else { "running" };
    assert_eq!([status(0), status(1), status(2)], ["running", expected, "running"]);
}

/// A description that breaks off, or that says something else than it holds, is an answer of its own everywhere.
#[test]
fn an_experiment_that_cannot_be_read_is_said_by_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let run = begin_run(folder.path(), "run");
    std::fs::copy(FOLDER.join("runs/first/twin.json"), run.join("twin.json")).unwrap();
    crate::files::make_experiment(&run);
    let path = run.join("probe/tuning/session-0.json");
    let whole = std::fs::read_to_string(&path).unwrap();
    let dashboard = Dashboard::of(folder.path());
    let base = format!("/api/runs/{}", id(&dashboard, "runs"));
    let problems = |path: &str| dashboard.json(&format!("{base}/{path}"))["problems"].clone();
    let read = dashboard.json(&format!("{base}/experiments/tuning/0"));
    assert_eq!(
        read,
        serde_json::from_str::<serde_json::Value>(&whole).map(without_version).unwrap()
    );
    assert_eq!(problems("neurons/0/2"), serde_json::json!([]));
    let short = whole.replace("[90.0,null]", "[90.0]");
    assert_ne!(short, whole);
    for (bad, said) in
        [(&whole[..whole.len() / 2], "EOF"), ("{}", "missing"), (&short, "found 1 values")]
    {
        std::fs::write(&path, bad).unwrap();
        for page in ["experiments/tuning/0", "experiments/tuning/0/arrays/matrix"] {
            let answer = dashboard.get(&format!("{base}/{page}"));
            let error = answer.json()["error"].as_str().unwrap_or_default().to_owned();
            assert_eq!(answer.status, 422, "{page}: {error}");
            assert!(error.contains(said) && error.ends_with("session-0.json"), "{page}: {error}");
        }
        for page in ["neurons", "neurons/0/2"] {
            let said_there = problems(page)[0].as_str().unwrap_or_default().to_owned();
            assert!(said_there.contains(said), "{page}: {said_there}");
        }
    }
    std::fs::write(&path, whole).unwrap();
    std::fs::write(path.with_extension("safetensors"), b"torn").unwrap();
    assert_eq!(dashboard.get(&format!("{base}/experiments/tuning/0/arrays/matrix")).status, 422);
    assert!(problems("neurons/0/2")[0].as_str().unwrap().contains("session-0.safetensors"));
    std::fs::write(run.join("latents.json"), "{\"sessions\": [").unwrap();
    let latents = dashboard.get(&format!("{base}/latents"));
    assert_eq!(latents.status, 422);
    assert!(latents.json()["error"].as_str().unwrap().ends_with("latents.json"));
}

fn without_version(mut description: serde_json::Value) -> serde_json::Value {
    description.as_object_mut().unwrap().remove("format_version");
    description
}
