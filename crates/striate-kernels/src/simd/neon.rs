//! NEON: 4 lanes, 32 registers. All 64-bit ARM processors under Linux, macOS or Windows have it.

use std::arch::aarch64::{
    float32x4_t, uint32x4_t, vadd_f32, vaddq_f32, vaddq_u32, vandq_u32, vbslq_f32, vbslq_u32,
    vceqq_f32, vcgtq_f32, vcgtzq_f32, vcltq_f32, vcombine_f32, vcvtq_f32_s32, vdivq_f32,
    vdup_n_f32, vdupq_n_f32, vdupq_n_u32, vfmaq_f32, vget_high_f32, vget_low_f32, vld1_f32,
    vld1q_f32, vld1q_lane_f32, vmulq_f32, vorrq_u32, vpadds_f32, vreinterpretq_f32_u32,
    vreinterpretq_s32_u32, vreinterpretq_u32_f32, vshlq_n_u32, vshrq_n_s32, vshrq_n_u32, vst1_f32,
    vst1q_f32, vst1q_lane_f32, vsubq_f32, vsubq_u32,
};

use super::Simd;
use crate::ln::{MANTISSA, SQRT_HALF};

/// The proof that the processor has NEON.
#[derive(Clone, Copy)]
pub(super) struct Neon(());

impl Neon {
    /// # Safety
    /// The processor has NEON.
    #[inline(always)]
    pub(super) unsafe fn new() -> Self {
        Self(())
    }
}

impl Simd for Neon {
    const LANES: usize = 4;
    // 24 sums, two vectors, and 6 registers for factors to be loaded ahead.
    const TILE_ROWS: usize = 12;
    const NEAR_TERMS: usize = 128;
    type Vector = float32x4_t;

