use std::path::Path;

use ndarray::{Array2, Array4, Axis};
use striate_base::{NoProgress, Streams};
use striate_model::{SessionShape, SessionStart, Twin, TwinSpec};
use striate_recording::simulate::{SimulationConfig, simulate};
use striate_recording::{Recording, RecordingConfig};

use super::*;
use crate::testing::{planted, subject_of};
use crate::training::TrainingConfig;

fn extremes(training: TrainingStimuli<'_>, subject: &Subject<'_>, how: (Goal, usize)) -> Vec<f32> {
    training.extremes(subject, how, (&mut NoProgress, &CancelToken::new())).unwrap()
}

#[test]
fn means_are_over_as_many_frames_as_asked() {
    // [frame, neuron]
    let responses =
        Array2::from_shape_vec((4, 2), vec![5.0, 1.0, 0.0, 2.0, 0.0, 3.0, 4.0, 3.0]).unwrap();
    for (goal, n_averaged, expected) in [
        (Goal::Most, 1, [5.0, 3.0]),
        (Goal::Most, 2, [2.5, 3.0]),
        (Goal::Least, 2, [0.0, 1.5]),
        (Goal::Most, 4, [2.25, 2.25]),
    ] {
        let mut extremes = Extremes::new(2, goal, n_averaged);
        extremes.add(responses.view());
        assert_eq!(extremes.finish(), expected, "{goal:?} {n_averaged}");
    }
    let mut short = Extremes::new(2, Goal::Most, 5);
    short.add(responses.view());
    assert!(short.finish().iter().all(|value| value.is_nan()));
}

#[test]
fn long_clips_in_pieces_are_as_in_one() {
    let twin = planted::twin(&planted::cells()[..2], true);
    let subject = subject_of(&twin, planted::training(&twin));
    let [height, width] = planted::SCREEN;
    let mut clips = Array4::zeros((1, 2 * FRAMES_AT_ONCE + 40, height, width));
    Streams::new(3).stream("clip").fill_normal(clips.as_slice_mut().unwrap());
    let whole = subject.respond(clips.view()).unwrap();
    assert_eq!(respond(&subject, clips.view()).unwrap(), whole);
    let short = clips.slice(s![.., ..20, .., ..]);
    let stimuli = TrainingStimuli::Clips(short);
    let n = 20 + 1 - subject.n_lags();
    assert!(extremes(stimuli, &subject, (Goal::Most, n)).iter().all(|value| value.is_finite()));
    assert!(extremes(stimuli, &subject, (Goal::Most, n + 1)).iter().all(|value| value.is_nan()));
}

fn simulated(folder: &Path) -> Recording {
    let config = SimulationConfig::tiny().check().unwrap();
    simulate(&config, folder, &mut NoProgress, &CancelToken::new()).unwrap();
    Recording::open(&RecordingConfig::at(folder)).unwrap()
}

/// A twin of video that nothing was fitted to.
fn twin_of(session: &Session) -> Twin {
    let info = &session.info;
    let model =
        r#"{ "core": { "channels": [3], "spatial_kernels": [5], "temporal_kernels": [4] } }"#;
    let shape = SessionShape {
        id: info.id.clone(),
        n_neurons: info.n_neurons,
        n_behaviour: 0,
        has_pupil_center: false,
    };
    let spec = TwinSpec {
        model: serde_json::from_str(model).unwrap(),
        height: info.height,
        width: info.width,
        sessions: vec![shape],
    };
    let mean_response = vec![1.0; info.n_neurons];
    let start = SessionStart { mean_response, ..SessionStart::default() };
    let mut twin = Twin::build(spec, &[start], &Streams::new(1)).unwrap();
    let mut random = Streams::new(2).stream("features");
    let readouts = twin.parameters_mut().0.iter_mut().filter(|p| p.name.ends_with("features"));
    readouts.for_each(|parameter| random.fill_normal(&mut parameter.values));
    twin
}

#[test]
fn the_whole_tier_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let recording = simulated(folder.path());
    let session = &recording.sessions[0];
    let twin = twin_of(session);
    // A sample too small to have the extremes.
    let config = TrainingConfig { n_trials: Some(1), clips_per_trial: 2, ..Default::default() };
    let subject = Subject::new(&[&twin], session, &config).unwrap();
    let clips = 4 * subject.training.clips.len() as u64;
    let needed = config.needed_bytes(&session.info, subject.n_lags());
    assert!((clips..20 * clips).contains(&needed), "{needed} bytes told, {clips} of clips");
    let n = 3;
    let found = extremes(TrainingStimuli::Tier(session, "train"), &subject, (Goal::Most, n));
    let mut truth = vec![f64::NEG_INFINITY; subject.n_neurons()];
    for trial in session.trials_of("train") {
        let clip = session.load_whole(trial).unwrap().stimulus.insert_axis(Axis(0));
        let responses = subject.respond(clip.view()).unwrap();
        for window in responses.index_axis(Axis(0), 0).axis_windows(Axis(0), n) {
            for (truth, some) in truth.iter_mut().zip(window.columns()) {
                let mean = some.iter().map(|&r| f64::from(r)).sum::<f64>() / n as f64;
                *truth = truth.max(mean);
            }
        }
    }
    let near = |found: f32, truth: f64| (f64::from(found) - truth).abs() < 1e-6 * truth.abs();
    assert!(
        found.iter().zip(&truth).all(|(&found, &truth)| near(found, truth)),
        "{found:?} {truth:?}"
    );
    let sampled = TrainingStimuli::Clips(subject.training.clips.view());
    let sampled = extremes(sampled, &subject, (Goal::Most, 1));
    let all = extremes(TrainingStimuli::Tier(session, "train"), &subject, (Goal::Most, 1));
    assert!(sampled.iter().zip(&all).all(|(sampled, all)| sampled <= all));
    assert!(sampled.iter().zip(&all).any(|(sampled, all)| sampled < all));
}

#[test]
fn a_request_to_stop_is_heard() {
    let twin = planted::twin(&planted::cells()[..1], false);
    let subject = subject_of(&twin, planted::training(&twin));
    let cancel = CancelToken::new();
    cancel.cancel();
    let stimuli = TrainingStimuli::Clips(subject.training.clips.view());
    let stopped = stimuli.extremes(&subject, (Goal::Most, 1), (&mut NoProgress, &cancel));
    assert!(matches!(stopped, Err(InsilicoError::Cancelled)));
}

#[test]
fn a_luminance_range_without_the_stimuli_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let recording = simulated(folder.path());
    let session = &recording.sessions[0];
    let twin = twin_of(session);
    let subject = |range| {
        let config = TrainingConfig { luminance_range: Some(range), ..TrainingConfig::default() };
        Subject::new(&[&twin], session, &config).map(|subject| subject.training.luminance_range)
    };
    assert_eq!(subject([-400.0, 400.0]).unwrap(), [-400.0, 400.0]);
    for wrong in [[-1e4, 1e4], [1e4, 2e4], [1e4, -1e4], [f32::NAN, 1e4], [0.0, f32::INFINITY]] {
        let said = subject(wrong).unwrap_err().to_string();
        assert!(said.contains("training.luminance_range"), "{said}");
    }
}
