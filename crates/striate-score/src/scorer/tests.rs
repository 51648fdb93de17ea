use std::collections::BTreeMap;

use ndarray::{Array1, Array2, Array3, Axis, s};
use striate_base::{CancelToken, NoProgress};

use super::*;
use crate::metric;
use crate::predictor::TrialInput;
use crate::scores::Metric;
use crate::testing::{TestTrial, images, noise, row_sums, videos};

const N_NEURONS: usize = 3;
const SIZE: (usize, usize) = (4, 5);

/// Sums the rows of the stimulus, as the simulated neurons do, with a delay it does not need.
struct RowSums {
    n_consumed: usize,
}

impl Predictor for RowSums {
    fn name(&self) -> &'static str {
        "row sums"
    }

    fn frames_consumed(&self) -> usize {
        self.n_consumed
    }

    fn predict(&self, input: TrialInput<'_>) -> Result<Array2<f32>, ScoreError> {
        let sums = input.data.stimulus.sum_axis(Axis(2));
        Ok(sums.slice(s![self.n_consumed.., ..N_NEURONS]).to_owned())
    }
}

fn trial(tier: &'static str, video: u64, n_frames: usize, seed: u64) -> TestTrial {
    let stimulus = noise(video, n_frames, SIZE.0, SIZE.1);
    let responses = row_sums(&stimulus, N_NEURONS, 1.5, seed);
    TestTrial { tier, stimulus, responses }
}

/// Repeats lie apart, and trials are longer than a piece.
fn trials() -> Vec<TestTrial> {
    [(1, 400), (2, 380), (1, 400), (3, 120), (2, 380), (1, 390), (4, 100)]
        .into_iter()
        .zip(10..)
        .map(|((video, n_frames), seed)| trial("oracle", video, n_frames, seed))
        .collect()
}

fn run(
    predictor: &dyn Predictor,
    recording: &Recording,
    config: &ScoreConfig,
) -> Result<Scores, ScoreError> {
    score(predictor, recording, config, &mut NoProgress, &CancelToken::new())
}

/// All scored frames of all trials: stimulus number, predictions and responses of one neuron.
fn materialised(
    trials: &[TestTrial],
    from: usize,
    neuron: usize,
) -> (Vec<usize>, Array1<f32>, Array1<f32>) {
    let (mut stimuli, mut predicted, mut recorded) = (Vec::new(), Vec::new(), Vec::new());
    for trial in trials {
        let same =
            trials.iter().position(|other| other.stimulus[[0, 0, 0]] == trial.stimulus[[0, 0, 0]]);
        let sums = trial.stimulus.sum_axis(Axis(2));
        for frame in from..trial.responses.nrows() {
            stimuli.push(same.unwrap() * 10_000 + frame);
            predicted.push(sums[[frame, neuron]]);
            recorded.push(trial.responses[[frame, neuron]]);
        }
    }
    (stimuli, predicted.into(), recorded.into())
}

#[test]
fn streaming_a_recording_equals_the_definitions_on_all_of_it() {
    let trials = trials();
    let written = videos(&[("dynamic1-2-3-Video-a", trials)]);
    let trials = self::trials();
    let scores =
        run(&RowSums { n_consumed: 0 }, &written.recording, &ScoreConfig::default()).unwrap();
    let neurons = scores.tiers["oracle"].sessions.values().next().unwrap();
    assert_eq!((neurons.n_trials, neurons.n_repeated_stimuli), (7, 2));
    // Sensorium 2023 drops the first 50 frames of each of the 7 trials.
    assert_eq!(neurons.n_frames, 2170 - 7 * 50);
    for neuron in 0..N_NEURONS {
        let (stimuli, p, y) = materialised(&trials, 50, neuron);
        let close = |streamed: Option<f64>, whole: Option<f64>| {
            // Sums of some thousand numbers of order 1 in f64.
            assert!((streamed.unwrap() - whole.unwrap()).abs() < 1e-9, "{streamed:?} {whole:?}");
        };
        let correlation = metric::correlation(p.view(), y.view());
        close(Some(neurons.single_trial_correlation[neuron]), Some(correlation));
        let to_average = metric::correlation_to_average(p.view(), y.view(), &stimuli);
        close(neurons.correlation_to_average[neuron], to_average);
        close(neurons.feve[neuron], metric::feve(p.view(), y.view(), &stimuli));
        close(neurons.oracle[neuron], metric::oracle(y.view(), &stimuli));
        let ceiling = metric::noise_ceiling(y.view(), &stimuli);
        close(neurons.noise_ceiling[neuron], ceiling);
        close(neurons.fraction_of_ceiling[neuron], ceiling.map(|c| correlation / c));
    }
}

#[test]
fn all_predictors_are_scored_on_the_same_frames() {
    let written = videos(&[("dynamic1-2-3-Video-a", trials())]);
    let (fast, slow) = (RowSums { n_consumed: 3 }, RowSums { n_consumed: 70 });
    let config = ScoreConfig::default();
    let predictors: [&dyn Predictor; 2] = [&fast, &slow];
    let (progress, cancel) = (&mut NoProgress, CancelToken::new());
    let scores = score_all(&predictors, &written.recording, &config, progress, &cancel).unwrap();
    assert_eq!(scores[0].tiers, scores[1].tiers);
    assert_eq!(scores[0].statement.scored_from_frame.values().next(), Some(&70));
}

