use std::io::Write;
use std::path::{Path, PathBuf};

use striate_base::Streams;
use striate_formats::npz::NpzFile;

use super::*;

fn data(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("STRIATE_DATA").map(PathBuf::from);
    if folder.is_none() {
        let _ = writeln!(std::io::stderr(), "SKIPPED {test}: STRIATE_DATA is not set");
    }
    folder
}

/// Footprints times traces on a background, moved by measured shifts, with shot noise.
fn semi_synthetic(path: &Path, n_frames: usize) -> (ArrayMovie, Array2<f32>) {
    let file = NpzFile::open(path).unwrap();
    let footprints: Array3<f32> = file.read_f32("A").unwrap().into_dimensionality().unwrap();
    let traces: Array2<f32> = file.read_f32("C").unwrap().into_dimensionality().unwrap();
    let shifts: Array2<f32> = file.read_f32("rigid_shifts").unwrap().into_dimensionality().unwrap();
    let shifts = shifts.slice(ndarray::s![..n_frames, ..]).to_owned();
    let (n_cells, height, width) = footprints.dim();
    let resting = footprints.sum_axis(ndarray::Axis(0));
    let scale = resting.iter().copied().fold(0.0, f32::max);
    let background = Array2::from_shape_fn((height, width), |(y, x)| {
        20.0 + 10.0 * scene(y as f64 / 2.0, x as f64 / 2.0)
    });
    let background = background + resting * (40.0 / scale);
    let largest = traces.iter().copied().fold(0.0, f32::max);
    let mut scenes = Array3::zeros((n_frames, height, width));
    for (frame, mut scene) in scenes.outer_iter_mut().enumerate() {
        scene.assign(&background);
        for cell in 0..n_cells {
            let level = 100.0 * traces[[cell, frame]] / largest / scale;
            scene.scaled_add(level, &footprints.index_axis(ndarray::Axis(0), cell));
        }
    }
    // The scene moves by minus what `Registered` undoes.
    let back = Shifts { rigid: -&shifts, field: None };
    let still = ArrayMovie::new(scenes);
    let moving = Registered::new(&still, &back, Interpolation::Cubic).unwrap();
    let mut photons = Array3::zeros((n_frames, height, width));
    moving.read(0..n_frames, photons.as_slice_mut().unwrap()).unwrap();
    let mut stream = Streams::new(1).stream("photons");
    photons.mapv_inplace(|mean: f32| stream.poisson(f64::from(mean)) as f32);
    (ArrayMovie::new(photons), shifts)
}

#[test]
fn measured_motion_is_found_again() {
    let Some(folder) = data("measured_motion_is_found_again") else {
        return;
    };
    for name in ["cnmf_demoMovie.npz", "cnmf_sue2x.npz"] {
        let (movie, truth) =
            semi_synthetic(&folder.join("calcium-cnmf-reference").join(name), 1000);
        let found = registered(&movie, &RegistrationConfig::default());
        let error = rms_error(&found.shifts.rigid, &truth);
        let moved = rms_error(&Array2::zeros((1000, 2)), &truth);
        println!("{name}: moved {moved:.3} px, error {error:.3} px, {:?}", found.quality);
        assert!(error < 0.1, "{name}: {error}");
        assert!(error < 0.6 * moved, "{name}: {error} of {moved}");
    }
}

#[test]
fn a_nearly_still_recording_stays_nearly_still() {
    let Some(folder) = data("a_nearly_still_recording_stays_nearly_still") else {
        return;
    };
    let path = folder.join("calcium-2p-neurofinder/movie_r304-496_c104-296.npz");
    let movie = NpzFile::open(&path).unwrap().read_f32("movie").unwrap();
    let movie = ArrayMovie::new(movie.into_dimensionality().unwrap());
    let found = registered(&movie, &RegistrationConfig::default());
    let spread = rms_error(&found.shifts.rigid, &Array2::zeros((600, 2)));
    println!("rms {spread:.3} px, {:?}", found.quality);
    // Its description says: residual rigid motion below one pixel.
    assert!(found.shifts.rigid.iter().all(|s| s.abs() < 1.5));
    assert!(found.quality.after.mean_correlation >= found.quality.before.mean_correlation - 1e-3);
}
