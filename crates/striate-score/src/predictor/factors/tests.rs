//! Factors beneath which nothing, something constant or a twin lies.

use ndarray::Array3;
use striate_base::{NoProgress, Streams};
use striate_model::{ModelConfig, SessionShape, SessionStart, TwinSpec};

use super::*;
use crate::factor_analysis::{FactorConfig, PopulationTrial, SmoothingConfig};
use crate::metric::correlation;
use crate::testing::{TestRecording, TestTrial, videos};

const N_NEURONS: usize = 6;

/// Neurons that share one slow wave, in a frame of nothing but grey.
fn population(tier: &'static str, seed: u64) -> TestTrial {
    let mut random = Streams::new(seed).stream("population");
    let mut wave = 0.0;
    let mut frame = || {
        wave = 0.9 * wave + 0.4 * random.normal();
        [(); N_NEURONS].map(|()| 5.0 + (wave + 0.5 * random.normal()) as f32)
    };
    let frames: Vec<[f32; N_NEURONS]> = (0..120).map(|_| frame()).collect();
    TestTrial {
        tier,
        stimulus: Array3::zeros((frames.len(), 6, 6)),
        responses: Array2::from(frames),
    }
}

fn recording() -> TestRecording {
    let train = (1..6).map(|seed| population("train", seed));
    let trials: Vec<TestTrial> = train.chain([population("oracle", 9)]).collect();
    videos(&[("dynamic1-2-3-Video-a", trials)])
}

fn config(n_factors: usize) -> FlowConfig {
    FlowConfig { factors: FactorConfig::with_factors(n_factors), ..FlowConfig::default() }
}

fn fit<'a>(
    beneath: Option<&'a Twin>,
    of: &'a TestRecording,
    condition: Condition,
    config: &FlowConfig,
) -> Result<FactorPredictor<'a>, ScoreError> {
    let watch: (&mut dyn Progress, _) = (&mut NoProgress, &CancelToken::new());
    FactorPredictor::fit(beneath, (&of.recording, "train"), condition, config, watch)
}

/// The last trial, judged.
fn judge(predictor: &FactorPredictor<'_>, first_frame: usize) -> (JudgedTrial, Array2<f32>) {
    let data = predictor.recording.sessions[0].load(5, first_frame..120).unwrap();
    let input = TrialInput { session: 0, trial: 5, first_frame, data: &data };
    let judged = predictor.judge_all(&[input]).unwrap().pop().unwrap();
    (judged, data.responses.clone().unwrap())
}

/// A twin with random weights, which loses two frames.
fn twin(latent: &str) -> Twin {
    let model: ModelConfig = serde_json::from_str(&format!(
        r#"{{ "core": {{ "kind": "factorised-3d", "channels": [2], "spatial_kernels": [3],
             "temporal_kernels": [3] }} {latent} }}"#,
    ))
    .unwrap();
    let shape = SessionShape {
        id: "dynamic1-2-3-Video-a".to_owned(),
        n_neurons: N_NEURONS,
        n_behaviour: 2,
        has_pupil_center: true,
    };
    let start = SessionStart { mean_response: vec![5.0; N_NEURONS], ..SessionStart::default() };
    let spec = TwinSpec { model, height: 6, width: 6, sessions: vec![shape] };
    Twin::build(spec, &[start], &Streams::new(3)).unwrap()
}

