//! Twins of cells whose tuning is known.

use striate_base::NoProgress;
use striate_model::Twin;

use super::*;
use crate::testing::planted::{self, Cell, HERTZ, Kind, cells};

fn config() -> TuningConfig {
    TuningConfig {
        n_directions: 12,
        spatial_frequencies_cpp: Some(vec![0.06, 0.085, 0.12, 0.17, 0.24, 0.34]),
        temporal_frequencies_hz: Some(vec![3.0, HERTZ, 8.0]),
        contrasts: vec![0.1, 0.3, 0.5, 1.0],
        diameters_px: Some(vec![3.0, 6.0, 12.0, 24.0]),
        ..TuningConfig::default()
    }
}

fn tune(twins: &[&Twin]) -> Experiment {
    let training = planted::training(twins[0]);
    let subject = Subject::of_sample(twins, "mouse", training).unwrap();
    let neurons: Vec<usize> = (0..subject.n_neurons()).collect();
    let watch = (&mut NoProgress as &mut dyn Progress, &CancelToken::new());
    tuning(&subject, &neurons, &config(), &Parts::none(), watch).unwrap()
}

fn column(found: &Experiment, name: &str) -> Vec<f64> {
    found.values_of(name).unwrap().iter().map(|value| value.unwrap()).collect()
}

fn apart(a: f64, b: f64, period: f64) -> f64 {
    ((a - b + 0.5 * period).rem_euclid(period) - 0.5 * period).abs()
}

/// What does not depend on time.
fn check_space(found: &Experiment, cells: &[Cell]) {
    let orientations = column(found, "preferred_orientation");
    let frequencies = column(found, "preferred_spatial_frequency");
    let (x, y) = (column(found, "x"), column(found, "y"));
    let is_simple = column(found, "is_simple");
    for (i, cell) in cells.iter().enumerate() {
        let gabor = &cell.gabor;
        assert!(
            apart(orientations[i], gabor.orientation_deg, 180.0) < 2.0,
            "{i}: {orientations:?}"
        );
        // A parabola through responses 40 % apart in frequency is not the curve itself.
        let ratio = frequencies[i] * gabor.wavelength_px;
        assert!((ratio - 1.0).abs() < 0.08, "{i}: {frequencies:?}");
        let [true_x, true_y] = gabor.centre_px;
        assert!((x[i] - true_x).hypot(y[i] - true_y) < 0.5, "{i}: {x:?} {y:?}");
        assert_eq!(is_simple[i] > 0.5, cell.kind == Kind::Simple, "{i}");
    }
}

#[test]
fn cells_of_a_video_twin_prefer_what_was_planted() {
    let cells = cells();
    let found = tune(&[&planted::twin(&cells, true)]);
    check_space(&found, &cells);
    let directions = column(&found, "preferred_direction");
    let selectivity = column(&found, "direction_selectivity");
    let hertz = column(&found, "preferred_temporal_frequency");
    for (i, cell) in cells.iter().enumerate() {
        let Kind::Directional { is_forward } = cell.kind else {
            assert!(selectivity[i] < 0.02, "{i}: {selectivity:?}");
            continue;
        };
        let across = if is_forward { 90.0 } else { -90.0 };
        assert!(apart(directions[i], cell.gabor.orientation_deg + across, 360.0) < 2.0);
        assert!(selectivity[i] > 0.9, "{i}: {selectivity:?}");
        // Frequencies are as far apart as the response is wide.
        assert!((hertz[i] / HERTZ - 1.0).abs() < 0.15, "{i}: {hertz:?}");
    }
    // Nothing around the field takes part.
    for name in ["suppression_index", "parallel_surround", "orthogonal_surround"] {
        let values = column(&found, name);
        assert!(values.iter().all(|value| value.abs() < 0.05), "{name}: {values:?}");
    }
    assert!(found.values_of("preferred_orientation_error").is_none());
}

#[test]
fn windows_and_the_whole_screen_give_the_same_response() {
    let found = tune(&[&planted::twin(&cells(), true)]);
    let array = |name: &str| &found.arrays.iter().find(|array| array.name == name).unwrap().values;
    let (directions, contrasts) = (array("direction_curve"), array("contrast_curve"));
    for neuron in 0..6 {
        let best = directions.index_axis(ndarray::Axis(0), neuron);
        let best = best.iter().copied().fold(0.0, f32::max);
        // Contrast 0.5 is that of the gratings in all directions.
        let own = contrasts[[neuron, 2]];
        assert!(best > 0.1 && (best - own).abs() < 1e-3 * best, "{neuron}: {best}, {own}");
    }
}

