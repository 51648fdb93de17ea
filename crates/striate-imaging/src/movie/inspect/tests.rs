use ndarray::{Array3, Axis};
use striate_base::{CancelToken, NoProgress, Streams};

use super::*;
use crate::ArrayMovie;

fn inspect(frames: &Array3<f32>, config: &MovieInspectionConfig) -> MovieInspection {
    let movie = ArrayMovie::new(frames.clone());
    inspect_movie(&movie, config, &mut NoProgress, &CancelToken::new()).unwrap()
}

/// Noise of s.d. 3 around 200 + x.
fn noise(shape: (usize, usize, usize)) -> Array3<f32> {
    let mut generator = Streams::new(5).stream("noise");
    Array3::from_shape_fn(shape, |(_, _, x)| 200.0 + x as f32 + 3.0 * generator.normal() as f32)
}

/// The same by the definitions, from the whole movie at once.
fn naive(frames: &Array3<f32>) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let (n, height, width) = frames.dim();
    let centred: Vec<(f64, Vec<f64>)> = (0..height * width)
        .map(|p| {
            let trace: Vec<f64> =
                (0..n).map(|t| f64::from(frames[[t, p / width, p % width]])).collect();
            let mean = trace.iter().sum::<f64>() / n as f64;
            (mean, trace.iter().map(|v| v - mean).collect())
        })
        .collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let noise = centred
        .iter()
        .map(|(_, d)| (dot(d, d) / n as f64 - dot(d, &d[1..]) / (n - 1) as f64).max(0.0).sqrt());
    let correlation = (0..height * width).map(|p| {
        let (y, x) = ((p / width) as i64, (p % width) as i64);
        let (mut sum, mut count) = (0.0, 0.0);
        for (dy, dx) in [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)] {
            let (y, x) = (y + dy, x + dx);
            if y >= 0 && x >= 0 && y < height as i64 && x < width as i64 {
                let (a, b) = (&centred[p].1, &centred[y as usize * width + x as usize].1);
                sum += dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
                count += 1.0;
            }
        }
        sum / count
    });
    (centred.iter().map(|c| c.0).collect(), noise.collect(), correlation.collect())
}

fn assert_close(found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (i, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        // The images are stored as f32.
        assert!(
            (f64::from(found) - expected).abs() < 1e-5 * (1.0 + expected.abs()),
            "{i}: {found} {expected}"
        );
    }
}

#[test]
fn images_are_as_defined_however_the_movie_is_cut() {
    let frames = noise((61, 6, 7));
    let (mean, noise, correlation) = naive(&frames);
    for stretch_values in [1, 42 * 3, 42 * 60, 42 * 1000] {
        let config = MovieInspectionConfig { stretch_values, ..MovieInspectionConfig::default() };
        let found = inspect(&frames, &config);
        assert_eq!(found.n_frames_read, 61);
        assert_close(&found.mean_image, &mean);
        assert_close(&found.noise_image, &noise);
        assert_close(&found.correlation_image, &correlation);
        let max = frames.map_axis(Axis(0), |trace| trace.fold(f32::MIN, |a, &b| a.max(b)));
        assert!(max.iter().eq(&found.max_image));
    }
}

#[test]
fn noise_is_found_beneath_slow_signals() {
    let mut frames = noise((4000, 3, 4));
    for (t, mut frame) in frames.outer_iter_mut().enumerate() {
        frame += 40.0 * (t as f32 / 300.0).sin();
    }
    let found = inspect(&frames, &MovieInspectionConfig::default());
    // 3 up to the error of 4000 frames (1 %) and the signal's own step from frame to frame.
    assert!((found.median_noise - 3.0).abs() < 0.1, "{}", found.median_noise);
    assert!(found.median_correlation > 0.95);
    assert!(found.outlying_frames.is_empty() && found.saturation_level.is_none());
}

