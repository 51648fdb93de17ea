//! Maps of lines whose values at the points are pairs of bf16 numbers.

use std::marker::PhantomData;
use std::ops::Range;

use super::POINTS;
use super::line::Line;
use crate::pairs::Pairing;
use crate::simd::{Kernel, Simd};

/// Map lines of which each value has a slice of its own, in `f32`, and write pairs.
pub(crate) struct PairedSlices<'a, L> {
    from: [&'a [f32]; POINTS],
    to: [&'a mut [f32]; POINTS],
    pairing: Pairing,
    /// Pairs per row.
    wide: usize,
    line: PhantomData<L>,
}

impl<'a, L: Line> PairedSlices<'a, L> {
    /// Map the first slices of `from` to rows of `wide` pairs in the first of `to`, as many slices as
    /// the line reads and writes.
    pub(crate) fn new(
        from: [&'a [f32]; POINTS],
        to: [&'a mut [f32]; POINTS],
        pairing: Pairing,
        wide: usize,
    ) -> Self {
        Self { from, to, pairing, wide, line: PhantomData }
    }

    /// Map one vector: the first `count` values from a place on, zeros after them.
    ///
    /// # Safety
    /// So many values can be read there from all slices that the line reads.
    #[inline(always)]
    unsafe fn line<S: Simd>(&self, simd: S, place: usize, count: usize) -> [S::Vector; POINTS] {
        let mut line = [simd.splat(0.0); POINTS];
        for (vector, from) in line[..L::READ].iter_mut().zip(&self.from) {
            // SAFETY: the caller's promise.
            *vector = unsafe { simd.load_first(from.as_ptr().wrapping_add(place), count) };
        }
        L::map(simd, line)
    }
}

impl<L: Line> Kernel for PairedSlices<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let (n_values, n_pairs) = (self.from[0].len(), self.to[0].len());
        let are_equal = self.from[..L::READ].iter().all(|from| from.len() == n_values)
            && self.to[..L::WRITTEN].iter().all(|to| to.len() == n_pairs);
        assert!(are_equal, "slices of a line differ in length");
        for row in 0..n_pairs / self.wide.max(1) {
            let [low, high] = self.pairing.row(row, n_values);
            for at in (0..self.wide).step_by(S::LANES) {
                let count = (self.wide - at).min(S::LANES);
                // SAFETY: the stretches lie in the slices.
                let low = unsafe { self.line(simd, low.start + at, n_left::<S>(&low, at)) };
                // SAFETY: see above.
                let high = unsafe { self.line(simd, high.start + at, n_left::<S>(&high, at)) };
                for (to, (low, high)) in
                    self.to[..L::WRITTEN].iter_mut().zip(low.into_iter().zip(high))
                {
                    // SAFETY: the row has `count` pairs from `at` on.
                    unsafe {
                        let to = to.as_mut_ptr().add(row * self.wide + at);
                        simd.store_first(simd.pair(low, high), to, count);
                    }
                }
            }
        }
    }
}

/// Values of a stretch for the lanes of a vector that begins `at` places from its start.
#[inline(always)]
fn n_left<S: Simd>(stretch: &Range<usize>, at: usize) -> usize {
    stretch.len().saturating_sub(at).min(S::LANES)
}
