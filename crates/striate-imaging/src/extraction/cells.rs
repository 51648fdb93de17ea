//! The cells of a movie and their fluorescence.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::{Array2, Axis};
use striate_base::{CancelToken, Progress};
use striate_formats::safetensors::{NamedTensor, OwnedTensor, read, write};

use crate::decomposition::FactorisedMovie;
use crate::demixing::{CellQuality, DemixingConfig, demix};
use crate::{Footprint, ImagingError, Movie};

/// File of the cells.
const FILE: &str = "cells.safetensors";

/// Cells, strongest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Cells {
    /// Where they lie; largest weight 1.
    pub footprints: Vec<Footprint>,
    /// How sure it is that each is one.
    pub quality: Vec<CellQuality>,
    /// Demixed fluorescence, mean over the footprint, with the light at rest, `[cell, frame]`, in units of the movie.
    pub fluorescence: Array2<f32>,
    /// Weighted mean of the movie over the footprint, as it is, `[cell, frame]`.
    pub roi_means: Array2<f32>,
}

impl Cells {
    pub(crate) fn find(
        movie: &dyn Movie,
        factors: &FactorisedMovie,
        config: &DemixingConfig,
        seeds: Option<&[Footprint]>,
        progress: &mut dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Self, ImagingError> {
        let found = demix(factors, config, seeds, progress, cancel)?;
        let mut order: Vec<usize> = (0..found.footprints.len()).collect();
        // Seeded cells keep their numbers.
        if seeds.is_none() {
            order.sort_by(|&a, &b| found.quality[b].strength.total_cmp(&found.quality[a].strength));
        }
        let footprints: Vec<Footprint> =
            order.iter().map(|&k| found.footprints[k].clone()).collect();
        // As they are read back: a call that goes on says the same to the last bit.
        let kept = |&k: &usize| of_numbers(&numbers(&found.quality[k]));
        let quality = order.iter().map(kept).collect();
        let mut fluorescence = found.traces.select(Axis(0), &order);
        progress.start("means over the footprints", None);
        let roi_means = crate::traces::extract(movie, &footprints)?;
        progress.finish();
        for (mut trace, footprint) in fluorescence.outer_iter_mut().zip(&footprints) {
            let sum: f64 = footprint.weights.iter().map(|&w| f64::from(w)).sum();
            let scale = (footprint.dot(footprint) / sum.max(f64::MIN_POSITIVE)) as f32;
            let rest = rest(footprint, &factors.standard().mean);
            trace.mapv_inplace(|value| rest + scale * value);
        }
        Ok(Self { footprints, quality, fluorescence, roi_means })
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<(), ImagingError> {
        let n = self.footprints.len();
        let mut starts = vec![0.0];
        let (mut pixels, mut weights) = (Vec::new(), Vec::new());
        for footprint in &self.footprints {
            // Whole numbers up to 2^24 are exact: frames of up to 16 million pixels.
            pixels.extend(footprint.pixels.iter().map(|&pixel| pixel as f32));
            weights.extend_from_slice(&footprint.weights);
            starts.push(pixels.len() as f32);
        }
        let (fluorescence, means) = (contiguous(&self.fluorescence), contiguous(&self.roi_means));
        let traces = [n, self.fluorescence.ncols()];
        let quality: Vec<f32> = self.quality.iter().flat_map(numbers).collect();
        let tensors = [
            NamedTensor { name: "starts", shape: &[starts.len()], values: &starts },
            NamedTensor { name: "pixels", shape: &[pixels.len()], values: &pixels },
            NamedTensor { name: "weights", shape: &[weights.len()], values: &weights },
            NamedTensor { name: "quality", shape: &[n, N_NUMBERS], values: &quality },
            NamedTensor { name: "fluorescence", shape: &traces, values: &fluorescence },
            NamedTensor { name: "roi_means", shape: &traces, values: &means },
        ];
        Ok(write(&folder.join(FILE), &tensors, &BTreeMap::new())?)
    }

    pub(crate) fn read(folder: &Path) -> Result<Self, ImagingError> {
        let path = folder.join(FILE);
        let (tensors, _) = read(&path)?;
        let damaged = || {
            ImagingError::input(
                path.display().to_string(),
                "other contents",
                "cells as extract wrote them",
            )
        };
        let tensor = |name: &str| tensors.iter().find(|t| t.name == name).ok_or_else(damaged);
        let starts = &tensor("starts")?.values;
        let (pixels, weights) = (&tensor("pixels")?.values, &tensor("weights")?.values);
        let mut footprints = Vec::with_capacity(starts.len().saturating_sub(1));
        for ends in starts.windows(2) {
            let at = ends[0] as usize..ends[1] as usize;
            let pixels = pixels.get(at.clone()).ok_or_else(damaged)?;
            let pixels = pixels.iter().map(|&pixel| pixel as u32).collect();
            let weights = weights.get(at).ok_or_else(damaged)?.to_vec();
            footprints.push(Footprint { pixels, weights });
        }
        let quality = &tensor("quality")?.values;
        if quality.len() != footprints.len() * N_NUMBERS {
            return Err(damaged());
        }
        let quality = quality.chunks_exact(N_NUMBERS).map(of_numbers).collect();
        let matrix = |t: &OwnedTensor| {
            let shape = (footprints.len(), *t.shape.last().unwrap_or(&0));
            Array2::from_shape_vec(shape, t.values.clone()).map_err(|_| damaged())
        };
        let (fluorescence, roi_means) =
            (matrix(tensor("fluorescence")?)?, matrix(tensor("roi_means")?)?);
        Ok(Self { footprints, quality, fluorescence, roi_means })
    }
}

/// Numbers that a [`CellQuality`] is kept as.
const N_NUMBERS: usize = 5;

fn numbers(quality: &CellQuality) -> [f32; N_NUMBERS] {
    let CellQuality { strength, peak_snr, skewness, area_px, spread } = *quality;
    [strength as f32, peak_snr as f32, skewness as f32, area_px as f32, spread as f32]
}

/// # Panics
/// For fewer numbers.
fn of_numbers(numbers: &[f32]) -> CellQuality {
    CellQuality {
        strength: numbers[0].into(),
        peak_snr: numbers[1].into(),
        skewness: numbers[2].into(),
        area_px: numbers[3] as usize,
        spread: numbers[4].into(),
    }
}

fn contiguous(values: &Array2<f32>) -> Vec<f32> {
    values.iter().copied().collect()
}

/// Light at rest of a footprint: the weighted mean of the mean image, pixels without one left out.
fn rest(footprint: &Footprint, mean: &[f32]) -> f32 {
    let (mut sum, mut weight) = (0.0, 0.0);
    for (&pixel, &w) in footprint.pixels.iter().zip(&footprint.weights) {
        let mean = f64::from(mean[pixel as usize]);
        if !mean.is_nan() {
            sum += f64::from(w) * mean;
            weight += f64::from(w);
        }
    }
    if weight > 0.0 { (sum / weight) as f32 } else { 0.0 }
}
