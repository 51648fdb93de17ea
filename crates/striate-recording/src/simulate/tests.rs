mod directions;
mod latents;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ndarray::Array2;
use striate_base::{CancelToken, NoProgress};
use tempfile::TempDir;

use super::statistics::PairSums;
use super::*;
use crate::{Recording, RecordingConfig, ResponseNormalisation};

fn simulated(config: SimulationConfig) -> (TempDir, Truth) {
    let folder = tempfile::tempdir().unwrap();
    let config = config.check().unwrap();
    let truth = simulate(&config, folder.path(), &mut NoProgress, &CancelToken::new()).unwrap();
    (folder, truth)
}

/// The raw responses, as they were drawn.
fn open_raw(folder: &Path) -> Recording {
    let response_normalisation = ResponseNormalisation::None;
    let config = RecordingConfig { response_normalisation, ..RecordingConfig::at(folder) };
    Recording::open(&config).unwrap()
}

fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn files_depend_on_the_configuration_and_not_on_threads() {
    let config = SimulationConfig { n_sessions: 2, n_neurons: 3, ..SimulationConfig::tiny() };
    let with = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let config = SimulationConfig { seed, ..config.clone() };
        let (folder, _) = pool.install(|| simulated(config));
        contents(folder.path())
    };
    let one = with(1, 1);
    assert!(one.len() > 2 * 8 * 13, "{} files", one.len());
    assert!(one == with(4, 1));
    assert!(one != with(1, 2));
}

#[test]
fn recording_reads_back_with_neurons_tiers_and_repeats() {
    let (folder, truth) = simulated(SimulationConfig::tiny());
    let recording = open_raw(folder.path());
    let (session, truth) = (&recording.sessions[0], &truth.sessions[0]);
    let info = &session.info;
    assert_eq!((info.id.as_str(), info.n_neurons), ("simulated-1", 6));
    assert_eq!((info.height, info.width, info.scored_from_frame), (14, 20, SCORED_FROM_FRAME));
    assert_eq!((info.n_behaviour, info.has_pupil_center), (2, true));
    let ids: Vec<i64> = truth.neurons.iter().map(|neuron| neuron.unit_id).collect();
    assert_eq!(info.neuron_ids, ids);
    let places = info.neuron_coordinates.as_ref().unwrap();
    for (row, neuron) in places.outer_iter().zip(&truth.neurons) {
        assert_eq!(row[0], neuron.coordinates_um[0] as f32);
    }
    let of_truth: Vec<&str> = truth.trials.iter().map(|trial| trial.tier.as_str()).collect();
    let of_info: Vec<&str> = info.trials.iter().map(|trial| trial.tier.as_str()).collect();
    assert_eq!(of_info, of_truth);
    // Padding is cut off, and repeats are found where there are some.
    assert!(info.trials.iter().all(|trial| trial.n_frames == 70 && trial.has_responses));
    for (a, trial_a) in info.trials.iter().enumerate().filter(|(_, t)| t.tier != "train") {
        for (b, trial_b) in info.trials.iter().enumerate().filter(|(_, t)| t.tier != "train") {
            let same = truth.trials[a].video == truth.trials[b].video;
            assert_eq!(trial_a.stimulus_id == trial_b.stimulus_id, same, "{a} {b}");
            if same {
                let shown = |trial| session.load(trial, 0..5).unwrap().stimulus;
                assert_eq!(shown(a), shown(b));
            }
        }
    }
    let stimulus = session.load_whole(0).unwrap().stimulus;
    assert!(stimulus.iter().all(|value| value.abs() < 6.0));
}

#[test]
fn truth_is_read_back_with_its_arrays() {
    let (folder, truth) = simulated(SimulationConfig { n_sessions: 2, ..SimulationConfig::tiny() });
    assert_eq!(Truth::read(folder.path()).unwrap(), truth);
    let one = Truth::read(&folder.path().join("simulated-2")).unwrap();
    assert_eq!(one.sessions, truth.sessions[1..]);
    let session = &one.sessions[0];
    assert_eq!(session.rates(0).unwrap().dim(), (6, 70));
    assert_eq!(session.latents(0).unwrap().dim(), (2, 70));
    assert_eq!(session.eye_px(0).unwrap().dim(), (2, 70));
    let (full, by_stimulus) = (session.rates(3).unwrap(), session.stimulus_rates(3).unwrap());
    assert_ne!(full, by_stimulus);
    let empty = tempfile::tempdir().unwrap();
    let said = Truth::read(empty.path()).unwrap_err().to_string();
    assert!(said.contains("found no truth/truth.json"), "{said}");
}

/// Many trials of few neurons whose state and eye stand still, so that closed forms hold.
fn still() -> SimulationConfig {
    let tiny = SimulationConfig::tiny();
    SimulationConfig {
        n_neurons: 5,
        trials: TrialCounts { train: 60, ..tiny.trials },
        state: StateLaw { arousal_loading: 0.0, loading_spread: 0.0, ..tiny.state },
        eye: EyeLaw { fixation_px: 0.0, drift_px: 0.0, ..tiny.eye },
        ..tiny
    }
}

