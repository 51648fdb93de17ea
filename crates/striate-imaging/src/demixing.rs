//! Cells and their traces from a compressed movie.
//!
//! The movie (in noise units, less its mean) is modelled as `sum over cells of footprint * trace`, plus a background
//! that is smooth in space. Cells are looked for part by part, the strongest first, in what the others leave;
//! then traces and footprints are fitted in turn, without ever forming the movie.
//!
//! Buchanan et al. 2018 (arXiv 1807.06203), section on demixing; HALS: Cichocki et al. 2007.
//!
//! # Differences from the paper
//! - Cells are found by the energy of what a smoothed pixel rises above its noise, and taken away one by one, instead
//!   of superpixels and successive projection.
//! - The background is a grid of tents with free courses instead of one low-rank term.
//! - Traces may be negative: they are what deconvolution wants, with noise that is white.

mod alternate;
mod background;
mod config;
mod detect;
mod low_rank;
mod merge;
mod patch;
mod quality;
#[cfg(test)]
mod tests;

use ndarray::Array2;
use rayon::prelude::*;
use striate_base::{CancelToken, Progress};

use crate::decomposition::{BlockGrid, FactorisedMovie, Rectangle};
use crate::{Footprint, ImagingError, MovieShape};
use alternate::Cells;
pub use background::Background;
pub use config::DemixingConfig;
use detect::{Found, detect};
use patch::{Binned, Explained, Patch, gaussian};
pub use quality::CellQuality;

/// Side of the part of the image whose cells are looked for at once, in cell diameters, and the margin around it.
const PATCH: f64 = 4.0;
const MARGIN: f64 = 1.5;

/// Standard deviation of the smoothing before cells are looked for, in cell diameters.
const SMOOTHING: f64 = 0.2;

/// What demixing finds.
#[derive(Debug, Clone)]
pub struct Demixed {
    /// Footprints in units of the recording, largest weight 1.
    pub footprints: Vec<Footprint>,
    /// Fluorescence at the largest weight, less its mean, `[cell, frame]`, in units of the recording.
    pub traces: Array2<f32>,
    /// How sure it is that each cell is one.
    pub quality: Vec<CellQuality>,
    /// What lies under the cells.
    pub background: Background,
}

