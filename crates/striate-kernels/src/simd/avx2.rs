//! AVX2 with FMA: 8 lanes, 16 registers.

use std::arch::x86_64::{
    __m256, __m256i, _CMP_GT_OQ, _CMP_UNORD_Q, _mm_add_ps, _mm_add_ss, _mm_cvtss_f32,
    _mm_movehl_ps, _mm_shuffle_ps, _mm256_add_epi32, _mm256_add_ps, _mm256_and_ps,
    _mm256_and_si256, _mm256_blend_epi16, _mm256_blendv_epi8, _mm256_blendv_ps,
    _mm256_castps_si256, _mm256_castps256_ps128, _mm256_castsi256_ps, _mm256_cmp_ps,
    _mm256_cmpgt_epi32, _mm256_cvtepi32_ps, _mm256_div_ps, _mm256_extractf128_ps, _mm256_fmadd_ps,
    _mm256_loadu_ps, _mm256_maskload_ps, _mm256_maskstore_ps, _mm256_max_ps, _mm256_min_ps,
    _mm256_mul_ps, _mm256_or_si256, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setr_epi32,
    _mm256_setzero_ps, _mm256_slli_epi32, _mm256_srai_epi32, _mm256_srli_epi32, _mm256_storeu_ps,
    _mm256_sub_epi32, _mm256_sub_ps,
};

use super::Simd;
use crate::ln::{MANTISSA, SQRT_HALF};

/// The proof that the processor has AVX2 and FMA.
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

impl Avx2 {
    /// # Safety
    /// The processor has AVX2 and FMA.
    #[inline(always)]
    pub(super) unsafe fn new() -> Self {
        Self(())
    }
}

/// A mask of the first `count` lanes.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn first(count: usize) -> __m256i {
    // SAFETY: the caller's promise.
    unsafe {
        let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        _mm256_cmpgt_epi32(_mm256_set1_epi32(count.min(8) as i32), lanes)
    }
}

/// Numbers rounded to bf16, in the upper halves of their lanes; see [`super::pair`].
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn rounded(numbers: __m256) -> __m256i {
    // SAFETY: the caller's promise.
    unsafe {
        let bits = _mm256_castps_si256(numbers);
        let odd = _mm256_and_si256(_mm256_srli_epi32::<16>(bits), _mm256_set1_epi32(1));
        let half = _mm256_add_epi32(_mm256_set1_epi32(0x7fff), odd);
        let is_nan = _mm256_cmp_ps::<_CMP_UNORD_Q>(numbers, numbers);
        let nan = _mm256_or_si256(bits, _mm256_set1_epi32(0x40_0000));
        let sum = _mm256_add_epi32(bits, half);
        _mm256_blendv_epi8(sum, nan, _mm256_castps_si256(is_nan))
    }
}

impl Simd for Avx2 {
    const LANES: usize = 8;
    const TILE_ROWS: usize = 6;
    const NEAR_TERMS: usize = 128;
    type Vector = __m256;

    #[inline(always)]
    fn splat(self, value: f32) -> __m256 {
        // SAFETY: `self` proves AVX2 and FMA, here and below.
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m256 {
        // SAFETY: the caller's promise.
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_first(self, from: *const f32, count: usize) -> __m256 {
        // SAFETY: masked lanes are not read.
        unsafe { _mm256_maskload_ps(from, first(count)) }
    }

    #[inline(always)]
    unsafe fn store(self, vector: __m256, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { _mm256_storeu_ps(to, vector) }
    }

    #[inline(always)]
    unsafe fn store_first(self, vector: __m256, to: *mut f32, count: usize) {
        // SAFETY: masked lanes are not written.
        unsafe { _mm256_maskstore_ps(to, first(count), vector) }
    }

    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe { _mm256_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe { _mm256_mul_ps(a, b) }
    }

    #[inline(always)]
    fn div(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe { _mm256_div_ps(a, b) }
    }

    #[inline(always)]
    fn mul_add(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn max(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe { _mm256_max_ps(a, b) }
    }

    #[inline(always)]
    fn min(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe { _mm256_min_ps(a, b) }
    }

    #[inline(always)]
    fn where_positive(self, condition: __m256, yes: __m256, no: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe {
            let positive = _mm256_cmp_ps::<_CMP_GT_OQ>(condition, _mm256_setzero_ps());
            _mm256_blendv_ps(no, yes, positive)
        }
    }

    #[inline(always)]
    fn power_of_two(self, lowest_bits: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe {
            let exponent = _mm256_slli_epi32::<23>(_mm256_castps_si256(lowest_bits));
            let one = _mm256_set1_epi32(1.0f32.to_bits() as i32);
            _mm256_castsi256_ps(_mm256_add_epi32(exponent, one))
        }
    }

    #[inline(always)]
    fn split(self, x: __m256) -> (__m256, __m256) {
        // SAFETY: see `splat`.
        unsafe {
            let least = _mm256_set1_epi32(SQRT_HALF as i32);
            let bits = _mm256_sub_epi32(_mm256_castps_si256(x), least);
            let mantissa = _mm256_and_si256(bits, _mm256_set1_epi32(MANTISSA as i32));
            let mantissa = _mm256_castsi256_ps(_mm256_add_epi32(mantissa, least));
            (mantissa, _mm256_cvtepi32_ps(_mm256_srai_epi32::<23>(bits)))
        }
    }

    #[inline(always)]
    fn sum(self, vector: __m256) -> f32 {
        // SAFETY: see `splat`.
        unsafe {
            let (low, high) = (_mm256_castps256_ps128(vector), _mm256_extractf128_ps::<1>(vector));
            let four = _mm_add_ps(low, high);
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
        }
    }
    #[inline(always)]
    fn pair(self, low: __m256, high: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe {
            let (low, high) = (rounded(low), rounded(high));
            let low = _mm256_srli_epi32::<16>(low);
            _mm256_castsi256_ps(_mm256_blend_epi16::<0b1010_1010>(low, high))
        }
    }

    #[inline(always)]
    fn mul_add_pairs(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: see `splat`.
        unsafe {
            let [low_a, high_a] = unpaired(a);
            let [low_b, high_b] = unpaired(b);
            _mm256_fmadd_ps(high_a, high_b, _mm256_fmadd_ps(low_a, low_b, c))
        }
    }
}

/// Both numbers of each lane.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn unpaired(pairs: __m256) -> [__m256; 2] {
    // SAFETY: the caller's promise.
    unsafe {
        let low = _mm256_slli_epi32::<16>(_mm256_castps_si256(pairs));
        let upper = _mm256_castsi256_ps(_mm256_set1_epi32(0xffff_0000_u32 as i32));
        [_mm256_castsi256_ps(low), _mm256_and_ps(pairs, upper)]
    }
}
