//! The exponential of numbers that are not positive, and what ELU makes of it.

use super::Simd;

/// Below this `exp` is no normal number any more; it is taken as this.
const LOWEST: f32 = -87.3;
/// Added and taken away again it rounds to an integer, which stands in the lowest bits meanwhile.
const ROUND: f32 = 12_582_912.0;
/// ln 2 as a number with few bits, whose multiples are exact, and the rest.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// `(exp(r) - 1 - r) / r^2` for `|r| <= ln(2) / 2`, highest power first: the Taylor series to `r^7`
/// of `exp`, whose remainder is below 1e-8 there.
const SERIES: [f32; 6] = [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 1.0 / 2.0];

/// `exp(x) = power (1 + rest)`: `power` a power of two, `|rest|` at most about 0.42.
#[inline(always)]
fn parts<S: Simd>(simd: S, x: S::Vector) -> (S::Vector, S::Vector) {
    // NaN comes second, so that it stays.
    let x = simd.max(simd.splat(LOWEST), x);
    let shifted = simd.mul_add(x, simd.splat(std::f32::consts::LOG2_E), simd.splat(ROUND));
    let n = simd.sub(shifted, simd.splat(ROUND));
    let r = simd.mul_add(n, simd.splat(-LN_2[0]), x);
    let r = simd.mul_add(n, simd.splat(-LN_2[1]), r);
    let mut series = simd.splat(SERIES[0]);
    for coefficient in &SERIES[1..] {
        series = simd.mul_add(series, r, simd.splat(*coefficient));
    }
    let rest = simd.mul_add(simd.mul(r, r), series, r);
    (simd.power_of_two(shifted), rest)
}

/// `exp(min(x, 0))`, which is also the slope of ELU: relative error below 3e-7, never 0 (at least
/// `exp(-87.3)`), NaN for NaN.
#[inline(always)]
pub(crate) fn exp_nonpositive<S: Simd>(simd: S, x: S::Vector) -> S::Vector {
    let (power, rest) = parts(simd, simd.min(simd.splat(0.0), x));
    simd.mul_add(power, rest, power)
}

/// ELU with alpha 1: `x` above 0, `exp(x) - 1` below; relative error below 3e-7, NaN for NaN.
/// (Clevert et al. 2016, "Fast and accurate deep network learning by exponential linear units",
/// equation 15.)
#[inline(always)]
pub(crate) fn elu<S: Simd>(simd: S, x: S::Vector) -> S::Vector {
    let (power, rest) = parts(simd, simd.min(simd.splat(0.0), x));
    let below = simd.mul_add(power, rest, simd.sub(power, simd.splat(1.0)));
    simd.where_positive(x, x, below)
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
            let n = at_native_speed(40_000, 100);
            // Close to 0, where `exp(x) - 1` cancels, and out to the lowest normal number.
            let numbers = (0..n).map(|i| -87.2 * f32::powi(i as f32 / n as f32, 6));
            for x in numbers {
                let vector = simd.splat(x);
                let found = [exp_nonpositive(simd, vector), elu(simd, vector)]
                    .map(|result| simd.sum(result) / S::LANES as f32);
                let wide = f64::from(x);
                for (found, expected) in found.into_iter().zip([wide.exp(), wide.exp_m1()]) {
                    let error = (f64::from(found) - expected).abs();
                    assert!(error <= 3e-7 * expected.abs(), "{x}: {found}, not {expected}");
                }
            }
            let sum = |vector| simd.sum(vector) / S::LANES as f32;
            assert_eq!(sum(exp_nonpositive(simd, simd.splat(5.0))), 1.0);
            assert_eq!(sum(elu(simd, simd.splat(5.0))), 5.0);
            assert!(sum(exp_nonpositive(simd, simd.splat(f32::NEG_INFINITY))) > 0.0);
            assert_eq!(sum(elu(simd, simd.splat(-1e9))), -1.0);
            assert!(sum(exp_nonpositive(simd, simd.splat(f32::NAN))).is_nan());
            assert!(sum(elu(simd, simd.splat(f32::NAN))).is_nan());
        }
    }

    #[test]
    fn error_is_as_stated_on_every_level() {
        for level in Level::available() {
            level.run(Sweep);
        }
    }
}
