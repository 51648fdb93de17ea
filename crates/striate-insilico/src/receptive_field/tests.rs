//! Twins of cells whose receptive fields are known.

use ndarray::{Array2, ArrayD, Axis};
use striate_base::NoProgress;
use striate_model::Twin;

use super::field::correlation;
use super::*;
use crate::testing::planted::{self, KERNEL_OVER_TIME, Kind, cells};

fn measure(twin: &Twin, config: &ReceptiveFieldConfig) -> Experiment {
    measure_all(&[twin], config)
}

fn measure_all(twins: &[&Twin], config: &ReceptiveFieldConfig) -> Experiment {
    let subject = Subject::of_sample(twins, "mouse", planted::training(twins[0])).unwrap();
    let neurons: Vec<usize> = (0..subject.n_neurons()).collect();
    let watch = (&mut NoProgress as &mut dyn Progress, &CancelToken::new());
    receptive_fields(&subject, &neurons, config, &Streams::new(5), &Parts::none(), watch).unwrap()
}

fn column(found: &Experiment, name: &str) -> Vec<f64> {
    found.values_of(name).unwrap().iter().map(|value| value.unwrap()).collect()
}

fn array<'a>(found: &'a Experiment, name: &str) -> &'a ArrayD<f32> {
    &found.arrays.iter().find(|array| array.name == name).unwrap().values
}

fn numbers<'a>(values: impl IntoIterator<Item = &'a f32>) -> Vec<f64> {
    values.into_iter().map(|&value| f64::from(value)).collect()
}

#[test]
fn fields_of_planted_cells_are_found() {
    let cells = cells();
    let config = ReceptiveFieldConfig { n_noise_frames: 4000, ..ReceptiveFieldConfig::default() };
    let found = measure(&planted::twin(&cells, true), &config);
    let linearity = column(&found, "linearity");
    for (i, cell) in cells.iter().enumerate() {
        let [true_x, true_y] = cell.gabor.centre_px;
        let truth: Array2<f32> =
            cell.gabor.picture(planted::SCREEN[0], planted::SCREEN[1]).unwrap();
        let agreement = |name: &str| {
            let spatial = array(&found, name).index_axis(Axis(0), i);
            correlation(&numbers(spatial), &numbers(&truth))
        };
        let fitted = |name: &str| column(&found, name)[i];
        let turned = fitted("gabor_orientation") - cell.gabor.orientation_deg;
        assert!(((turned + 90.0).rem_euclid(180.0) - 90.0).abs() < 2.0, "{i}: {turned}");
        assert!((fitted("gabor_wavelength") / cell.gabor.wavelength_px - 1.0).abs() < 0.05, "{i}");
        for name in ["gabor_sigma_along", "gabor_sigma_across"] {
            assert!((fitted(name) / cell.gabor.sigma_px - 1.0).abs() < 0.1, "{i} {name}");
        }
        let centre = [fitted("centre_x") - true_x, fitted("centre_y") - true_y];
        assert!(centre[0].hypot(centre[1]) < 0.2, "{i}: {centre:?}");
        assert!(
            fitted("gabor_fit") > 0.97
                && fitted("gabor_fit") > fitted("difference_of_gaussians_fit")
        );
        if cell.kind != Kind::Simple {
            assert!(linearity[i] < 0.2, "{i}: {linearity:?}");
            continue;
        }
        assert!(linearity[i] > 0.5, "{i}: {linearity:?}");
        let sign = if cell.gabor.phase_deg == 0.0 { 1.0 } else { -1.0 };
        for (of, least) in
            [("gradient", 0.99), ("grey_gradient", 0.99), ("filter", 0.99), ("sta", 0.9)]
        {
            assert!(agreement(&format!("{of}_spatial")) > least, "{i} {of}");
            let [x, y] = ["x", "y"].map(|axis| column(&found, &format!("{of}_{axis}"))[i]);
            assert!((x - true_x).hypot(y - true_y) < 0.3, "{i} {of}: {x} {y}");
            assert_eq!(column(&found, &format!("{of}_sign"))[i], sign, "{i} {of}");
            // The parabola through 0.5, 1 and 0.4 has its peak a little before.
            let lag = column(&found, &format!("{of}_peak_lag"))[i];
            assert!((lag - 1.045).abs() < 0.1, "{i} {of}: {lag}");
            let temporal = array(&found, &format!("{of}_temporal"));
            let temporal = numbers(temporal.index_axis(Axis(0), i));
            assert!(correlation(&temporal, &KERNEL_OVER_TIME) > 0.98, "{i} {of}: {temporal:?}");
        }
        // Stripes and the threshold take from the envelope's spread.
        let size = column(&found, "gradient_size")[i] / cell.gabor.sigma_px;
        assert!((0.6..1.0).contains(&size), "{i}: {size}");
        assert_eq!(column(&found, "is_sta_significant")[i], 1.0);
        assert!(column(&found, "sta_reliability")[i] > 0.5);
    }
}

