//! Frames per second of registration at 512 x 512, one thread, template and quality left aside:
//! `cargo run --release --example registration_speed`.

use std::time::Instant;

use striate_base::{CancelToken, NoProgress};
use striate_imaging::registration::{
    Interpolation, PiecewiseConfig, Registered, RegistrationConfig, register,
};
use striate_imaging::simulate::{MovieSimulationConfig, SimulatedMovie};
use striate_imaging::{ArrayMovie, ImagingError, Movie};

const N_FRAMES: usize = 128;

fn main() -> Result<(), ImagingError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread");
    let demo = MovieSimulationConfig::demo();
    let config = MovieSimulationConfig { n_frames: N_FRAMES, height: 512, width: 512, ..demo };
    let movie = SimulatedMovie::new(config)?;
    let mut frames = ndarray::Array3::zeros((N_FRAMES, 512, 512));
    movie.read(0..N_FRAMES, frames.as_slice_mut().expect("standard layout"))?;
    let movie = ArrayMovie::new(frames);
    let rigid = RegistrationConfig::default();
    let piecewise = RegistrationConfig {
        piecewise: Some(PiecewiseConfig::default()),
        ..RegistrationConfig::default()
    };
    for (name, config) in [("rigid", rigid), ("piecewise", piecewise)] {
        // The time of a second pass is that of the estimation, applying and averaging included once.
        let seconds = |n_passes: usize| {
            let mut config = config.clone();
            config.template.n_passes = n_passes;
            config.template.n_refinements = 0;
            config.template.n_frames = 20;
            let start = Instant::now();
            let found =
                pool.install(|| register(&movie, &config, &mut NoProgress, &CancelToken::new()))?;
            Ok::<_, ImagingError>((start.elapsed().as_secs_f64(), found))
        };
        let (one, _) = seconds(1)?;
        let (two, found) = seconds(2)?;
        println!("{name}: a pass of {:.1} frames/s", N_FRAMES as f64 / (two - one));
        for interpolation in [Interpolation::Nearest, Interpolation::Cubic, Interpolation::Fourier]
        {
            let registered = Registered::new(&movie, &found.shifts, interpolation)?;
            let mut out = vec![0.0; N_FRAMES * 512 * 512];
            let start = Instant::now();
            pool.install(|| registered.read(0..N_FRAMES, &mut out))?;
            let rate = N_FRAMES as f64 / start.elapsed().as_secs_f64();
            println!("{name}: applied ({interpolation:?}) at {rate:.1} frames/s");
        }
    }
    Ok(())
}
