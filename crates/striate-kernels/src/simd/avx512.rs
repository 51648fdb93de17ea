//! AVX-512: 16 lanes, 32 registers.

use std::arch::x86_64::{
    __m512, __m512bh, __m512i, __mmask16, _CMP_GT_OQ, _CMP_UNORD_Q, _mm512_add_epi32,
    _mm512_add_ps, _mm512_and_si512, _mm512_castps_si512, _mm512_castsi512_ps, _mm512_cmp_ps_mask,
    _mm512_cvtepi32_ps, _mm512_cvtne2ps_pbh, _mm512_div_ps, _mm512_dpbf16_ps, _mm512_fmadd_ps,
    _mm512_loadu_ps, _mm512_loadu_si512, _mm512_mask_blend_epi32, _mm512_mask_blend_ps,
    _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps, _mm512_max_ps, _mm512_min_ps, _mm512_mul_ps,
    _mm512_or_si512, _mm512_permutexvar_epi16, _mm512_reduce_add_ps, _mm512_set1_epi32,
    _mm512_set1_ps, _mm512_setzero_ps, _mm512_slli_epi32, _mm512_srai_epi32, _mm512_srli_epi32,
    _mm512_storeu_ps, _mm512_sub_epi32, _mm512_sub_ps,
};
use std::mem::transmute;

use super::Simd;
use crate::ln::{MANTISSA, SQRT_HALF};

/// The proof that the processor has AVX-512F, and AVX-512BW with AVX512-BF16 where `BF16`.
#[derive(Clone, Copy)]
pub(super) struct Avx512<const BF16: bool>(());

impl<const BF16: bool> Avx512<BF16> {
    /// # Safety
    /// The processor has AVX-512F, and AVX-512BW with AVX512-BF16 where `BF16`.
    #[inline(always)]
    pub(super) unsafe fn new() -> Self {
        Self(())
    }
}

#[inline(always)]
fn first(count: usize) -> __mmask16 {
    ((1u32 << count.min(16)) - 1) as __mmask16
}

impl<const BF16: bool> Simd for Avx512<BF16> {
    const LANES: usize = 16;
    const TILE_ROWS: usize = 13;
    const NEAR_TERMS: usize = 512;
    type Vector = __m512;

    #[inline(always)]
    fn splat(self, value: f32) -> __m512 {
        // SAFETY: `self` proves AVX-512F, here and below.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m512 {
        // SAFETY: the caller's promise.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_first(self, from: *const f32, count: usize) -> __m512 {
        // SAFETY: lanes without a mask bit are not read.
        unsafe { _mm512_maskz_loadu_ps(first(count), from) }
    }

    #[inline(always)]
    unsafe fn store(self, vector: __m512, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { _mm512_storeu_ps(to, vector) }
    }

    #[inline(always)]
    unsafe fn store_first(self, vector: __m512, to: *mut f32, count: usize) {
        // SAFETY: lanes without a mask bit are not written.
        unsafe { _mm512_mask_storeu_ps(to, first(count), vector) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: see `splat`.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: see `splat`.
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: see `splat`.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: see `splat`.
        unsafe { _mm512_div_ps(a, b) }
    }

    #[inline(always)]
    fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: see `splat`.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: see `splat`.
        unsafe { _mm512_max_ps(a, b) }
    }

    #[inline(always)]
    fn min(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: see `splat`.
        unsafe { _mm512_min_ps(a, b) }
    }

    #[inline(always)]
    fn where_positive(self, condition: __m512, yes: __m512, no: __m512) -> __m512 {
        // SAFETY: see `splat`.
        unsafe {
            let positive = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(condition, _mm512_setzero_ps());
            _mm512_mask_blend_ps(positive, no, yes)
        }
    }

    #[inline(always)]
    fn power_of_two(self, lowest_bits: __m512) -> __m512 {
        // SAFETY: see `splat`.
        unsafe {
            let exponent = _mm512_slli_epi32::<23>(_mm512_castps_si512(lowest_bits));
            let one = _mm512_set1_epi32(1.0f32.to_bits() as i32);
            _mm512_castsi512_ps(_mm512_add_epi32(exponent, one))
        }
    }

