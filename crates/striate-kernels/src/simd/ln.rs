//! The natural logarithm of vectors, and sums of such logarithms.

use super::Simd;
use crate::ln::{LN_2, SERIES};

/// The natural logarithm of positive normal numbers, relative error below 3e-7; of other numbers, NaN
/// among them, something finite.
#[inline(always)]
pub(crate) fn ln<S: Simd>(simd: S, x: S::Vector) -> S::Vector {
    let (mantissa, exponent) = simd.split(x);
    of_parts(simd, mantissa, exponent)
}

/// The sum of the natural logarithms of at most 64 positive normal numbers per lane, at the price of
/// little more than one: their mantissas are multiplied and their exponents added.
#[inline(always)]
pub(crate) fn sum_of_ln<S: Simd, const N: usize>(simd: S, x: [S::Vector; N]) -> S::Vector {
    let (mut product, mut exponents) = (simd.splat(1.0), simd.splat(0.0));
    for x in x {
        let (mantissa, exponent) = simd.split(x);
        product = simd.mul(product, mantissa);
        exponents = simd.add(exponents, exponent);
    }
    let (mantissa, exponent) = simd.split(product);
    of_parts(simd, mantissa, simd.add(exponents, exponent))
}

/// As the scalar [`ln`](crate::ln::ln), with fused products.
#[inline(always)]
fn of_parts<S: Simd>(simd: S, m: S::Vector, exponent: S::Vector) -> S::Vector {
    let one = simd.splat(1.0);
    let s = simd.div(simd.sub(m, one), simd.add(m, one));
    let square = simd.mul(s, s);
    let mut series = simd.splat(SERIES[0]);
    for coefficient in &SERIES[1..] {
        series = simd.mul_add(series, square, simd.splat(*coefficient));
    }
    let twice = simd.add(s, s);
    let small = simd.mul(exponent, simd.splat(LN_2[1]));
    let rest = simd.mul_add(simd.mul(twice, square), series, small);
    simd.mul_add(exponent, simd.splat(LN_2[0]), simd.add(twice, rest))
}

#[cfg(test)]
mod tests {
    use super::super::{Kernel, Level};
    use super::*;
    use crate::testing::at_native_speed;

    struct Sweep;

    impl Kernel for Sweep {
        type Output = ();

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) {
            let one = |vector| simd.sum(vector) / S::LANES as f32;
            let step = at_native_speed(1, 97);
            let powers = (-1_250..1_270).map(|i| (f64::from(i) * 0.1).exp2() as f32);
            let near = (-1_000..1_000).map(|i| 1.0 + i as f32 * f32::EPSILON * 0.5);
            for x in powers.chain(near).step_by(step) {
                let (found, expected) = (one(ln(simd, simd.splat(x))), f64::from(x).ln());
                let error = (f64::from(found) - expected).abs();
                assert!(error <= 3e-7 * expected.abs(), "ln({x}): {found}, not {expected}");
                let others = [x, 3.0, 1e-30, x];
                let found = one(sum_of_ln(simd, others.map(|x| simd.splat(x))));
                let logarithms = others.map(|x| f64::from(x).ln());
                let size: f64 = logarithms.iter().map(|x| x.abs()).sum();
                let error = (f64::from(found) - logarithms.iter().sum::<f64>()).abs();
                assert!(error <= 3e-7 * size, "{x}: {found}");
            }
            assert!(one(ln(simd, simd.splat(f32::NAN))).is_finite());
        }
    }

    #[test]
    fn error_is_as_stated_on_every_level() {
        for level in Level::available() {
            level.run(Sweep);
        }
    }
}
