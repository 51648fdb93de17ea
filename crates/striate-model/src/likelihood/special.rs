//! The logarithm of the gamma function and its derivatives, in double precision.
//!
//! Stirling's series (Abramowitz & Stegun, "Handbook of mathematical functions", 6.1.40, 6.3.18 and
//! 6.4.12) from 10 on, where what is left out is below 1e-16; recurrence below.

use std::f64::consts::PI;

/// From here on the series hold.
const FAR: f64 = 10.0;

/// Bernoulli numbers `B_2, B_4, ..`.
const BERNOULLI: [f64; 8] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
];

/// `log Gamma(x)` for `x > 0`.
pub(crate) fn log_gamma(x: f64) -> f64 {
    let (mut x, mut below) = (x, 0.0);
    while x < FAR {
        below += x.ln();
        x += 1.0;
    }
    let series = sum(|n, b| b / (n * (n - 1.0) * x.powf(n - 1.0)));
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * PI).ln() + series - below
}

/// `d log Gamma(x) / dx` for `x > 0`.
pub(crate) fn digamma(x: f64) -> f64 {
    let (mut x, mut below) = (x, 0.0);
    while x < FAR {
        below += 1.0 / x;
        x += 1.0;
    }
    x.ln() - 0.5 / x - sum(|n, b| b / (n * x.powf(n))) - below
}

/// The derivative of [`digamma`] for `x > 0`.
pub(crate) fn trigamma(x: f64) -> f64 {
    let (mut x, mut below) = (x, 0.0);
    while x < FAR {
        below += 1.0 / (x * x);
        x += 1.0;
    }
    1.0 / x + 0.5 / (x * x) + sum(|n, b| b / x.powf(n + 1.0)) + below
}

/// The terms for `n = 2, 4, ..` with the Bernoulli numbers.
fn sum(term: impl Fn(f64, f64) -> f64) -> f64 {
    BERNOULLI.iter().enumerate().map(|(i, &b)| term((2 * i + 2) as f64, b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-13 * expected.abs().max(1.0), "{found} {expected}");
    }

    #[test]
    fn closed_forms() {
        const EULER: f64 = 0.577_215_664_901_532_9;
        assert_near(log_gamma(0.5), PI.sqrt().ln());
        assert_near(log_gamma(1.0), 0.0);
        assert_near(log_gamma(11.0), 3_628_800f64.ln());
        assert_near(digamma(1.0), -EULER);
        assert_near(digamma(0.5), -EULER - 2.0 * 2f64.ln());
        assert_near(trigamma(1.0), PI * PI / 6.0);
        assert_near(trigamma(0.5), PI * PI / 2.0);
    }

    #[test]
    fn recurrence_holds_across_the_border() {
        for x in [0.05, 0.7, 9.3, 9.999, 10.0, 57.5] {
            assert_near(log_gamma(x + 1.0), log_gamma(x) + x.ln());
            assert_near(digamma(x + 1.0), digamma(x) + 1.0 / x);
            assert_near(trigamma(x + 1.0), trigamma(x) - 1.0 / (x * x));
        }
    }
}
