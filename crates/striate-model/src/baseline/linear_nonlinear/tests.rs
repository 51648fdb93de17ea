use ndarray::{Array1, Array2, Array3, s};
use striate_base::Streams;

use super::*;

const SIZE: SessionSize = SessionSize { height: 16, width: 20, n_neurons: 2 };
const N_LAGS: usize = 6;

/// A separable receptive field at (x, y): a Gaussian in space, biphasic in time.
fn receptive_field(x: f64, y: f64) -> (Array2<f64>, Array1<f64>) {
    let space = Array2::from_shape_fn((SIZE.height, SIZE.width), |(row, column)| {
        (-((row as f64 - y).powi(2) + (column as f64 - x).powi(2)) / (2.0 * 1.5 * 1.5)).exp()
    });
    (space, Array1::from(vec![0.0, 0.6, 1.0, 0.2, -0.5, -0.2]))
}

const CENTRES: [[f64; 2]; 2] = [[5.0, 9.0], [17.0, 2.0]];

/// White noise, or noise smoothed in space and time.
fn stimulus(n_frames: usize, correlated: bool) -> Array3<f32> {
    let mut random = Streams::new(7).stream("stimulus");
    let shape = (n_frames, SIZE.height, SIZE.width);
    let mut frames = Array3::from_shape_simple_fn(shape, || random.normal() as f32);
    if correlated {
        for axis in 0..3 {
            let earlier = frames.clone();
            for at in 1..frames.len_of(Axis(axis)) {
                let before = frames.index_axis(Axis(axis), at - 1).to_owned();
                let new = &earlier.index_axis(Axis(axis), at) * 0.6 + &before * 0.8;
                frames.index_axis_mut(Axis(axis), at).assign(&new);
            }
        }
    }
    frames
}

/// Linear drives of both neurons, `[frame - 5, neuron]`.
fn drives(stimulus: &Array3<f32>) -> Array2<f64> {
    let n_scored = stimulus.dim().0 - (N_LAGS - 1);
    let mut drives = Array2::zeros((n_scored, 2));
    for (neuron, [x, y]) in CENTRES.into_iter().enumerate() {
        let (space, time) = receptive_field(x, y);
        let frame = |f: ndarray::ArrayView2<'_, f32>| (&f.mapv(f64::from) * &space).sum();
        let seen: Vec<f64> = stimulus.outer_iter().map(frame).collect();
        for t in 0..n_scored {
            let past = seen[t..t + N_LAGS].iter().rev();
            drives[[t, neuron]] = past.zip(&time).map(|(s, w)| s * w).sum();
        }
    }
    let scale = drives.std_axis(Axis(0), 0.0);
    let mean = drives.mean_axis(Axis(0)).unwrap();
    (drives - mean) / scale
}

/// The first neuron rectifies, the second is noisier and exponential.
fn rates(drives: &Array2<f64>) -> Array2<f64> {
    Array2::from_shape_fn(drives.dim(), |(t, neuron)| {
        let drive = drives[[t, neuron]];
        if neuron == 0 { drive.max(0.0) } else { (0.7 * drive - 1.0).exp() }
    })
}

fn responses(rates: &Array2<f64>) -> Array2<f32> {
    let mut random = Streams::new(8).stream("spikes");
    rates.mapv(|rate| random.poisson(rate) as f32)
}

fn config() -> LinearNonlinearConfig {
    LinearNonlinearConfig { n_lags: N_LAGS, radius_px: 4, ..LinearNonlinearConfig::default() }
}

fn fit_pieces(
    config: &LinearNonlinearConfig,
    stimulus: &Array3<f32>,
    responses: &Array2<f32>,
    length: usize,
) -> Result<LinearNonlinear, BaselineError> {
    LinearNonlinear::fit(config, SIZE, |visit: &mut Visit<'_>| {
        for start in (0..responses.nrows()).step_by(length) {
            let end = (start + length).min(responses.nrows());
            visit(Stretch {
                stimulus: stimulus.slice(s![start..end + N_LAGS - 1, .., ..]),
                responses: responses.slice(s![start..end, ..]),
            })?;
        }
        Ok(())
    })
}

fn correlation(a: &Array1<f64>, b: &Array1<f64>) -> f64 {
    let (a, b) = (a - a.mean().unwrap(), b - b.mean().unwrap());
    a.dot(&b) / (a.dot(&a) * b.dot(&b)).sqrt()
}

/// Correlation of the fitted with the true separable filter over the whole frame and all lags.
fn agreement(model: &LinearNonlinear, neuron: usize) -> f64 {
    let ([top, left], space, time) = model.filter(neuron).unwrap();
    let mut whole = Array2::zeros((SIZE.height, SIZE.width));
    let (rows, columns) = space.dim();
    whole.slice_mut(s![top..top + rows, left..left + columns]).assign(&space.mapv(f64::from));
    let [x, y] = CENTRES[neuron];
    let (true_space, true_time) = receptive_field(x, y);
    let in_space = (&whole * &true_space).sum()
        / ((&whole * &whole).sum() * (&true_space * &true_space).sum()).sqrt();
    let time: Array1<f64> = time.into_iter().map(f64::from).collect();
    in_space * time.dot(&true_time) / (time.dot(&time) * true_time.dot(&true_time)).sqrt()
}

