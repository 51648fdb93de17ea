use std::fs;

use ndarray::{Array1, Array3, ArrayD, IxDyn, array};
use striate_base::{Classified, ErrorClass};
use striate_formats::npy;

use super::*;
use crate::testing::{
    N_NEURONS, Order, SIZE, VideoSession, open, video_folder, write, write_meta, write_statistics,
};
use crate::{ResponseNormalisation, TrialInfo};

#[test]
fn names_are_ordered_as_people_do() {
    let mut names = ["simulated-10", "simulated-2", "a", "simulated-1", "simulated-02"];
    names.sort_by(|a, b| natural(a, b));
    assert_eq!(names, ["a", "simulated-1", "simulated-02", "simulated-2", "simulated-10"]);
}

#[test]
fn both_axis_orders_read_the_same_normalised_trial() {
    for order in [Order::C, Order::Fortran] {
        let session = VideoSession { order, ..VideoSession::new(&["train", "oracle"]) };
        let (_folder, path) = video_folder(&session);
        let recording = open(&path).unwrap();
        let info = &recording.sessions[0].info;
        assert_eq!((info.n_neurons, info.height, info.width), (N_NEURONS, SIZE[0], SIZE[1]));
        assert_eq!((info.n_behaviour, info.has_pupil_center), (2, true));
        assert_eq!(
            (info.id.as_str(), info.neuron_ids.as_slice()),
            ("dynamic1-2-3-Video-a", &[70, 71][..])
        );
        assert_eq!(info.neuron_coordinates, Some(array![[0.0, 1.0, 2.0], [10.0, 11.0, 12.0]]));
        let data = recording.sessions[0].load(1, 3..9).unwrap();
        assert_eq!(data.stimulus.dim(), (6, SIZE[0], SIZE[1]));
        for ((frame, row, column), &value) in data.stimulus.indexed_iter() {
            let raw = VideoSession::pixel(1, [row, column], frame + 3);
            assert_eq!(f64::from(value), (raw - 8.0) / 2.0, "{order:?}");
        }
        let responses = data.responses.unwrap();
        assert_eq!(responses.dim(), (6, N_NEURONS));
        for ((frame, neuron), &value) in responses.indexed_iter() {
            assert_eq!(f64::from(value), VideoSession::response(1, neuron, frame + 3));
        }
        // Behaviour (row + 1) (frame + 1) over 2 and 4; pupil (row + frame - mean) / 0.5.
        assert_eq!(data.behaviour.unwrap().row(0), array![2.0, 2.0]);
        assert_eq!(data.pupil_center.unwrap().row(0), array![4.0, 2.0]);
        assert!(responses.is_standard_layout() && data.stimulus.is_standard_layout());
    }
}

#[test]
fn trials_end_where_their_shortest_variable_does() {
    let mut session = VideoSession::new(&["train"; 5]);
    let lengths = [[9, 12, 12, 12], [12, 8, 12, 10], [12, 12, 7, 12], [12, 12, 12, 6], [12; 4]];
    for (trial, lengths) in session.trials.iter_mut().zip(lengths) {
        trial.2 = lengths;
    }
    for order in [Order::C, Order::Fortran] {
        session.order = order;
        let (_folder, path) = video_folder(&session);
        let recording = open(&path).unwrap();
        let found: Vec<usize> =
            recording.sessions[0].info.trials.iter().map(|trial| trial.n_frames).collect();
        assert_eq!(found, [9, 8, 7, 6, 12], "{order:?}");
        for trial in 0..5 {
            recording.sessions[0].load_whole(trial).unwrap();
        }
        let error = recording.sessions[0].load(3, 2..7).unwrap_err();
        assert_eq!(error.class(), ErrorClass::Usage);
        assert!(error.to_string().contains("found 2 to 7, expected 0 to 6"), "{error}");
    }
}

