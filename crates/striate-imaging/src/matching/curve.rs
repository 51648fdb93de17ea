//! Precision and recall as more found cells are taken.

use serde::{Deserialize, Serialize};

use super::MatchRule;
use super::overlap::Mask;
use crate::{Footprint, ImagingError};

/// Precision and recall of the best found cells, the first `i + 1` at index `i`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PrecisionRecall {
    /// Share of those taken that are true.
    pub precision: Vec<f64>,
    /// Share of the true cells among those taken.
    pub recall: Vec<f64>,
}

impl PrecisionRecall {
    /// Sum over cells of precision times the recall that the cell adds.
    pub fn average_precision(&self) -> f64 {
        let before = std::iter::once(&0.0).chain(&self.recall);
        let steps = self.recall.iter().zip(before).map(|(now, before)| now - before);
        self.precision.iter().zip(steps).map(|(p, step)| p * step).sum()
    }

    /// Largest F1 and how many cells must be taken for it; `(0.0, 0)` where nothing matches.
    pub fn best_f1(&self) -> (f64, usize) {
        let mut best = (0.0, 0);
        for (index, (p, r)) in self.precision.iter().zip(&self.recall).enumerate() {
            let f1 = if p + r > 0.0 { 2.0 * p * r / (p + r) } else { 0.0 };
            if f1 > best.0 {
                best = (f1, index + 1);
            }
        }
        best
    }
}

/// Precision and recall of `found`, which comes sorted, the best cell first. Each point counts as
/// many pairs as the rule allows among the cells taken so far, as [`super::match_regions`] would.
///
/// # Errors
/// A rule out of its range.
pub fn precision_recall(
    found: &[Footprint],
    truth: &[Footprint],
    width: usize,
    rule: &MatchRule,
) -> Result<PrecisionRecall, ImagingError> {
    rule.check()?;
    let truth: Vec<Mask> = truth.iter().map(|f| Mask::of(f, width, rule.mask_level)).collect();
    let mut allowed = Vec::with_capacity(found.len());
    let mut found_of = vec![None; truth.len()];
    let mut n_pairs = 0;
    let mut curve = PrecisionRecall { precision: Vec::new(), recall: Vec::new() };
    for (index, footprint) in found.iter().enumerate() {
        let mask = Mask::of(footprint, width, rule.mask_level);
        let fits = |t: &usize| rule.cost(&mask, &truth[*t]).is_some();
        allowed.push((0..truth.len()).filter(fits).collect());
        let mut seen = vec![false; truth.len()];
        n_pairs += usize::from(augment(index, &allowed, &mut found_of, &mut seen));
        curve.precision.push(n_pairs as f64 / (index + 1) as f64);
        curve.recall.push(n_pairs as f64 / truth.len().max(1) as f64);
    }
    Ok(curve)
}

/// Find `found` a true cell, moving others where they have a choice: one augmenting path keeps the
/// matching as large as it can be.
fn augment(
    found: usize,
    allowed: &[Vec<usize>],
    found_of: &mut [Option<usize>],
    seen: &mut [bool],
) -> bool {
    for &truth in &allowed[found] {
        if std::mem::replace(&mut seen[truth], true) {
            continue;
        }
        if found_of[truth].is_none_or(|other| augment(other, allowed, found_of, seen)) {
            found_of[truth] = Some(found);
            return true;
        }
    }
    false
}
