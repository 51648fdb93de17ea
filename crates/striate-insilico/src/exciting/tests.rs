//! Twins whose optimum is known.

use ndarray::Array4;
use striate_base::{CancelToken, NoProgress, Streams};
use striate_model::{SessionShape, SessionStart, Twin, TwinSpec};

use super::*;
use crate::testing::subject_of;
use crate::training::TrainingSample;

const SCREEN: [usize; 2] = [14, 18];
const KERNEL: usize = 7;

/// A twin of one layer: each channel a known kernel, each neuron reads one channel at its own place.
fn twin(n_lags: usize, n_neurons: usize) -> Twin {
    let model = format!(
        r#"{{ "core": {{ "channels": [{n_neurons}], "spatial_kernels": [{KERNEL}],
            "temporal_kernels": [{n_lags}] }}, "readout": {{ "init_bias": "mean-rate" }} }}"#
    );
    let session =
        SessionShape { id: "mouse".into(), n_neurons, n_behaviour: 0, has_pupil_center: false };
    let model = serde_json::from_str(&model).unwrap();
    let spec = TwinSpec { model, height: SCREEN[0], width: SCREEN[1], sessions: vec![session] };
    let start = SessionStart { mean_response: vec![1.0; n_neurons], ..SessionStart::default() };
    let mut twin = Twin::build(spec, &[start], &Streams::new(1)).unwrap();
    for parameter in &mut twin.parameters_mut().0 {
        match parameter.name.as_str() {
            // [row, column, in, out]
            "core.layer0.spatial.weight" => {
                for (i, weight) in parameter.values.iter_mut().enumerate() {
                    *weight = kernel(i % n_neurons, i / n_neurons);
                }
            }
            // [frame, in, out]: each channel keeps to itself.
            "core.layer0.temporal.weight" => {
                for (i, weight) in parameter.values.iter_mut().enumerate() {
                    let (from, to) = (i / n_neurons % n_neurons, i % n_neurons);
                    *weight = f32::from(u8::from(from == to));
                }
            }
            name if name.ends_with("features") => {
                for (i, weight) in parameter.values.iter_mut().enumerate() {
                    *weight = f32::from(u8::from(i / n_neurons == i % n_neurons));
                }
            }
            name if name.ends_with(".mu") => {
                for (i, mu) in parameter.values.iter_mut().enumerate() {
                    *mu = [0.0, -0.5, 0.5][i % 3];
                }
            }
            _ => {}
        }
    }
    twin
}

/// A grating under an envelope, of another orientation for each channel.
fn kernel(channel: usize, place: usize) -> f32 {
    let at = |i: usize| i as f32 - (KERNEL / 2) as f32;
    let (x, y) = (at(place % KERNEL), at(place / KERNEL));
    let angle = channel as f32 * 0.9;
    let along = x * angle.cos() + y * angle.sin();
    (along * 1.3).cos() * (-(x * x + y * y) / 8.0).exp()
}

fn training(n_frames: usize) -> TrainingSample {
    let mut clips = Array4::zeros((20, n_frames, SCREEN[0], SCREEN[1]));
    let values = clips.as_slice_mut().unwrap();
    Streams::new(7).stream("training").fill_normal(values);
    TrainingSample {
        clips,
        luminance_range: [-4.0, 4.0],
        mean: 0.0,
        deviation: 1.0,
        behaviour: None,
        pupil_center: None,
        frame_rate_hz: Some(30.0),
    }
}

fn search(twin: &Twin, config: &ExcitingConfig, parts: &Parts) -> Experiment {
    let n_lags = twin.output_grid().n_lags;
    let subject = subject_of(twin, training(n_lags));
    let neurons: Vec<usize> = (0..subject.n_neurons()).collect();
    let surroundings = (&mut NoProgress as &mut dyn striate_base::Progress, &CancelToken::new());
    let shown = (&subject, TrainingStimuli::Clips(subject.training.clips.view()));
    most_exciting(shown, &neurons, config, &Streams::new(3), parts, surroundings).unwrap()
}

fn plain() -> ExcitingConfig {
    ExcitingConfig {
        contrast: 1.0,
        preconditioning: Preconditioning::None,
        ..ExcitingConfig::default()
    }
}

/// Correlation of the input of each neuron with its kernel, put at its place in the window.
fn correlations(twin: &Twin, found: &Experiment) -> Vec<f64> {
    let inputs = &found.array_of("input").unwrap().values;
    let grid = twin.output_grid();
    let centres = twin.readout_positions(0).unwrap();
    let of = |neuron: usize| {
        let input: Vec<f32> = inputs
            .index_axis(ndarray::Axis(0), neuron)
            .index_axis(ndarray::Axis(0), 0)
            .iter()
            .copied()
            .collect();
        let (height, width) = (inputs.shape()[2], inputs.shape()[3]);
        let [row, column] = grid.pixel(centres[neuron]);
        let origin = |name: &str| found.values_of(name).unwrap()[neuron].unwrap();
        let (row, column) = (row - origin("window_row"), column - origin("window_column"));
        // Between pixels the readout interpolates, and so does the truth.
        let mut truth = vec![0.0f32; height * width];
        for (dy, wy) in [(0.0, 1.0 - row.fract()), (1.0, row.fract())] {
            for (dx, wx) in [(0.0, 1.0 - column.fract()), (1.0, column.fract())] {
                let top = (row.floor() + dy) as isize - (KERNEL / 2) as isize;
                let left = (column.floor() + dx) as isize - (KERNEL / 2) as isize;
                for place in 0..KERNEL * KERNEL {
                    let y = top + (place / KERNEL) as isize;
                    let x = left + (place % KERNEL) as isize;
                    if wy * wx > 0.0 {
                        truth[y as usize * width + x as usize] +=
                            (wy * wx) as f32 * kernel(neuron, place);
                    }
                }
            }
        }
        constraint::similarity(&input, &truth, 0.0)
    };
    (0..found.neurons.len()).map(of).collect()
}

