use ndarray::{Array2, s};
use striate_base::{CancelToken, NoProgress};
use striate_model::baseline::LinearNonlinearConfig;

use super::*;
use crate::scorer::{ScoreConfig, score};
use crate::scores::{Metric, Scores};
use crate::testing::{TestTrial, images, noise, videos};

const MOUSE: &str = "dynamic1-2-3-Video-a";

/// Neuron `n` answers to the pixel in row `n`, column 2, two frames ago; what falls is cut off.
fn video_trial(tier: &'static str, seed: u64) -> TestTrial {
    let stimulus = noise(seed, 120, 6, 7);
    let responses = Array2::from_shape_fn((120, 2), |(frame, neuron)| {
        stimulus[[frame.saturating_sub(2), neuron, 2]].max(0.0)
    });
    TestTrial { tier, stimulus, responses }
}

fn video_trials(n_train: u64) -> Vec<TestTrial> {
    let train = (0..n_train).map(|seed| video_trial("train", seed));
    train.chain([video_trial("oracle", 100), video_trial("oracle", 101)]).collect()
}

fn scored(predictor: &BaselinePredictor, recording: &Recording) -> Scores {
    let cancel = CancelToken::new();
    score(predictor, recording, &ScoreConfig::default(), &mut NoProgress, &cancel).unwrap()
}

#[test]
fn video_gets_a_linear_nonlinear_model_that_predicts_held_out_trials() {
    let written = videos(&[(MOUSE, video_trials(12))]);
    let cancel = CancelToken::new();
    let config = LinearNonlinearConfig { n_lags: 4, ..LinearNonlinearConfig::default() };
    let baseline =
        fit_linear_nonlinear(&written.recording, "train", &config, &mut NoProgress, &cancel)
            .unwrap();
    assert_eq!(baseline.frames_consumed(), 3);
    let SessionBaseline::LinearNonlinear(model) = &baseline.sessions()[0] else {
        panic!("expected a linear-nonlinear model");
    };
    assert_eq!([model.position(0), model.position(1)], [Some([2.0, 0.0]), Some([2.0, 1.0])]);
    let correlation = scored(&baseline, &written.recording).tiers["oracle"]
        .pooled(Metric::SingleTrialCorrelation)
        .unwrap();
    // Noiseless neurons; 1400 training frames leave some noise in the filters, and bins are coarse.
    assert!(correlation.mean > 0.9, "{}", correlation.mean);
}

#[test]
fn images_get_a_ridge_on_means_over_repeats() {
    let trial = |tier, seed: u64, sign: f32| {
        let stimulus = noise(seed, 1, 48, 64) * (seed as f32 * 0.05);
        let brightness = stimulus.slice(s![0, ..24, ..]).std(0.0).ln();
        // Repeats differ by noise that cancels in their mean.
        TestTrial { tier, stimulus, responses: Array2::from_elem((1, 1), brightness + 3.0 * sign) }
    };
    let train = (1..120).flat_map(|seed| [trial("train", seed, 1.0), trial("train", seed, -1.0)]);
    let test = (200..240).map(|seed| trial("test", seed - 160, 0.0));
    let written = images("static1-2-3-GrayImageNet-a", &train.chain(test).collect::<Vec<_>>());
    let cancel = CancelToken::new();
    let baseline = fit_baseline(&written.recording, "train", &mut NoProgress, &cancel).unwrap();
    assert!(matches!(baseline.sessions()[0], SessionBaseline::GaborRidge(_)));
    let scores = scored(&baseline, &written.recording);
    assert_eq!(scores.predictor, "Gabor ridge");
    let correlation = scores.tiers["test"].pooled(Metric::SingleTrialCorrelation).unwrap().mean;
    // Contrast is a smooth function of log energies; single repeats would drown it (noise 3, signal
    // below 1) and leave little over 0.5. The images are rescaled to 12 x 16: from 96 pixels of noise
    // a log contrast is known to 1 / sqrt(2 * 96) = 0.07 beside its spread of 0.2, which leaves 0.94.
    assert!(correlation > 0.9, "{correlation}");
}

#[test]
fn nothing_to_fit_on_and_cancellation_are_said() {
    let written = videos(&[(MOUSE, video_trials(2))]);
    let fit = |tier: &str, cancel: &CancelToken| {
        fit_baseline(&written.recording, tier, &mut NoProgress, cancel).unwrap_err()
    };
    let error = fit("training", &CancelToken::new()).to_string();
    assert!(error.contains("0 trials of tier `training`"), "{error}");
    let cancel = CancelToken::new();
    cancel.cancel();
    assert!(matches!(fit("train", &cancel), ScoreError::Cancelled));
}

#[test]
fn session_it_was_not_fitted_on_is_refused() {
    let one = videos(&[(MOUSE, video_trials(2))]);
    let two = videos(&[(MOUSE, video_trials(1)), ("dynamic4-5-6-Video-b", video_trials(1))]);
    let cancel = CancelToken::new();
    let baseline = fit_baseline(&one.recording, "train", &mut NoProgress, &cancel).unwrap();
    let (progress, config) = (&mut NoProgress, ScoreConfig::default());
    let error = score(&baseline, &two.recording, &config, progress, &cancel).unwrap_err();
    assert_eq!(error.to_string(), "sessions of the baseline: found 1, expected 2");
}
