//! Frames per second of the movie simulator, one thread: `cargo run --release --example movie_speed`.

use std::time::Instant;

use striate_imaging::simulate::{MotionConfig, MovieSimulationConfig, SimulatedMovie};
use striate_imaging::{ImagingError, Movie};

fn main() -> Result<(), ImagingError> {
    let still = MovieSimulationConfig { n_frames: 1000, ..MovieSimulationConfig::acceptance() };
    let rigid = MovieSimulationConfig { motion: MotionConfig::default(), ..still.clone() };
    let mut bending = rigid.clone();
    bending.motion.nonrigid_px = 1.0;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread");
    for (name, config) in [("still", still), ("rigid", rigid), ("non-rigid", bending)] {
        let start = Instant::now();
        let movie = SimulatedMovie::new(config)?;
        let drawn = start.elapsed().as_secs_f64();
        let shape = movie.shape();
        let mut frames = vec![0.0; 100 * shape.n_pixels()];
        let start = Instant::now();
        pool.install(|| movie.read(0..100, &mut frames))?;
        let rate = 100.0 / start.elapsed().as_secs_f64();
        println!("{name}: drawn in {drawn:.2} s, {rate:.0} frames/s of {} px", shape.n_pixels());
    }
    Ok(())
}