/// Find the cells of a compressed movie. With `seeds`, exactly those, whose footprints are refined.
///
/// # Errors
/// For settings out of range, factors that cannot be read, and when cancelled.
pub fn demix(
    movie: &FactorisedMovie,
    config: &DemixingConfig,
    seeds: Option<&[Footprint]>,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<Demixed, ImagingError> {
    config.check()?;
    let spacing = config.background_spacing * config.diameter_px;
    let background = Background::fit(movie, spacing)?;
    let traces = Array2::zeros((0, movie.shape.n_frames));
    let mut cells = Cells { footprints: Vec::new(), traces, background };
    if let Some(seeds) = seeds {
        cells.add(seeds.iter().cloned(), movie.shape.n_frames);
        cells.alternate(movie, config)?;
    } else {
        let binned = Binned::of(movie, config.bin_frames.max(1))?;
        for round in 1..=config.rounds {
            progress.start(&format!("looking for cells, round {round}"), None);
            if cancel.is_cancelled() {
                return Err(ImagingError::Interrupted);
            }
            let found = search(movie, config, &binned, &cells);
            cells.add(found.into_iter().map(|found| found.footprint), movie.shape.n_frames);
            cells.alternate(movie, config)?;
            while cells.merge(config.merge_correlation) > 0 {
                cells.update_traces(movie)?;
            }
            while cells.drop_poor(config, [movie.shape.height, movie.shape.width]) {
                cells.update_traces(movie)?;
            }
            progress.finish();
        }
    }
    Ok(in_units_of_the_recording(cells, movie))
}

/// Bytes that [`demix`] takes at its peak, about, for blocks of `block` pixels with the components that they usually
/// have, and cells that cover a third of the image.
pub fn memory_bytes(shape: MovieShape, config: &DemixingConfig, block: usize) -> u64 {
    const USUAL_RANK: usize = 5;
    let n_bins = shape.n_frames / config.bin_frames.max(1);
    let n_blocks = BlockGrid::new(shape.height, shape.width, block).n_blocks();
    let components = n_blocks * USUAL_RANK * (2 * n_bins + block * block);
    let side = ((PATCH + 2.0 * MARGIN) * config.diameter_px).ceil() as usize;
    let patches = rayon::current_num_threads() * 3 * side.pow(2).min(shape.n_pixels()) * n_bins;
    let spacing = config.background_spacing * config.diameter_px;
    let n_tents = (shape.n_pixels() as f64 / (spacing * spacing)) as usize + 1;
    let n_cells = (shape.n_pixels() as f64 / (3.0 * config.area_px())) as usize + 1;
    let courses = 4 * (n_cells + n_tents) * shape.n_frames;
    // Footprints and what lies at each pixel.
    (size_of::<f32>() * (components + patches + courses + 64 * shape.n_pixels())) as u64
}

impl Cells {
    fn add(&mut self, footprints: impl Iterator<Item = Footprint>, n_frames: usize) {
        self.footprints.extend(footprints);
        let more = self.footprints.len() - self.traces.nrows();
        let zeros = Array2::zeros((more, n_frames));
        let both = [self.traces.view(), zeros.view()];
        self.traces = ndarray::concatenate(ndarray::Axis(0), &both).expect("rows of equal length");
    }
}

/// Cells in what is not explained yet.
fn search(
    movie: &FactorisedMovie,
    config: &DemixingConfig,
    binned: &Binned,
    cells: &Cells,
) -> Vec<Found> {
    let kernel = gaussian(SMOOTHING * config.diameter_px);
    let (traces, tents) =
        (binned.average(&cells.traces), binned.average(&cells.background.courses));
    let explained = [
        Explained { patterns: &cells.footprints, courses: &traces },
        Explained { patterns: &cells.background.tents, courses: &tents },
    ];
    let width = movie.shape.width;
    let found = parts(movie, config).into_par_iter().map(|(core, place)| {
        let mut patch = Patch::new(movie, binned, place, &kernel, &explained);
        let mut found = detect(&mut patch, config, &kernel, width);
        found.retain(|found| core.index_of(found.peak, width).is_some());
        found
    });
    found.collect::<Vec<_>>().into_iter().flatten().collect()
}

/// Parts of the image, each with a margin.
fn parts(movie: &FactorisedMovie, config: &DemixingConfig) -> Vec<(Rectangle, Rectangle)> {
    let (height, width) = (movie.shape.height, movie.shape.width);
    let side = (PATCH * config.diameter_px).ceil() as usize;
    let margin = (MARGIN * config.diameter_px).ceil() as usize;
    let around = |start: usize, end: usize, length: usize| {
        start.saturating_sub(margin)..(end + margin).min(length)
    };
    let mut parts = Vec::new();
    for y in (0..height).step_by(side) {
        for x in (0..width).step_by(side) {
            let (bottom, right) = ((y + side).min(height), (x + side).min(width));
            let core = Rectangle { rows: y..bottom, columns: x..right };
            let (rows, columns) = (around(y, bottom, height), around(x, right, width));
            parts.push((core, Rectangle { rows, columns }));
        }
    }
    parts
}

/// Footprints times noise, scaled back to a largest weight of 1.
fn in_units_of_the_recording(cells: Cells, movie: &FactorisedMovie) -> Demixed {
    let quality = cells.quality(movie.shape.width);
    let Cells { mut footprints, mut traces, background } = cells;
    for (footprint, mut trace) in footprints.iter_mut().zip(traces.outer_iter_mut()) {
        let noise = footprint.pixels.iter().map(|&pixel| movie.standard.noise[pixel as usize]);
        footprint.weights.iter_mut().zip(noise).for_each(|(weight, noise)| *weight *= noise);
        let largest = footprint.weights.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
        footprint.weights.iter_mut().for_each(|weight| *weight /= largest);
        trace.mapv_inplace(|value| value * largest);
    }
    Demixed { footprints, traces, quality, background }
}
