use striate_base::Streams;

use super::NoiseEstimator;

fn white(n_frames: usize, seed: u64) -> Vec<f64> {
    let mut stream = Streams::new(seed).stream("noise");
    (0..n_frames).map(|_| stream.normal()).collect()
}

/// Mean and standard deviation of the estimated variance of unit noise over draws.
fn moments(estimator: NoiseEstimator, n_frames: usize, n_draws: u64) -> [f64; 2] {
    let draws: Vec<f64> = (0..n_draws)
        .map(|seed| estimator.deviation(&white(n_frames, seed)).unwrap().powi(2))
        .collect();
    let mean = super::mean(&draws);
    let squares: Vec<f64> = draws.iter().map(|draw| (draw - mean).powi(2)).collect();
    [mean, super::mean(&squares).sqrt()]
}

#[test]
fn white_noise_gives_the_stated_bias_and_spread() {
    // Bias by theory; spread over 2000 frames as measured for the specification (Welch .050,
    // lag difference .042) and, for the periodogram, by theory.
    let cases = [
        (NoiseEstimator::WelchSymmetric, 63.5 / 64.0, 0.05),
        (NoiseEstimator::Welch, 63.5 / 64.0, 0.05),
        (NoiseEstimator::LagDifference, 1.0, 0.042),
        (NoiseEstimator::BandMean, 1.0, 1.0 / 500f64.sqrt()),
        (NoiseEstimator::BandMedian, std::f64::consts::LN_2, 1.0 / 500f64.sqrt()),
        (NoiseEstimator::BandLog, 0.5615, 0.5615 * 1.2825 / 500f64.sqrt()),
    ];
    for (estimator, bias, spread) in cases {
        let [mean, deviation] = moments(estimator, 2000, 400);
        // Four standard errors, and the small-sample bias of median and logarithm.
        assert!((mean - bias).abs() < 4.0 * spread / 20.0 + 0.002, "{estimator:?}: {mean}");
        assert!((deviation / spread - 1.0).abs() < 0.2, "{estimator:?}: {deviation}");
    }
}

#[test]
fn slow_signal_does_not_count() {
    let noise = white(3000, 5);
    let trace: Vec<f64> =
        noise.iter().enumerate().map(|(t, x)| 0.2 * x + 5.0 * (t as f64 / 200.0).sin()).collect();
    for estimator in [NoiseEstimator::Welch, NoiseEstimator::LagDifference] {
        let found = estimator.deviation(&trace).unwrap();
        assert!((found - 0.2).abs() < 0.02, "{estimator:?}: {found}");
    }
}

#[test]
fn short_traces_and_gaps() {
    let mut trace = white(300, 3);
    let whole = NoiseEstimator::Welch.deviation(&trace[10..]).unwrap();
    trace[..10].fill(f64::NAN);
    assert_eq!(NoiseEstimator::Welch.deviation(&trace), Some(whole));
    assert_eq!(NoiseEstimator::Welch.deviation(&trace[..265]), None);
    // A shorter trace is padded; 200 frames leave a spread of about 0.15.
    let short = NoiseEstimator::WelchSymmetric.deviation(&trace[100..]).unwrap();
    assert!((short - 1.0).abs() < 0.3);
    assert_eq!(NoiseEstimator::LagDifference.deviation(&[1.0f32, 1.0, 1.0]), Some(0.0));
    assert_eq!(NoiseEstimator::BandMedian.deviation::<f32>(&[]), None);
}

/// One segment by the plain sum over frames.
#[test]
fn welch_is_the_transform_by_definition() {
    let trace = white(256, 9);
    let window = |l: usize| 0.5 * (1.0 - (std::f64::consts::TAU * l as f64 / 255.0).cos());
    let energy: f64 = (0..256).map(|l| window(l).powi(2)).sum();
    let mut expected = 0.0;
    for bin in 65..=128 {
        let angle = |l: usize| std::f64::consts::TAU * (bin * l) as f64 / 256.0;
        let real: f64 = (0..256).map(|l| trace[l] * window(l) * angle(l).cos()).sum();
        let imaginary: f64 = (0..256).map(|l| trace[l] * window(l) * angle(l).sin()).sum();
        let halved = if bin == 128 { 0.5 } else { 1.0 };
        expected += halved * (real * real + imaginary * imaginary) / energy / 64.0;
    }
    let found = NoiseEstimator::WelchSymmetric.deviation(&trace).unwrap().powi(2);
    assert!((found / expected - 1.0).abs() < 1e-12);
}
