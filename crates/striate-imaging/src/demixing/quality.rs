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
const LEAST_AREA: f64 = 0.35;

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
}

impl CellQuality {
    /// Of a trace in noise units.
    pub(crate) fn of(trace: ArrayView1<'_, f32>, footprint: &Footprint) -> Self {
        let trace = trace.to_vec();
        let mut sorted = trace.clone();
        sorted.sort_unstable_by(f32::total_cmp);
        let rest = sorted[sorted.len() / 2];
        let noise = f64::from(noise_of(&trace)).max(f64::MIN_POSITIVE);
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
        }
    }

    fn is_cell(&self, config: &DemixingConfig) -> bool {
        self.strength >= config.min_strength
            && self.peak_snr >= config.min_peak_snr
            && self.skewness > 0.0
            && self.area_px as f64 >= LEAST_AREA * config.area_px()
    }
}

impl Cells {
    /// Drop what is no cell; whether any was.
    pub(crate) fn drop_poor(&mut self, config: &DemixingConfig, shape: [usize; 2]) -> bool {
        let quality: Vec<CellQuality> = self.quality();
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

    pub(crate) fn quality(&self) -> Vec<CellQuality> {
        let cells = self.traces.outer_iter().zip(&self.footprints);
        cells.map(|(trace, footprint)| CellQuality::of(trace, footprint)).collect()
    }
}

/// Share of the pixels of `a` that are in `b`.
pub(crate) fn share(a: &Footprint, b: &Footprint) -> f64 {
    let n_shared = a.pixels.iter().filter(|pixel| b.pixels.binary_search(pixel).is_ok()).count();
    n_shared as f64 / a.pixels.len().max(1) as f64
}