#[test]
fn fifty_frames_are_skipped_unless_asked_otherwise() {
    let broken_start = || {
        let mut trial = trial("oracle", 1, 100, 1);
        trial.responses.slice_mut(s![..50, ..]).fill(1e6);
        trial
    };
    let written = videos(&[("dynamic1-2-3-Video-a", vec![broken_start()])]);
    let correlation = |config: &ScoreConfig| {
        let scores = run(&RowSums { n_consumed: 0 }, &written.recording, config).unwrap();
        scores.tiers["oracle"].pooled(Metric::SingleTrialCorrelation).unwrap().mean
    };
    // Signal variance 5, noise variance 2.25: correlation 0.83, less 0.1 for 50 frames.
    assert!(correlation(&ScoreConfig::default()) > 0.7);
    let all = ScoreConfig { from_frame: Some(0), ..ScoreConfig::default() };
    assert!(correlation(&all).abs() < 0.3);
}

#[test]
fn hand_computed_images_with_repeats_out_of_order() {
    // Three images, two repeats: as in the metrics' hand-computed example, in another order.
    let values = [(2, 9.0), (0, 1.0), (1, 6.0), (0, 3.0), (2, 7.0), (1, 4.0)];
    let trial = |(image, response): (u64, f32)| TestTrial {
        tier: "test",
        stimulus: Array3::from_elem((1, 8, 8), [2.0, 4.0, 9.0][image as usize]),
        responses: ndarray::array![[response, 5.0]],
    };
    let written = images("static1-2-3-GrayImageNet-a", &values.map(trial));
    let scores = run(&Brightness, &written.recording, &ScoreConfig::default()).unwrap();
    let neurons = scores.tiers["test"].sessions.values().next().unwrap();
    // Scores are of the prediction's pattern up to scale, which normalisation may change; FEVE is not.
    assert!((neurons.single_trial_correlation[0] - 42.0 / (42.0f64 * 52.0).sqrt()).abs() < 1e-6);
    let to_average = 21.0 / (18.0f64 * 26.0).sqrt();
    assert!((neurons.correlation_to_average[0].unwrap() - to_average).abs() < 1e-6);
    let feve = 1.0 - (10.0 / 6.0 - 2.0) / 6.4;
    assert!((neurons.feve[0].unwrap() - feve).abs() < 1e-6);
    assert_eq!(neurons.single_trial_correlation[1], 0.0);
    assert_eq!(neurons.feve[1], None);
    let feve = scores.tiers["test"].pooled(Metric::Feve).unwrap();
    assert_eq!(feve.n_neurons, 1);
}

/// Predicts the mean of the image for every neuron.
struct Brightness;

impl Predictor for Brightness {
    fn name(&self) -> &'static str {
        "brightness"
    }

    fn frames_consumed(&self) -> usize {
        0
    }

    fn predict(&self, input: TrialInput<'_>) -> Result<Array2<f32>, ScoreError> {
        let mean = input.data.stimulus.mean().unwrap_or(0.0);
        Ok(Array2::from_elem((1, 2), mean))
    }
}

#[test]
fn tiers_are_chosen_and_what_is_not_scored_is_said() {
    let mut trials = vec![trial("train", 1, 60, 1), trial("oracle", 2, 60, 2)];
    trials.push(TestTrial {
        responses: Array2::zeros((60, N_NEURONS)),
        ..trial("final_test_main", 3, 60, 3)
    });
    let written = videos(&[("dynamic1-2-3-Video-a", trials)]);
    let predictor = RowSums { n_consumed: 0 };
    let tiers = |config: &ScoreConfig| {
        let scores = run(&predictor, &written.recording, config).unwrap();
        let skipped: BTreeMap<_, _> =
            scores.skipped.iter().map(|s| (s.tier.clone(), s.n_trials)).collect();
        (scores.tiers.into_keys().collect::<Vec<_>>(), skipped)
    };
    let (scored, skipped) = tiers(&ScoreConfig::default());
    assert_eq!(scored, ["oracle"]);
    assert_eq!(skipped, BTreeMap::from([("final_test_main".to_owned(), 1)]));
    let of =
        |tier: &str| ScoreConfig { tiers: Some(vec![tier.to_owned()]), ..ScoreConfig::default() };
    assert_eq!(tiers(&of("train")).0, ["train"]);
    let error = run(&predictor, &written.recording, &of("validation")).unwrap_err();
    let expected =
        "found no trials of tier `validation`, expected one of: final_test_main, oracle, train";
    assert_eq!(error.to_string(), expected);
    let error = run(&predictor, &written.recording, &of("final_test_main")).unwrap_err();
    assert!(matches!(error, ScoreError::NothingToScore { .. }), "{error}");
}

#[test]
fn too_short_trials_and_wrong_predictions_are_refused() {
    let written = videos(&[("dynamic1-2-3-Video-a", vec![trial("oracle", 1, 60, 1)])]);
    let error = run(&RowSums { n_consumed: 60 }, &written.recording, &ScoreConfig::default());
    let error = error.unwrap_err().to_string();
    assert!(error.contains("trials of at most 60 frames"), "{error}");
    let error = run(&Brightness, &written.recording, &ScoreConfig::default()).unwrap_err();
    let expected = "prediction by `brightness`: found [1, 2], expected [10, 3] (frame, neuron)";
    assert_eq!(error.to_string(), expected);
    let cancelled = CancelToken::new();
    cancelled.cancel();
    let (predictor, config) = (RowSums { n_consumed: 0 }, ScoreConfig::default());
    let result = score(&predictor, &written.recording, &config, &mut NoProgress, &cancelled);
    assert!(matches!(result, Err(ScoreError::Cancelled)));
}
