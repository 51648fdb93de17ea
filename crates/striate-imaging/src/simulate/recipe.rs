//! The synthetic movie that decompositions are compared on.

use ndarray::{Array2, Array3};
use striate_base::Streams;

use crate::{ArrayMovie, Footprint};

const N_FRAMES: usize = 1000;
const SIDE: usize = 64;
const N_CELLS: usize = 20;
const SIGMA_PX: f64 = 3.0;
const GAMMA: f64 = 0.95;
const SPIKE_PROBABILITY: f64 = 0.01;

/// A movie of [`synthetic_recipe`].
pub struct RecipeMovie {
    /// `truth` and unit white noise, `[frame, y, x]`.
    pub noisy: ArrayMovie,
    /// `amplitude * sum_k a_k c_k`, `[frame, y, x]`.
    pub truth: ArrayMovie,
    /// Footprints of peak 1, on every pixel.
    pub footprints: Vec<Footprint>,
    /// Calcium, a spike adds 1, `[cell, frame]`.
    pub calcium: Array2<f32>,
    /// Spikes `[cell, frame]`, 0 or 1.
    pub spikes: Array2<f32>,
}

/// 1000 frames of 64 x 64: 20 Gaussian cells (s.d. 3 px, peak 1, centres uniform in `[6, 58]^2`),
/// calcium an autoregression of order 1 (gamma 0.95; in each frame a spike of size 1 with
/// probability 0.01), times `amplitude`, and white noise of s.d. 1.
///
/// ```
/// use striate_imaging::{Movie, simulate::synthetic_recipe};
///
/// let movie = synthetic_recipe(2.0, 1);
/// assert_eq!(movie.noisy.shape().n_frames, 1000);
/// assert_eq!(movie.calcium.dim(), (20, 1000));
/// ```
pub fn synthetic_recipe(amplitude: f64, seed: u64) -> RecipeMovie {
    let streams = Streams::new(seed).child("synthetic recipe");
    let footprints = footprints(&streams);
    let spikes = spikes(&streams);
    let calcium = calcium(&spikes);
    let mut truth = Array3::<f32>::zeros((N_FRAMES, SIDE, SIDE));
    for (footprint, calcium) in footprints.iter().zip(calcium.rows()) {
        for (mut frame, &level) in truth.outer_iter_mut().zip(calcium) {
            let level = amplitude as f32 * level;
            frame.iter_mut().zip(&footprint.weights).for_each(|(out, w)| *out += level * w);
        }
    }
    let mut noise = streams.stream("noise");
    let noisy = truth.mapv(|v| v + noise.normal() as f32);
    RecipeMovie {
        noisy: ArrayMovie::new(noisy),
        truth: ArrayMovie::new(truth),
        footprints,
        calcium,
        spikes,
    }
}

fn footprints(streams: &Streams) -> Vec<Footprint> {
    let mut centres = streams.stream("centres");
    let margin = 6.0;
    let mut cell = || {
        let y0 = centres.uniform_in(margin, SIDE as f64 - margin);
        let x0 = centres.uniform_in(margin, SIDE as f64 - margin);
        let weight = |p: usize| {
            let square = ((p / SIDE) as f64 - y0).powi(2) + ((p % SIDE) as f64 - x0).powi(2);
            (-square / (2.0 * SIGMA_PX * SIGMA_PX)).exp() as f32
        };
        let pixels = (0..(SIDE * SIDE) as u32).collect();
        Footprint { pixels, weights: (0..SIDE * SIDE).map(weight).collect() }
    };
    (0..N_CELLS).map(|_| cell()).collect()
}

fn spikes(streams: &Streams) -> Array2<f32> {
    let mut stream = streams.stream("spikes");
    Array2::from_shape_simple_fn((N_CELLS, N_FRAMES), || {
        f32::from(u8::from(stream.uniform() < SPIKE_PROBABILITY))
    })
}

fn calcium(spikes: &Array2<f32>) -> Array2<f32> {
    let mut calcium = spikes.clone();
    for mut row in calcium.rows_mut() {
        let mut level = 0.0;
        for value in &mut row {
            level = GAMMA * level + f64::from(*value);
            *value = level as f32;
        }
    }
    calcium
}
