//! Against decompositions of whole blocks in f64.

use faer::Mat;

use super::*;

/// One block: `[pixel, frame]` as the decomposition sees it, in f64.
fn standardised(movie: &ArrayMovie, found: &FactorisedMovie) -> Mat<f64> {
    let shape = movie.shape();
    let values = movie.frames().as_slice().unwrap();
    let (mean, noise) = (&found.standard().mean, &found.standard().noise);
    Mat::from_fn(shape.n_pixels(), shape.n_frames, |p, t| {
        f64::from((values[t * shape.n_pixels() + p] - mean[p]) / noise[p])
    })
}

/// Sine of the largest angle between the components of the only block and as many left singular vectors.
fn largest_sine(movie: &ArrayMovie, found: &FactorisedMovie) -> f64 {
    let block = &found.blocks()[0];
    let (d, k) = (block.place.n_pixels(), block.rank);
    let exact = standardised(movie, found).thin_svd().unwrap();
    let own = Mat::from_fn(d, k, |i, j| f64::from(block.spatial[j * d + i]));
    let exact = exact.U().subcols(0, k);
    // What of the own vectors lies outside of the span of the exact ones.
    let outside = &own - exact * (exact.transpose() * &own);
    outside.singular_values().unwrap()[0]
}

fn one_block(method: Method, sketch_power_iterations: usize) -> Vec<(usize, f64)> {
    let config = DecompositionConfig { method, sketch_power_iterations, ..Default::default() };
    let of = |seed| {
        // Cells of a larger field, of which one block is seen.
        let (movie, _) = cells(seed, [1000, 64, 64], 2.0);
        let movie =
            ArrayMovie::new(movie.frames().slice(ndarray::s![.., 22..42, 22..42]).to_owned());
        let found = run(&movie, &config);
        (found.n_components(), largest_sine(&movie, &found))
    };
    (1..=6).map(of).filter(|(rank, _)| *rank > 0).collect()
}

#[test]
fn components_from_covariances_are_singular_vectors() {
    let found = one_block(Method::Gram, 0);
    assert!(found.len() >= 4);
    println!("gram: {found:?}");
    assert!(found.iter().all(|&(_, sine)| sine < 2e-3), "{found:?}");
}

/// How far a sketch is off, as the documentation of [`Method::Sketch`] says.
#[test]
fn components_from_a_sketch_are_near_singular_vectors() {
    let worst = |power| {
        let found = one_block(Method::Sketch, power);
        println!("sketch, {power}: {found:?}");
        assert!(found.len() >= 4);
        found.iter().map(|&(_, sine)| sine).fold(0.0, f64::max)
    };
    let sines = [0, 2, 5].map(worst);
    assert!(sines[0] > sines[1] && sines[1] > sines[2], "{sines:?}");
    assert!(sines[1] < 0.8 && sines[2] < 0.5, "{sines:?}");
}

/// What that means for the denoised movie: the error to the truth is that of exact components within a few percent.
#[test]
fn a_sketch_denoises_nearly_as_well() {
    let (movie, signal) = cells(2, [1000, 64, 64], 2.0);
    let error = |method, sketch_power_iterations| {
        let config = DecompositionConfig { method, sketch_power_iterations, ..Default::default() };
        let found = run(&movie, &config);
        let mut out = vec![0.0; signal.len()];
        found.read(0..1000, &mut out).unwrap();
        let squares = signal.iter().zip(&out).map(|(a, b)| f64::from(a - b).powi(2));
        (squares.sum::<f64>() / out.len() as f64).sqrt()
    };
    let exact = error(Method::Gram, 0);
    let ratios = [0, 1, 2, 5].map(|power| error(Method::Sketch, power) / exact);
    println!("error of a sketch over that of covariances: {ratios:?}");
    assert!(ratios[0] < 2.0 && ratios[2] < 1.05 && ratios[3] < 1.02, "{ratios:?}");
}

