//! Masks and how they overlap.

use crate::Footprint;

/// The pixels that count, ascending, and their centre.
pub(super) struct Mask {
    pixels: Vec<u32>,
    centre: [f64; 2],
}

impl Mask {
    /// Pixels whose weight is above `level` times the largest.
    pub(super) fn of(footprint: &Footprint, width: usize, level: f64) -> Self {
        let peak = footprint.weights.iter().copied().fold(0.0, f32::max);
        let least = level as f32 * peak;
        let kept = footprint.pixels.iter().zip(&footprint.weights);
        let pixels = kept.filter(|(_, w)| **w > least).map(|(p, _)| *p).collect();
        let mask = Footprint::of_mask(pixels);
        let centre = mask.centroid(width);
        Self { pixels: mask.pixels, centre }
    }

    /// Pixels between the centres; infinite where a mask is empty.
    pub(super) fn distance(&self, other: &Self) -> f64 {
        if self.pixels.is_empty() || other.pixels.is_empty() {
            return f64::INFINITY;
        }
        (self.centre[0] - other.centre[0]).hypot(self.centre[1] - other.centre[1])
    }

    /// Intersection over union; 0 where both are empty.
    pub(super) fn jaccard(&self, other: &Self) -> f64 {
        let common = self.common(other);
        let union = self.pixels.len() + other.pixels.len() - common;
        common as f64 / union.max(1) as f64
    }

    fn common(&self, other: &Self) -> usize {
        let (mut i, mut j, mut common) = (0, 0, 0);
        while let (Some(a), Some(b)) = (self.pixels.get(i), other.pixels.get(j)) {
            i += usize::from(a <= b);
            j += usize::from(b <= a);
            common += usize::from(a == b);
        }
        common
    }
}
