//! The logarithm of the gamma function, its derivatives and its incomplete form, in double precision.
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

/// Terms after which a series or fraction is given up; far more than any argument here needs.
const MOST_TERMS: usize = 10_000;

/// Distribution function at `x >= 0` of the gamma distribution of shape `k > 0` and scale 1: the
/// regularised lower incomplete gamma function. By its series below the mean, by the continued fraction
/// of its complement above (Abramowitz & Stegun 6.5.29 and 6.5.31).
pub(crate) fn gamma_distribution(k: f64, x: f64) -> f64 {
    if x <= 0.0 {
        // NaN stays NaN.
        return 0.0 * x;
    }
    if x.is_infinite() {
        return 1.0;
    }
    let front = (k * x.ln() - x - log_gamma(k)).exp();
    let found = if x < k + 1.0 { front * series(k, x) } else { 1.0 - front * fraction(k, x) };
    // Not `clamp` on NaN, which stays.
    if found.is_nan() { found } else { found.clamp(0.0, 1.0) }
}

/// `sum over n of x^n / (k (k + 1) .. (k + n))`
fn series(k: f64, x: f64) -> f64 {
    let mut term = 1.0 / k;
    let mut sum = term;
    for n in 1..MOST_TERMS {
        term *= x / (k + n as f64);
        sum += term;
        if term < sum * f64::EPSILON {
            break;
        }
    }
    sum
}

/// `1 / (x + 1 - k - 1 (1 - k) / (x + 3 - k - 2 (2 - k) / ..))` by Lentz's method.
fn fraction(k: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_0 = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut b = x + 1.0 - k;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / away_from_0(b);
    let mut value = d;
    for n in 1..MOST_TERMS {
        let n = n as f64;
        let a = -n * (n - k);
        b += 2.0;
        d = 1.0 / away_from_0(a * d + b);
        c = away_from_0(b + a / c);
        value *= d * c;
        if (d * c - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    value
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
    fn distributions_of_known_shapes() {
        for x in [1e-9f64, 0.01, 0.5, 1.0, 1.99, 2.01, 5.0, 30.0, 700.0] {
            assert_near(gamma_distribution(1.0, x), -(-x).exp_m1());
            assert_near(gamma_distribution(2.0, x), 1.0 - (1.0 + x) * (-x).exp());
            // Recurrence (6.5.21).
            let step = (0.3 * x.ln() - x - log_gamma(1.3)).exp();
            assert_near(gamma_distribution(1.3, x), gamma_distribution(0.3, x) - step);
        }
        // The error function at 1, from tables.
        assert_near(gamma_distribution(0.5, 1.0), 0.842_700_792_949_714_9);
        assert_eq!(gamma_distribution(0.5, 0.0), 0.0);
        assert_eq!(gamma_distribution(0.5, f64::INFINITY), 1.0);
        assert!(gamma_distribution(0.5, f64::NAN).is_nan());
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
