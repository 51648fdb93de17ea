//! Vector instructions, chosen at run time.
//!
//! A kernel is written once, generic over [`Simd`], and compiled once per [`Level`]. The value of a
//! type that implements [`Simd`] is the proof that the processor has its instructions.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod bf16;
mod exp;
mod level;
mod ln;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

pub(crate) use bf16::pair;
pub(crate) use exp::{elu, exp_nonpositive};
pub(crate) use level::Level;
pub use level::simd_level;
pub(crate) use ln::{ln, sum_of_ln};

/// A vector of `f32` and what can be done with it.
///
/// Everything is `#[inline(always)]`, and so must be the kernels that use it: only inside the
/// function of [`Level::run`] are the instructions switched on. Closures in hot loops would break
/// that chain.
pub(crate) trait Simd: Copy {
    /// Values per vector.
    const LANES: usize;
    /// Rows of two vectors that fit the registers as sums of a product, with room for its factors.
    const TILE_ROWS: usize;
    /// Terms of a sum over pixels that a tile adds before it makes room for the next tile, which reads
    /// the same pixels: many, for tiles cost loads and stores of their sums; few, for the pixels to
    /// stay in the nearest memory where tiles are small and hungry.
    const NEAR_TERMS: usize;
    /// The vector.
    type Vector: Copy;

    /// All lanes alike.
    fn splat(self, value: f32) -> Self::Vector;

    /// Read a vector.
    ///
    /// # Safety
    /// `LANES` values can be read from `from`.
    unsafe fn load(self, from: *const f32) -> Self::Vector;

    /// Read the first `count` lanes, at most all; the others are 0.
    ///
    /// # Safety
    /// `count` values can be read from `from`.
    unsafe fn load_first(self, from: *const f32, count: usize) -> Self::Vector;

    /// Write a vector.
    ///
    /// # Safety
    /// `LANES` values can be written to `to`.
    unsafe fn store(self, vector: Self::Vector, to: *mut f32);

    /// Write the first `count` lanes, at most all.
    ///
    /// # Safety
    /// `count` values can be written to `to`.
    unsafe fn store_first(self, vector: Self::Vector, to: *mut f32, count: usize);

