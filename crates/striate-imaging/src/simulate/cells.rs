//! Where cells lie and what they look like.

use striate_base::{RandomStream, Streams};

use super::config::{CellConfig, CellShape};
use crate::{Footprint, ImagingError};

/// Tries at one centre before giving up.
const MAX_TRIES: usize = 20_000;
/// Weights below this share of the peak are left out.
const LEAST_WEIGHT: f64 = 0.02;

/// A cell on the canvas.
pub(super) struct Cell {
    /// Footprint with peak 1, pixels numbered row by row.
    pub(super) footprint: Footprint,
    /// Light at rest where the footprint is 1.
    pub(super) baseline: f64,
    /// Peak SNR aimed at.
    pub(super) peak_snr: f64,
}

/// Draw cells whose centres lie in a frame of `height` x `width`, on a canvas with a margin around.
pub(super) fn draw(
    config: &CellConfig,
    frame: (usize, usize),
    margin: usize,
    streams: &Streams,
) -> Result<Vec<Cell>, ImagingError> {
    let centres = place(config, frame, &mut streams.stream("centres"))?;
    let mut shapes = streams.stream("shapes");
    let mut brightness = streams.stream("brightness");
    let canvas = (frame.0 + 2 * margin, frame.1 + 2 * margin);
    Ok(centres
        .into_iter()
        .map(|centre| Cell {
            footprint: soma(config, centre.map(|c| c + margin as f64), canvas, &mut shapes),
            baseline: config.baseline * (config.baseline_spread * brightness.normal()).exp(),
            peak_snr: config.peak_snr
                * (config.brightness_spread * brightness.normal().abs()).exp(),
        })
        .collect())
}

/// Centres at least `min_distance_px` apart, two thirds of a radius from the border.
fn place(
    config: &CellConfig,
    (height, width): (usize, usize),
    stream: &mut RandomStream,
) -> Result<Vec<[f64; 2]>, ImagingError> {
    let margin = (config.radius_px / 1.5).min(0.4 * height.min(width) as f64);
    let mut centres: Vec<[f64; 2]> = Vec::with_capacity(config.n_cells);
    let least = config.min_distance_px.powi(2);
    while centres.len() < config.n_cells {
        let free = (0..MAX_TRIES).find_map(|_| {
            let y = stream.uniform_in(margin, height as f64 - 1.0 - margin);
            let x = stream.uniform_in(margin, width as f64 - 1.0 - margin);
            let far = |c: &[f64; 2]| (c[0] - y).powi(2) + (c[1] - x).powi(2) >= least;
            centres.iter().all(far).then_some([y, x])
        });
        let Some(centre) = free else {
            return Err(ImagingError::input(
                "cells in the field of view",
                format!("room for {}", centres.len()),
                format!(
                    "{} at least {} px apart in {height} x {width}; lower \
                     simulate.cells.n_cells or min_distance_px",
                    config.n_cells, config.min_distance_px
                ),
            ));
        };
        centres.push(centre);
    }
    Ok(centres)
}

/// An ellipse of random size, elongation and direction.
fn soma(
    config: &CellConfig,
    [cy, cx]: [f64; 2],
    (height, width): (usize, usize),
    stream: &mut RandomStream,
) -> Footprint {
    let radius = config.radius_px * (config.radius_spread * stream.normal()).exp();
    let elongation = stream.uniform_in(1.0, 1.25).sqrt();
    let (sine, cosine) = stream.uniform_in(0.0, std::f64::consts::PI).sin_cos();
    let reach = radius * elongation + 4.0;
    let rows = (cy - reach).max(0.0) as usize..=((cy + reach) as usize).min(height - 1);
    let mut pixels = Vec::new();
    let mut weights = Vec::new();
    for y in rows {
        for x in (cx - reach).max(0.0) as usize..=((cx + reach) as usize).min(width - 1) {
            let (dy, dx) = (y as f64 - cy, x as f64 - cx);
            let along = (dx * cosine + dy * sine) / elongation;
            let across = (dy * cosine - dx * sine) * elongation;
            pixels.push((y * width + x) as u32);
            weights.push(profile(config.shape, along.hypot(across), radius));
        }
    }
    with_peak_1(pixels, weights)
}

/// Weight at distance `r` from the centre.
fn profile(shape: CellShape, r: f64, radius: f64) -> f64 {
    // The soft edge: the point spread of the microscope, about half a pixel.
    let disc = 1.0 / (1.0 + ((r - radius) / 0.5).exp());
    match shape {
        CellShape::Disc => disc,
        CellShape::Ring => disc * (1.0 - 0.6 * (-(r / (0.55 * radius)).powi(4)).exp()),
        CellShape::Gaussian => (-2.0 * (r / radius).powi(2)).exp(),
    }
}

fn with_peak_1(pixels: Vec<u32>, weights: Vec<f64>) -> Footprint {
    let peak = weights.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let kept = pixels.into_iter().zip(weights).filter(|(_, w)| *w >= LEAST_WEIGHT * peak);
    let (pixels, weights) = kept.map(|(p, w)| (p, (w / peak) as f32)).unzip();
    Footprint { pixels, weights }
}
