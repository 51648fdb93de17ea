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
    let model: ModelConfig = serde_json::from_str(
        r#"{ "core": { "kind": "factorised-3d", "channels": [4], "spatial_kernels": [3],
             "temporal_kernels": [3] } }"#,
    )
    .unwrap();
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
