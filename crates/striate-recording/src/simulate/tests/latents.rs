//! Shared latents: what is written has the statistics that were asked for.

use std::ops::Range;

use super::*;
use crate::{InspectionConfig, inspect};

const N_NEURONS: usize = 16;
const N_TRAIN: usize = 60;
const N_FRAMES: usize = 70;

/// Two latents of the given kind and no eye movement.
fn latent(kind: LatentKind) -> StateLaw {
    StateLaw {
        dynamics: kind,
        time_constant_s: 0.2,
        arousal_loading: 0.0,
        loading_spread: 1.0,
        strength: Some(0.6),
        behaviour: BehaviourLaw::Linear,
        ..StateLaw::default()
    }
}

fn no_latents() -> StateLaw {
    let law = latent(LatentKind::Independent);
    StateLaw { n_latents: 0, behaviour: BehaviourLaw::Unrelated, ..law }
}

fn config(state: StateLaw) -> SimulationConfig {
    let tiny = SimulationConfig::tiny();
    SimulationConfig {
        n_neurons: N_NEURONS,
        trials: TrialCounts { train: N_TRAIN, ..tiny.trials },
        eye: EyeLaw { fixation_px: 0.0, drift_px: 0.0, ..tiny.eye },
        state,
        ..tiny
    }
}

fn train(truth: &SessionTruth) -> impl Iterator<Item = usize> {
    (0..truth.trials.len()).filter(|&trial| truth.trials[trial].tier == "train")
}

/// Mean over training trials and frames of what `of` makes of a trial's rows `frames`.
fn mean(truth: &SessionTruth, frames: Range<usize>, of: impl Fn(usize, usize) -> f64) -> f64 {
    let n_frames = frames.len();
    let sum: f64 = train(truth)
        .flat_map(|trial| frames.clone().map(move |f| (trial, f)))
        .map(|(trial, frame)| of(trial, frame))
        .sum();
    sum / (N_TRAIN * n_frames) as f64
}

fn arrays<T>(truth: &SessionTruth, read: impl Fn(usize) -> T) -> Vec<T> {
    (0..truth.trials.len()).map(read).collect()
}

#[test]
fn log_gain_has_the_stated_variance_and_the_gain_a_mean_of_one() {
    let (_folder, truth) = simulated(config(latent(LatentKind::Independent)));
    let truth = &truth.sessions[0];
    let rates = arrays(truth, |trial| truth.rates(trial).unwrap());
    let by_stimulus = arrays(truth, |trial| truth.stimulus_rates(trial).unwrap());
    let gain = |n: usize, trial: usize, frame: usize| {
        f64::from(rates[trial][[n, frame]]) / f64::from(by_stimulus[trial][[n, frame]])
    };
    let loadings = truth.loadings();
    let mut of_all = 0.0;
    for n in 0..N_NEURONS {
        let square: f64 = loadings.column(n).iter().map(|w| w * w).sum();
        let log = mean(truth, 0..N_FRAMES, |trial, frame| gain(n, trial, frame).ln());
        let variance =
            mean(truth, 0..N_FRAMES, |trial, frame| (gain(n, trial, frame).ln() - log).powi(2));
        // 4200 independent frames: a variance is known to 2.2 %, five of that.
        assert!((variance / square - 1.0).abs() < 0.11, "{n}: {variance} {square}");
        let average = mean(truth, 0..N_FRAMES, |trial, frame| gain(n, trial, frame));
        let error = ((square.exp() - 1.0) / (N_TRAIN * N_FRAMES) as f64).sqrt();
        // Log-normal: six of its standard errors.
        assert!((average - 1.0).abs() < 6.0 * error, "{n}: {average} {error}");
        of_all += variance / N_NEURONS as f64;
    }
    assert!((of_all / 0.36 - 1.0).abs() < 0.05, "{of_all}");
}

