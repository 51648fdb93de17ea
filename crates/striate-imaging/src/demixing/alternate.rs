//! Traces and footprints in turn: hierarchical alternating least squares on the compressed movie.

use std::collections::BTreeMap;

use ndarray::{Array2, Zip};
use rayon::prelude::*;

use super::background::Background;
use super::config::DemixingConfig;
use super::detect::flood;
use super::low_rank::{self, Weights};
use crate::decomposition::FactorisedMovie;
use crate::{Footprint, ImagingError};

/// Sweeps over all cells for one update of traces, and of footprints.
const SWEEPS: usize = 4;

/// Pixels around a footprint into which it may grow at one update.
const GROWTH: usize = 1;

/// Cells, with their background, while they are being fitted.
pub(crate) struct Cells {
    /// In noise units, largest weight 1.
    pub(crate) footprints: Vec<Footprint>,
    /// `[cell, frame]`, in noise units at the largest weight.
    pub(crate) traces: Array2<f32>,
    pub(crate) background: Background,
}

impl Cells {
    /// Fit traces, footprints and background in turn.
    pub(crate) fn alternate(
        &mut self,
        movie: &FactorisedMovie,
        config: &DemixingConfig,
    ) -> Result<(), ImagingError> {
        for _ in 0..config.iterations {
            self.update_traces(movie)?;
            self.update_footprints(movie, config)?;
            self.drop_empty();
        }
        self.update_traces(movie)
    }

    /// The traces of cells and background that fit best, footprints given.
    pub(crate) fn update_traces(&mut self, movie: &FactorisedMovie) -> Result<(), ImagingError> {
        let n_cells = self.footprints.len();
        let patterns: Vec<&Footprint> =
            self.footprints.iter().chain(&self.background.tents).collect();
        let weights: Vec<Weights> =
            patterns.par_iter().map(|p| low_rank::along_components(movie, p)).collect();
        let target = low_rank::courses(movie, &weights)?;
        let overlaps = overlaps(&patterns);
        let n_frames = movie.shape.n_frames;
        let mut courses = Array2::zeros((patterns.len(), n_frames));
        courses.slice_mut(ndarray::s![..n_cells, ..]).assign(&self.traces);
        courses.slice_mut(ndarray::s![n_cells.., ..]).assign(&self.background.courses);
        let mut parts: Vec<_> = courses.axis_chunks_iter_mut(ndarray::Axis(1), 256).collect();
        let targets: Vec<_> = target.axis_chunks_iter(ndarray::Axis(1), 256).collect();
        parts.par_iter_mut().zip(&targets).for_each(|(courses, target)| {
            for _ in 0..SWEEPS {
                for (k, overlaps) in overlaps.iter().enumerate() {
                    let mut rest = target.row(k).to_owned();
                    for &(j, product) in &overlaps.others {
                        rest.scaled_add(-product, &courses.row(j));
                    }
                    Zip::from(courses.row_mut(k)).and(&rest).for_each(|c, r| *c = r / overlaps.own);
                }
            }
        });
        self.traces = courses.slice(ndarray::s![..n_cells, ..]).to_owned();
        self.background.courses = courses.slice(ndarray::s![n_cells.., ..]).to_owned();
        Ok(())
    }

    /// The footprints that fit best and are not negative, traces given, within a margin of where they were.
    pub(crate) fn update_footprints(
        &mut self,
        movie: &FactorisedMovie,
        config: &DemixingConfig,
    ) -> Result<(), ImagingError> {
        let shape = [movie.shape.height, movie.shape.width];
        self.footprints.iter_mut().for_each(|f| *f = grown(f, shape, GROWTH));
        let products = self.products(movie)?;
        let tents = self.tents_by_pixel(movie.shape.n_pixels());
        let mut at_pixel: Vec<Vec<(u32, u32)>> = vec![Vec::new(); movie.shape.n_pixels()];
        for (k, footprint) in self.footprints.iter().enumerate() {
            for (i, &pixel) in footprint.pixels.iter().enumerate() {
                at_pixel[pixel as usize].push((k as u32, i as u32));
            }
        }
        let gram = self.gram(&at_pixel, &tents);
        for _ in 0..SWEEPS {
            for (k, products) in products.iter().enumerate() {
                self.sweep(k, products, &gram, &at_pixel, &tents);
            }
        }
        let footprints = std::mem::take(&mut self.footprints);
        self.footprints = footprints
            .into_par_iter()
            .map(|f| trimmed(&f, shape, config.footprint_level as f32))
            .collect();
        Ok(())
    }

    /// One update of footprint `k`.
    fn sweep(
        &mut self,
        k: usize,
        products: &[f32],
        gram: &Gram,
        at_pixel: &[Vec<(u32, u32)>],
        tents: &[Vec<(u32, f32)>],
    ) {
        let Some(&own) = gram.cells.get(&(k as u32, k as u32)) else { return };
        for (i, &product) in products.iter().enumerate() {
            let pixel = self.footprints[k].pixels[i] as usize;
            let mut rest = product;
            for &(j, place) in &at_pixel[pixel] {
                let pair = (j.min(k as u32), j.max(k as u32));
                rest -= gram.cells[&pair] * self.footprints[j as usize].weights[place as usize];
            }
            for &(tent, weight) in &tents[pixel] {
                rest -= gram.tents[&(k as u32, tent)] * weight;
            }
            let weight = &mut self.footprints[k].weights[i];
            *weight = (*weight + rest / own.max(f32::MIN_POSITIVE)).max(0.0);
        }
    }