#[test]
fn statistics_per_neuron_and_frame_divide_every_frame_by_its_own() {
    // The mean of all 24 values is 2.5; 0.02 is below 1 % of it.
    let mut std = ArrayD::from_elem(IxDyn(&[2, 12]), 1.0);
    std[[0, 4]] = 4.0;
    std[[1, 5]] = 0.02;
    std[[1, 6]] = 33.98;
    let session = VideoSession { response_std: std, ..VideoSession::new(&["train"]) };
    let (_folder, path) = video_folder(&session);
    let recording = open(&path).unwrap();
    assert_eq!(recording.sessions[0].info.response_normalisation, "per neuron and frame");
    let responses = recording.sessions[0].load(0, 4..7).unwrap().responses.unwrap();
    let raw = |neuron, frame| VideoSession::response(0, neuron, frame) as f32;
    assert_eq!(responses[[0, 0]], raw(0, 4) * 0.25);
    assert_eq!(responses[[0, 1]], raw(1, 4));
    // (21 * 1 + 4 + 0.02 + 33.98) / 24 = 59 / 24: the floor is 0.01 of that.
    let floor = 0.01 * 59.0 / 24.0;
    let expected = (f64::from(raw(1, 5)) / floor) as f32;
    assert!((responses[[1, 1]] - expected).abs() < 1e-3 * expected, "{}", responses[[1, 1]]);
    assert_eq!(responses[[2, 1]], (raw(1, 6)) * (1.0 / 33.98f64) as f32);
}

#[test]
fn statistics_of_frames_are_pooled_where_a_neuron_is_to_have_one_factor() {
    let mut std = ArrayD::from_elem(IxDyn(&[2, 12]), 1.0);
    // Variances of 1 and, in one of the ten frames that trials have, 31: 4 on average.
    std[[0, 4]] = 31f64.sqrt();
    let session = VideoSession { response_std: std, ..VideoSession::new(&["train"]) };
    let (_folder, path) = video_folder(&session);
    let config = RecordingConfig {
        response_normalisation: ResponseNormalisation::PerNeuron,
        ..RecordingConfig::at(&path)
    };
    let recording = Recording::open(&config).unwrap();
    assert_eq!(recording.sessions[0].info.response_normalisation, "per neuron");
    let responses = recording.sessions[0].load(0, 3..5).unwrap().responses.unwrap();
    for frame in [3, 4] {
        let expected = VideoSession::response(0, 0, frame) as f32 / 2.0;
        assert!((responses[[frame - 3, 0]] - expected).abs() <= 1e-6 * expected.abs());
    }
}

#[test]
fn statistics_per_neuron_floor_a_silent_neuron() {
    for shape in [&[2][..], &[2, 1]] {
        let std = ArrayD::from_shape_vec(IxDyn(shape), vec![2.0, 1e-9]).unwrap();
        let session = VideoSession { response_std: std, ..VideoSession::new(&["train"]) };
        let (_folder, path) = video_folder(&session);
        let recording = open(&path).unwrap();
        let info = &recording.sessions[0].info;
        assert_eq!(info.response_normalisation, "per neuron");
        let responses = recording.sessions[0].load(0, 0..1).unwrap().responses.unwrap();
        assert_eq!(responses[[0, 0]], 0.5);
        // 21 / (0.01 * 1.0000000005)
        assert!((responses[[0, 1]] - 2100.0).abs() < 0.01, "{}", responses[[0, 1]]);
    }
}

#[test]
fn normalisation_can_be_left_out() {
    let std = ArrayD::from_elem(IxDyn(&[]), 4.0);
    let session = VideoSession { response_std: std, ..VideoSession::new(&["train"]) };
    let (_folder, path) = video_folder(&session);
    let config = RecordingConfig::at(&path);
    let first = |config: &RecordingConfig| {
        let recording = Recording::open(config).unwrap();
        let data = recording.sessions[0].load(0, 0..1).unwrap();
        (data.responses.unwrap()[[0, 0]], recording.sessions[0].info.response_normalisation.clone())
    };
    assert_eq!(first(&config), (0.25, "one factor".to_owned()));
    let raw = RecordingConfig { response_normalisation: ResponseNormalisation::None, ..config };
    assert_eq!(first(&raw), (1.0, "none".to_owned()));
}