#[test]
fn average_of_noise_is_the_gradient_of_a_linear_cell_within_its_error() {
    let cells = &cells()[..1];
    // Faint noise hardly bends the response.
    let config = ReceptiveFieldConfig {
        n_noise_frames: 4000,
        noise_contrast: Some(0.02),
        ..ReceptiveFieldConfig::default()
    };
    let found = measure(&planted::twin(cells, true), &config);
    let [sta, error, gradient] =
        ["sta", "sta_error", "grey_gradient"].map(|name| numbers(array(&found, name)));
    let inside: Vec<usize> = (0..sta.len()).filter(|&i| error[i] > 0.0).collect();
    let squares: f64 =
        inside.iter().map(|&i| ((sta[i] - gradient[i]) / error[i]).powi(2)).sum::<f64>();
    // A mean square of Student's t with 3 degrees of freedom is 3; its own spread is wide.
    let mean_square = squares / inside.len() as f64;
    assert!((1.0..9.0).contains(&mean_square), "{mean_square}");
    // The response's variance is nearly all of it the filter's own.
    let expected = sta.len() as f64;
    assert!(inside.len() as f64 > 0.1 * expected);
}

#[test]
fn fields_of_several_twins_have_their_differences_as_errors() {
    let moved = |by: f64| {
        let mut cells = cells()[..2].to_vec();
        cells.iter_mut().for_each(|cell| cell.gabor.centre_px[0] += by);
        planted::twin(&cells, true)
    };
    let twins = [moved(-1.0), moved(1.0)];
    let config = ReceptiveFieldConfig { n_noise_frames: 1000, ..ReceptiveFieldConfig::default() };
    let found = measure_all(&[&twins[0], &twins[1]], &config);
    for of in ["gradient", "grey_gradient", "filter"] {
        let errors = column(&found, &format!("{of}_x_error"));
        // The standard error of two values 2 apart.
        assert!(errors.iter().all(|error| (error - 1.0).abs() < 0.1), "{of} {errors:?}");
        let spatial = array(&found, &format!("{of}_spatial_error"));
        assert_eq!(spatial.shape(), array(&found, &format!("{of}_spatial")).shape());
        assert!(spatial.iter().all(|error| error.is_finite()));
    }
    assert!(column(&found, "gabor_orientation_error").iter().all(|&error| error < 1.0));
    let alone = measure(&twins[0], &config);
    assert!(alone.values_of("filter_x_error").is_none());
    assert!(alone.array_of("gradient_spatial_error").is_none());
    // Those of the noise add to it.
    let together = column(&found, "sta_x_error");
    let of_one = column(&alone, "sta_x_error");
    for (together, of_one) in together.iter().zip(of_one) {
        assert!(*together > 0.8 && of_one > 0.0, "{together} {of_one}");
    }
}

#[test]
fn noise_as_in_training_is_as_near_as_training() {
    let twin = planted::twin(&cells()[..2], true);
    let law = striate_stimuli::NoiseLaw::Gaussian;
    let config = ReceptiveFieldConfig { n_noise_frames: 400, noise_law: law, ..Default::default() };
    let found = measure(&twin, &config);
    let farther = column(&found, "noise_share_of_training_farther");
    assert!(farther.iter().all(|share| (0.15..0.85).contains(share)), "{farther:?}");
    let config = ReceptiveFieldConfig { noise_contrast: Some(0.9), ..config };
    let found = measure(&twin, &config);
    assert!(column(&found, "noise_share_of_training_farther").iter().all(|&share| share == 0.0));
}