#[test]
fn the_optimum_of_a_linear_neuron_is_its_filter() {
    let twin = twin(1, 6);
    let found = search(&twin, &plain(), &Parts::none());
    for (neuron, correlation) in correlations(&twin, &found).into_iter().enumerate() {
        assert!(correlation > 0.99, "neuron {neuron}: {correlation}");
    }
    let column =
        |name: &str| found.values_of(name).unwrap().iter().map(|v| v.unwrap()).collect::<Vec<_>>();
    assert!(column("start_agreement").iter().all(|&alike| alike > 0.98));
    assert!(found.summary["share_beyond_best_training"] == 1.0);
    let inputs = &found.array_of("input").unwrap().values;
    let norm: f64 =
        inputs.index_axis(ndarray::Axis(0), 0).iter().map(|&v| f64::from(v).powi(2)).sum();
    let n_pixels = inputs.len() / 6;
    assert!((norm / n_pixels as f64 - 1.0).abs() < 1e-3, "norm of a training window");
}

#[test]
fn the_least_exciting_input_is_the_negative() {
    let twin = twin(1, 4);
    // At full contrast responses are so near 0 that nothing is left to climb.
    let config = ExcitingConfig { goal: Goal::Least, contrast: 0.05, ..plain() };
    let found = search(&twin, &config, &Parts::none());
    assert!(correlations(&twin, &found).iter().all(|&correlation| correlation < -0.99));
    assert_eq!(found.kind, "least-exciting");
}

#[test]
fn images_for_video_twins_stand_still_and_videos_do_not() {
    let twin = twin(4, 3);
    for (form, is_still) in [(Form::Image, true), (Form::Video, false)] {
        let config = ExcitingConfig { form: Some(form), n_frames: Some(6), steps: 40, ..plain() };
        let found = search(&twin, &config, &Parts::none());
        let inputs = &found.array_of("input").unwrap().values;
        let one = inputs.index_axis(ndarray::Axis(0), 1);
        let frames = [0, 5].map(|frame| one.index_axis(ndarray::Axis(0), frame).to_owned());
        assert_eq!(frames[0] == frames[1], is_still);
    }
}

#[test]
fn diverse_inputs_differ_and_still_excite() {
    let twin = twin(1, 2);
    let config = ExcitingConfig { n_diverse: 3, n_starts: 1, repulsion: 2.0, ..plain() };
    let found = search(&twin, &config, &Parts::none());
    let array = |name: &str| &found.array_of(name).unwrap().values;
    let inputs = array("diverse_input");
    let copy = |c: usize| -> Vec<f32> {
        inputs
            .index_axis(ndarray::Axis(0), 0)
            .index_axis(ndarray::Axis(0), c)
            .iter()
            .copied()
            .collect()
    };
    let alike = constraint::similarity(&copy(0), &copy(1), 0.0).abs();
    assert!(alike < 0.7, "{alike}");
    let one = search(&twin, &plain(), &Parts::none()).values_of("response").unwrap()[0].unwrap();
    assert!(array("diverse_response").iter().all(|&response| f64::from(response) > 0.4 * one));
}

#[test]
fn finished_batches_are_not_computed_again_and_give_the_same() {
    let twin = twin(1, 5);
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::in_folder(folder.path(), &"settings");
    let config = ExcitingConfig { steps: 5, ..plain() };
    let first = search(&twin, &config, &parts);
    let written = std::fs::read_dir(folder.path()).unwrap().count();
    assert!(written >= 1);
    // Another number of steps would show, were anything computed.
    let again = search(&twin, &ExcitingConfig { steps: 9, ..config.clone() }, &parts);
    assert_eq!(first.values_of("response"), again.values_of("response"));
    assert_eq!(
        first.values_of("response"),
        search(&twin, &config, &Parts::none()).values_of("response")
    );
}

#[test]
fn a_neuron_without_a_gradient_is_told_and_not_nan() {
    let mut twin = twin(1, 2);
    for parameter in &mut twin.parameters_mut().0 {
        if parameter.name.ends_with("features") {
            parameter.values.fill(0.0);
        }
    }
    let found = search(&twin, &plain(), &Parts::none());
    assert!(found.arrays.iter().all(|array| array.values.iter().all(|v| v.is_finite())));
    assert_eq!(found.summary["share_beyond_best_training"], 0.0);
}

#[test]
fn settings_outside_their_ranges_are_refused() {
    let refused = |config: ExcitingConfig| config.check(5).unwrap_err().to_string();
    let found = refused(ExcitingConfig { n_frames: Some(4), ..plain() });
    assert!(found.contains("found 4, expected 5 to 1000"), "{found}");
    assert!(refused(ExcitingConfig { contrast: f64::NAN, ..plain() }).contains("contrast"));
    assert!(refused(ExcitingConfig { steps: 0, ..plain() }).contains("steps"));
}