#[test]
fn hidden_tiers_have_no_responses_whatever_stands_in_for_them() {
    let tiers = ["train", "live_test_main", "final_test_main", "final_test_bonus", "oracle"];
    let (_folder, path) = video_folder(&VideoSession::new(&tiers));
    // Zeros, no file, NaN; the responses of the first test tier are real.
    let file = |trial: usize| path.join(format!("data/responses/{trial}.npy"));
    write(&file(2), &ArrayD::zeros(IxDyn(&[N_NEURONS, 12])), Order::C);
    fs::remove_file(file(3)).unwrap();
    let nan = ArrayD::from_elem(IxDyn(&[N_NEURONS, 12]), f64::NAN);
    let with_nan = VideoSession::new(&["train", "final_test_main"]);
    let (_other, second) = video_folder(&with_nan);
    write(&second.join("data/responses/1.npy"), &nan, Order::C);
    let has = |path: &Path| -> Vec<bool> {
        let recording = open(path).unwrap();
        recording.sessions[0].info.trials.iter().map(|trial| trial.has_responses).collect()
    };
    assert_eq!(has(&path), [true, true, false, false, true]);
    assert_eq!(has(&second), [true, false]);
    let recording = open(&path).unwrap();
    let hidden = recording.sessions[0].load_whole(2).unwrap();
    assert_eq!((hidden.responses, hidden.stimulus.dim().0), (None, 10));
    assert_eq!(recording.sessions[0].info.trials[2].n_frames, 10);
}

#[test]
fn equal_videos_are_repeats_even_where_one_is_cut_shorter() {
    let mut session = VideoSession::new(&["oracle"; 5]);
    session.trials[0].1 = 7;
    session.trials[2] = ("oracle", 7, [9, 12, 12, 12]);
    session.trials[4] = ("train", 7, [10; 4]);
    let (_folder, path) = video_folder(&session);
    let recording = open(&path).unwrap();
    let stimuli: Vec<Option<&str>> =
        recording.sessions[0].info.trials.iter().map(|t| t.stimulus_id.as_deref()).collect();
    assert_eq!(stimuli, [Some("0"), Some("1"), Some("0"), Some("3"), None]);
}

#[test]
fn folder_of_sessions_opens_all_but_hidden_ones_or_those_named() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b10", "b9", ".b11.unfinished"] {
        VideoSession::new(&["train"]).write(&folder.path().join(name));
    }
    fs::create_dir(folder.path().join("notes")).unwrap();
    let ids = |sessions: Option<&[&str]>| {
        let sessions = sessions.map(|ids| ids.iter().map(ToString::to_string).collect());
        let config = RecordingConfig { sessions, ..RecordingConfig::at(folder.path()) };
        let recording = Recording::open(&config)?;
        Ok::<_, RecordingError>(
            recording.sessions.into_iter().map(|s| s.info.id).collect::<Vec<_>>(),
        )
    };
    assert_eq!(ids(None).unwrap(), ["b9", "b10"]);
    assert_eq!(ids(Some(&["b10"])).unwrap(), ["b10"]);
    let error = ids(Some(&["b8"])).unwrap_err();
    assert!(error.to_string().starts_with("`recording.sessions` is `b8`, expected one of b9, b10"));
}

