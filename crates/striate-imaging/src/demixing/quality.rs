//! How sure it is that a cell is one.

use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::alternate::{Cells, grown};
use super::config::DemixingConfig;
use super::detect::{THRESHOLD, noise_of};
use crate::Footprint;

/// A cell with this share of its pixels in a stronger one is what that one leaves behind when it moves.
const SHADOWED: f64 = 0.6;

/// Least area of a cell that is kept, in areas of a round one.
const LEAST_AREA: f64 = 0.4;

/// Least skewness of a trace: transients go up, at most as much of what is always active goes down; what a moving
/// cell leaves behind goes down when it goes up.
const LEAST_SKEWNESS: f64 = -0.5;

/// Noise of a trace below which it counts as this much, in noise units of a pixel.
const LEAST_NOISE: f64 = 1e-3;

/// What is known about a cell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CellQuality {
    /// Root of the summed squares of what the trace rises above 3 times its noise, in units of that noise.
    pub strength: f64,
    /// Largest rise above rest, over the noise of a pixel at the cell's largest weight.
    pub peak_snr: f64,
    /// Skewness of the trace: transients go up.
    pub skewness: f64,
    /// Pixels.
    pub area_px: usize,
    /// Mean distance of its pixels from their centre, over that of a disc of as many: 1 for a disc, more for whatever
    /// is long or ragged.
    pub spread: f64,
}

impl CellQuality {
    /// Of a trace in noise units.
    pub(crate) fn of(trace: ArrayView1<'_, f32>, footprint: &Footprint, width: usize) -> Self {
        let trace = trace.to_vec();
        let mut sorted = trace.clone();
        sorted.sort_unstable_by(f32::total_cmp);
        let rest = sorted[sorted.len() / 2];
        let noise = f64::from(noise_of(&trace)).max(LEAST_NOISE);
        let excess =
            |&c: &f32| (f64::from(c - rest) / noise - f64::from(THRESHOLD)).max(0.0).powi(2);
        let n = trace.len() as f64;
        let mean = trace.iter().map(|&c| f64::from(c)).sum::<f64>() / n;
        let moment =
            |power| trace.iter().map(|&c| (f64::from(c) - mean).powi(power)).sum::<f64>() / n;
        Self {
            strength: trace.iter().map(excess).sum::<f64>().sqrt(),
            peak_snr: f64::from(sorted[sorted.len() - 1] - rest),
            skewness: moment(3) / moment(2).powf(1.5).max(f64::MIN_POSITIVE),
            area_px: footprint.pixels.len(),
            spread: spread(footprint, width),
        }
    }

    fn is_cell(&self, config: &DemixingConfig) -> bool {
        self.strength >= config.min_strength
            && self.peak_snr >= config.min_peak_snr
            && self.skewness > LEAST_SKEWNESS
            && self.spread <= config.max_spread
            && self.area_px as f64 >= LEAST_AREA * config.area_px()
    }
}

impl Cells {
    /// Drop what is no cell; whether any was.
    pub(crate) fn drop_poor(&mut self, config: &DemixingConfig, shape: [usize; 2]) -> bool {
        let quality: Vec<CellQuality> = self.quality(shape[1]);
        let reach: Vec<Footprint> = self.footprints.iter().map(|f| grown(f, shape, 1)).collect();
        let is_shadow = |k: usize| {
            (0..quality.len()).any(|j| {
                j != k
                    && quality[j].strength > quality[k].strength
                    && share(&self.footprints[k], &reach[j]) >= SHADOWED
            })
        };
        let keep: Vec<usize> =
            (0..quality.len()).filter(|&k| quality[k].is_cell(config) && !is_shadow(k)).collect();
        let is_less = keep.len() < quality.len();
        self.select(&keep);
        is_less
    }

    pub(crate) fn quality(&self, width: usize) -> Vec<CellQuality> {
        let cells = self.traces.outer_iter().zip(&self.footprints);
        cells.map(|(trace, footprint)| CellQuality::of(trace, footprint, width)).collect()
    }
}

/// Share of the pixels of `a` that are in `b`.
pub(crate) fn share(a: &Footprint, b: &Footprint) -> f64 {
    let n_shared = a.pixels.iter().filter(|pixel| b.pixels.binary_search(pixel).is_ok()).count();
    n_shared as f64 / a.pixels.len().max(1) as f64
}

fn spread(footprint: &Footprint, width: usize) -> f64 {
    let n = footprint.pixels.len() as f64;
    let mask = Footprint::of_mask(footprint.pixels.clone());
    let [y, x] = mask.centroid(width);
    let distance = |&pixel: &u32| {
        let (v, u) = (pixel as usize / width, pixel as usize % width);
        (v as f64 - y).hypot(u as f64 - x)
    };
    let mean = footprint.pixels.iter().map(distance).sum::<f64>() / n;
    mean / (2.0 / 3.0 * (n / std::f64::consts::PI).sqrt())
}
