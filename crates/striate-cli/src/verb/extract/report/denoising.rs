//! What denoising did: numbers, images, example frames and pixels.

use std::ops::Range;

use ndarray::Array2;
use striate::imaging::decomposition::{DecompositionDiagnostics, MovieImages};
use striate::imaging::extraction::Extraction;
use striate::imaging::traces::extract;
use striate::imaging::{Footprint, ImagingError, Movie, MovieShape};
use striate::report::extraction::{DenoisedFrame, Denoising, PixelTrace, Stages, example_cells};

use super::image;
use crate::failure::Failure;

/// Frames of a pixel's course: the movie is not read whole for three of them.
const MOST_FRAMES: usize = 2000;

pub(super) fn of(movie: &dyn Movie, found: &Extraction) -> Result<Denoising, Failure> {
    let DecompositionDiagnostics { summary, images, .. } = &found.diagnostics;
    let correlation = |of: &MovieImages| image(found.shape, &of.neighbour_correlation);
    Ok(Denoising {
        compression: summary.compression,
        compression_of_one_tiling: summary.compression_of_one_tiling,
        signal_to_noise: summary.signal_to_noise.map(|s| [s.raw, s.denoised, s.gain]),
        variance_explained: Some(summary.variance_explained),
        n_blocks: [summary.n_blocks, summary.n_empty_blocks, summary.n_full_blocks],
        n_components: summary.n_components,
        thresholds: Some([summary.thresholds.spatial, summary.thresholds.temporal]),
        neighbour_correlation: Some(Stages {
            raw: correlation(&images.raw)?,
            denoised: correlation(&images.denoised)?,
            residual: correlation(&images.residual)?,
        }),
        lag_one: Some(Stages {
            raw: images.raw.lag_one.clone(),
            denoised: images.denoised.lag_one.clone(),
            residual: images.residual.lag_one.clone(),
        }),
        frames: frames(movie, found)?,
        pixels: pixels(movie, found)?,
    })
}

/// A frame each from the first, second and third third.
fn frames(movie: &dyn Movie, found: &Extraction) -> Result<Vec<DenoisedFrame>, Failure> {
    let read = |movie: &dyn Movie, frame: usize| -> Result<Array2<f32>, Failure> {
        let mut values = vec![0.0; found.shape.n_pixels()];
        movie.read(frame..frame + 1, &mut values)?;
        image(found.shape, &values)
    };
    let frames = [1, 3, 5].map(|sixth| sixth * found.shape.n_frames / 6).into_iter();
    let both = frames.map(|frame| {
        let raw = read(movie, frame)?;
        Ok(DenoisedFrame { frame, raw, denoised: read(&found.factors, frame)? })
    });
    both.collect()
}

/// The heaviest pixels of the strongest cell, one at the median and the weakest.
fn pixels(movie: &dyn Movie, found: &Extraction) -> Result<Vec<PixelTrace>, Failure> {
    let strengths: Vec<f64> = found.cells.quality.iter().map(|quality| quality.strength).collect();
    let heaviest = |&cell: &usize| {
        let footprint = &found.cells.footprints[cell];
        let weights = footprint.weights.iter().zip(&footprint.pixels);
        weights.max_by(|a, b| a.0.total_cmp(b.0)).map(|(_, &pixel)| pixel)
    };
    let shown = example_cells(&strengths);
    let heaviest: Vec<u32> = shown.iter().step_by(3).filter_map(heaviest).collect();
    let single: Vec<_> = heaviest.iter().map(|&pixel| Footprint::of_mask(vec![pixel])).collect();
    let raw = extract(&Beginning(movie), &single)?;
    let denoised = extract(&Beginning(&found.factors), &single)?;
    let width = found.shape.width;
    let traces = heaviest.iter().enumerate().map(|(i, &pixel)| PixelTrace {
        place: [pixel as usize / width, pixel as usize % width],
        raw: raw.row(i).to_vec(),
        denoised: denoised.row(i).to_vec(),
    });
    Ok(traces.collect())
}

/// The first frames of a movie.
struct Beginning<'a>(&'a dyn Movie);

impl Movie for Beginning<'_> {
    fn shape(&self) -> MovieShape {
        let shape = self.0.shape();
        MovieShape { n_frames: shape.n_frames.min(MOST_FRAMES), ..shape }
    }

    fn read(&self, frames: Range<usize>, out: &mut [f32]) -> Result<(), ImagingError> {
        self.0.read(frames, out)
    }
}
