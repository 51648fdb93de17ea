use ndarray::Array3;
use striate_base::NoProgress;

use super::*;
use crate::simulate::{MotionConfig, MovieSimulationConfig, SimulatedMovie};
use crate::{ArrayMovie, MovieShape};

mod applying;
mod inputs;
mod movies;
mod real;
mod spectra;

fn registered(movie: &dyn Movie, config: &RegistrationConfig) -> Registration {
    register(movie, config, &mut NoProgress, &CancelToken::new()).unwrap()
}

/// Root mean square difference per axis, each axis free of its mean: a common offset is free.
fn rms_error(found: &Array2<f32>, truth: &Array2<f32>) -> f64 {
    let difference = found - truth;
    let mean = difference.mean_axis(ndarray::Axis(0)).unwrap();
    (difference - &mean).mapv(|v| f64::from(v).powi(2)).mean().unwrap().sqrt()
}

/// A smooth scene that is known everywhere: bumps at irregular places, s.d. 2 pixels.
fn scene(y: f64, x: f64) -> f32 {
    let bump = |i: u32| {
        let (a, b) = (f64::from(i * 37 % 64), f64::from(i * i * 11 % 64));
        (-((y - a).powi(2) + (x - b).powi(2)) / 8.0).exp() * f64::from(1 + i % 3)
    };
    (0..20).map(bump).sum::<f64>() as f32
}

/// Frames of 64 x 64 that show the scene moved by each shift.
fn moved_scene(shifts: &[[f64; 2]]) -> ArrayMovie {
    ArrayMovie::new(Array3::from_shape_fn((shifts.len(), 64, 64), |(frame, y, x)| {
        let [dy, dx] = shifts[frame];
        100.0 * scene(y as f64 - dy, x as f64 - dx)
    }))
}
