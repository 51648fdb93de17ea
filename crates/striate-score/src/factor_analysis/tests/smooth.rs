//! Gaussian-process factors.

use super::*;
use crate::subspace::largest_angle_deg;

/// Smooth factors `[frame, factor]`.
fn smooth(timescales: &[f64], n_frames: usize, random: &mut RandomStream) -> Array2<f64> {
    let mut factors = Array2::zeros((n_frames, timescales.len()));
    for (mut column, &timescale) in factors.columns_mut().into_iter().zip(timescales) {
        let (values, vectors) = linear::eigen(&covariance(timescale, n_frames)).unwrap();
        let noise = Array1::from_shape_simple_fn(n_frames, || random.normal());
        column.assign(&vectors.dot(&(noise * values.mapv(|value| value.max(0.0).sqrt()))));
    }
    factors
}

#[test]
fn conditioning_is_that_of_the_whole_trial() {
    let mut random = random("smooth conditioning");
    let (model, timescales) = (truth(4, 2, &mut random), vec![1.5, 4.0]);
    let n_frames = 5;
    let smooth = GaussianProcessFactors::new(model.clone(), timescales.clone(), 50).unwrap();
    let (hidden, visible) = ([0, 2], [3, 1]);
    let values = normal((n_frames, 2), &mut random);
    let found = smooth.condition(&visible, &[values.view()]).unwrap().remove(0);
    // Entry [frame, neuron] of the trial at frame * 4 + neuron.
    let mut whole = Array2::zeros((4 * n_frames, 4 * n_frames));
    for (a, b) in (0..n_frames).flat_map(|a| (0..n_frames).map(move |b| (a, b))) {
        for (i, j) in (0..4).flat_map(|i| (0..4).map(move |j| (i, j))) {
            let shared = |k: usize| {
                let c = model.loadings();
                c[[i, k]] * c[[j, k]] * covariance(timescales[k], n_frames)[[a, b]]
            };
            let own = if (a, i) == (b, j) { model.private_variances()[i] } else { 0.0 };
            whole[[4 * a + i, 4 * b + j]] = shared(0) + shared(1) + own;
        }
    }
    let places = |neurons: &[usize]| -> Vec<usize> {
        (0..n_frames).flat_map(|frame| neurons.iter().map(move |n| 4 * frame + n)).collect()
    };
    let mean: Array1<f64> = (0..4 * n_frames).map(|place| model.mean()[place % 4]).collect();
    let seen: Array1<f64> = values.iter().copied().collect();
    let (mean, covariance) =
        brute_force(&mean, &whole, (&places(&hidden), &places(&visible)), &seen);
    for (place, (found, variance)) in found.mean.iter().zip(&found.variance).enumerate() {
        // Kernels are inverted: condition numbers up to 5 / 0.001.
        assert!((found - mean[place]).abs() < 1e-9, "{found} {}", mean[place]);
        assert!((variance - covariance[[place, place]]).abs() < 1e-9);
    }
}

#[test]
fn factors_without_memory_are_plain_factor_analysis() {
    let mut random = random("memory");
    let model = truth(6, 2, &mut random);
    let values = normal((30, 3), &mut random);
    let plain = model.condition(&[0, 1, 5], values.view()).unwrap();
    // exp(-1 / (2 * 0.05^2)) is 0 in f64.
    let smooth = GaussianProcessFactors::new(model, vec![0.05; 2], 7).unwrap();
    let found = smooth.condition(&[0, 1, 5], &[values.view()]).unwrap().remove(0);
    assert!(largest_difference(&plain.mean, &found.mean) < 1e-10);
    assert!(largest_difference(&plain.variance, &found.variance) < 1e-10);
}

#[test]
fn timescales_and_loadings_are_found_and_prediction_gains() {
    let mut random = random("smooth fit");
    let model = truth(15, 2, &mut random);
    let timescales = [1.5, 6.0];
    let trial = |random: &mut RandomStream| {
        let factors = smooth(&timescales, 25, random);
        responses(&model, &factors, random)
    };
    let trials: Vec<Array2<f64>> = (0..80).map(|_| trial(&mut random)).collect();
    let views: Vec<_> = trials.iter().map(|trial| trial.view()).collect();
    let config = FactorConfig { tolerance: 1e-5, ..FactorConfig::with_factors(2) };
    let fitted =
        GaussianProcessFactors::fit(&views[..60], &config, &SmoothingConfig::default()).unwrap();
    let steps = fitted.factor_analysis().log_likelihoods();
    assert!(steps.windows(2).all(|pair| pair[1] >= pair[0] - 1e-11), "{steps:?}");
    let mut found = fitted.timescales().to_vec();
    found.sort_by(f64::total_cmp);
    // The grid steps by the square root of 2: one step off at most.
    assert!(
        (found[0] / 1.5).log2().abs() < 0.76 && (found[1] / 6.0).log2().abs() < 0.76,
        "{found:?}"
    );
    let angle =
        largest_angle_deg(model.loadings().t(), fitted.factor_analysis().loadings().t()).unwrap();
    // 1500 frames: errors of about sqrt(1 / 1500) per loading beside columns of length 4, and more where
    // frames are not independent.
    assert!(angle < 6.0, "{angle} degrees");
    let plain = FactorAnalysis::fit(stacked(&views[..60]).unwrap().view(), &config).unwrap();
    let (mut smooth_error, mut plain_error) = (0.0, 0.0);
    for trial in &trials[60..] {
        let visible: Vec<usize> = (0..5).collect();
        let seen = trial.select(ndarray::Axis(1), &visible);
        let truth = trial.slice(ndarray::s![.., 5..]);
        let smooth = fitted.condition(&visible, &[seen.view()]).unwrap().remove(0);
        let plain = plain.condition(&visible, seen.view()).unwrap();
        smooth_error += (&smooth.mean - &truth).mapv(|e| e * e).sum();
        plain_error += (&plain.mean - &truth).mapv(|e| e * e).sum();
    }
    assert!(smooth_error < plain_error, "{smooth_error} {plain_error}");
}

#[test]
fn unusable_smoothing_is_refused() {
    let frames = normal((6, 2), &mut random("refused"));
    let config = FactorConfig::with_factors(1);
    let refused = |smoothing: SmoothingConfig| {
        let found = GaussianProcessFactors::fit(&[frames.view()], &config, &smoothing);
        found.unwrap_err().to_string()
    };
    let usual = SmoothingConfig::default();
    assert!(refused(SmoothingConfig { timescales: vec![], ..usual.clone() }).contains("0 of them"));
    let said = refused(SmoothingConfig { timescales: vec![1.0, -2.0], ..usual.clone() });
    assert!(said.contains("timescales is -2"), "{said}");
    assert!(refused(SmoothingConfig { window: 0, ..usual }).contains("window is 0"));
    let found = GaussianProcessFactors::fit(&[], &config, &SmoothingConfig::default());
    assert!(found.unwrap_err().to_string().contains("trials"));
}
