//! Plain arrays, for the compiler to vectorise: SSE2 on x86-64.

use super::Simd;
use super::bf16::{pair, unpair};
use crate::ln::split;

const LANES: usize = 4;

/// Nothing to prove.
#[derive(Clone, Copy)]
pub(super) struct Portable;

#[inline(always)]
fn each(a: [f32; LANES], b: [f32; LANES], f: impl Fn(f32, f32) -> f32) -> [f32; LANES] {
    [f(a[0], b[0]), f(a[1], b[1]), f(a[2], b[2]), f(a[3], b[3])]
}

/// Rounded once where that is an instruction and not a call.
#[inline(always)]
fn mul_add(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
        a.mul_add(b, c)
    } else {
        a * b + c
    }
}

impl Simd for Portable {
    const LANES: usize = LANES;
    const TILE_ROWS: usize = 6;
    const NEAR_TERMS: usize = 128;
    type Vector = [f32; LANES];

    #[inline(always)]
    fn splat(self, value: f32) -> [f32; LANES] {
        [value; LANES]
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> [f32; LANES] {
        // SAFETY: the caller's promise; alignment is not asked for.
        unsafe { from.cast::<[f32; LANES]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn load_first(self, from: *const f32, count: usize) -> [f32; LANES] {
        let mut vector = [0.0; LANES];
        // SAFETY: the caller's promise; the copy ends with the vector.
        unsafe { from.copy_to_nonoverlapping(vector.as_mut_ptr(), count.min(LANES)) };
        vector
    }

    #[inline(always)]
    unsafe fn store(self, vector: [f32; LANES], to: *mut f32) {
        // SAFETY: the caller's promise; alignment is not asked for.
        unsafe { to.cast::<[f32; LANES]>().write_unaligned(vector) }
    }

    #[inline(always)]
    unsafe fn store_first(self, vector: [f32; LANES], to: *mut f32, count: usize) {
        // SAFETY: the caller's promise; the copy ends with the vector.
        unsafe { to.copy_from_nonoverlapping(vector.as_ptr(), count.min(LANES)) }
    }

    #[inline(always)]
    fn add(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        each(a, b, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        each(a, b, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        each(a, b, |a, b| a * b)
    }

    #[inline(always)]
    fn div(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        each(a, b, |a, b| a / b)
    }

    #[inline(always)]
    fn mul_add(self, a: [f32; LANES], b: [f32; LANES], c: [f32; LANES]) -> [f32; LANES] {
        [
            mul_add(a[0], b[0], c[0]),
            mul_add(a[1], b[1], c[1]),
            mul_add(a[2], b[2], c[2]),
            mul_add(a[3], b[3], c[3]),
        ]
    }

    #[inline(always)]
    fn max(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        each(a, b, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn min(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        each(a, b, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn where_positive(
        self,
        condition: [f32; LANES],
        yes: [f32; LANES],
        no: [f32; LANES],
    ) -> [f32; LANES] {
        let pick = |lane: usize| if condition[lane] > 0.0 { yes[lane] } else { no[lane] };
        [pick(0), pick(1), pick(2), pick(3)]
    }

    #[inline(always)]
    fn power_of_two(self, lowest_bits: [f32; LANES]) -> [f32; LANES] {
        lowest_bits.map(|x| f32::from_bits((x.to_bits() << 23).wrapping_add(1.0f32.to_bits())))
    }

    #[inline(always)]
    fn split(self, x: [f32; LANES]) -> ([f32; LANES], [f32; LANES]) {
        let [a, b, c, d] = x.map(split);
        ([a.0, b.0, c.0, d.0], [a.1, b.1, c.1, d.1])
    }

    #[inline(always)]
    fn sum(self, [a, b, c, d]: [f32; LANES]) -> f32 {
        (a + c) + (b + d)
    }
    #[inline(always)]
    fn pair(self, low: [f32; LANES], high: [f32; LANES]) -> [f32; LANES] {
        each(low, high, pair)
    }

    #[inline(always)]
    fn mul_add_pairs(self, a: [f32; LANES], b: [f32; LANES], c: [f32; LANES]) -> [f32; LANES] {
        let (a, b) = (a.map(unpair), b.map(unpair));
        let low = self.mul_add(a.map(|[low, _]| low), b.map(|[low, _]| low), c);
        self.mul_add(a.map(|[_, high]| high), b.map(|[_, high]| high), low)
    }
}