    #[inline(always)]
    fn split(self, x: __m512) -> (__m512, __m512) {
        // SAFETY: see `splat`.
        unsafe {
            let least = _mm512_set1_epi32(SQRT_HALF as i32);
            let bits = _mm512_sub_epi32(_mm512_castps_si512(x), least);
            let mantissa = _mm512_and_si512(bits, _mm512_set1_epi32(MANTISSA as i32));
            let mantissa = _mm512_castsi512_ps(_mm512_add_epi32(mantissa, least));
            (mantissa, _mm512_cvtepi32_ps(_mm512_srai_epi32::<23>(bits)))
        }
    }

    #[inline(always)]
    fn sum(self, vector: __m512) -> f32 {
        // SAFETY: see `splat`.
        unsafe { _mm512_reduce_add_ps(vector) }
    }
    #[inline(always)]
    fn pair(self, low: __m512, high: __m512) -> __m512 {
        if BF16 {
            // SAFETY: `self` proves AVX512-BF16 and AVX-512BW.
            return unsafe { pair_at_once(low, high) };
        }
        // SAFETY: see `splat`.
        unsafe {
            let low = _mm512_srli_epi32::<16>(rounded(low));
            let upper = _mm512_set1_epi32(0xffff_0000_u32 as i32);
            _mm512_castsi512_ps(_mm512_or_si512(low, _mm512_and_si512(rounded(high), upper)))
        }
    }

    #[inline(always)]
    fn mul_add_pairs(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: `self` proves AVX-512F, and AVX512-BF16 where that is used. Vectors of the same
        // size, of any bits.
        unsafe {
            if BF16 {
                let [a, b] = transmute::<[__m512; 2], [__m512bh; 2]>([a, b]);
                return _mm512_dpbf16_ps(c, a, b);
            }
            let [low_a, high_a] = unpaired(a);
            let [low_b, high_b] = unpaired(b);
            _mm512_fmadd_ps(high_a, high_b, _mm512_fmadd_ps(low_a, low_b, c))
        }
    }
}

/// Both numbers of each lane.
///
/// # Safety
/// The processor has AVX-512F.
#[inline(always)]
unsafe fn unpaired(pairs: __m512) -> [__m512; 2] {
    // SAFETY: the caller's promise.
    unsafe {
        let bits = _mm512_castps_si512(pairs);
        let upper = _mm512_and_si512(bits, _mm512_set1_epi32(0xffff_0000_u32 as i32));
        [_mm512_castsi512_ps(_mm512_slli_epi32::<16>(bits)), _mm512_castsi512_ps(upper)]
    }
}

/// As [`super::pair`], in each lane.
///
/// # Safety
/// The processor has AVX512-BF16 and AVX-512BW.
#[inline(always)]
unsafe fn pair_at_once(low: __m512, high: __m512) -> __m512 {
    /// From the lanes of the one before the lanes of the other to pairs.
    const INTERLEAVED: [u16; 32] = {
        let mut places = [0; 32];
        let mut place = 0;
        while place < 32 {
            places[place] = (place / 2 + place % 2 * 16) as u16;
            place += 1;
        }
        places
    };
    // SAFETY: the caller's promise; vectors of the same size, of any bits.
    unsafe {
        let both = transmute::<__m512bh, __m512i>(_mm512_cvtne2ps_pbh(high, low));
        let places = _mm512_loadu_si512(INTERLEAVED.as_ptr().cast());
        _mm512_castsi512_ps(_mm512_permutexvar_epi16(places, both))
    }
}

/// Numbers rounded to bf16, in the upper halves of their lanes; see [`super::pair`].
///
/// # Safety
/// The processor has AVX-512F.
#[inline(always)]
unsafe fn rounded(numbers: __m512) -> __m512i {
    // SAFETY: the caller's promise.
    unsafe {
        let bits = _mm512_castps_si512(numbers);
        let odd = _mm512_and_si512(_mm512_srli_epi32::<16>(bits), _mm512_set1_epi32(1));
        let half = _mm512_add_epi32(_mm512_set1_epi32(0x7fff), odd);
        let is_nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(numbers, numbers);
        let nan = _mm512_or_si512(bits, _mm512_set1_epi32(0x40_0000));
        _mm512_mask_blend_epi32(is_nan, _mm512_add_epi32(bits, half), nan)
    }
}