#[test]
fn latents_have_the_stated_memory() {
    // 0.2 s are 6 frames: the correlation at that lag is 1/e, or nothing.
    for (kind, expected) in
        [(LatentKind::Autoregressive, (-1.0f64).exp()), (LatentKind::Independent, 0.0)]
    {
        let (_folder, truth) = simulated(config(latent(kind)));
        let truth = &truth.sessions[0];
        let latents = arrays(truth, |trial| truth.latents(trial).unwrap());
        let product = |a: (usize, usize), b: (usize, usize)| {
            mean(truth, 6..N_FRAMES, |trial, frame| {
                let at = |(row, lag)| f64::from(latents[trial][[row, frame - lag]]);
                at(a) * at(b)
            })
        };
        // 60 trials of 64 frames, of which 12 count as one in the slow case: 320 independent products.
        assert!((product((0, 0), (0, 0)) - 1.0).abs() < 0.4, "{kind:?}");
        assert!((product((0, 0), (0, 6)) - expected).abs() < 0.3, "{kind:?}");
        assert!(product((0, 0), (1, 0)).abs() < 0.3, "{kind:?}");
    }
}

/// Correlations of all pairs of neurons between what the stimulus leaves unexplained in training
/// trials, each with its closed form.
///
/// With `m` the expectations given the stimulus, gains are log-normal and responses compound Poisson:
/// `cov = mean(m_a m_b) (e^{w_a . w_b} - 1)`,
/// `var = mean(m^2) (e^{w . w} - 1) + mean(m) event (1 + 1 / shape)`.
fn noise_correlations(state: StateLaw) -> Vec<(f64, f64)> {
    let (folder, truth) = simulated(config(state));
    let recording = open_raw(folder.path());
    let (session, truth) = (&recording.sessions[0], &truth.sessions[0]);
    let mut pairs = vec![PairSums::default(); N_NEURONS * N_NEURONS];
    let mut products = Array2::<f64>::zeros((N_NEURONS, N_NEURONS));
    let mut means = [0.0; N_NEURONS];
    let n = (N_TRAIN * N_FRAMES) as f64;
    for trial in session.trials_of("train") {
        let responses = session.load_whole(trial).unwrap().responses.unwrap();
        let rates = truth.stimulus_rates(trial).unwrap().mapv(f64::from);
        let left = |n: usize, frame: usize| f64::from(responses[[frame, n]]) - rates[[n, frame]];
        products += &(rates.dot(&rates.t()) / n);
        for frame in 0..N_FRAMES {
            means.iter_mut().zip(rates.column(frame)).for_each(|(mean, rate)| *mean += rate / n);
            for (pair, sums) in pairs.iter_mut().enumerate() {
                sums.add(left(pair / N_NEURONS, frame), left(pair % N_NEURONS, frame));
            }
        }
    }
    let loadings = truth.loadings();
    let events = 1.0 + 1.0 / truth.config.response.event_shape;
    let covariance = |a: usize, b: usize| {
        let gain = loadings.column(a).dot(&loadings.column(b)).exp() - 1.0;
        let own = if a == b { means[a] * truth.neurons[a].event_size * events } else { 0.0 };
        products[[a, b]] * gain + own
    };
    (0..pairs.len())
        .map(|pair| (pair, pair / N_NEURONS, pair % N_NEURONS))
        .filter(|(_, a, b)| a < b)
        .map(|(pair, a, b)| {
            let expected = covariance(a, b) / (covariance(a, a) * covariance(b, b)).sqrt();
            (pairs[pair].correlation(), expected)
        })
        .collect()
}

#[test]
fn neurons_share_noise_with_latents_and_not_without() {
    let square =
        |pairs: &[(f64, f64)]| pairs.iter().map(|(r, _)| r * r).sum::<f64>() / pairs.len() as f64;
    let with = noise_correlations(latent(LatentKind::Independent));
    let without = noise_correlations(no_latents());
    // 120 correlations over 4200 frames: the mean of their squares is 1/4200, give or take 13 %, and
    // somewhat more with heavy tails.
    let chance = 1.0 / (N_TRAIN * N_FRAMES) as f64;
    assert!(square(&without) < 2.0 * chance, "{}", square(&without));
    assert!(square(&with) > 10.0 * chance, "{}", square(&with));
    for (found, expected) in with {
        // Five standard errors, doubled for the heavy tails of gains and events.
        assert!((found - expected).abs() < 10.0 * chance.sqrt(), "{found} {expected}");
    }
}

