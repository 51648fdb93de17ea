//! A block of a product small enough for its sums to stay in registers.

use super::{Product, Run};
use crate::simd::{Kernel, Simd};

/// `M` rows of `V` vectors of a product whose extent has been checked.
///
/// `TERMS_CONTIGUOUS` tells which step through the first factor is 1: a constant, so that the other
/// is the only one the loop keeps in a register.
pub(super) struct Tile<
    'a,
    const M: usize,
    const V: usize,
    const TERMS_CONTIGUOUS: bool,
    const PAIRS: bool,
> {
    runs: &'a [Run],
    depth: usize,
    a: *const f32,
    a_step: usize,
    b: *const f32,
    b_step: usize,
    out: *mut f32,
    out_step: usize,
    /// Columns in use.
    width: usize,
    adds: bool,
}

impl<'a, const M: usize, const V: usize, const TERMS_CONTIGUOUS: bool, const PAIRS: bool>
    Tile<'a, M, V, TERMS_CONTIGUOUS, PAIRS>
{
    /// Columns from `column` of rows from `row`; both in the product, whose extent was checked.
    pub(super) fn new(
        product: &'a mut Product<'_>,
        row: usize,
        column: usize,
        width: usize,
        a_step: usize,
    ) -> Self {
        let a_start = row * if TERMS_CONTIGUOUS { a_step } else { 1 };
        Self {
            runs: product.runs,
            depth: product.depth,
            a: product.a[a_start..].as_ptr(),
            a_step,
            b: product.b[column..].as_ptr(),
            b_step: product.b_step,
            out: product.out[row * product.out_step + column..].as_mut_ptr(),
            out_step: product.out_step,
            width,
            adds: product.adds,
        }
    }

    /// Lanes in use of a vector.
    #[inline(always)]
    fn lanes<S: Simd>(&self, vector: usize) -> usize {
        (self.width - vector * S::LANES).min(S::LANES)
    }

    #[inline(always)]
    fn write_out<S: Simd>(&self, simd: S, sums: [[S::Vector; V]; M]) {
        for (m, sums) in sums.into_iter().enumerate() {
            for (v, sum) in sums.into_iter().enumerate() {
                // SAFETY: `Product::check` found the used columns of all rows in `out`, which is
                // borrowed exclusively as long as this tile lives.
                unsafe {
                    let out = self.out.add(m * self.out_step + v * S::LANES);
                    let count = self.lanes::<S>(v);
                    let sum =
                        if self.adds { simd.add(simd.load_first(out, count), sum) } else { sum };
                    simd.store_first(sum, out, count);
                }
            }
        }
    }
}

impl<const M: usize, const V: usize, const TERMS_CONTIGUOUS: bool, const PAIRS: bool> Kernel
    for Tile<'_, M, V, TERMS_CONTIGUOUS, PAIRS>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        if M > S::TILE_ROWS {
            return;
        }
        let (row_step, term_step) =
            if TERMS_CONTIGUOUS { (self.a_step, 1) } else { (1, self.a_step) };
        let mut sums = [[simd.splat(0.0); V]; M];
        for run in self.runs {
            // SAFETY: `Product::check` found that every run lies in both factors, with all rows of
            // the product and with columns padded to whole vectors; a tile is a part of that.
            unsafe {
                let mut a = self.a.add(run.a);
                let mut b = self.b.add(run.b);
                for _ in 0..self.depth {
                    let mut vectors = [simd.splat(0.0); V];
                    for (v, vector) in vectors.iter_mut().enumerate() {
                        *vector = simd.load(b.add(v * S::LANES));
                    }
                    for (m, sums) in sums.iter_mut().enumerate() {
                        let factor = simd.splat(*a.add(m * row_step));
                        for (sum, vector) in sums.iter_mut().zip(vectors) {
                            *sum = if PAIRS {
                                simd.mul_add_pairs(factor, vector, *sum)
                            } else {
                                simd.mul_add(factor, vector, *sum)
                            };
                        }
                    }
                    a = a.wrapping_add(term_step);
                    b = b.wrapping_add(self.b_step);
                }
            }
        }
        self.write_out(simd, sums);
    }
}