    /// Products of the movie's pixels with the traces, for the pixels of each footprint.
    fn products(&self, movie: &FactorisedMovie) -> Result<Vec<Vec<f32>>, ImagingError> {
        let weights: Vec<Weights> =
            self.footprints.par_iter().map(|f| low_rank::components_at(movie, f)).collect();
        let along = low_rank::along_courses(movie, &self.traces, &weights)?;
        let products = self.footprints.par_iter().zip(&weights).zip(&along);
        Ok(products.map(|((f, names), sums)| low_rank::at_pixels(movie, f, names, sums)).collect())
    }

    fn tents_by_pixel(&self, n_pixels: usize) -> Vec<Vec<(u32, f32)>> {
        let mut tents = vec![Vec::new(); n_pixels];
        for (j, tent) in self.background.tents.iter().enumerate() {
            for (&pixel, &weight) in tent.pixels.iter().zip(&tent.weights) {
                tents[pixel as usize].push((j as u32, weight));
            }
        }
        tents
    }

    /// Products of the traces of cells that share pixels, and with the background's where they do.
    fn gram(&self, at_pixel: &[Vec<(u32, u32)>], tents: &[Vec<(u32, f32)>]) -> Gram {
        let mut cells = BTreeMap::new();
        let mut with_tents = BTreeMap::new();
        for (at, tents) in at_pixel.iter().zip(tents).filter(|(at, _)| !at.is_empty()) {
            for (n, &(k, _)) in at.iter().enumerate() {
                at[n..].iter().for_each(|&(j, _)| _ = cells.insert((k.min(j), k.max(j)), 0.0));
                tents.iter().for_each(|&(tent, _)| _ = with_tents.insert((k, tent), 0.0));
            }
        }
        let trace = |k: u32| self.traces.row(k as usize);
        let course = |j: u32| self.background.courses.row(j as usize);
        cells.par_iter_mut().for_each(|(&(k, j), sum)| *sum = trace(k).dot(&trace(j)));
        with_tents.par_iter_mut().for_each(|(&(k, j), sum)| *sum = trace(k).dot(&course(j)));
        Gram { cells, tents: with_tents }
    }

    fn drop_empty(&mut self) {
        let keep: Vec<usize> =
            (0..self.footprints.len()).filter(|&k| !self.footprints[k].pixels.is_empty()).collect();
        self.select(&keep);
    }

    /// Keep the cells named.
    pub(crate) fn select(&mut self, keep: &[usize]) {
        self.footprints = keep.iter().map(|&k| self.footprints[k].clone()).collect();
        self.traces = self.traces.select(ndarray::Axis(0), keep);
    }
}

/// Inner products of traces.
struct Gram {
    cells: BTreeMap<(u32, u32), f32>,
    tents: BTreeMap<(u32, u32), f32>,
}

/// What overlaps with a pattern, and its own square.
struct Overlaps {
    own: f32,
    others: Vec<(usize, f32)>,
}

fn overlaps(patterns: &[&Footprint]) -> Vec<Overlaps> {
    let of = |k: usize| {
        let others = (0..patterns.len()).filter(|&j| j != k);
        let others = others.map(|j| (j, patterns[k].dot(patterns[j]) as f32));
        let own = patterns[k].dot(patterns[k]) as f32;
        Overlaps {
            own: own.max(f32::MIN_POSITIVE),
            others: others.filter(|(_, product)| *product != 0.0).collect(),
        }
    };
    (0..patterns.len()).into_par_iter().map(of).collect()
}

/// The footprint with pixels of weight 0 around it, `margin` further on all sides.
pub(crate) fn grown(
    footprint: &Footprint,
    [height, width]: [usize; 2],
    margin: usize,
) -> Footprint {
    let mut weights: BTreeMap<u32, f32> = BTreeMap::new();
    for (&pixel, &weight) in footprint.pixels.iter().zip(&footprint.weights) {
        let (y, x) = (pixel as usize / width, pixel as usize % width);
        for v in y.saturating_sub(margin)..(y + margin + 1).min(height) {
            for u in x.saturating_sub(margin)..(x + margin + 1).min(width) {
                weights.entry((v * width + u) as u32).or_insert(0.0);
            }
        }
        weights.insert(pixel, weight);
    }
    let (pixels, weights) = weights.into_iter().unzip();
    Footprint { pixels, weights }
}

/// What hangs together with the largest weight, above a share of it; the largest weight is 1 then.
pub(crate) fn trimmed(footprint: &Footprint, shape: [usize; 2], level: f32) -> Footprint {
    let largest = footprint.weights.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
    let Some((peak, largest)) = largest.filter(|(_, largest)| *largest > 0.0) else {
        return Footprint::default();
    };
    let weight = |pixel: usize| {
        let i = footprint.pixels.binary_search(&(pixel as u32)).ok()?;
        (footprint.weights[i] > level * largest).then_some(footprint.weights[i] / largest)
    };
    let start = footprint.pixels[peak] as usize;
    let mut pixels = flood(start, shape, |pixel| weight(pixel).is_some());
    pixels.sort_unstable();
    let weights = pixels.iter().filter_map(|&pixel| weight(pixel)).collect();
    Footprint { pixels: pixels.into_iter().map(|pixel| pixel as u32).collect(), weights }
}
