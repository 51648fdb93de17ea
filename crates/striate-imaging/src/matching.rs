//! Found cells against true ones: who is who, how many were found, how well.

use serde::{Deserialize, Serialize};

use crate::{Footprint, ImagingError};

mod assignment;
mod curve;
mod overlap;
mod regions;

#[cfg(test)]
mod tests;

pub use curve::{PrecisionRecall, precision_recall};
pub use regions::{read_regions, write_regions};

use overlap::Mask;

/// When a found cell may stand for a true one. Both conditions must hold where both are set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MatchRule {
    /// Largest distance of the centres of gravity in pixels, above 0; none: any.
    pub max_distance_px: Option<f64>,
    /// Least Jaccard index of the masks (intersection over union), above 0 to 1; none: any.
    pub min_jaccard: Option<f64>,
    /// A pixel belongs to the mask where its weight is above this share of the largest; 0 to below 1.
    pub mask_level: f64,
}

impl Default for MatchRule {
    /// Neurofinder's: centres at most 5 pixels apart.
    fn default() -> Self {
        Self { max_distance_px: Some(5.0), min_jaccard: None, mask_level: 0.2 }
    }
}

impl MatchRule {
    /// Masks that overlap by at least `min_jaccard`.
    pub fn jaccard(min_jaccard: f64) -> Self {
        Self { max_distance_px: None, min_jaccard: Some(min_jaccard), ..Self::default() }
    }

    /// Check every setting.
    ///
    /// # Errors
    /// The first setting out of its range.
    pub fn check(&self) -> Result<(), ImagingError> {
        if let Some(distance) = self.max_distance_px.filter(|&d| !(d > 0.0 && d.is_finite())) {
            return Err(ImagingError::config("match.max_distance_px", distance, "above 0"));
        }
        if let Some(jaccard) = self.min_jaccard.filter(|&j| !(j > 0.0 && j <= 1.0)) {
            return Err(ImagingError::config("match.min_jaccard", jaccard, "above 0 to 1"));
        }
        if self.max_distance_px.is_none() && self.min_jaccard.is_none() {
            let expected = "max_distance_px or min_jaccard to be set";
            return Err(ImagingError::config("match", "neither", expected));
        }
        if !(0.0..1.0).contains(&self.mask_level) {
            return Err(ImagingError::config("match.mask_level", self.mask_level, "0 to below 1"));
        }
        Ok(())
    }

    /// Cost of a pair in 0..=1, smaller is better; none where the rule forbids it.
    fn cost(&self, found: &Mask, truth: &Mask) -> Option<f64> {
        let distance = found.distance(truth);
        if self.max_distance_px.is_some_and(|most| distance > most) {
            return None;
        }
        let by_distance = self.max_distance_px.map(|most| distance / most);
        let Some(least) = self.min_jaccard else {
            return by_distance;
        };
        let jaccard = found.jaccard(truth);
        (jaccard >= least).then_some(1.0 - jaccard)
    }
}

/// A found cell and the true cell it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// Index of the found cell.
    pub found: usize,
    /// Index of the true cell.
    pub truth: usize,
    /// Distance of the centres of gravity of the masks in pixels.
    pub distance_px: f64,
    /// Intersection over union of the masks.
    pub jaccard: f64,
}

/// Who is who.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Matches {
    /// Pairs in the order of the found cells; no cell is in two.
    pub pairs: Vec<Pair>,
    /// Found cells.
    pub n_found: usize,
    /// True cells.
    pub n_true: usize,
}

impl Matches {
    /// Share of the found cells that are true; 0 where nothing was found.
    pub fn precision(&self) -> f64 {
        self.pairs.len() as f64 / self.n_found.max(1) as f64
    }

    /// Share of the true cells that were found; 0 where there are none.
    pub fn recall(&self) -> f64 {
        self.pairs.len() as f64 / self.n_true.max(1) as f64
    }

    /// Harmonic mean of precision and recall.
    pub fn f1(&self) -> f64 {
        2.0 * self.pairs.len() as f64 / (self.n_found + self.n_true).max(1) as f64
    }
}

/// Match found cells with true ones: as many pairs as the rule allows, and of those ways the one
/// with the least sum of costs (distance over the largest one, or, where a Jaccard index is asked
/// for, 1 minus it): the Hungarian method (Kuhn 1955). `width` is that of the frame.
///
/// ```
/// use striate_imaging::Footprint;
/// use striate_imaging::matching::{MatchRule, match_regions};
///
/// let truth = [Footprint::of_mask(vec![11, 12, 21]), Footprint::of_mask(vec![77, 78])];
/// let found = [Footprint::of_mask(vec![11, 12])];
/// let matches = match_regions(&found, &truth, 10, &MatchRule::jaccard(0.5))?;
/// assert_eq!((matches.pairs[0].truth, matches.precision(), matches.recall()), (0, 1.0, 0.5));
/// # Ok::<(), striate_imaging::ImagingError>(())
/// ```
///
/// # Errors
/// A rule out of its range.
pub fn match_regions(
    found: &[Footprint],
    truth: &[Footprint],
    width: usize,
    rule: &MatchRule,
) -> Result<Matches, ImagingError> {
    rule.check()?;
    let found: Vec<Mask> = found.iter().map(|f| Mask::of(f, width, rule.mask_level)).collect();
    let truth: Vec<Mask> = truth.iter().map(|f| Mask::of(f, width, rule.mask_level)).collect();
    let costs = |f: usize, t: usize| rule.cost(&found[f], &truth[t]);
    let pairs = assignment::assign(found.len(), truth.len(), costs);
    let pairs = pairs.into_iter().map(|(f, t)| Pair {
        found: f,
        truth: t,
        distance_px: found[f].distance(&truth[t]),
        jaccard: found[f].jaccard(&truth[t]),
    });
    Ok(Matches { pairs: pairs.collect(), n_found: found.len(), n_true: truth.len() })
}

/// Pearson correlation of two courses of equal length; 0 where either is constant.
///
/// # Panics
/// Where the lengths differ.
pub fn correlation(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len(), "courses of equal length");
    let n = a.len().max(1) as f64;
    let mean = |v: &[f32]| v.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = (f64::from(a) - mean_a, f64::from(b) - mean_b);
        (aa, bb, ab) = (aa + a * a, bb + b * b, ab + a * b);
    }
    if aa > 0.0 && bb > 0.0 { ab / (aa * bb).sqrt() } else { 0.0 }
}
