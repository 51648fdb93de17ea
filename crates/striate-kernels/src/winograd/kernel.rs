//! The map of a kernel, `G`, and its adjoint.

use rayon::prelude::*;

use super::{PAIRS, POINTS, Tiling};

/// Weights along one axis from and to their values at the points, in `f64`.
pub(crate) struct KernelMap {
    /// `[part and point, tap]`
    rows: Vec<Vec<f64>>,
    taps: usize,
}

impl KernelMap {
    pub(crate) fn new(tiling: Tiling) -> Self {
        let rows = (0..tiling.n_parts * POINTS).map(|row| of_point(tiling, row)).collect();
        Self { rows, taps: tiling.taps }
    }

    /// Parts times points.
    pub(crate) fn n_values(&self) -> usize {
        self.rows.len()
    }

    /// `[outer, tap, inner]` to `[outer, part and point, inner]`.
    pub(crate) fn evaluate(&self, weight: &[f32], inner: usize) -> Vec<f32> {
        map_axis(weight, [self.taps, inner], self.rows.len(), |value, tap| self.rows[value][tap])
    }

    /// The adjoint of [`Self::evaluate`]: `[outer, part and point, inner]` to `[outer, tap, inner]`.
    pub(crate) fn gradient(&self, values: &[f32], inner: usize) -> Vec<f32> {
        map_axis(values, [self.rows.len(), inner], self.taps, |tap, value| self.rows[value][tap])
    }
}

/// Coefficients of the taps in the value of a part at a point: powers of the point over the product
/// of its distances from the others (Lagrange's interpolation).
fn of_point(tiling: Tiling, row: usize) -> Vec<f64> {
    let (part, point) = (row / POINTS, row % POINTS);
    let first = part * tiling.step;
    let is_last = part + 1 == tiling.n_parts;
    let end = if is_last { tiling.taps } else { first + tiling.step };
    // A part is a kernel of this length, padded with zeros.
    let length = POINTS + 1 - tiling.step;
    let coefficient = |tap: usize| match point {
        _ if !(first..end).contains(&tap) => 0.0,
        point if point + 1 == POINTS => f64::from(u8::from(tap - first + 1 == length)),
        _ => position(point).powi((tap - first) as i32) / distances(point),
    };
    (0..tiling.taps).map(coefficient).collect()
}

/// A point that is not infinity.
fn position(point: usize) -> f64 {
    let pair = |pair: usize| f64::from(PAIRS[pair]);
    match point {
        0 => 0.0,
        point if point % 2 == 1 => pair(point / 2),
        point => -pair(point / 2 - 1),
    }
}

fn distances(point: usize) -> f64 {
    let others = (0..POINTS - 1).filter(|&other| other != point);
    others.map(|other| position(point) - position(other)).product()
}

/// `[outer, from, inner]` to `[outer, n_to, inner]`; sums in `f64`.
fn map_axis(
    values: &[f32],
    [n_from, inner]: [usize; 2],
    n_to: usize,
    coefficient: impl Fn(usize, usize) -> f64 + Sync,
) -> Vec<f32> {
    /// Values whose sums are found at a time.
    const CHUNK: usize = 512;
    let n_outer = values.len() / (n_from * inner).max(1);
    let mut out = vec![0.0; n_outer * n_to * inner];
    out.par_chunks_exact_mut(inner.max(1)).enumerate().for_each(|(row, out)| {
        let (outer, to) = (row / n_to, row % n_to);
        let rows = &values[outer * n_from * inner..][..n_from * inner];
        for (chunk, out) in out.chunks_mut(CHUNK).enumerate() {
            let mut sums = [0.0f64; CHUNK];
            for (from, row) in rows.chunks_exact(inner.max(1)).enumerate() {
                let factor = coefficient(to, from);
                if factor != 0.0 {
                    for (sum, &value) in sums.iter_mut().zip(&row[chunk * CHUNK..][..out.len()]) {
                        *sum += factor * f64::from(value);
                    }
                }
            }
            for (out, sum) in out.iter_mut().zip(sums) {
                *out = sum as f32;
            }
        }
    });
    out
}