    /// `a + b`
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a - b`
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a b`
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a / b`
    fn div(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a b + c`, rounded once where the instruction exists.
    fn mul_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// The larger; `b` where either is NaN.
    fn max(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The smaller; `b` where either is NaN.
    fn min(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `yes` where `condition > 0`, else `no`, also for NaN.
    fn where_positive(
        self,
        condition: Self::Vector,
        yes: Self::Vector,
        no: Self::Vector,
    ) -> Self::Vector;
    /// The float whose bits are those of 1.0 plus the lane's bits shifted left by 23: `2^n` for a
    /// lane whose lowest bits hold the integer `n`.
    fn power_of_two(self, lowest_bits: Self::Vector) -> Self::Vector;
    /// The mantissa `m`, between `sqrt(1/2)` and `sqrt(2)`, and the exponent `n` of positive normal
    /// numbers `2^n m`; of other numbers something finite.
    fn split(self, x: Self::Vector) -> (Self::Vector, Self::Vector);
    /// Sum of all lanes, in a fixed order.
    fn sum(self, vector: Self::Vector) -> f32;
    /// In each lane the pair of two numbers: see [`pair`].
    fn pair(self, low: Self::Vector, high: Self::Vector) -> Self::Vector;
    /// `a b + c` with lanes of `a` and `b` that are pairs: both products are added.
    fn mul_add_pairs(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
}

/// A loop to be compiled for every level.
pub(crate) trait Kernel {
    /// What it computes.
    type Output;

    /// The loop itself; implementations are `#[inline(always)]`.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ln::split;

    /// Every operation on `LANES` numbers, compared with the same on single numbers.
    struct Operations;

    fn lane(index: usize) -> [f32; 3] {
        let x = index as f32 - 3.5;
        [x, 0.75 - 0.5 * x * x, if index == 1 { f32::NAN } else { 2.0 - x }]
    }

    impl Kernel for Operations {
        type Output = ();

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) {
            let numbers: Vec<[f32; 3]> = (0..S::LANES).map(lane).collect();
            let read = |which: usize| -> Vec<f32> { numbers.iter().map(|n| n[which]).collect() };
            let (a, b, c) = (read(0), read(1), read(2));
            let mut out = vec![0.0; S::LANES];
            let mut check = |vector: S::Vector, expected: &dyn Fn([f32; 3]) -> f32| {
                // SAFETY: `out` has LANES values.
                unsafe { simd.store(vector, out.as_mut_ptr()) };
                for (found, &numbers) in out.iter().zip(&numbers) {
                    let expected = expected(numbers);
                    assert!(*found == expected || (found.is_nan() && expected.is_nan()));
                }
            };
            // SAFETY: all three have LANES values.
            let (va, vb, vc) =
                unsafe { (simd.load(a.as_ptr()), simd.load(b.as_ptr()), simd.load(c.as_ptr())) };
            check(simd.add(va, vb), &|[a, b, _]| a + b);
            check(simd.sub(va, vb), &|[a, b, _]| a - b);
            check(simd.mul(va, vb), &|[a, b, _]| a * b);
            check(simd.div(va, vb), &|[a, b, _]| a / b);
            check(simd.mul_add(va, vb, vc), &|[a, b, c]| a * b + c);
            let (mantissa, exponent) = simd.split(simd.mul(va, va));
            check(mantissa, &|[a, _, _]| split(a * a).0);
            check(exponent, &|[a, _, _]| split(a * a).1);
            check(simd.max(va, vc), &|[a, _, c]| if a > c { a } else { c });
            check(simd.min(va, vc), &|[a, _, c]| if a < c { a } else { c });
            check(simd.where_positive(vc, va, vb), &|[a, b, c]| if c > 0.0 { a } else { b });
            check(simd.power_of_two(simd.splat(f32::from_bits(3))), &|_| 8.0);
            assert_eq!(simd.sum(va), a.iter().sum::<f32>());
            for count in 0..=S::LANES {
                // SAFETY: `a` and `part` have at least `count` values.
                let first = unsafe { simd.load_first(a.as_ptr(), count) };
                assert_eq!(simd.sum(first), a[..count].iter().sum::<f32>());
                let mut part = vec![9.0; S::LANES + 1];
                // SAFETY: see above.
                unsafe { simd.store_first(va, part.as_mut_ptr(), count) };
                assert_eq!(part[..count], a[..count]);
                assert!(part[count..].iter().all(|&x| x == 9.0));
            }
        }
    }

    /// Pairs of numbers of few bits, whose products are exact.
    struct Pairs;

    impl Kernel for Pairs {
        type Output = ();

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) {
            let numbers = |factor: f32| -> Vec<f32> {
                (0..S::LANES).map(|lane| factor * (lane as f32 - 2.25)).collect()
            };
            let all = [1.0, -2.0, 0.5, 4.0, 8.0].map(numbers);
            // SAFETY: all have LANES values.
            let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(|n| unsafe { simd.load(all[n].as_ptr()) });
            let (first, second) = (simd.pair(a, b), simd.pair(c, d));
            let mut out = vec![0.0; S::LANES];
            // SAFETY: `out` has LANES values, here and below.
            unsafe { simd.store(first, out.as_mut_ptr()) };
            for (lane, found) in out.iter().enumerate() {
                assert_eq!(found.to_bits(), pair(all[0][lane], all[1][lane]).to_bits());
            }
            // SAFETY: see above.
            unsafe { simd.store(simd.mul_add_pairs(first, second, e), out.as_mut_ptr()) };
            for (lane, &found) in out.iter().enumerate() {
                let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(|n| all[n][lane]);
                assert_eq!(found, a * c + b * d + e);
            }
            let ties =
                [1.0f32, 1.003_906_3, 1.011_718_8, -1.003_91, f32::NAN, f32::MAX, 1e-30, 0.0];
            for (&low, &high) in ties.iter().zip(ties.iter().rev()) {
                let both = simd.pair(simd.splat(low), simd.splat(high));
                // SAFETY: see above.
                unsafe { simd.store(both, out.as_mut_ptr()) };
                assert_eq!(out[0].to_bits(), pair(low, high).to_bits(), "{low} {high}");
            }
        }
    }

    #[test]
    fn every_level_computes_the_same() {
        for level in Level::available() {
            level.run(Operations);
            level.run(Pairs);
            level.run_pairs(Pairs);
        }
    }
}
