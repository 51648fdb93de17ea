//! Movies whose truth is known: footprints, spikes, calcium, neuropil, motion and noise.
//!
//! The light of an unmoved frame is
//!
//! ```text
//! L[t, p] = background[p] + sum_k a_k[p] (baseline_k + c_k[t]) + sum_r field_r[p] course_r[t]
//! ```
//!
//! with footprints `a_k` of peak 1. The tissue is then displaced by `u` (what is at `p` appears at
//! `p + u`; the scene goes on beyond the frame, so that new tissue comes in at the borders), and a
//! pixel records `offset + Poisson(light * g) / g + read_noise * normal`, `g` photons per unit of
//! light. Frames are computed when they are read, each from a random stream of its own: nothing is
//! kept, and a frame is the same in whatever stretch it is read.
//!
//! What is simpler than tissue: one plane, cells without processes, no bleaching, no blood vessels,
//! no lines scanned while the tissue moves, neuropil independent of the cells.

use std::ops::Range;

use rayon::prelude::*;
use striate_base::Streams;

use crate::{ImagingError, Movie, MovieShape};

mod activity;
mod cells;
mod config;
mod field;
mod motion;
mod neuropil;
mod noise;
mod recipe;
mod scene;
mod truth;

#[cfg(test)]
mod tests;

pub use config::{
    BackgroundConfig, CellConfig, CellShape, IndicatorConfig, MotionConfig, MovieSimulationConfig,
    NeuropilConfig, NoiseConfig, PixelType, SpikeConfig,
};
pub use recipe::{RecipeMovie, synthetic_recipe};
pub use truth::MovieTruth;

use scene::Scene;

/// A movie that is computed as it is read, with its truth.
///
/// ```
/// use striate_imaging::Movie;
/// use striate_imaging::simulate::{MovieSimulationConfig, SimulatedMovie};
///
/// let config = MovieSimulationConfig { n_frames: 50, ..MovieSimulationConfig::demo() };
/// let movie = SimulatedMovie::new(config)?;
/// let mut frames = vec![0.0; 2 * movie.shape().n_pixels()];
/// movie.read(10..12, &mut frames)?;
/// let mut again = vec![0.0; movie.shape().n_pixels()];
/// movie.read(11..12, &mut again)?;
/// assert_eq!(frames[movie.shape().n_pixels()..], again);
/// assert_eq!(movie.truth().footprints.len(), 40);
/// # Ok::<(), striate_imaging::ImagingError>(())
/// ```
pub struct SimulatedMovie {
    config: MovieSimulationConfig,
    scene: Scene,
    truth: MovieTruth,
    noise: Streams,
}

impl SimulatedMovie {
    /// Draw a movie.
    ///
    /// # Errors
    /// A setting out of its range, or cells that do not fit.
    pub fn new(config: MovieSimulationConfig) -> Result<Self, ImagingError> {
        config.check()?;
        let scene = Scene::draw(&config)?;
        let truth = MovieTruth::of(&scene, &config);
        let noise = Streams::new(config.seed).child("movie simulation noise");
        Ok(Self { config, scene, truth, noise })
    }

    /// What was drawn.
    pub fn truth(&self) -> &MovieTruth {
        &self.truth
    }

    /// The settings.
    pub fn config(&self) -> &MovieSimulationConfig {
        &self.config
    }

    /// The movie without noise: the mean of what is recorded, motion included.
    pub fn noise_free(&self) -> NoiseFreeMovie<'_> {
        NoiseFreeMovie { movie: self, moved: true }
    }

    /// The movie without noise and motion: what perfect registration and denoising would give.
    pub fn noise_free_and_still(&self) -> NoiseFreeMovie<'_> {
        NoiseFreeMovie { movie: self, moved: false }
    }

    /// Displacement of the tissue in `frame`, `[axis (y, x)][pixel]` in pixels: pixel `p` of the
    /// frame shows what lies at `p - displacement(p)`. The same number everywhere where the motion
    /// is rigid.
    ///
    /// # Panics
    /// Where there is no such frame.
    pub fn displacement(&self, frame: usize) -> [Vec<f32>; 2] {
        if self.scene.motion.modes.is_empty() {
            let n_pixels = self.shape().n_pixels();
            return [0, 1].map(|axis| vec![self.scene.motion.shifts[[frame, axis]]; n_pixels]);
        }
        self.scene.motion.displacement(frame)
    }

    /// Compute `frames` in parallel.
    fn each_frame(
        &self,
        frames: Range<usize>,
        out: &mut [f32],
        compute: impl Fn(usize, &mut [f32]) + Sync,
    ) {
        let n_pixels = self.shape().n_pixels();
        assert_eq!(out.len(), frames.len() * n_pixels, "room for the frames");
        assert!(
            frames.end <= self.config.n_frames,
            "frames {frames:?} of {}",
            self.config.n_frames
        );
        out.par_chunks_mut(n_pixels).zip(frames).for_each(|(out, frame)| compute(frame, out));
    }
}

impl Movie for SimulatedMovie {
    fn shape(&self) -> MovieShape {
        let MovieSimulationConfig { n_frames, height, width, .. } = self.config;
        MovieShape { n_frames, height, width }
    }

    fn read(&self, frames: Range<usize>, out: &mut [f32]) -> Result<(), ImagingError> {
        self.each_frame(frames, out, |frame, out| {
            self.scene.render(frame, true, out);
            let mut stream = self.noise.stream(&format!("frame {frame}"));
            noise::record(&self.config.noise, out, &mut stream);
        });
        Ok(())
    }
}

/// A simulated movie as it would be without noise, in the units of the recording (the offset
/// included, nothing rounded).
pub struct NoiseFreeMovie<'a> {
    movie: &'a SimulatedMovie,
    moved: bool,
}

impl Movie for NoiseFreeMovie<'_> {
    fn shape(&self) -> MovieShape {
        self.movie.shape()
    }

    fn read(&self, frames: Range<usize>, out: &mut [f32]) -> Result<(), ImagingError> {
        let offset = self.movie.config.noise.offset as f32;
        self.movie.each_frame(frames, out, |frame, out| {
            self.movie.scene.render(frame, self.moved, out);
            out.iter_mut().for_each(|v| *v += offset);
        });
        Ok(())
    }
}
