//! Twins whose optimum is known.

use ndarray::Axis;
use striate_base::{CancelToken, NoProgress, Streams};
use striate_model::Twin;

use super::*;
use crate::testing::planted::{self, Cell, Kind, cell};
use crate::testing::subject_of;

/// Simple cells of all orientations.
fn cells(n: usize) -> Vec<Cell> {
    let place = |i: usize| [12.0 + 4.0 * (i % 3) as f64, 11.0 + 5.0 * (i / 3) as f64];
    (0..n).map(|i| cell(Kind::Simple, place(i), 40.0 * i as f64, 6.0)).collect()
}

fn twin(n_neurons: usize) -> Twin {
    planted::twin(&cells(n_neurons), false)
}

fn search(twin: &Twin, config: &ExcitingConfig, parts: &Parts) -> Experiment {
    let subject = subject_of(twin, planted::training(twin));
    let neurons: Vec<usize> = (0..subject.n_neurons()).collect();
    let surroundings = (&mut NoProgress as &mut dyn striate_base::Progress, &CancelToken::new());
    let shown = (&subject, TrainingStimuli::Clips(subject.training.clips.view()));
    most_exciting(shown, &neurons, config, &Streams::new(3), parts, surroundings).unwrap()
}

fn plain() -> ExcitingConfig {
    ExcitingConfig {
        contrast: 0.5,
        preconditioning: Preconditioning::None,
        ..ExcitingConfig::default()
    }
}

/// Correlation of the input of each cell with its Gabor function, at its place in the window.
fn correlations(cells: &[Cell], found: &Experiment) -> Vec<f64> {
    let inputs = &found.array_of("input").unwrap().values;
    let width = inputs.shape()[3];
    let of = |(place, cell): (usize, &Cell)| {
        let input: Vec<f32> = inputs.index_axis(Axis(0), place).iter().copied().collect();
        let origin = |name: &str| found.values_of(name).unwrap()[place].unwrap();
        let (row, column) = (origin("window_row"), origin("window_column"));
        let at = |i: usize| cell.gabor.value(column + (i % width) as f64, row + (i / width) as f64);
        let truth: Vec<f32> = (0..input.len()).map(|i| at(i) as f32).collect();
        constraint::similarity(&input, &truth, 0.0)
    };
    cells.iter().enumerate().map(of).collect()
}

#[test]
fn the_optimum_of_a_linear_neuron_is_its_filter() {
    let cells = cells(6);
    let found = search(&planted::twin(&cells, false), &plain(), &Parts::none());
    for (neuron, correlation) in correlations(&cells, &found).into_iter().enumerate() {
        assert!(correlation > 0.99, "neuron {neuron}: {correlation}");
    }
    let column =
        |name: &str| found.values_of(name).unwrap().iter().map(|v| v.unwrap()).collect::<Vec<_>>();
    assert!(column("start_agreement").iter().all(|&alike| alike > 0.98));
    assert!(found.summary["share_beyond_best_training"] == 1.0);
    let inputs = &found.array_of("input").unwrap().values;
    let norm: f64 = inputs.index_axis(Axis(0), 0).iter().map(|&v| f64::from(v).powi(2)).sum();
    let n_pixels = inputs.len() / 6;
    assert!((norm / n_pixels as f64 - 0.25).abs() < 1e-3, "half that of a training window");
}

#[test]
fn the_least_exciting_input_is_the_negative() {
    let cells = cells(4);
    // At full contrast responses are so near 0 that nothing is left to climb.
    let config = ExcitingConfig { goal: Goal::Least, contrast: 0.05, ..plain() };
    let found = search(&planted::twin(&cells, false), &config, &Parts::none());
    assert!(correlations(&cells, &found).iter().all(|&correlation| correlation < -0.99));
    assert_eq!(found.kind, "least-exciting");
}

#[test]
fn images_for_video_twins_stand_still_and_videos_do_not() {
    let twin = planted::twin(&cells(3), true);
    for (form, is_still) in [(Form::Image, true), (Form::Video, false)] {
        let config = ExcitingConfig { form: Some(form), n_frames: Some(8), steps: 40, ..plain() };
        let found = search(&twin, &config, &Parts::none());
        let inputs = &found.array_of("input").unwrap().values;
        let one = inputs.index_axis(Axis(0), 1);
        let frames = [0, 7].map(|frame| one.index_axis(Axis(0), frame).to_owned());
        assert_eq!(frames[0] == frames[1], is_still);
    }
}

#[test]
fn diverse_inputs_differ_and_still_excite() {
    let twin = twin(2);
    let config = ExcitingConfig { n_diverse: 3, n_starts: 1, repulsion: 2.0, ..plain() };
    let found = search(&twin, &config, &Parts::none());
    let array = |name: &str| &found.array_of(name).unwrap().values;
    let inputs = array("diverse_input");
    let copy = |c: usize| -> Vec<f32> {
        inputs.index_axis(Axis(0), 0).index_axis(Axis(0), c).iter().copied().collect()
    };
    let alike = constraint::similarity(&copy(0), &copy(1), 0.0).abs();
    assert!(alike < 0.7, "{alike}");
    let one = search(&twin, &plain(), &Parts::none()).values_of("response").unwrap()[0].unwrap();
    assert!(array("diverse_response").iter().all(|&response| f64::from(response) > 0.4 * one));
}

#[test]
fn finished_batches_are_not_computed_again_and_give_the_same() {
    let twin = twin(5);
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
    let mut twin = twin(2);
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

#[test]
fn several_twins_find_inputs_of_one_size_in_several_batches() {
    // Each cell lies elsewhere in the other twin, so that each needs another window for both.
    let (here, mut there) = (cells(6), cells(6));
    for (i, cell) in there.iter_mut().enumerate() {
        cell.gabor.centre_px[0] += 0.6 * i as f64;
        cell.gabor.centre_px[1] -= 0.5 * (i % 4) as f64;
    }
    let (one, other) = (planted::twin(&here, false), planted::twin(&there, false));
    let subject = Subject::of_sample(&[&one, &other], "mouse", planted::training(&one)).unwrap();
    let config = ExcitingConfig { n_starts: 100, steps: 20, ..plain() };
    let neurons: Vec<usize> = (0..6).collect();
    let size = subject.windows(&neurons, config.margin_px).unwrap().size;
    assert!(config.neurons_at_once(&subject, size) <= 3);
    let shown = (&subject, TrainingStimuli::Clips(subject.training.clips.view()));
    let work = (&mut NoProgress as &mut dyn Progress, &CancelToken::new());
    let streams = Streams::new(3);
    let found = most_exciting(shown, &neurons, &config, &streams, &Parts::none(), work).unwrap();
    assert_eq!(found.array_of("input").unwrap().values.shape(), [6, 1, size[0], size[1]]);
    // The first cell is the same in both, and others are between their two places.
    let correlations = correlations(&here, &found);
    assert!(correlations[0] > 0.98 && correlations[1] > 0.8, "{correlations:?}");
    assert!(found.values_of("response_error").unwrap()[5].unwrap() > 0.0);
}
