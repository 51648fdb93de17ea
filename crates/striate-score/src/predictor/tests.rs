use striate_base::{CancelToken, NoProgress, Streams};
use striate_model::{ModelConfig, SessionShape, SessionStart, TwinSpec};

use super::*;
use crate::scorer::{ScoreConfig, score};
use crate::testing::{TestRecording, TestTrial, noise, row_sums, videos};

fn trials() -> Vec<TestTrial> {
    let trial = |seed| {
        let stimulus = noise(seed, 70, 8, 10);
        TestTrial { tier: "oracle", responses: row_sums(&stimulus, 3, 1.0, seed), stimulus }
    };
    vec![trial(1), trial(2)]
}

fn recording() -> TestRecording {
    videos(&[("dynamic1-2-3-Video-a", trials()), ("dynamic4-5-6-Video-b", trials())])
}

/// A twin with random weights that loses two frames.
fn twin(sessions: &[(&str, usize)]) -> Twin {
    twin_reading("{}", sessions)
}

fn twin_reading(readout: &str, sessions: &[(&str, usize)]) -> Twin {
    let model = format!(
        r#"{{ "core": {{ "kind": "factorised-3d", "channels": [4], "spatial_kernels": [3],
             "temporal_kernels": [3] }}, "readout": {readout} }}"#
    );
    let model: ModelConfig = serde_json::from_str(&model).unwrap();
    let shape = |&(id, n_neurons): &(&str, usize)| SessionShape {
        id: id.to_owned(),
        n_neurons,
        n_behaviour: 2,
        has_pupil_center: true,
    };
    let sessions: Vec<SessionShape> = sessions.iter().map(shape).collect();
    let start = |shape: &SessionShape| SessionStart {
        mean_response: vec![0.5; shape.n_neurons],
        ..SessionStart::default()
    };
    let starts: Vec<SessionStart> = sessions.iter().map(start).collect();
    let spec = TwinSpec { model, height: 8, width: 10, sessions };
    Twin::build(spec, &starts, &Streams::new(3)).unwrap()
}

#[test]
fn twin_is_asked_by_session_id_and_batches_change_nothing() {
    let written = recording();
    // The twin's sessions come in another order.
    let twin = twin(&[("dynamic4-5-6-Video-b", 3), ("dynamic1-2-3-Video-a", 3)]);
    let predictor = TwinPredictor::new(&twin, &written.recording).unwrap();
    let session = &written.recording.sessions[0];
    let data = [session.load(0, 0..70).unwrap(), session.load(1, 0..70).unwrap()];
    let input = |trial: usize| TrialInput { session: 0, trial, first_frame: 0, data: &data[trial] };
    let together = predictor.predict_all(&[input(0), input(1)]).unwrap();
    assert_eq!(together[0].dim(), (68, 3));
    for (trial, together) in together.iter().enumerate() {
        assert_eq!(predictor.predict(input(trial)).unwrap(), together);
    }
    let stimulus: Vec<f32> = data[1].stimulus.iter().copied().collect();
    let behaviour: Vec<f32> = data[1].behaviour.iter().flatten().copied().collect();
    let pupil_center: Vec<f32> = data[1].pupil_center.iter().flatten().copied().collect();
    let direct = twin.predict(&ClipInput {
        session: 1,
        n_clips: 1,
        n_frames: 70,
        stimulus: &stimulus,
        behaviour: Some(&behaviour),
        pupil_center: Some(&pupil_center),
    });
    assert_eq!(together[1].iter().copied().collect::<Vec<_>>(), direct.unwrap());
}

#[test]
fn twin_can_be_scored() {
    let written = recording();
    let twin = twin(&[("dynamic1-2-3-Video-a", 3), ("dynamic4-5-6-Video-b", 3)]);
    let predictor = TwinPredictor::new(&twin, &written.recording).unwrap();
    let (progress, cancel) = (&mut NoProgress, CancelToken::new());
    let config = ScoreConfig::default();
    let scores = score(&predictor, &written.recording, &config, progress, &cancel).unwrap();
    assert_eq!(scores.predictor, "twin");
    let sessions = &scores.tiers["oracle"].sessions;
    assert_eq!(sessions.len(), 2);
    assert!(sessions.values().all(|neurons| neurons.n_frames == 2 * 20));
}

