//! Rates, and their Poisson likelihood, element by element.

use rayon::prelude::*;

use crate::check::check_length;
use crate::simd::{Kernel, Level, Simd, exp_nonpositive};

/// Values per task, and per part of a sum.
const CHUNK: usize = 1 << 14;

/// Overwrite `out` with `ELU(x) + 1`: `x + 1` above 0, `exp(x)` below, which is above 0 for every
/// number (at least `exp(-87.3)`). Relative error below 3e-7.
///
/// ELU: Clevert et al. 2016, "Fast and accurate deep network learning by exponential linear units",
/// equation 15, with alpha = 1.
///
/// # Panics
/// Where lengths differ.
///
/// ```
/// use striate_kernels::pointwise::elu_plus_one;
///
/// let mut rate = [0.0; 3];
/// elu_plus_one(&[1.5, 0.0, -1000.0], &mut rate);
/// assert_eq!(rate[..2], [2.5, 1.0]);
/// assert!(rate[2] > 0.0);
/// ```
pub fn elu_plus_one(input: &[f32], out: &mut [f32]) {
    check_length("output", out.len(), &[input.len()]);
    let level = Level::active();
    input.par_chunks(CHUNK).zip(out.par_chunks_mut(CHUNK)).for_each(|(input, out)| {
        level.run(EluPlusOne { input, out });
    });
}

/// Multiply `gradient` by the slope of [`elu_plus_one`] at `input`: 1 above 0, `exp(x)` below.
///
/// # Panics
/// Where lengths differ.
///
/// ```
/// use striate_kernels::pointwise::elu_plus_one_backward;
///
/// let mut gradient = [3.0, 3.0];
/// elu_plus_one_backward(&[2.0, -1.0], &mut gradient);
/// assert_eq!(gradient[0], 3.0);
/// assert!((gradient[1] - 3.0 * (-1.0f32).exp()).abs() < 1e-6);
/// ```
pub fn elu_plus_one_backward(input: &[f32], gradient: &mut [f32]) {
    check_length("gradient", gradient.len(), &[input.len()]);
    let level = Level::active();
    input.par_chunks(CHUNK).zip(gradient.par_chunks_mut(CHUNK)).for_each(|(input, gradient)| {
        level.run(Slopes { input, gradient });
    });
}

/// Poisson loss `sum(rate - response log(rate + epsilon))`; terms in `f32`, their sum in `f64` and
/// in a fixed order. What depends on the responses alone is left out.
///
/// # Panics
/// Where lengths differ.
///
/// ```
/// use striate_kernels::pointwise::poisson_loss;
///
/// let loss = poisson_loss(&[1.0, 2.0], &[5.0, 1.0], 0.0);
/// assert!((loss - (1.0 + 2.0 - 2.0f64.ln())).abs() < 1e-6);
/// ```
pub fn poisson_loss(rate: &[f32], responses: &[f32], epsilon: f32) -> f64 {
    check_length("responses", responses.len(), &[rate.len()]);
    let chunks = rate.par_chunks(CHUNK).zip(responses.par_chunks(CHUNK));
    let of_chunk = |(rate, responses): (&[f32], &[f32])| -> f64 {
        let terms = rate.iter().zip(responses);
        terms.map(|(&rate, &response)| poisson_term(rate, response, epsilon)).sum()
    };
    let parts: Vec<f64> = chunks.map(of_chunk).collect();
    parts.into_iter().sum()
}

/// In most recordings most responses are 0, and cost no logarithm.
fn poisson_term(rate: f32, response: f32, epsilon: f32) -> f64 {
    let rate_alone = f64::from(rate);
    if response == 0.0 {
        return rate_alone;
    }
    rate_alone - f64::from(response) * f64::from((rate + epsilon).ln())
}

/// Overwrite `out` with the gradient of `scale` times [`poisson_loss`]:
/// `scale (1 - response / (rate + epsilon))`.
///
/// # Panics
/// Where lengths differ.
///
/// ```
/// use striate_kernels::pointwise::poisson_loss_gradient;
///
/// let mut gradient = [0.0; 2];
/// poisson_loss_gradient(&[1.0, 2.0], &[1.0, 0.0], 0.0, 10.0, &mut gradient);
/// assert_eq!(gradient, [0.0, 10.0]);
/// ```
pub fn poisson_loss_gradient(
    rate: &[f32],
    responses: &[f32],
    epsilon: f32,
    scale: f32,
    out: &mut [f32],
) {
    check_length("responses", responses.len(), &[rate.len()]);
    check_length("gradient", out.len(), &[rate.len()]);
    let chunks = rate.par_chunks(CHUNK).zip(responses.par_chunks(CHUNK));
    out.par_chunks_mut(CHUNK).zip(chunks).for_each(|(out, (rate, responses))| {
        for ((out, &rate), &response) in out.iter_mut().zip(rate).zip(responses) {
            *out = scale * (1.0 - response / (rate + epsilon));
        }
    });
}

