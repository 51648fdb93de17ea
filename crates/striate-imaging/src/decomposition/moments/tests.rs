use ndarray::Array3;
use striate_base::NoProgress;

use super::*;
use crate::ArrayMovie;

fn standard(frames: Array3<f32>) -> Standard {
    Standard::of(&ArrayMovie::new(frames), &mut NoProgress, &CancelToken::new()).unwrap()
}

/// 2000 frames of white noise of 40 over `signal(frame)`.
fn noisy(baseline: f32, signal: impl Fn(usize) -> f32) -> Array3<f32> {
    let mut values = vec![0.0; 2000 * 30 * 30];
    striate_kernels::noise::fill_normal(11, &mut values);
    let noise = Array3::from_shape_vec((2000, 30, 30), values).unwrap();
    Array3::from_shape_fn((2000, 30, 30), |(t, y, x)| {
        baseline + signal(t) + 40.0 * noise[[t, y, x]]
    })
}

fn spread(values: &[f32]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    let square = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n;
    (mean, square.sqrt())
}

/// The table has 1.003 +- 0.042 for 2000 frames; its mean over pixels must be 1 within 4 standard errors.
#[test]
fn variance_of_white_noise_is_found() {
    let found = standard(noisy(0.0, |_| 0.0));
    let variances: Vec<f32> = found.noise.iter().map(|sd| sd * sd / 1600.0).collect();
    let (mean, sd) = spread(&variances);
    assert!((mean - 1.0).abs() < 4.0 * 0.042 / 30.0, "mean {mean}");
    assert!((sd / 0.042 - 1.0).abs() < 0.1, "spread {sd}");
}

/// A slow wave and a 16-bit baseline change the noise by less than a thousandth.
#[test]
fn noise_depends_on_neither_baseline_nor_slow_signal() {
    let plain = standard(noisy(0.0, |_| 0.0));
    let wave = standard(noisy(60_000.0, |t| 100.0 * (t as f32 / 300.0).sin()));
    let ratios: Vec<f32> = wave.noise.iter().zip(&plain.noise).map(|(a, b)| a / b).collect();
    let (mean, sd) = spread(&ratios);
    assert!((mean - 1.0).abs() < 1e-3 && sd < 1e-2, "{mean} +- {sd}");
}

/// `C(0) - C(1)` of whole traces in f64, over several chunks.
#[test]
fn moments_are_those_of_whole_traces() {
    let frames = noisy(12_345.0, |t| t as f32);
    let found = standard(frames.clone());
    for pixel in [0, 17, 899] {
        let trace = frames.slice(ndarray::s![.., pixel / 30, pixel % 30]).mapv(f64::from);
        let mean = trace.mean().unwrap();
        let x = trace - mean;
        let products = (0..1999).map(|t| x[t] * x[t + 1]).sum::<f64>() / 1999.0;
        let noise = (x.mapv(|v| v * v).mean().unwrap() - products).sqrt();
        assert!((f64::from(found.mean[pixel]) / mean - 1.0).abs() < 1e-6);
        assert!((f64::from(found.noise[pixel]) / noise - 1.0).abs() < 1e-3);
    }
}

#[test]
fn pixels_that_do_not_change_or_are_not_numbers_are_dead() {
    let mut frames = Array3::from_shape_fn((9, 1, 4), |(t, _, x)| (t * t * x) as f32);
    frames[[4, 0, 1]] = f32::NAN;
    frames[[8, 0, 2]] = f32::INFINITY;
    let found = standard(frames);
    assert_eq!((found.mean[0], found.noise[0]), (0.0, 1.0));
    for pixel in [1, 2] {
        assert!(found.mean[pixel].is_nan() && found.noise[pixel] == 1.0);
    }
    assert!(found.mean[3] > 0.0 && found.noise[3] > 0.0);
    let mut frame = [5.0, 5.0, f32::NAN, f32::INFINITY];
    found.apply_to_frame(&mut frame);
    assert_eq!(frame[..3], [5.0, 0.0, 0.0]);
}

#[test]
fn movies_that_say_nothing_are_refused() {
    let of = |frames| {
        let movie = ArrayMovie::new(frames);
        Standard::of(&movie, &mut NoProgress, &CancelToken::new()).unwrap_err().to_string()
    };
    assert!(of(Array3::zeros((2, 5, 5))).contains("found 2, expected at least 3"));
    assert!(of(Array3::from_elem((5, 5, 5), f32::NAN)).contains("NaN in every pixel"));
}