#[test]
fn unknown_sessions_and_other_populations_are_refused() {
    let written = recording();
    let reason = |sessions: &[(&str, usize)]| {
        let twin = twin(sessions);
        TwinPredictor::new(&twin, &written.recording).err().unwrap().to_string()
    };
    let error = reason(&[("dynamic1-2-3-Video-a", 3)]);
    let expected = "session: found dynamic4-5-6-Video-b, expected one of dynamic1-2-3-Video-a";
    assert_eq!(error, expected);
    let error = reason(&[("dynamic1-2-3-Video-a", 4), ("dynamic4-5-6-Video-b", 3)]);
    assert_eq!(error, "neurons of session `dynamic1-2-3-Video-a`: found 3, expected 4");
}

/// Correlation of one neuron.
fn correlation(predicted: &[f64], recorded: &[f64]) -> f64 {
    let n = predicted.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / n;
    let [p, r] = [mean(predicted), mean(recorded)];
    let sum = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
        predicted.iter().zip(recorded).map(|(a, b)| of(a - p, b - r)).sum()
    };
    sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
}

#[test]
fn scores_of_a_twin_that_looks_ahead_are_those_of_whole_trials() {
    let trial = |(seed, n_frames)| {
        let stimulus = noise(seed, n_frames, 8, 10);
        TestTrial { tier: "oracle", responses: row_sums(&stimulus, 3, 1.0, seed), stimulus }
    };
    // Pieces have 300 scored frames; the second one of the last trial is shorter than the kernel.
    let trials: Vec<TestTrial> = [(1, 700), (2, 353)].into_iter().map(trial).collect();
    let written = videos(&[("dynamic1-2-3-Video-a", trials)]);
    let readout = r#"{ "mixing": { "frames": 11, "channels": 3 } }"#;
    let twin = twin_reading(readout, &[("dynamic1-2-3-Video-a", 3)]);
    let predictor = TwinPredictor::new(&twin, &written.recording).unwrap();
    assert_eq!((predictor.frames_consumed(), predictor.frames_ahead()), (2, 5));
    assert_eq!(predictor.context(&(50..350), 353), 43..353);
    let config = ScoreConfig::default();
    let (progress, cancel) = (&mut NoProgress, CancelToken::new());
    let scores = score(&predictor, &written.recording, &config, progress, &cancel).unwrap();
    let found = &scores.tiers["oracle"].sessions["dynamic1-2-3-Video-a"];
    assert_eq!(found.n_frames, 650 + 303);
    let session = &written.recording.sessions[0];
    for neuron in 0..3 {
        let (mut predicted, mut recorded) = (Vec::new(), Vec::new());
        for trial in 0..2 {
            let data = session.load_whole(trial).unwrap();
            let input = TrialInput { session: 0, trial, first_frame: 0, data: &data };
            let rates = predictor.predict(input).unwrap();
            predicted.extend(rates.column(neuron).iter().skip(48).map(|&r| f64::from(r)));
            let responses = data.responses.as_ref().unwrap().column(neuron).to_vec();
            recorded.extend(responses.into_iter().skip(50).map(f64::from));
        }
        let expected = correlation(&predicted, &recorded);
        // Apart by 1e-8 added to each standard deviation; one wrong frame of 953 makes some 1e-4.
        assert!((found.single_trial_correlation[neuron] - expected).abs() < 1e-6);
    }
}

#[test]
fn an_ensemble_answers_with_the_mean_of_its_twins() {
    let written = recording();
    let sessions = [("dynamic1-2-3-Video-a", 3), ("dynamic4-5-6-Video-b", 3)];
    let twins = [
        twin(&sessions),
        twin_reading(r#"{ "mixing": { "frames": 3, "channels": 3 } }"#, &sessions),
    ];
    let of = |twin| TwinPredictor::new(twin, &written.recording).unwrap();
    let ensemble = EnsemblePredictor::new(vec![of(&twins[0]), of(&twins[1])]).unwrap();
    let data = written.recording.sessions[0].load(0, 0..70).unwrap();
    let input = TrialInput { session: 0, trial: 0, first_frame: 0, data: &data };
    let found = ensemble.predict(input).unwrap();
    let each = [0, 1].map(|member| of(&twins[member]).predict(input).unwrap());
    assert_ne!(each[0], each[1]);
    for ((&found, &a), &b) in found.iter().zip(&each[0]).zip(&each[1]) {
        assert!((found - f32::midpoint(a, b)).abs() < 1e-6, "{found}, {a}, {b}");
    }
    // Twice the same twin is that twin, densities too.
    let twice = EnsemblePredictor::new(vec![of(&twins[0]), of(&twins[0])]).unwrap();
    // As text: densities of responses that are no counts are NaN.
    let judged = |of: &dyn Predictor| format!("{:?}", of.judge_all(&[input]).unwrap());
    assert_eq!(judged(&twice), judged(&of(&twins[0])));
    assert!(EnsemblePredictor::new(Vec::new()).is_err());
}