#[test]
fn odd_frames_are_found() {
    let mut frames = noise((200, 8, 9));
    let repeated = frames.index_axis(Axis(0), 41).to_owned();
    frames.index_axis_mut(Axis(0), 42).assign(&repeated);
    frames.index_axis_mut(Axis(0), 77).fill(0.0);
    frames.index_axis_mut(Axis(0), 78).fill(0.0);
    frames.index_axis_mut(Axis(0), 120).mapv_inplace(|v| v - 50.0);
    for stretch_values in [1, 72 * 42, 1 << 20] {
        let config = MovieInspectionConfig { stretch_values, ..MovieInspectionConfig::default() };
        let found = inspect(&frames, &config);
        assert_eq!(found.repeated_frames, [42]);
        assert_eq!(found.blank_frames, [77, 78]);
        assert_eq!(found.outlying_frames, [120]);
    }
}

#[test]
fn saturation_is_a_pile_of_largest_values_or_a_full_scale() {
    let frames = noise((300, 8, 9)).mapv(f32::round);
    assert_eq!(inspect(&frames, &MovieInspectionConfig::default()).saturation_level, None);
    let clipped = frames.mapv(|v| v.min(205.0));
    let found = inspect(&clipped, &MovieInspectionConfig::default());
    let n = clipped.iter().filter(|&&v| v == 205.0).count();
    assert_eq!(found.saturation_level, Some(205.0));
    assert_eq!(found.saturated_share, n as f64 / clipped.len() as f64);
    let mut touched = frames.clone();
    touched[[5, 5, 5]] = 4095.0;
    let found = inspect(&touched, &MovieInspectionConfig::default());
    assert_eq!(found.saturation_level, Some(4095.0));
    assert_eq!(found.saturated_share, 1.0 / frames.len() as f64);
}

#[test]
fn missing_values_are_counted_and_left_out() {
    let mut frames = noise((50, 4, 5));
    frames[[0, 0, 0]] = f32::NAN;
    frames[[9, 1, 2]] = f32::INFINITY;
    frames.slice_mut(ndarray::s![.., 3, 3]).fill(f32::NAN);
    frames.slice_mut(ndarray::s![.., 3, 4]).fill(7.0);
    let found = inspect(&frames, &MovieInspectionConfig::default());
    assert_eq!((found.n_not_finite, found.n_constant_pixels), (52, 2));
    assert!(found.min == 7.0 && found.max < 230.0);
    for image in [&found.mean_image, &found.noise_image, &found.correlation_image] {
        assert!(image.iter().all(|value| value.is_finite()));
    }
    assert!(found.max_image[18].is_nan());
}

#[test]
fn long_movies_are_sampled_evenly() {
    let frames = noise((100, 2, 2));
    let config = MovieInspectionConfig { max_values: 100, stretch_values: 20 };
    let ranges = config.stretches(MovieShape { n_frames: 100, height: 2, width: 2 });
    assert_eq!(ranges, [0..5, 20..25, 45..50, 70..75, 95..100]);
    let found = inspect(&frames, &config);
    assert_eq!(found.n_frames_read, 25);
    assert!((found.median_noise - 3.0).abs() < 1.5);
}

#[test]
fn tiny_movies_are_no_special_case() {
    for shape in [(1, 1, 1), (2, 1, 1), (1, 3, 2), (3, 1, 4)] {
        let found = inspect(&noise(shape), &MovieInspectionConfig::default());
        assert!(found.noise_image.iter().chain(&found.correlation_image).all(|v| v.is_finite()));
        serde_json::to_string(&found).unwrap();
    }
    let empty = ArrayMovie::new(Array3::zeros((0, 2, 2)));
    let config = MovieInspectionConfig::default();
    assert!(inspect_movie(&empty, &config, &mut NoProgress, &CancelToken::new()).is_err());
}

#[test]
fn threads_do_not_change_a_bit() {
    let frames = noise((90, 16, 15));
    let with = |n: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        pool.install(|| inspect(&frames, &MovieInspectionConfig::default()))
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn stopping_is_answered() {
    let cancel = CancelToken::new();
    cancel.cancel();
    let movie = ArrayMovie::new(noise((3, 2, 2)));
    let stopped =
        inspect_movie(&movie, &MovieInspectionConfig::default(), &mut NoProgress, &cancel);
    assert!(matches!(stopped, Err(ImagingError::Interrupted)));
}