/// Left and right singular vectors of white noise pass the two tests as often as plain Gaussian vectors do, and
/// independently of each other: what the thresholds rest on.
#[test]
fn singular_vectors_of_noise_are_as_rough_as_noise() {
    let (n_blocks, side, n_frames) = (150, 10, 200);
    let thresholds = Thresholds::of_noise([side, side], n_frames, 0.05, 3);
    let mut counts = [0, 0, 0];
    for seed in 0..n_blocks {
        let values = noise(1000 + seed, [side, side, n_frames]);
        let values = values.as_slice().unwrap();
        let matrix =
            Mat::from_fn(side * side, n_frames, |i, t| f64::from(values[i * n_frames + t]));
        let found = matrix.thin_svd().unwrap();
        for j in 0..side * side {
            let of = |m: faer::MatRef<'_, f64>| -> Vec<f32> {
                (0..m.nrows()).map(|i| m[(i, j)] as f32).collect()
            };
            let in_space = spatial_roughness(&of(found.U()), side) < thresholds.spatial;
            let in_time = temporal_roughness(&of(found.V())) < thresholds.temporal;
            for (count, passes) in counts.iter_mut().zip([in_space, in_time, in_space && in_time]) {
                *count += usize::from(passes);
            }
        }
    }
    let n = (n_blocks as usize * side * side) as f64;
    println!("passes of {n}: {counts:?}");
    for (count, p) in counts.into_iter().zip([0.05, 0.05, 0.0025]) {
        // The thresholds are quantiles of 20 000 draws themselves.
        let error = (n * p * (1.0 + n / 20_000.0)).sqrt();
        assert!(
            (count as f64 - n * p).abs() < 3.5 * error,
            "{counts:?} of {n}, expected {}",
            n * p
        );
    }
}

/// Three smooth images that change smoothly, in every block, and nothing else.
#[test]
fn a_movie_without_noise_comes_back() {
    let wave = |x: usize, per: f64, phase: f64| (x as f64 / per + phase).sin();
    let movie = Array3::from_shape_fn((400, 50, 45), |(t, y, x)| {
        let one = (2.0 + wave(y, 9.0, 0.1)) * (2.0 + wave(x, 8.0, 0.4)) * wave(t, 15.0, 0.0);
        let two = (2.0 + wave(y, 6.0, 2.0)) * (2.0 + wave(x, 7.0, 1.0)) * wave(t, 23.0, 0.5);
        let three = (2.0 + wave(y, 7.0, 1.2)) * (2.0 + wave(x, 5.0, 3.0)) * wave(t, 31.0, 1.0);
        (100.0 + one + 0.7 * two + 0.5 * three) as f32
    });
    let movie = ArrayMovie::new(movie);
    for method in [Method::Gram, Method::Sketch] {
        let found = run(&movie, &DecompositionConfig { method, ..Default::default() });
        // What rounding leaves of the three is in no order that a sketch would see, but smooth.
        let more = if method == Method::Gram { 0.0 } else { 1.0 };
        assert!((3.0..=3.0 + more).contains(&found.mean_rank()), "{}", found.mean_rank());
        let mut out = vec![0.0; movie.frames().len()];
        found.read(0..400, &mut out).unwrap();
        let values = movie.frames().as_slice().unwrap();
        let pixels = found.standard().mean.iter().cycle();
        let (mut error, mut power) = (0.0, 0.0);
        for ((value, out), mean) in values.iter().zip(&out).zip(pixels) {
            error += f64::from(value - out).powi(2);
            power += f64::from(value - mean).powi(2);
        }
        let relative = (error / power).sqrt();
        println!("{method:?}: {relative:e}");
        assert!(relative < 1e-5, "{method:?}: {relative}");
    }
}

/// In a single block the denoised movie is an orthogonal projection: energies add up.
#[test]
fn energies_of_one_tile_add_up() {
    let (movie, _) = cells(3, [300, 64, 64], 4.0);
    let movie = ArrayMovie::new(movie.frames().slice(ndarray::s![.., 10..30, 10..30]).to_owned());
    for method in [Method::Gram, Method::Sketch] {
        let found = run(&movie, &DecompositionConfig { method, ..Default::default() });
        assert!(found.n_components() > 0);
        let summary = found.diagnose(&movie, &mut NoProgress, &CancelToken::new()).unwrap().summary;
        let Triple { raw, denoised, residual } = summary.variance;
        assert!(((denoised + residual) / raw - 1.0).abs() < 1e-5, "{:?}", summary.variance);
        assert_eq!(summary.compression, summary.compression_of_one_tiling);
    }
}
