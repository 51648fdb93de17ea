//! Real movies. Needs `STRIATE_DATA`, the folder that holds them.

use std::io::Write;
use std::path::PathBuf;

use striate_base::{CancelToken, NoProgress};
use striate_formats::stack::{ImageStack, StackOptions};
use striate_imaging::{MovieInspectionConfig, StackMovie, inspect_movie};

/// The folder with real recordings; without it the test says that it was skipped.
fn data(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("STRIATE_DATA").map(PathBuf::from);
    if folder.is_none() {
        // Past the capture of passing tests' output.
        let _ = writeln!(std::io::stderr(), "SKIPPED {test}: STRIATE_DATA is not set");
    }
    folder
}

/// Expected values are NumPy's, computed in 64 bits from the whole array by the definitions.
#[test]
fn two_photon_movie_has_the_noise_and_correlations_that_numpy_finds() {
    let Some(folder) = data("two-photon movie") else { return };
    let path = folder.join("calcium-2p-neurofinder/movie_r304-496_c104-296.npz");
    let stack = ImageStack::open(&path, &StackOptions::default()).expect("movie opens");
    let config = MovieInspectionConfig::default();
    let found = inspect_movie(&StackMovie(stack), &config, &mut NoProgress, &CancelToken::new())
        .expect("movie is read");
    assert_eq!((found.min, found.max, found.n_frames_read), (0.0, 3810.0, 600));
    // Images are stored as f32; medians of even counts average two of them.
    assert!((found.mean - 321.600_648_781).abs() < 1e-3, "{}", found.mean);
    assert!((found.median_noise - 214.544_009_596).abs() < 1e-3, "{}", found.median_noise);
    assert!(
        (found.median_correlation - 0.029_560_415).abs() < 1e-6,
        "{}",
        found.median_correlation
    );
    assert_eq!(found.n_constant_pixels, 0);
    assert!(found.repeated_frames.is_empty() && found.outlying_frames.is_empty());
}