struct EluPlusOne<'a> {
    input: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for EluPlusOne<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let length = self.input.len().min(self.out.len());
        for start in (0..length).step_by(S::LANES) {
            let count = (length - start).min(S::LANES);
            // SAFETY: both slices have `count` values from `start` on.
            unsafe {
                let x = simd.load_first(self.input.as_ptr().add(start), count);
                let above = simd.add(x, simd.splat(1.0));
                let rate = simd.where_positive(x, above, exp_nonpositive(simd, x));
                simd.store_first(rate, self.out.as_mut_ptr().add(start), count);
            }
        }
    }
}

struct Slopes<'a> {
    input: &'a [f32],
    gradient: &'a mut [f32],
}

impl Kernel for Slopes<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let length = self.input.len().min(self.gradient.len());
        for start in (0..length).step_by(S::LANES) {
            let count = (length - start).min(S::LANES);
            // SAFETY: both slices have `count` values from `start` on.
            unsafe {
                let slope =
                    exp_nonpositive(simd, simd.load_first(self.input.as_ptr().add(start), count));
                let gradient = self.gradient.as_mut_ptr().add(start);
                let product = simd.mul(simd.load_first(gradient, count), slope);
                simd.store_first(product, gradient, count);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at_every_level, cases, random, with_threads};
    use proptest::prelude::*;

    #[test]
    fn rates_and_slopes_are_right_at_every_length() {
        at_every_level(|| {
            for length in [0, 1, 7, 16, 33] {
                let input: Vec<f32> = random(length, 1).iter().map(|x| 3.0 * x).collect();
                let mut rate = vec![f32::NAN; length];
                elu_plus_one(&input, &mut rate);
                let mut gradient = vec![2.0; length];
                elu_plus_one_backward(&input, &mut gradient);
                for ((&x, rate), gradient) in input.iter().zip(rate).zip(gradient) {
                    let x = f64::from(x);
                    let slope = x.min(0.0).exp();
                    let expected = if x > 0.0 { x + 1.0 } else { slope };
                    assert!((f64::from(rate) - expected).abs() < 3e-7 * expected);
                    assert!((f64::from(gradient) - 2.0 * slope).abs() < 6e-7 * slope);
                }
            }
        });
    }

    /// The terms of the loss and their derivatives with respect to the rates.
    fn naive(rate: &[f32], responses: &[f32], epsilon: f32) -> Vec<[f64; 2]> {
        let term = |(&rate, &response): (&f32, &f32)| {
            let (rate, response) = (f64::from(rate), f64::from(response));
            let inner = rate + f64::from(epsilon);
            [rate - response * inner.ln(), 1.0 - response / inner]
        };
        rate.iter().zip(responses).map(term).collect()
    }

    proptest! {
        #![proptest_config(cases(100))]

        #[test]
        fn loss_and_its_gradient_are_right(
            (length, epsilon, scale) in (0..70usize, 0.0..0.01f32, -2.0..2.0f32),
        ) {
            let rate: Vec<f32> = random(length, 1).iter().map(|x| x.abs() + 0.05).collect();
            let responses: Vec<f32> = random(length, 2).iter().map(|x| x.max(0.0)).collect();
            let terms = naive(&rate, &responses, epsilon);
            let expected: f64 = terms.iter().map(|[term, _]| term).sum();
            let size: f64 = 1.0 + terms.iter().map(|[term, _]| term.abs()).sum::<f64>();
            // A logarithm that is rounded to 1e-7, of a number that is, per term.
            assert!((poisson_loss(&rate, &responses, epsilon) - expected).abs() < 1e-6 * size);
            let mut gradient = vec![f32::NAN; length];
            poisson_loss_gradient(&rate, &responses, epsilon, scale, &mut gradient);
            for (found, [_, slope]) in gradient.into_iter().zip(terms) {
                let slope = f64::from(scale) * slope;
                // Four roundings, of numbers up to `1 - slope`.
                let largest = 2.0 + slope.abs();
                assert!((f64::from(found) - slope).abs() < 3e-7 * largest, "{found}, {slope}");
            }
        }
    }

    #[test]
    fn nan_stays_nan() {
        at_every_level(|| {
            let mut rate = [0.0; 3];
            elu_plus_one(&[1.0, f32::NAN, 2.0], &mut rate);
            assert!(rate[1].is_nan() && rate[2] == 3.0);
            assert!(poisson_loss(&rate, &[0.0; 3], 1e-8).is_nan());
        });
    }

    #[test]
    #[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
    fn loss_has_the_same_bits_for_any_number_of_threads() {
        let rate: Vec<f32> = random(100_000, 1).iter().map(|x| x.abs() + 0.1).collect();
        let responses: Vec<f32> = random(100_000, 2).iter().map(|x| x.abs().floor()).collect();
        let loss = || poisson_loss(&rate, &responses, 1e-8).to_bits();
        assert_eq!(with_threads(1, loss), with_threads(3, loss));
        let terms = rate.iter().zip(&responses).map(|(&r, &y)| {
            let (r, y) = (f64::from(r), f64::from(y));
            r - y * (r + 1e-8).ln()
        });
        // Each logarithm is right to about 1e-7, and errors of both signs add up.
        let expected: f64 = terms.sum();
        assert!((f64::from_bits(loss()) - expected).abs() < 1e-7 * expected.abs());
    }
}