/// A session in the layout of Sensorium 2022: 8 x 12 pixels, trials of the images numbered.
fn image_folder(trials: &[(&str, i64)]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("static1-2-3-GrayImageNet-a");
    for (trial, &(tier, image)) in trials.iter().enumerate() {
        let file = |variable: &str| path.join(format!("data/{variable}/{trial}.npy"));
        let pixels = Array3::from_shape_fn((1, 8, 12), |(_, row, column)| {
            (image as usize * 1000 + 100 * row + column) as f64
        });
        write(&file("images"), &pixels.into_dyn(), Order::C);
        let response = if tier == "final_test" { [0.0; 2] } else { [trial as f64, 10.0] };
        write(&file("responses"), &Array1::from(response.to_vec()).into_dyn(), Order::C);
        write(&file("behavior"), &array![2.0, 4.0, 6.0].into_dyn(), Order::C);
        write(&file("pupil_center"), &array![1.0, 4.0].into_dyn(), Order::C);
    }
    let tiers: Vec<&str> = trials.iter().map(|(tier, _)| *tier).collect();
    write_meta(&path, &tiers);
    write_statistics(&path, "images", &[100.0], &[50.0]);
    write_statistics(&path, "responses", &[1.0, 1.0], &[1.0, 4.0]);
    write_statistics(&path, "behavior", &[9.0; 3], &[1.0, 2.0, 3.0]);
    write_statistics(&path, "pupil_center", &[1.0, 2.0], &[1.0, 2.0]);
    let numbers = |name: &str, values: Vec<i64>| {
        let path = path.join(format!("meta/trials/{name}.npy"));
        npy::write_i64(&path, &Array1::from(values).into_dyn().view()).unwrap();
    };
    numbers("frame_image_id", trials.iter().map(|(_, image)| 500 + image).collect());
    numbers("trial_idx", (0..trials.len() as i64).map(|trial| 9000 - trial).collect());
    (folder, path)
}

#[test]
fn images_are_normalised_rescaled_and_known_by_their_ids() {
    let trials = [("train", 1), ("test", 2), ("test", 2), ("final_test", 3), ("final_test", 4)];
    let (_folder, path) = image_folder(&trials);
    let recording = open(&path).unwrap();
    let session = &recording.sessions[0];
    let info = &session.info;
    assert_eq!((info.kind, info.height, info.width), (StimulusKind::Image, 2, 3));
    assert_eq!((info.scored_from_frame, info.frame_rate_hz), (0, None));
    let expected = TrialInfo {
        id: "8999".into(),
        tier: "test".into(),
        n_frames: 1,
        stimulus_id: Some("502".into()),
        has_responses: true,
    };
    assert_eq!(info.trials[1], expected);
    assert_eq!(info.trials.iter().filter(|trial| trial.has_responses).count(), 3);
    let data = session.load_whole(1).unwrap();
    // Middle of rows 1, 2 and columns 1, 2: 2000 + 150 + 1.5.
    assert_eq!(data.stimulus.dim(), (1, 2, 3));
    assert!((data.stimulus[[0, 0, 0]] - (2151.5 - 100.0) / 50.0).abs() < 1e-5);
    assert!((data.stimulus[[0, 1, 2]] - (2000.0 + 550.0 + 9.5 - 100.0) / 50.0).abs() < 1e-5);
    assert_eq!(data.responses.unwrap(), array![[1.0, 2.5]]);
    assert_eq!(data.behaviour.unwrap(), array![[2.0, 2.0, 2.0]]);
    assert_eq!(data.pupil_center.unwrap(), array![[0.0, 1.0]]);
    let nothing = session.load(1, 0..0).unwrap();
    assert_eq!((nothing.stimulus.dim(), nothing.responses.unwrap().dim()), ((0, 2, 3), (0, 2)));
    let config = RecordingConfig { image_scale: 1.0, ..RecordingConfig::at(&path) };
    let full = Recording::open(&config).unwrap();
    let image = full.sessions[0].load_whole(0).unwrap().stimulus;
    assert!((image[[0, 7, 11]] - (1711.0 - 100.0) / 50.0).abs() < 1e-5);
    let config = RecordingConfig { image_scale: 0.0, ..config };
    assert!(Recording::open(&config).unwrap_err().to_string().contains("recording.image_scale"));
}
