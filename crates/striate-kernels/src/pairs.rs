//! Which values become pairs of bf16 numbers.

use std::ops::Range;

use crate::simd::{Kernel, Level, Simd, pair};

/// Which values of a row make pairs: `i` and `apart + i`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pairing {
    /// Values from one row to the next.
    step: usize,
    apart: usize,
    /// First and second values; what is missing is 0.
    counts: [usize; 2],
}

impl Pairing {
    /// The halves of rows of `n` values: `n.div_ceil(2)` pairs.
    pub(crate) fn halves(n: usize) -> Self {
        let half = n.div_ceil(2);
        Self { step: n, apart: half, counts: [half, n - half] }
    }

    /// Neighbouring rows of `width` values; the last may be alone.
    pub(crate) fn neighbours(width: usize) -> Self {
        Self { step: 2 * width, apart: width, counts: [width; 2] }
    }

    /// First and second values of a row of pairs; `n_values` are there.
    #[inline(always)]
    pub(crate) fn row(&self, row: usize, n_values: usize) -> [Range<usize>; 2] {
        let first = (row * self.step).min(n_values);
        let second = (first + self.apart).min(n_values);
        [first..n_values.min(first + self.counts[0]), second..n_values.min(second + self.counts[1])]
    }
}

/// Matrices `[.., in, out]` as pairs of their upper and lower halves: `[.., in / 2, out]`, the last
/// with 0 where `in` is odd.
pub(crate) fn pair_halves(matrices: &[f32], ins: usize, outs: usize) -> Vec<f32> {
    let half = ins.div_ceil(2) * outs;
    let mut pairs = vec![0.0; matrices.len() / (ins * outs).max(1) * half];
    let matrices = matrices.chunks_exact((ins * outs).max(1));
    for (matrix, pairs) in matrices.zip(pairs.chunks_exact_mut(half.max(1))) {
        for (index, pair_of_two) in pairs.iter_mut().enumerate() {
            let second = matrix.get(half + index).copied().unwrap_or(0.0);
            *pair_of_two = pair(matrix[index], second);
        }
    }
    pairs
}

/// Overwrite `out` with neighbouring rows of `length` values as pairs; an odd last one with 0.
pub(crate) fn pair_rows(level: Level, values: &[f32], length: usize, out: &mut [f32]) {
    let both = values.chunks((2 * length).max(1)).zip(out.chunks_exact_mut(length.max(1)));
    for (values, pairs) in both {
        let (first, second) = values.split_at(length);
        pair_slices(level, first, second, pairs);
    }
}

/// Overwrite `out` with pairs of `first` and `second`; what is missing is 0.
pub(crate) fn pair_slices(level: Level, first: &[f32], second: &[f32], out: &mut [f32]) {
    level.run_pairs(PairSlices { first, second, out });
}

struct PairSlices<'a> {
    first: &'a [f32],
    second: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for PairSlices<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for (index, out) in self.out.chunks_mut(S::LANES).enumerate() {
            let first = self.first.get(index * S::LANES..).unwrap_or_default();
            let second = self.second.get(index * S::LANES..).unwrap_or_default();
            // SAFETY: no more values are read and written than the slices have.
            unsafe {
                let first = simd.load_first(first.as_ptr(), first.len());
                let second = simd.load_first(second.as_ptr(), second.len());
                simd.store_first(simd.pair(first, second), out.as_mut_ptr(), out.len());
            }
        }
    }
}
