use ndarray::{Array1, Array2, s};

use super::super::*;
use super::noise;
use crate::deconvolution::autoregression::filter;

const SIDE: usize = 20;
const THRESHOLDS: Thresholds = Thresholds { spatial: 1.1, temporal: 1.75 };

/// Two cells of Gaussian shape with slow calcium, and unit noise.
fn movie(n_frames: usize, amplitude: f64) -> [Array2<f64>; 2] {
    let mut stream = striate_base::Streams::new(12).stream("block");
    let mut truth = Array2::zeros((SIDE * SIDE, n_frames));
    for [y, x] in [[6.0, 7.0], [13.0, 12.0]] {
        let spikes: Vec<f64> =
            (0..n_frames).map(|_| f64::from(u8::from(stream.uniform() < 0.02))).collect();
        let calcium = filter([0.95, 0.0], &spikes);
        for p in 0..SIDE * SIDE {
            let distance = ((p / SIDE) as f64 - y).powi(2) + ((p % SIDE) as f64 - x).powi(2);
            let shape = amplitude * (-distance / 18.0).exp();
            let mut row = truth.row_mut(p);
            row.iter_mut().zip(&calcium).for_each(|(out, c)| *out += shape * c);
        }
    }
    let noisy = truth.mapv(|value| value + stream.normal());
    [truth, noisy]
}

/// The leading `k` left singular vectors, by plain orthogonal iteration.
fn basis(movie: &Array2<f64>, k: usize) -> Array2<f64> {
    let gram = movie.dot(&movie.t());
    let mut q = Array2::from_shape_vec((SIDE * SIDE, k), noise(SIDE * SIDE * k, 13)).unwrap();
    for _ in 0..60 {
        q = gram.dot(&q);
        for column in 0..k {
            for before in 0..column {
                let earlier: Array1<f64> = q.column(before).to_owned();
                let product = earlier.dot(&q.column(column));
                q.column_mut(column).scaled_add(-product, &earlier);
            }
            let norm = q.column(column).dot(&q.column(column)).sqrt();
            q.column_mut(column).mapv_inplace(|value| value / norm);
        }
    }
    q
}

fn error(block: &PenalisedBlock, truth: &Array2<f64>) -> f64 {
    (&block.images.dot(&block.traces) - truth).mapv(|e| e * e).mean().unwrap()
}

#[test]
fn two_cells_are_found_in_noise() {
    let [truth, noisy] = movie(600, 2.0);
    let q = basis(&noisy, 10);
    let factor = q.t().dot(&noisy);
    let settings = PenalisedSettings::default();
    let found =
        decompose_block(q.view(), factor.view(), [SIDE, SIDE], THRESHOLDS, &settings).unwrap();
    assert!((2..=4).contains(&found.traces.nrows()), "{}", found.traces.nrows());
    assert_eq!(found.n_rejected, 3);
    // Two components carry 2 (d + T) of d T noisy numbers: 0.008 of the noise where nothing else
    // is lost.
    assert!(error(&found, &truth) < 0.02, "{}", error(&found, &truth));
    for component in 0..2 {
        let image = found.images.column(component).to_vec();
        let trace = found.traces.row(component).to_vec();
        assert!(spatial_roughness(&image, SIDE) < 0.6 && temporal_roughness(&trace) < 1.75);
        assert!((image.iter().map(|u| u * u).sum::<f64>() - 1.0).abs() < 1e-9);
    }
    // The traces are combinations of the factor, after deflation too.
    let rest = &found.weights.t().dot(&factor) - &found.traces;
    assert!(rest.iter().all(|difference| difference.abs() < 1e-9));
    // The basis loses nothing that the whole block has.
    let identity = Array2::eye(SIDE * SIDE);
    let whole = decompose_block(identity.view(), noisy.view(), [SIDE, SIDE], THRESHOLDS, &settings)
        .unwrap();
    assert!((error(&whole, &truth) - error(&found, &truth)).abs() < 0.005);
    // One sweep, as the first code has it, is no better.
    let settings = PenalisedSettings { accuracy: Accuracy::Sweeps(1), ..settings };
    let swept =
        decompose_block(q.view(), factor.view(), [SIDE, SIDE], THRESHOLDS, &settings).unwrap();
    assert!((2..=4).contains(&swept.traces.nrows()) && error(&swept, &truth) < 0.03);
}

#[test]
fn noise_has_no_component() {
    let block = Array2::from_shape_vec((SIDE * SIDE, 500), noise(SIDE * SIDE * 500, 14)).unwrap();
    let q = basis(&block, 6);
    let factor = q.t().dot(&block);
    let settings = PenalisedSettings::default();
    let found =
        decompose_block(q.view(), factor.view(), [SIDE, SIDE], THRESHOLDS, &settings).unwrap();
    assert_eq!((found.images.ncols(), found.n_rejected), (0, 3));
    // Thresholds that let everything pass: as many components as allowed.
    let all = Thresholds { spatial: 1e3, temporal: 1e3 };
    let settings = PenalisedSettings { max_components: 3, ..settings };
    let found = decompose_block(q.view(), factor.view(), [SIDE, SIDE], all, &settings).unwrap();
    assert_eq!(found.traces.nrows(), 3);
}

#[test]
fn components_without_noise_are_exact() {
    let [truth, _] = movie(300, 2.0);
    let q = basis(&truth, 2);
    let factor = q.t().dot(&truth);
    let settings = PenalisedSettings { max_iterations: 1, tolerance: 1e-9, ..Default::default() };
    let all = Thresholds { spatial: 1e3, temporal: 1e3 };
    let found = decompose_block(q.view(), factor.view(), [SIDE, SIDE], all, &settings).unwrap();
    let energy = truth.mapv(|value| value * value).mean().unwrap();
    assert!(error(&found, &truth) < 1e-3 * energy, "{}", error(&found, &truth) / energy);
}

#[test]
fn input_that_does_not_fit_is_refused() {
    let q = Array2::eye(16);
    let factor = Array2::ones((16, 30));
    let settings = PenalisedSettings::default();
    let decompose = |q: &Array2<f64>, factor: ndarray::ArrayView2<f64>, shape| {
        decompose_block(q.view(), factor, shape, THRESHOLDS, &settings)
    };
    assert!(decompose(&q, factor.view(), [4, 5]).is_err());
    assert!(decompose(&q, factor.slice(s![..3, ..]), [4, 4]).is_err());
    assert!(decompose(&q, factor.slice(s![.., ..3]), [4, 4]).is_err());
    let broken = factor.mapv(|_| f64::NAN);
    assert!(decompose(&q, broken.view(), [4, 4]).is_err());
    let empty = decompose(&q, Array2::zeros((16, 30)).view(), [4, 4]).unwrap();
    assert_eq!(empty.traces.nrows(), 0);
    for wrong in [
        PenalisedSettings { max_components: 0, ..settings },
        PenalisedSettings { tolerance: 0.0, ..settings },
        PenalisedSettings { accuracy: Accuracy::Sweeps(0), ..settings },
        PenalisedSettings { accuracy: Accuracy::Gap(f64::NAN), ..settings },
    ] {
        assert!(wrong.check().is_err(), "{wrong:?}");
    }
}