#[test]
fn ceilings_tell_what_knowing_the_latents_is_worth() {
    let of = |state| {
        let (_folder, truth) = simulated(config(state));
        let ceilings = &truth.sessions[0].ceilings["train"];
        let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
        [mean(&ceilings.full), mean(&ceilings.stimulus)]
    };
    let (with, without) = (of(latent(LatentKind::Independent)), of(no_latents()));
    assert_eq!(without[0], without[1]);
    assert!(with[0] > with[1] + 0.05 && without[1] > with[1] + 0.02, "{with:?} {without:?}");
}

/// Least-squares weights of a trace on two latents, and the share of its variance they leave.
fn regressed(truth: &SessionTruth, traces: &[Array2<f32>], row: usize) -> [f64; 3] {
    let latents = arrays(truth, |trial| truth.latents(trial).unwrap());
    let trace = |trial: usize, frame: usize| f64::from(traces[trial][[frame, row]]);
    let level = mean(truth, 0..N_FRAMES, trace);
    let z = |k: usize, trial: usize, frame: usize| f64::from(latents[trial][[k, frame]]);
    let with = |k| mean(truth, 0..N_FRAMES, |t, f| z(k, t, f) * (trace(t, f) - level));
    let variance = mean(truth, 0..N_FRAMES, |t, f| (trace(t, f) - level).powi(2));
    let (first, second) = (with(0), with(1));
    // Latents are uncorrelated and of variance 1, to a few hundredths.
    [first, second, 1.0 - (first * first + second * second) / variance]
}

#[test]
fn behaviour_is_the_stated_mixture_or_knows_nothing_of_the_latents() {
    let noise = StateLaw::default().behaviour_noise;
    for behaviour in [BehaviourLaw::Linear, BehaviourLaw::Unrelated] {
        let law = StateLaw { behaviour, ..latent(LatentKind::Independent) };
        let (folder, truth) = simulated(config(law));
        let recording = open_raw(folder.path());
        let (session, truth) = (&recording.sessions[0], &truth.sessions[0]);
        let traces = arrays(truth, |trial| {
            // In the file's units: readers give shares of the standard deviation.
            let path = session_file(folder.path(), "behavior", trial);
            let file = striate_formats::npy::NpyFile::open(&path).unwrap().read_f32().unwrap();
            file.into_dimensionality::<ndarray::Ix2>().unwrap().reversed_axes()
        });
        assert_eq!(session.info.n_behaviour, truth.behaviour.len());
        for (row, told) in truth.behaviour.iter().enumerate() {
            let found = regressed(truth, &traces, row);
            for k in 0..2 {
                let expected = told.scale * told.latent_weights[k];
                // Five standard errors of a covariance of 4200 pairs.
                let error = 5.0 * told.scale * 1.5 / f64::from(4200).sqrt();
                assert!((found[k] - expected).abs() < error, "{behaviour:?} {row} {found:?}");
            }
            let left = noise * noise / (1.0 + noise * noise);
            let expected = if behaviour == BehaviourLaw::Linear { left } else { 1.0 };
            assert!((found[2] - expected).abs() < 0.15, "{behaviour:?} {row} {found:?}");
        }
    }
}

fn session_file(folder: &Path, variable: &str, trial: usize) -> PathBuf {
    folder.join("simulated-1/data").join(variable).join(format!("{trial}.npy"))
}

#[test]
fn recordings_with_and_without_latents_are_read_and_inspected() {
    for state in [no_latents(), latent(LatentKind::Autoregressive)] {
        let n_latents = state.n_latents;
        let (folder, truth) = simulated(config(state));
        assert_eq!(Truth::read(folder.path()).unwrap(), truth);
        let session = &truth.sessions[0];
        assert_eq!(session.latents(0).unwrap().dim(), (n_latents, N_FRAMES));
        assert_eq!(session.loadings().dim(), (n_latents, N_NEURONS));
        let recording = open_raw(folder.path());
        let looked =
            inspect(&recording, &InspectionConfig::default(), &mut NoProgress, &CancelToken::new());
        assert_eq!(looked.unwrap().sessions[0].neurons.len(), N_NEURONS);
    }
}