#[test]
fn recovers_separable_receptive_fields_from_white_noise() {
    let stimulus = stimulus(6_000, false);
    let rates = rates(&drives(&stimulus));
    let model = fit_pieces(&config(), &stimulus, &responses(&rates), 300).unwrap();
    let predicted = model.predict(stimulus.view()).unwrap().mapv(f64::from);
    for (neuron, centre) in CENTRES.into_iter().enumerate() {
        let [x, y] = model.position(neuron).unwrap();
        let off = (x - centre[0]).hypot(y - centre[1]);
        assert!(off <= 1.5, "neuron {neuron} is off by {off} pixels");
        // Some thousand spikes against noise of variance 1 per pixel leave a few percent.
        assert!(agreement(&model, neuron) > 0.95, "neuron {neuron}: {}", agreement(&model, neuron));
        let r = correlation(&predicted.column(neuron).to_owned(), &rates.column(neuron).to_owned());
        // The outermost bins are flat where the exponential is steepest.
        assert!(r > 0.9, "neuron {neuron}: prediction correlates {r} with the true rate");
    }
}

#[test]
fn correlations_of_the_stimulus_do_not_blur_the_receptive_field() {
    let stimulus = stimulus(6_000, true);
    let rates = rates(&drives(&stimulus));
    let responses = responses(&rates);
    let model = fit_pieces(&config(), &stimulus, &responses, 300).unwrap();
    for neuron in 0..2 {
        // The average itself, blurred by the stimulus' correlations of 0.8 per pixel and frame,
        // agrees to less than 0.6; corrected without ridge it drowns in noise.
        assert!(agreement(&model, neuron) > 0.85, "neuron {neuron}: {}", agreement(&model, neuron));
    }
    let predicted = model.predict(stimulus.view()).unwrap().mapv(f64::from);
    let r = correlation(&predicted.column(0).to_owned(), &rates.column(0).to_owned());
    assert!(r > 0.95, "prediction correlates {r} with the true rate");
}

#[test]
fn blocks_of_neurons_and_threads_change_no_bit() {
    let stimulus = stimulus(600, false);
    let responses = responses(&rates(&drives(&stimulus)));
    let whole = fit_pieces(&config(), &stimulus, &responses, 100).unwrap();
    let one_by_one = LinearNonlinearConfig { memory_bytes: 1, ..config() };
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let blocks = alone.install(|| fit_pieces(&one_by_one, &stimulus, &responses, 100)).unwrap();
    assert_eq!(whole.predict(stimulus.view()).unwrap(), blocks.predict(stimulus.view()).unwrap());
}

#[test]
fn pieces_with_context_predict_what_the_whole_predicts() {
    let stimulus = stimulus(400, false);
    let responses = responses(&rates(&drives(&stimulus)));
    let model = fit_pieces(&config(), &stimulus, &responses, 100).unwrap();
    let whole = model.predict(stimulus.view()).unwrap();
    let piece = model.predict(stimulus.slice(s![100..150, .., ..])).unwrap();
    assert_eq!(piece, whole.slice(s![100..145, ..]));
}

#[test]
fn silent_neuron_predicts_silence() {
    let stimulus = stimulus(300, false);
    let responses = Array2::zeros((300 - N_LAGS + 1, 2));
    let model = fit_pieces(&config(), &stimulus, &responses, 60).unwrap();
    assert!(model.predict(stimulus.view()).unwrap().iter().all(|&rate| rate == 0.0));
    assert_eq!(model.position(0), None);
}

#[test]
fn refuses_what_cannot_be_fitted() {
    let stimulus = stimulus(100, false);
    let mut responses = Array2::zeros((100 - N_LAGS + 1, 2));
    let nothing = LinearNonlinear::fit(&config(), SIZE, |_: &mut Visit<'_>| Ok(()));
    assert!(matches!(nothing, Err(BaselineError::TooFew { .. })));
    let bad = LinearNonlinearConfig { n_bins: 1, ..config() };
    let error = fit_pieces(&bad, &stimulus, &responses, 50).unwrap_err();
    assert_eq!(error.to_string(), "`n_bins` is 1, expected 2 to 200");
    responses[[7, 1]] = f32::INFINITY;
    let error = fit_pieces(&config(), &stimulus, &responses, 50).unwrap_err();
    assert!(matches!(error, BaselineError::NotFinite { what: "responses" }));
    let short = Stretch { stimulus: stimulus.view(), responses: Array2::zeros((100, 2)).view() }
        .check(SIZE, N_LAGS - 1);
    assert!(matches!(short, Err(BaselineError::Shape { .. })));
}
