//! The natural logarithm.

/// Bits of `sqrt(1/2)`.
pub(crate) const SQRT_HALF: u32 = 0x3F35_04F3;
/// Bits of the mantissa.
pub(crate) const MANTISSA: u32 = 0x007F_FFFF;
/// ln 2 as a number with few bits, whose multiples are exact, and the rest.
pub(crate) const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// `atanh(s) / s - 1` in powers of `s^2`, highest first, without the lowest: what is left out stays
/// below 3e-9 for `|s| <= 0.172`.
pub(crate) const SERIES: [f32; 4] = [1.0 / 9.0, 1.0 / 7.0, 1.0 / 5.0, 1.0 / 3.0];

/// The natural logarithm of a positive normal number, relative error below 3e-7; of other numbers
/// something finite.
///
/// Written without branches and without fused products: a loop over it becomes vector instructions
/// (inside [`Level::run`](crate::simd::Level::run) the widest ones), and its bits are the same
/// everywhere.
#[inline(always)]
pub(crate) fn ln(x: f32) -> f32 {
    // ln m = 2 atanh((m - 1) / (m + 1))
    let (m, exponent) = split(x);
    let s = (m - 1.0) / (m + 1.0);
    let square = s * s;
    let mut series = SERIES[0];
    for coefficient in &SERIES[1..] {
        series = series * square + coefficient;
    }
    let twice = s + s;
    exponent * LN_2[0] + (twice + (twice * square * series + exponent * LN_2[1]))
}

/// A positive normal number as `2^exponent m` with `m` between `sqrt(1/2)` and `sqrt(2)`: `m` and the
/// exponent.
#[inline(always)]
pub(crate) fn split(x: f32) -> (f32, f32) {
    let bits = x.to_bits().wrapping_sub(SQRT_HALF);
    (f32::from_bits((bits & MANTISSA) + SQRT_HALF), (bits as i32 >> 23) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
    fn error_is_as_stated() {
        // Every exponent, and close to 1, where the logarithm is small.
        let powers = (-1_250..1_270).map(|i| (f64::from(i) * 0.1).exp2() as f32);
        let near = (-1_000..1_000).map(|i| 1.0 + i as f32 * f32::EPSILON * 0.5);
        for x in powers.chain(near) {
            let expected = f64::from(x).ln();
            let error = (f64::from(ln(x)) - expected).abs();
            assert!(error <= 3e-7 * expected.abs(), "ln({x}): {}, not {expected}", ln(x));
        }
        assert!([0.0, f32::NAN, f32::INFINITY, -1.0].into_iter().all(|x| ln(x).is_finite()));
    }
}