#[test]
fn a_cell_that_sees_nothing_has_no_field() {
    let mut twin = planted::twin(&cells()[..2], true);
    for parameter in &mut twin.parameters_mut().0 {
        if parameter.name.ends_with("features") {
            // The second cell reads nothing.
            let half = parameter.values.len() / 2;
            parameter.values[half..].fill(0.0);
        }
    }
    let config = ReceptiveFieldConfig { n_noise_frames: 1000, ..ReceptiveFieldConfig::default() };
    let found = measure(&twin, &config);
    assert_eq!(found.values_of("is_sta_significant").unwrap()[1], Some(0.0));
    assert_eq!(found.values_of("sta_x").unwrap()[1], None);
    assert_eq!(found.values_of("gradient_x").unwrap()[1], None);
}

#[test]
fn an_image_twin_has_fields_of_one_frame() {
    let cells = &cells()[..2];
    let config = ReceptiveFieldConfig { n_noise_frames: 2000, ..ReceptiveFieldConfig::default() };
    let found = measure(&planted::twin(cells, false), &config);
    assert_eq!(array(&found, "sta").shape(), [2, 1, planted::SCREEN[0], planted::SCREEN[1]]);
    let x = column(&found, "sta_x");
    assert!((x[0] - cells[0].gabor.centre_px[0]).abs() < 0.5, "{x:?}");
}

#[test]
fn settings_outside_their_range_are_refused() {
    let config = ReceptiveFieldConfig { n_clips: 1, ..ReceptiveFieldConfig::default() };
    let error = config.check().unwrap_err();
    assert!(error.to_string().contains("`n_clips`: found 1"), "{error}");
}

#[test]
fn parts_that_are_kept_are_not_made_again_and_change_nothing() {
    let twin = planted::twin(&cells()[..3], true);
    let subject = Subject::of_sample(&[&twin], "mouse", planted::training(&twin)).unwrap();
    let config = ReceptiveFieldConfig { n_noise_frames: 1600, ..ReceptiveFieldConfig::default() };
    let folder = tempfile::tempdir().unwrap();
    let ask = |parts: &Parts, cancel: &CancelToken| {
        let watch = (&mut NoProgress as &mut dyn Progress, cancel);
        receptive_fields(&subject, &[0, 2], &config, &Streams::new(5), parts, watch)
    };
    let whole = ask(&Parts::none(), &CancelToken::new()).unwrap();
    let parts = Parts::in_folder(folder.path(), &"made by this");
    assert_eq!(ask(&parts, &CancelToken::new()).unwrap(), whole);
    // Asked to stop from the start, it would stop where anything were left to do.
    let stopped = CancelToken::new();
    stopped.cancel();
    assert_eq!(ask(&parts, &stopped).unwrap(), whole);
    std::fs::remove_file(folder.path().join("noise-3.safetensors")).unwrap();
    assert!(matches!(ask(&parts, &stopped), Err(InsilicoError::Cancelled)));
    assert_eq!(ask(&parts, &CancelToken::new()).unwrap(), whole);
}

#[test]
fn filters_take_the_sign_of_others() {
    let field = |values: &[f64]| Field {
        n_frames: 1,
        size: [1, 2],
        origin: [0, 0],
        parts: vec![values.to_vec()],
    };
    let fields = |all: &[&[f64]]| all.iter().map(|values| field(values)).collect::<Vec<_>>();
    let mut found = GradientFields {
        grey: Vec::new(),
        mean: Vec::new(),
        filter: fields(&[&[1.0, -2.0], &[3.0, 0.5]]),
        linearity: Vec::new(),
    };
    found.turn_filters(&fields(&[&[-0.9, 2.1], &[2.0, 0.0]]));
    assert_eq!(found.filter[0].parts[0], [-1.0, 2.0]);
    assert_eq!(found.filter[1].parts[0], [3.0, 0.5]);
}