    #[inline(always)]
    fn splat(self, value: f32) -> float32x4_t {
        // SAFETY: `self` proves NEON, here and below.
        unsafe { vdupq_n_f32(value) }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> float32x4_t {
        // SAFETY: the caller's promise.
        unsafe { vld1q_f32(from) }
    }

    #[inline(always)]
    unsafe fn load_first(self, from: *const f32, count: usize) -> float32x4_t {
        // SAFETY: the caller's promise; each case reads `count` values, the last one 4 of at least 4.
        unsafe {
            let none = vdup_n_f32(0.0);
            match count {
                0 => vcombine_f32(none, none),
                1 => vld1q_lane_f32::<0>(from, vcombine_f32(none, none)),
                2 => vcombine_f32(vld1_f32(from), none),
                3 => vld1q_lane_f32::<2>(from.add(2), vcombine_f32(vld1_f32(from), none)),
                _ => vld1q_f32(from),
            }
        }
    }

    #[inline(always)]
    unsafe fn store(self, vector: float32x4_t, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { vst1q_f32(to, vector) }
    }

    #[inline(always)]
    unsafe fn store_first(self, vector: float32x4_t, to: *mut f32, count: usize) {
        // SAFETY: the caller's promise; each case writes `count` values, the last one 4 of at least 4.
        unsafe {
            match count {
                0 => {}
                1 => vst1q_lane_f32::<0>(to, vector),
                2 => vst1_f32(to, vget_low_f32(vector)),
                3 => {
                    vst1_f32(to, vget_low_f32(vector));
                    vst1q_lane_f32::<2>(to.add(2), vector);
                }
                _ => vst1q_f32(to, vector),
            }
        }
    }

    #[inline(always)]
    fn add(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: see `splat`.
        unsafe { vaddq_f32(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: see `splat`.
        unsafe { vsubq_f32(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: see `splat`.
        unsafe { vmulq_f32(a, b) }
    }

    #[inline(always)]
    fn div(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: see `splat`.
        unsafe { vdivq_f32(a, b) }
    }

    #[inline(always)]
    fn mul_add(self, a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
        // SAFETY: see `splat`.
        unsafe { vfmaq_f32(c, a, b) }
    }

    // Not `vmaxq_f32`, which gives NaN where either is NaN.
    #[inline(always)]
    fn max(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: see `splat`.
        unsafe { vbslq_f32(vcgtq_f32(a, b), a, b) }
    }

    #[inline(always)]
    fn min(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: see `splat`.
        unsafe { vbslq_f32(vcltq_f32(a, b), a, b) }
    }

    #[inline(always)]
    fn where_positive(
        self,
        condition: float32x4_t,
        yes: float32x4_t,
        no: float32x4_t,
    ) -> float32x4_t {
        // SAFETY: see `splat`.
        unsafe { vbslq_f32(vcgtzq_f32(condition), yes, no) }
    }

    #[inline(always)]
    fn power_of_two(self, lowest_bits: float32x4_t) -> float32x4_t {
        // SAFETY: see `splat`.
        unsafe {
            let exponent = vshlq_n_u32::<23>(vreinterpretq_u32_f32(lowest_bits));
            vreinterpretq_f32_u32(vaddq_u32(exponent, vdupq_n_u32(1.0f32.to_bits())))
        }
    }

    #[inline(always)]
    fn split(self, x: float32x4_t) -> (float32x4_t, float32x4_t) {
        // SAFETY: see `splat`.
        unsafe {
            let least = vdupq_n_u32(SQRT_HALF);
            let bits = vsubq_u32(vreinterpretq_u32_f32(x), least);
            let mantissa = vaddq_u32(vandq_u32(bits, vdupq_n_u32(MANTISSA)), least);
            let exponent = vshrq_n_s32::<23>(vreinterpretq_s32_u32(bits));
            (vreinterpretq_f32_u32(mantissa), vcvtq_f32_s32(exponent))
        }
    }

    // In the order of the portable level, which rounds as this one does on these processors.
    #[inline(always)]
    fn sum(self, vector: float32x4_t) -> f32 {
        // SAFETY: see `splat`.
        unsafe { vpadds_f32(vadd_f32(vget_low_f32(vector), vget_high_f32(vector))) }
    }
    #[inline(always)]
    fn pair(self, low: float32x4_t, high: float32x4_t) -> float32x4_t {
        // SAFETY: see `splat`.
        unsafe {
            let low = vshrq_n_u32::<16>(rounded(low));
            vreinterpretq_f32_u32(vbslq_u32(vdupq_n_u32(0xffff_0000), rounded(high), low))
        }
    }

    #[inline(always)]
    fn mul_add_pairs(self, a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
        // SAFETY: see `splat`.
        unsafe {
            let ([low_a, high_a], [low_b, high_b]) = (unpaired(a), unpaired(b));
            vfmaq_f32(vfmaq_f32(c, low_a, low_b), high_a, high_b)
        }
    }
}

/// Numbers rounded to bf16, in the upper halves of their lanes; see [`super::pair`].
///
/// # Safety
/// The processor has NEON.
#[inline(always)]
unsafe fn rounded(numbers: float32x4_t) -> uint32x4_t {
    // SAFETY: the caller's promise.
    unsafe {
        let bits = vreinterpretq_u32_f32(numbers);
        let odd = vandq_u32(vshrq_n_u32::<16>(bits), vdupq_n_u32(1));
        let sum = vaddq_u32(bits, vaddq_u32(vdupq_n_u32(0x7fff), odd));
        let is_number = vceqq_f32(numbers, numbers);
        vbslq_u32(is_number, sum, vorrq_u32(bits, vdupq_n_u32(0x40_0000)))
    }
}

/// Both numbers of each lane.
///
/// # Safety
/// The processor has NEON.
#[inline(always)]
unsafe fn unpaired(pairs: float32x4_t) -> [float32x4_t; 2] {
    // SAFETY: the caller's promise.
    unsafe {
        let bits = vreinterpretq_u32_f32(pairs);
        let high = vandq_u32(bits, vdupq_n_u32(0xffff_0000));
        [vreinterpretq_f32_u32(vshlq_n_u32::<16>(bits)), vreinterpretq_f32_u32(high)]
    }
}
