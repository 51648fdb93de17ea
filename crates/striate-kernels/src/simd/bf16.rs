//! Numbers of 16 bits: the upper half of an `f32`.

/// A pair of numbers rounded to bf16, to the nearest and half-way to the even one, in the place of
/// one `f32`: `low` in the lower bits.
///
/// The number that this makes of the bits means nothing: it is only moved.
#[inline(always)]
pub(crate) fn pair(low: f32, high: f32) -> f32 {
    f32::from_bits(rounded(low) | rounded(high) << 16)
}

/// The bits of a number rounded to bf16. NaN stays NaN.
#[inline(always)]
fn rounded(number: f32) -> u32 {
    let bits = number.to_bits();
    if number.is_nan() {
        return bits >> 16 | 0x40;
    }
    // Half of what is cut off, less one for the even ones.
    bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16
}

/// The two numbers of a pair.
#[inline(always)]
pub(super) fn unpair(pair: f32) -> [f32; 2] {
    let bits = pair.to_bits();
    [f32::from_bits(bits << 16), f32::from_bits(bits & 0xffff_0000)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_to_the_nearest() {
        let ulp = f32::powi(2.0, -7);
        for (number, expected) in [
            (1.0, 1.0),
            (1.0 + 0.49 * ulp, 1.0),
            (1.0 + 0.5 * ulp, 1.0),
            (1.0 + 0.51 * ulp, 1.0 + ulp),
            (-1.0 - 1.5 * ulp, -1.0 - 2.0 * ulp),
            (f32::MAX, f32::INFINITY),
            (f32::NEG_INFINITY, f32::NEG_INFINITY),
        ] {
            assert_eq!(unpair(pair(number, 2.0)), [expected, 2.0]);
            assert_eq!(unpair(pair(3.0, number)), [3.0, expected]);
        }
        assert!(unpair(pair(f32::from_bits(0x7fff_ffff), 0.0))[0].is_nan());
        assert!(unpair(pair(0.0, f32::from_bits(0x7f80_0001)))[1].is_nan());
    }
}
