//! Cells found twice are one.

use super::alternate::Cells;
use super::quality::share;
use crate::Footprint;
use crate::matching::correlation;

/// Cells may be the same where they share this much of the smaller one.
const SHARED: f64 = 0.3;

impl Cells {
    /// Join overlapping cells whose traces correlate above `least`; how many were joined.
    pub(crate) fn merge(&mut self, least: f64) -> usize {
        let n = self.footprints.len();
        let mut into: Vec<usize> = (0..n).collect();
        for k in 0..n {
            for j in 0..k {
                if into[k] == k && into[j] == j && self.is_same(k, j, least) {
                    let (larger, smaller) =
                        if self.energy(k) > self.energy(j) { (k, j) } else { (j, k) };
                    self.footprints[larger] =
                        joined(&self.footprints[larger], &self.footprints[smaller]);
                    into[smaller] = larger;
                }
            }
        }
        let keep: Vec<usize> = (0..n).filter(|&k| into[k] == k).collect();
        self.select(&keep);
        n - keep.len()
    }

    fn is_same(&self, k: usize, j: usize, least: f64) -> bool {
        let (a, b) = (&self.footprints[k], &self.footprints[j]);
        if share(a, b).max(share(b, a)) < SHARED {
            return false;
        }
        let (a, b) = (self.traces.row(k), self.traces.row(j));
        correlation(&a.to_vec(), &b.to_vec()) > least
    }

    fn energy(&self, k: usize) -> f64 {
        let trace = self.traces.row(k);
        f64::from(trace.dot(&trace)) * self.footprints[k].dot(&self.footprints[k])
    }
}

/// The larger of both weights everywhere.
fn joined(a: &Footprint, b: &Footprint) -> Footprint {
    let mut weights: std::collections::BTreeMap<u32, f32> = std::collections::BTreeMap::new();
    for footprint in [a, b] {
        for (&pixel, &weight) in footprint.pixels.iter().zip(&footprint.weights) {
            let entry = weights.entry(pixel).or_insert(0.0);
            *entry = entry.max(weight);
        }
    }
    let (pixels, weights) = weights.into_iter().unzip();
    Footprint { pixels, weights }
}