#[test]
fn default_state_is_drawn_as_it_was_before_there_was_a_choice() {
    // Read from a recording that was simulated before `kind`, `loadings` and `behaviour` existed.
    let (folder, truth) = simulated(SimulationConfig::tiny());
    let truth = &truth.sessions[0];
    let latents = truth.latents(0).unwrap();
    let path = session_file(folder.path(), "behavior", 0);
    let behaviour = striate_formats::npy::NpyFile::open(&path).unwrap().read_f32().unwrap();
    let found = [latents[[0, 0]], latents[[1, 69]], behaviour[[0, 7]], behaviour[[1, 8]]];
    let expected = [-0.283_945_44f32, -1.180_489_1, 44.369_873, 0.450_722_63];
    for (found, expected) in found.iter().zip(expected) {
        // Exponential functions of other systems may differ in the last digit.
        assert!((found - expected).abs() < 1e-5 * expected.abs(), "{found} {expected}");
    }
    let loadings = &truth.neurons[5].loadings;
    assert!((loadings[0] - 0.070_834_836_267).abs() < 1e-9, "{loadings:?}");
    assert!((loadings[1] - 0.141_603_355_865).abs() < 1e-9, "{loadings:?}");
}

#[test]
fn truth_written_before_behaviour_was_described_is_still_read() {
    let (folder, truth) = simulated(SimulationConfig { n_neurons: 2, ..SimulationConfig::tiny() });
    let path = folder.path().join("simulated-1/truth/truth.json");
    let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let object = json.as_object_mut().unwrap();
    object.remove("behaviour");
    object.insert("format_version".into(), 1.into());
    let state = object["config"]["state"].as_object_mut().unwrap();
    let known = ["n_latents", "time_constant_s", "arousal_loading", "loading_spread"];
    state.retain(|key, _| known.contains(&key.as_str()) || key == "behaviour_noise");
    fs::write(&path, json.to_string()).unwrap();
    let read = Truth::read(folder.path()).unwrap();
    assert_eq!(read.sessions[0].config, truth.sessions[0].config);
    assert_eq!(read.sessions[0].neurons, truth.sessions[0].neurons);
}

#[test]
fn settings_out_of_range_are_refused_with_the_range() {
    let law = || latent(LatentKind::Independent);
    let hostile = [
        (StateLaw { n_latents: 101, ..law() }, "state.n_latents is 101, expected 0 to 100"),
        (StateLaw { time_constant_s: 0.0, ..law() }, "expected 1e-6 to 1e6"),
        (StateLaw { time_constant_s: f64::NAN, ..law() }, "time_constant_s is NaN, expected 1e-6"),
        (StateLaw { strength: Some(-0.1), ..law() }, "state.strength is -0.1, expected 0 to 2"),
        (StateLaw { strength: Some(f64::NAN), ..law() }, "expected 0 to 2"),
        (StateLaw { loading_spread: 0.0, ..law() }, "both 0"),
        (StateLaw { loading_scale_um: 0.0, ..law() }, "expected 1 to 1e6"),
        (StateLaw { loaded_share: 1.5, ..law() }, "loaded_share is 1.5, expected 0 to 1"),
        (StateLaw { pupil_latents: vec![2], ..law() }, "pupil_latents is [2], expected different"),
        (StateLaw { running_latents: vec![1, 1], ..law() }, "from 0 to below n_latents"),
        (
            StateLaw { n_latents: 0, behaviour: BehaviourLaw::Arousal, ..law() },
            "state.behaviour is arousal, expected linear or unrelated where n_latents is 0",
        ),
        (
            StateLaw { n_latents: 100, loading_spread: 3.0, strength: None, ..law() },
            "root mean square of all loadings) is 30, expected 0 to 6",
        ),
    ];
    for (state, says) in hostile {
        let refused = config(state).check().unwrap_err().to_string();
        assert!(refused.contains(says), "{refused}");
    }
}
