//! What was simulated.

use std::path::Path;

use ndarray::{Array2, Array3};

use super::config::MovieSimulationConfig;
use super::scene::Scene;
use super::{activity, noise};
use crate::{Footprint, ImagingError, MovieShape};

mod files;

/// The truth behind a simulated movie. Footprints and images lie in the unmoved frame.
#[derive(Debug, Clone, PartialEq)]
pub struct MovieTruth {
    /// Frames, rows and columns.
    pub shape: MovieShape,
    /// The settings; [`SimulatedMovie::new`](super::SimulatedMovie::new) draws the movie again from
    /// them, noise-free frames included.
    pub config: MovieSimulationConfig,
    /// Footprints, peak 1, cut at the border of the frame.
    pub footprints: Vec<Footprint>,
    /// Light above rest where the footprint is 1, `[cell, frame]`, in the units of the recording:
    /// change of fluorescence, not divided by a baseline.
    pub traces: Array2<f32>,
    /// Spike counts `[cell, frame]`.
    pub spikes: Array2<f32>,
    /// Light of each cell at rest where its footprint is 1.
    pub baselines: Vec<f32>,
    /// Light that an isolated spike adds at its peak, per cell.
    pub amplitudes: Vec<f32>,
    /// Largest value of each trace over the s.d. of the noise at the cell's brightest pixel at rest
    /// (see [`CellConfig::peak_snr`](super::CellConfig::peak_snr)).
    pub peak_snrs: Vec<f32>,
    /// `g1`, `g2` of the calcium `c_t = g1 c_{t-1} + g2 c_{t-2} + s_t`.
    pub autoregression: [f64; 2],
    /// Rigid shift of the tissue `[frame, 2]` (y, x) in pixels: what lies at `p` in the unmoved
    /// frame appears at `p + shift`. Registration undoes it by reading at `p + shift`.
    pub shifts: Array2<f32>,
    /// Light that never changes, cells left out, `[y, x]`.
    pub background: Array2<f32>,
    /// Neuropil fields `[component, y, x]`.
    pub neuropil_fields: Array3<f32>,
    /// Their courses `[component, frame]`, mean about 1.
    pub neuropil_courses: Array2<f32>,
    /// S.d. of the noise at rest, `[y, x]`.
    pub noise_sd: Array2<f32>,
}

impl MovieTruth {
    pub(super) fn of(scene: &Scene, config: &MovieSimulationConfig) -> Self {
        let noise_sd = scene.cropped(&scene.at_rest());
        let noise_sd =
            noise_sd.mapv(|light| noise::standard_deviation(&config.noise, light.into()) as f32);
        Self {
            shape: MovieShape {
                n_frames: config.n_frames,
                height: config.height,
                width: config.width,
            },
            config: config.clone(),
            footprints: scene.cells.iter().map(|c| scene.in_frame(&c.footprint)).collect(),
            traces: scene.traces.clone(),
            spikes: scene.spikes.clone(),
            baselines: scene.cells.iter().map(|c| c.baseline as f32).collect(),
            amplitudes: scene.amplitudes.clone(),
            peak_snrs: scene.cells.iter().map(|c| c.peak_snr as f32).collect(),
            autoregression: activity::autoregression(&config.indicator, config.frame_rate_hz),
            shifts: scene.motion.shifts.clone(),
            background: background(scene),
            neuropil_fields: neuropil_fields(scene),
            neuropil_courses: scene.neuropil.courses.clone(),
            noise_sd,
        }
    }

    /// Write the truth into `folder`, which is made where it is missing: `truth.json`, and arrays
    /// under the names of the fields as `.npy`; footprints as `footprint_pixels`, `footprint_weights`
    /// and `footprint_starts` (where each cell begins, and the end).
    ///
    /// # Errors
    /// Where the files cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), ImagingError> {
        files::write(self, folder)
    }

    /// Read what [`MovieTruth::write`] wrote.
    ///
    /// # Errors
    /// Where a file is missing, is not as it should be, or does not fit the others.
    pub fn read(folder: &Path) -> Result<Self, ImagingError> {
        files::read(folder)
    }
}

/// What rests without the cells.
fn background(scene: &Scene) -> Array2<f32> {
    let mut image = scene.cropped(&scene.resting);
    let pixels = image.as_slice_mut().expect("standard layout by construction");
    for cell in &scene.cells {
        let footprint = scene.in_frame(&cell.footprint);
        for (&pixel, &weight) in footprint.pixels.iter().zip(&footprint.weights) {
            pixels[pixel as usize] -= cell.baseline as f32 * weight;
        }
    }
    image
}

fn neuropil_fields(scene: &Scene) -> Array3<f32> {
    let (height, width) = scene.frame;
    let mut images = Array3::zeros((scene.neuropil.fields.len(), height, width));
    for (mut image, field) in images.outer_iter_mut().zip(&scene.neuropil.fields) {
        image.assign(&scene.cropped(field));
    }
    images
}
