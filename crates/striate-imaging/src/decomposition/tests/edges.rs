//! Movies at the edges of what there is.

use super::*;

fn denoised(found: &FactorisedMovie) -> Vec<f32> {
    let mut out = vec![0.0; found.shape().n_frames * found.shape().n_pixels()];
    found.read(0..found.shape().n_frames, &mut out).unwrap();
    out
}

/// Images of any size, with either method, and as few frames as there may be.
#[test]
fn small_movies_have_their_shape() {
    for shape in [[3, 1, 1], [3, 12, 12], [50, 1, 33], [50, 33, 1], [40, 5, 7], [9, 30, 21]] {
        for method in [Method::Gram, Method::Sketch] {
            for rank_rule in [RankRule::StrictPrefix, RankRule::PlusOne] {
                let config =
                    DecompositionConfig { method, rank_rule, block: 11, ..Default::default() };
                let movie = ArrayMovie::new(noise(8, shape));
                let found = run(&movie, &config);
                let values = denoised(&found);
                assert_eq!(values.len(), movie.frames().len());
                assert!(values.iter().all(|v| v.is_finite()), "{shape:?} {config:?}");
                let summary =
                    found.diagnose(&movie, &mut NoProgress, &CancelToken::new()).unwrap().summary;
                let Triple { raw, residual, .. } = summary.variance;
                assert!(residual <= raw * 1.00001, "{shape:?} {config:?} {:?}", summary.variance);
            }
        }
    }
    let two = ArrayMovie::new(noise(8, [2, 9, 9]));
    let error = decompose(
        &two,
        &DecompositionConfig::default(),
        None,
        &mut NoProgress,
        &CancelToken::new(),
    );
    assert!(error.unwrap_err().to_string().contains("found 2, expected at least 3"));
}

/// Dead pixels stay as they are and do not change what is found elsewhere.
#[test]
fn dead_pixels_harm_nobody() {
    let (movie, _) = cells(4, [400, 40, 40], 5.0);
    let mut frames = movie.frames().clone();
    frames.slice_mut(ndarray::s![.., 3, ..]).fill(17.0);
    frames[[200, 25, 25]] = f32::NAN;
    frames[[399, 26, 25]] = f32::INFINITY;
    let movie = ArrayMovie::new(frames);
    for method in [Method::Gram, Method::Sketch] {
        let found = run(&movie, &DecompositionConfig { method, ..Default::default() });
        assert!(found.mean_rank() > 1.0, "{}", found.mean_rank());
        let values = denoised(&found);
        for (i, &value) in values.iter().enumerate() {
            match (i % 1600 / 40, i % 40) {
                (3, _) => assert!((value - 17.0).abs() < 1e-3, "{value}"),
                (25 | 26, 25) => assert!(value.is_nan()),
                _ => assert!(value.is_finite()),
            }
        }
        let summary = found.diagnose(&movie, &mut NoProgress, &CancelToken::new()).unwrap().summary;
        assert_eq!(summary.n_dead_pixels, 42);
        assert!(summary.variance.residual < summary.variance.raw);
    }
}

/// All of the range of 16-bit integers, signed and unsigned, in every pixel.
#[test]
fn extremes_of_integers_are_kept() {
    for (low, high) in [(-32768.0, 32767.0), (0.0, 65535.0)] {
        let movie = noise(6, [200, 24, 24]).mapv(|z| if z > 0.0 { high } else { low });
        let found = run(&ArrayMovie::new(movie), &DecompositionConfig::default());
        let half = (high - low) / 2.0;
        let standard = found.standard();
        assert!(standard.noise.iter().all(|sd| (sd / half - 1.0).abs() < 0.3));
        assert!(standard.mean.iter().all(|mean| ((mean - low) / half - 1.0).abs() < 0.3));
        assert!(denoised(&found).iter().all(|v| v.is_finite()));
    }
}

/// One frame a million times as bright: it counts as noise, and all stays finite.
#[test]
fn an_outlier_frame_is_survived() {
    let (movie, _) = cells(4, [400, 30, 30], 5.0);
    for factor in [1e3, 1e6, 1e30] {
        let mut frames = movie.frames().clone();
        frames.slice_mut(ndarray::s![200, .., ..]).mapv_inplace(|v| (v + 100.0) * factor);
        let movie = ArrayMovie::new(frames);
        for method in [Method::Gram, Method::Sketch] {
            let config = DecompositionConfig { method, ..Default::default() };
            let found = decompose(&movie, &config, None, &mut NoProgress, &CancelToken::new());
            match found {
                Ok(found) => assert!(denoised(&found).iter().all(|v| v.is_finite()), "{factor}"),
                // Squares beyond what there are numbers for.
                Err(error) => assert!(factor > 1e18 && error.to_string().contains("every pixel")),
            }
        }
    }
}
