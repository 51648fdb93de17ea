use super::super::tests::{cells, recorded, run};
use super::*;
use crate::ArrayMovie;
use crate::decomposition::RankRule;
use striate_base::NoProgress;

fn diagnose(found: &FactorisedMovie, movie: &ArrayMovie) -> DecompositionDiagnostics {
    found.diagnose(movie, &mut NoProgress, &CancelToken::new()).unwrap()
}

fn assert_near(what: &str, found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance,
        "{what}: {found}, expected {expected} +- {tolerance}"
    );
}

/// All images of a small movie, computed another way: whole traces in f64.
#[test]
fn images_are_those_of_whole_traces() {
    // More than one chunk of frames and more than one strip of rows.
    let (movie, _) = cells(1, [300, 90, 50], 4.0);
    let found = run(&movie, &DecompositionConfig::default());
    let diagnostics = diagnose(&found, &movie);
    let n_pixels = 90 * 50;
    let mut denoised = vec![0.0; 300 * n_pixels];
    found.read_standardised(0..300, &mut denoised).unwrap();
    let raw = movie.frames().as_slice().unwrap();
    let trace = |pixel: usize| -> [Vec<f64>; 3] {
        let at = |t: usize| t * n_pixels + pixel;
        let (mean, noise) = (found.standard().mean[pixel], found.standard().noise[pixel]);
        let raw: Vec<f64> = (0..300).map(|t| f64::from((raw[at(t)] - mean) / noise)).collect();
        let smooth: Vec<f64> = (0..300).map(|t| f64::from(denoised[at(t)])).collect();
        let rest = raw.iter().zip(&smooth).map(|(a, b)| a - b).collect();
        [raw, smooth, rest].map(centred)
    };
    let Triple { raw, denoised, residual } = &diagnostics.images;
    for pixel in [0, 49, 1234, 40 * 50 + 49, 81 * 50, n_pixels - 1] {
        let own = trace(pixel);
        let (y, x) = (pixel / 50, pixel % 50);
        let around: Vec<[Vec<f64>; 3]> = (y.saturating_sub(1)..(y + 2).min(90))
            .flat_map(|y| (x.saturating_sub(1)..(x + 2).min(50)).map(move |x| y * 50 + x))
            .filter(|&other| other != pixel)
            .map(trace)
            .collect();
        for (kind, images) in [raw, denoised, residual].into_iter().enumerate() {
            let own = &own[kind];
            assert_near("variance", images.variance[pixel].into(), product(own, own) / 300.0, 1e-4);
            let lag_one = product(own, &own[1..]) / 299.0 / (product(own, own) / 300.0);
            assert_near("lag one", images.lag_one[pixel].into(), lag_one, 1e-4);
            let correlation = |other: &[f64]| {
                product(own, other) / (product(own, own) * product(other, other)).sqrt()
            };
            let mean = around.iter().map(|other| correlation(&other[kind])).sum::<f64>()
                / around.len() as f64;
            assert_near("neighbours", images.neighbour_correlation[pixel].into(), mean, 1e-4);
        }
    }
}

fn centred(trace: Vec<f64>) -> Vec<f64> {
    let mean = trace.iter().sum::<f64>() / trace.len() as f64;
    trace.into_iter().map(|v| v - mean).collect()
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Rows of the table of real movies, as far as diagnostics have them.
#[test]
fn residuals_of_real_movies_are_those_of_exact_decompositions() {
    let config = DecompositionConfig::default();
    let plus_one = DecompositionConfig { rank_rule: RankRule::PlusOne, ..config.clone() };
    let Some(movie) = recorded("calcium-2p-neurofinder/movie_r304-496_c104-296.npz") else {
        return;
    };
    let summary = diagnose(&run(&movie, &config), &movie).summary;
    assert_eq!((summary.max_rank, summary.n_empty_blocks, summary.n_blocks), (14, 0, 361));
    assert_near("compression", summary.compression.unwrap(), 14.55, 0.02 * 14.55);
    assert_near("lag one raw", summary.lag_one.raw.unwrap().median, 0.027, 0.001);
    assert_near("lag one residual", summary.lag_one.residual.unwrap().median, 0.002, 0.001);
    assert_near("variance raw", summary.variance.raw, 1.058, 0.001);
    assert_near("variance residual", summary.variance.residual, 0.968, 0.001);
    assert_near("explained", summary.variance_explained, 0.085, 0.001);
    let summary = diagnose(&run(&movie, &plus_one), &movie).summary;
    assert_near("compression", summary.compression.unwrap(), 11.76, 0.02 * 11.76);
    assert_near("variance residual", summary.variance.residual, 0.956, 0.001);
    let short = ArrayMovie::new(movie.frames().slice(ndarray::s![..101, .., ..]).to_owned());
    let summary = diagnose(&run(&short, &config), &short).summary;
    // The table's thresholds are draws of their own: one block more or less may be empty.
    assert_eq!(summary.max_rank, 7);
    assert!(summary.n_empty_blocks.abs_diff(80) <= 2, "{} empty blocks", summary.n_empty_blocks);
    assert_near("lag one residual", summary.lag_one.residual.unwrap().median, -0.015, 0.001);
    assert_near("variance residual", summary.variance.residual, 0.970, 0.001);
    let Some(movie) = recorded("calcium-2p-mouse-small/movie.npz") else { return };
    let summary = diagnose(&run(&movie, &config), &movie).summary;
    assert_eq!((summary.max_rank, summary.n_empty_blocks, summary.n_dead_pixels), (20, 0, 66));
    // The table counts the 66 pixels that do not change as 0, and has 0.448; without them NumPy finds this.
    assert_near("lag one raw", summary.lag_one.raw.unwrap().median, 0.4546, 0.001);
    assert_near("lag one residual", summary.lag_one.residual.unwrap().median, 0.004, 0.002);
    assert_near("variance raw", summary.variance.raw, 2.33, 0.005);
    assert_near("variance residual", summary.variance.residual, 0.796, 0.01);
    assert_near("explained", summary.variance_explained, 0.659, 0.005);
}

#[test]
fn a_summary_without_components_is_plain_json() {
    let movie = ArrayMovie::new(ndarray::Array3::from_elem((5, 1, 3), 7.0));
    let mut summary = diagnose(&run(&movie, &DecompositionConfig::default()), &movie).summary;
    assert_eq!(
        (summary.n_dead_pixels, summary.compression, summary.signal_to_noise),
        (3, None, None)
    );
    // Numbers that JSON keeps to the last digit.
    summary.thresholds = Thresholds { spatial: 1.25, temporal: 2.5 };
    let text = serde_json::to_string(&summary).unwrap();
    assert_eq!(serde_json::from_str::<DecompositionSummary>(&text).unwrap(), summary);
}

#[test]
fn a_movie_of_another_shape_is_refused() {
    let (movie, _) = cells(1, [50, 20, 20], 1.0);
    let found = run(&movie, &DecompositionConfig::default());
    let other = ArrayMovie::new(ndarray::Array3::zeros((50, 20, 21)));
    let error =
        found.diagnose(&other, &mut NoProgress, &CancelToken::new()).unwrap_err().to_string();
    assert!(error.contains("width: 21") && error.contains("width: 20"), "{error}");
}