#[test]
fn zeros_and_means_are_those_of_the_compound_poisson_law() {
    let (folder, truth) = simulated(still());
    let recording = open_raw(folder.path());
    let (session, truth) = (&recording.sessions[0], &truth.sessions[0]);
    // For each neuron: sum, expected sum, its variance; zeros, expected zeros, their variance.
    let mut sums = Array2::<f64>::zeros((5, 6));
    for trial in session.trials_of("train") {
        let responses = session.load_whole(trial).unwrap().responses.unwrap();
        let rates = truth.rates(trial).unwrap();
        for ((frame, n), &response) in responses.indexed_iter() {
            let (rate, event) = (f64::from(rates[[n, frame]]), truth.neurons[n].event_size);
            let zero = (-rate / event).exp();
            let variance = rate * event * (1.0 + 1.0 / truth.config.response.event_shape);
            let is_zero = f64::from(u8::from(response == 0.0));
            let terms = [f64::from(response), rate, variance, is_zero, zero, zero * (1.0 - zero)];
            for (sum, term) in sums.row_mut(n).iter_mut().zip(terms) {
                *sum += term;
            }
        }
    }
    for (n, row) in sums.outer_iter().enumerate() {
        // Frames are independent given the rates: five standard errors of each sum.
        assert!((row[0] - row[1]).abs() < 5.0 * row[2].sqrt(), "mean of neuron {n}: {row}");
        assert!((row[3] - row[4]).abs() < 5.0 * row[5].sqrt(), "zeros of neuron {n}: {row}");
        assert!(row[4] > 0.05 * 60.0 * 70.0, "neuron {n} is zero-inflated: {row}");
    }
}

#[test]
fn ceilings_are_correlations_with_the_truth_and_near_their_closed_form() {
    let (folder, truth) = simulated(still());
    let recording = open_raw(folder.path());
    let (session, truth) = (&recording.sessions[0], &truth.sessions[0]);
    let shape = truth.config.response.event_shape;
    for neuron in 0..5 {
        let mut pairs = PairSums::default();
        let (mut n, mut sum, mut square) = (0.0, 0.0, 0.0);
        for trial in session.trials_of("train") {
            let responses = session.load_whole(trial).unwrap().responses.unwrap();
            let rates = truth.stimulus_rates(trial).unwrap();
            for frame in SCORED_FROM_FRAME..70 {
                let rate = f64::from(rates[[neuron, frame]]);
                pairs.add(f64::from(responses[[frame, neuron]]), rate);
                (n, sum, square) = (n + 1.0, sum + rate, square + rate * rate);
            }
        }
        let saved = truth.ceilings["train"].stimulus[neuron];
        // The same sums in another order of trials.
        assert!((pairs.correlation() - saved).abs() < 1e-9, "{neuron}");
        let (mean, variance) = (sum / n, square / n - (sum / n).powi(2));
        let noise = mean * truth.neurons[neuron].event_size * (1.0 + 1.0 / shape);
        let expected = (variance / (variance + noise)).sqrt();
        // 1200 frames; heavy-tailed rates and responses leave some hundredths.
        assert!((saved - expected).abs() < 0.12, "{neuron}: {saved} {expected}");
        assert_eq!(truth.ceilings["train"].full[neuron], saved);
    }
}

#[test]
fn copies_make_large_recordings_and_are_named() {
    let tiny = SimulationConfig::tiny();
    let trials = TrialCounts { train: 30, distinct_train: Some(2), ..tiny.trials };
    let (folder, truth) = simulated(SimulationConfig { n_neurons: 2, trials, ..tiny });
    let recording = open_raw(folder.path());
    let session = &recording.sessions[0];
    assert_eq!(session.tiers()["train"], 30);
    let copies = truth.sessions[0].trials.iter().filter(|trial| trial.copy_of.is_some()).count();
    assert_eq!(copies, 28);
    let (place, of) = truth.sessions[0]
        .trials
        .iter()
        .enumerate()
        .find_map(|(place, trial)| trial.copy_of.map(|of| (place, of)))
        .unwrap();
    assert_eq!(session.load_whole(place).unwrap(), session.load_whole(of).unwrap());
}

#[test]
fn existing_sessions_are_kept_and_cancelled_ones_leave_no_session() {
    let (folder, _) = simulated(SimulationConfig { n_neurons: 2, ..SimulationConfig::tiny() });
    let config = SimulationConfig::tiny().check().unwrap();
    let again = simulate(&config, folder.path(), &mut NoProgress, &CancelToken::new());
    assert!(matches!(again, Err(SimulationError::Exists { .. })), "{again:?}");
    let empty = tempfile::tempdir().unwrap();
    let cancel = CancelToken::new();
    cancel.cancel();
    let stopped = simulate(&config, empty.path(), &mut NoProgress, &cancel);
    assert!(matches!(stopped, Err(SimulationError::Cancelled)), "{stopped:?}");
    assert!(Recording::open(&RecordingConfig::at(empty.path())).is_err());
    // What was left behind does not stand in the way.
    simulate(&config, empty.path(), &mut NoProgress, &CancelToken::new()).unwrap();
}