#[test]
fn each_neuron_is_predicted_from_all_others_as_by_hand() {
    let written = recording();
    let predictor = fit(None, &written, Condition::LeaveOneOut, &config(1)).unwrap();
    let (judged, recorded) = judge(&predictor, 0);
    assert_eq!(
        (predictor.name(), judged.log_densities.len()),
        ("factor analysis given leave-one-out", 3)
    );
    let trial = recorded.mapv(f64::from);
    let trial = PopulationTrial::of(trial.view());
    let model = predictor.models().next().unwrap();
    for neuron in 0..N_NEURONS {
        let others: Vec<usize> = (0..N_NEURONS).filter(|&other| other != neuron).collect();
        let by_hand = model.condition(&[trial], &others).unwrap().pop().unwrap();
        let densities = model.log_densities(&by_hand, trial.responses).unwrap();
        for frame in 0..120 {
            let place = [frame, neuron];
            assert!((f64::from(judged.rates[place]) - by_hand.mean[[frame, 0]]).abs() < 1e-5);
            let found = f64::from(judged.log_densities[2][place]);
            assert!((found - densities[[frame, 0]]).abs() < 1e-5);
        }
        // Wave of variance 0.84 from five neurons of noise 0.25: 0.84 / sqrt(1.09 x 0.89) = 0.85.
        let found = correlation(judged.rates.column(neuron), recorded.column(neuron));
        assert!(found > 0.75, "{found}");
    }
}

#[test]
fn halves_are_predicted_from_each_other_and_a_piece_is_that_of_the_whole_trial() {
    let written = recording();
    for smoothing in [None, Some(SmoothingConfig::default())] {
        let config = FlowConfig { smoothing, ..config(1) };
        let predictor = fit(None, &written, Condition::Half, &config).unwrap();
        let (whole, recorded) = judge(&predictor, 0);
        let (piece, _) = judge(&predictor, 50);
        assert_eq!(whole.rates.slice(s![50.., ..]), piece.rates);
        assert_eq!(whole.log_densities[0].slice(s![50.., ..]), piece.log_densities[0]);
        let found = correlation(whole.rates.column(1), recorded.column(1));
        assert!(found > 0.7, "{found}");
        let again = fit(None, &written, Condition::LeaveOneOut, &config).unwrap();
        let again = again.under(Condition::Half).unwrap();
        assert_eq!((again.name(), judge(&again, 0).0), (predictor.name(), whole));
    }
}

#[test]
fn twin_beneath_that_sees_nothing_changes_nothing() {
    let written = recording();
    let twin = twin("");
    let alone = fit(None, &written, Condition::Half, &config(1)).unwrap();
    let above = fit(Some(&twin), &written, Condition::Half, &config(1)).unwrap();
    assert_eq!((above.frames_consumed(), alone.frames_consumed()), (2, 0));
    let ((above, _), (alone, _)) = (judge(&above, 0), judge(&alone, 0));
    assert_eq!(above.rates.dim(), (118, N_NEURONS));
    // Fitted to two frames less of each trial.
    let difference = (&above.rates - &alone.rates.slice(s![2.., ..])).mapv(f32::abs);
    assert!(difference.mean().unwrap() < 0.05, "{difference}");
    let roots = FlowConfig { transform: FactorPredictor::transform_for(&twin), ..config(1) };
    let above = fit(Some(&twin), &written, Condition::Half, &roots).unwrap();
    assert_eq!(judge(&above, 0).0.log_densities.len(), 0);
}

#[test]
fn what_cannot_be_fitted_is_refused_by_name() {
    let written = recording();
    let latent = twin(r#", "latent": { "dim": 2 }"#);
    let reason = |found: Result<FactorPredictor<'_>, ScoreError>| found.err().unwrap().to_string();
    let found = reason(fit(Some(&latent), &written, Condition::Half, &config(1)));
    assert!(found.contains("latents of the twin beneath factors: found some"), "{found}");
    let found = reason(fit(None, &written, Condition::Half, &config(7)));
    let expected = "factor analysis of session `dynamic1-2-3-Video-a`: setting n_factors is 7, \
                    expected 0 to 6";
    assert_eq!(found, expected);
    let watch: (&mut dyn Progress, _) = (&mut NoProgress, &CancelToken::new());
    let of = (&written.recording, "validation");
    let found = reason(FactorPredictor::fit(None, of, Condition::Half, &config(1), watch));
    assert!(found.contains("none of tier `validation` in session"), "{found}");
}