#[test]
fn cells_of_an_image_twin_prefer_what_was_planted() {
    let cells: Vec<Cell> =
        cells().into_iter().filter(|c| !matches!(c.kind, Kind::Directional { .. })).collect();
    let found = tune(&[&planted::twin(&cells, false)]);
    check_space(&found, &cells);
    assert!(found.values_of("preferred_direction").is_none());
    assert!(found.arrays.iter().any(|array| array.name == "orientation_curve"));
}

#[test]
fn several_twins_answer_as_one_and_tell_errors() {
    let turned = |by: f64| {
        let mut cells = cells();
        cells.iter_mut().for_each(|cell| cell.gabor.orientation_deg += by);
        planted::twin(&cells, true)
    };
    let found = tune(&[&turned(-4.0), &turned(4.0)]);
    let orientations = column(&found, "preferred_orientation");
    let errors = column(&found, "preferred_orientation_error");
    for (i, cell) in cells().iter().enumerate() {
        assert!(apart(orientations[i], cell.gabor.orientation_deg, 180.0) < 2.0);
        // Of two values 8 degrees apart.
        assert!((errors[i] - 4.0).abs() < 1.5, "{i}: {errors:?}");
    }
    let (curve, error) =
        (found.array_of("direction_curve"), found.array_of("direction_curve_error"));
    assert_eq!(curve.unwrap().values.shape(), error.unwrap().values.shape());
}

#[test]
fn places_of_several_twins_have_errors_and_flags_have_none() {
    let moved = |by: f64| {
        let mut cells = cells();
        cells.iter_mut().for_each(|cell| cell.gabor.centre_px[0] += by);
        planted::twin(&cells, true)
    };
    let found = tune(&[&moved(-0.8), &moved(0.0), &moved(0.8)]);
    let (x, y) = (column(&found, "x_error"), column(&found, "y_error"));
    // The standard error of -0.8, 0 and 0.8.
    let expected = 0.8 / 3f64.sqrt();
    assert!(x.iter().all(|error| (error / expected - 1.0).abs() < 0.2), "{x:?}");
    assert!(y.iter().all(|&error| error < 0.1), "{y:?}");
    assert!(found.values_of("is_simple_error").is_none());
}

#[test]
fn several_twins_answer_in_windows_as_on_the_whole_screen() {
    let mut moved = cells();
    moved.iter_mut().for_each(|cell| cell.gabor.centre_px[1] += 2.0);
    let (one, other) = (planted::twin(&cells(), true), planted::twin(&moved, true));
    let subject = Subject::of_sample(&[&one, &other], "mouse", planted::training(&one)).unwrap();
    let neurons: Vec<usize> = (0..6).collect();
    let windows = subject.windows(&neurons, 0).unwrap();
    let ([rows, columns], [height, width]) = (windows.size, planted::SCREEN);
    assert!(rows < height && columns < width, "{windows:?}");
    let n_frames = subject.n_lags();
    let clip = subject.training.clips.slice(ndarray::s![..1, .., .., ..]);
    let whole = subject.respond(clip).unwrap();
    let cut = |&[y, x]: &[usize; 2]| {
        clip.slice(ndarray::s![0, .., y..y + rows, x..x + columns])
            .iter()
            .copied()
            .collect::<Vec<_>>()
    };
    let stimulus: Vec<f32> = windows.origins.iter().flat_map(cut).collect();
    let clips = crate::subject::OwnClips {
        neurons: &neurons,
        windows: &windows,
        n_frames,
        stimulus: &stimulus,
    };
    let own = subject.own_responses(&clips).unwrap();
    for (own, whole) in own.iter().zip(&whole) {
        assert!((own - whole).abs() < 2e-5 * whole.abs().max(1.0), "{own} {whole}");
    }
}

#[test]
fn frequencies_that_no_frame_shows_are_refused_and_not_usual() {
    let twin = planted::twin(&cells()[..1], true);
    let mut training = planted::training(&twin);
    training.frame_rate_hz = Some(10.0);
    let subject = Subject::of_sample(&[&twin], "mouse", training).unwrap();
    let ask = |hertz: Option<Vec<f64>>| {
        let config = TuningConfig { temporal_frequencies_hz: hertz, ..config() };
        let watch = (&mut NoProgress as &mut dyn Progress, &CancelToken::new());
        tuning(&subject, &[0], &config, &Parts::none(), watch)
    };
    let usual = ask(None).unwrap();
    let shown = usual.scales.iter().find(|scale| scale.name == "temporal_frequency_hz").unwrap();
    assert_eq!(shown.places, [1.0, 2.0, 4.0]);
    for hertz in [12.0, 0.3] {
        let error = ask(Some(vec![hertz])).unwrap_err().to_string();
        assert!(error.contains(&format!("found {hertz}, expected 0.5 to 5")), "{error}");
    }
}

#[test]
fn distances_belong_to_the_gratings_of_the_curves() {
    let found = tune(&[&planted::twin(&cells(), true)]);
    let distance = column(&found, "distance_from_training");
    // Training is white noise of contrast 0.25, and no grating is as white.
    assert!(column(&found, "share_of_training_farther").iter().all(|&share| share == 0.0));
    let array = |name: &str| &found.array_of(name).unwrap().values;
    let contrasts = array("distance_of_contrasts");
    for (neuron, distance) in distance.iter().enumerate() {
        // Contrast 0.5 is that of the best grating.
        let there = f64::from(contrasts[[neuron, 2]]);
        assert!((there - distance).abs() < 1e-5 * distance, "{there} {distance}");
        assert!(contrasts[[neuron, 3]] > contrasts[[neuron, 2]]);
    }
    assert_eq!(array("distance_of_sizes").shape(), array("size_curve").shape());
    assert_eq!(array("distance_of_crossed_sizes").shape(), array("size_curve").shape());
    assert_eq!(array("distance_of_gratings").shape(), [12, 6, 3]);
}

#[test]
fn a_surround_takes_over_where_the_aperture_ends() {
    let twin = planted::twin(&cells(), true);
    let training = planted::training(&twin);
    let subject = Subject::of_sample(&[&twin], "mouse", training.clone()).unwrap();
    let display = Display::new(&subject, &config());
    let (size, origin) = ([20, 24], [3, 5]);
    let draw = |surround_deg: Option<f64>, has_aperture: bool, direction_deg: f64| {
        let (centre_px, diameter_px, edge_px) = ([15.0, 12.0], 8.0, 2.0);
        let aperture = display::Aperture { centre_px, diameter_px, edge_px, surround_deg };
        let stimulus = Stimulus {
            direction_deg,
            frequency_cpp: 0.1,
            n_cycles: 3,
            contrast: 0.5,
            aperture: has_aperture.then_some(aperture),
        };
        let mut shown = Vec::new();
        display.draw(&stimulus, &training, (size, origin), &mut shown).unwrap();
        shown
    };
    // Of the same direction it is the grating on the whole screen.
    let (continued, whole) = (draw(Some(30.0), true, 30.0), draw(None, false, 30.0));
    assert!(continued.iter().zip(&whole).all(|(a, b)| (a - b).abs() < 1e-5));
    // Of another one it is the centre inside, that one outside.
    let (crossed, other) = (draw(Some(120.0), true, 30.0), draw(None, false, 120.0));
    let pixel = |y: usize, x: usize| (y - origin[0]) * size[1] + x - origin[1];
    for (place, is_centre) in [(pixel(12, 15), true), (pixel(3, 27), false)] {
        let (inside, outside) = (whole[place], other[place]);
        assert!((inside - outside).abs() > 1e-3);
        let expected = if is_centre { inside } else { outside };
        assert!((crossed[place] - expected).abs() < 1e-5);
    }
    assert!((draw(None, true, 30.0)[pixel(3, 27)] - training.grey()).abs() < 1e-6);
}

/// Progress that asks to stop after so many units.
struct StopAfter<'a>(u64, &'a CancelToken);

impl Progress for StopAfter<'_> {
    fn start(&mut self, _: &str, _: Option<u64>) {}
    fn advance(&mut self, units: u64) {
        self.0 = self.0.saturating_sub(units);
        if self.0 == 0 {
            self.1.cancel();
        }
    }
    fn note(&mut self, _: &str) {}
    fn finish(&mut self) {}
}

#[test]
fn a_stopped_experiment_goes_on_where_it_stood() {
    let (one, other) = (planted::twin(&cells()[..2], true), planted::twin(&cells()[2..4], true));
    let subject = Subject::of_sample(&[&one, &other], "mouse", planted::training(&one)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::in_folder(folder.path(), &"made by this");
    let ask = |parts: &Parts, units: u64| {
        let cancel = CancelToken::new();
        let mut progress = StopAfter(units, &cancel);
        let watch = (&mut progress as &mut dyn Progress, &cancel);
        tuning(&subject, &[0, 1], &config(), parts, watch)
    };
    let whole = ask(&Parts::none(), u64::MAX).unwrap();
    // Gratings are 217 for all twins together, then for each; places and own stimuli are few.
    for units in [1, 230, 400] {
        assert!(matches!(ask(&parts, units), Err(InsilicoError::Cancelled)), "{units}");
    }
    // A twin's last part is not computed again: what is kept of it is believed.
    let kept = folder.path().join("gratings-0.safetensors");
    assert!(kept.is_file() && folder.path().join("twin-1-gratings-0.safetensors").is_file());
    assert_eq!(ask(&parts, u64::MAX).unwrap(), whole);
    let others = folder.path().join("twin-1-own-0.safetensors");
    std::fs::copy(folder.path().join("twin-2-own-0.safetensors"), &others).unwrap();
    assert_ne!(ask(&parts, u64::MAX).unwrap(), whole);
}
