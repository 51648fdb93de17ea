//! Rates, and their Poisson likelihood, element by element.

use rayon::prelude::*;

use crate::check::check_length;
use crate::ln::ln;
use crate::simd::{Kernel, Level, Simd, exp_nonpositive};

/// Values per task, and per part of a sum.
const CHUNK: usize = 1 << 14;
/// Values whose rates are kept at a time.
const BLOCK: usize = 256;

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

/// Poisson loss `sum(rate - response log(rate + epsilon))` of the rates `ELU(x) + 1`; terms in `f32`,
/// their sum in `f64` and in a fixed order. What depends on the responses alone is left out.
/// Overwrites `gradient` with the derivatives `(1 - response / (rate + epsilon)) ELU'(x)`.
///
/// # Panics
/// Where lengths differ.
///
/// ```
/// use striate_kernels::pointwise::poisson_loss;
///
/// let mut gradient = [0.0; 2];
/// let loss = poisson_loss(&[0.0, 1.0], &[5.0, 1.0], 0.0, &mut gradient);
/// assert!((loss - (1.0 + 2.0 - 2.0f64.ln())).abs() < 1e-6);
/// assert_eq!(gradient, [-4.0, 0.5]);
/// ```
pub fn poisson_loss(input: &[f32], responses: &[f32], epsilon: f32, gradient: &mut [f32]) -> f64 {
    check_length("responses", responses.len(), &[input.len()]);
    check_length("gradient", gradient.len(), &[input.len()]);
    let level = Level::active();
    let arguments = input.par_chunks(CHUNK).zip(responses.par_chunks(CHUNK));
    let parts = arguments.zip(gradient.par_chunks_mut(CHUNK)).map(|((input, responses), out)| {
        level.run(PoissonLoss { input, responses, epsilon, gradient: out })
    });
    let parts: Vec<f64> = parts.collect();
    parts.into_iter().sum()
}

/// The rate `ELU(x) + 1`, and its slope.
#[inline(always)]
pub(crate) fn rate<S: Simd>(simd: S, x: S::Vector) -> (S::Vector, S::Vector) {
    let slope = exp_nonpositive(simd, x);
    (simd.where_positive(x, simd.add(x, simd.splat(1.0)), slope), slope)
}

struct PoissonLoss<'a> {
    input: &'a [f32],
    responses: &'a [f32],
    epsilon: f32,
    gradient: &'a mut [f32],
}

impl Kernel for PoissonLoss<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        let mut rates = [0.0; BLOCK];
        let mut sums = [0.0f64; 8];
        let blocks = self.input.chunks(BLOCK).zip(self.responses.chunks(BLOCK));
        for ((input, responses), gradient) in blocks.zip(self.gradient.chunks_mut(BLOCK)) {
            for start in (0..input.len()).step_by(S::LANES) {
                let count = (input.len() - start).min(S::LANES);
                // SAFETY: all three have `count` values from `start` on.
                unsafe {
                    let x = simd.load_first(input.as_ptr().add(start), count);
                    let (rate, slope) = rate(simd, x);
                    simd.store_first(rate, rates.as_mut_ptr().add(start), count);
                    simd.store_first(slope, gradient.as_mut_ptr().add(start), count);
                }
            }
            // What is left over of earlier rates counts nothing.
            let mut terms = [0.0f32; BLOCK];
            let arguments = rates.iter().zip(responses).zip(gradient).zip(&mut terms);
            for (((&rate, &response), gradient), term) in arguments {
                let shifted = rate + self.epsilon;
                // The slope first: the quotient alone may be too large where the rate is tiny.
                *gradient -= response * (*gradient / shifted);
                *term = rate - response * ln(shifted);
            }
            for terms in terms.as_chunks::<8>().0 {
                for (sum, &term) in sums.iter_mut().zip(terms) {
                    *sum += f64::from(term);
                }
            }
        }
        sums.into_iter().sum()
    }
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
                let (rate, _) = rate(simd, x);
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
    use crate::testing::{at_every_level, random, with_threads};

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

    #[test]
    fn nan_stays_nan() {
        at_every_level(|| {
            let mut rate = [0.0; 3];
            elu_plus_one(&[1.0, f32::NAN, 2.0], &mut rate);
            assert!(rate[1].is_nan() && rate[2] == 3.0);
            for (input, responses) in [([f32::NAN, 1.0], [0.0; 2]), ([2.0, 0.5], [f32::NAN, 1.0])] {
                let mut gradient = [0.0; 2];
                assert!(poisson_loss(&input, &responses, 1e-8, &mut gradient).is_nan());
                assert!(gradient[0].is_nan() && gradient[1].is_finite());
            }
        });
    }

    fn naive(x: f32, response: f32) -> (f64, f64) {
        let (x, y) = (f64::from(x), f64::from(response));
        let slope = x.min(0.0).exp();
        let shifted = if x > 0.0 { x + 1.0 } else { slope } + f64::from(1e-8f32);
        (shifted - 1e-8 - y * shifted.ln(), slope * (1.0 - y / shifted))
    }

    #[test]
    fn loss_and_gradient_are_right_at_every_length() {
        at_every_level(|| {
            for length in [0, 1, 7, 16, 33, 256, 300] {
                let input: Vec<f32> = random(length, 1).iter().map(|x| 4.0 * x - 2.0).collect();
                let responses: Vec<f32> = random(length, 2).iter().map(|x| x.max(0.0)).collect();
                let mut gradient = vec![f32::NAN; length];
                let loss = poisson_loss(&input, &responses, 1e-8, &mut gradient);
                let (mut expected, mut size) = (0.0, 0.0);
                for ((&x, &y), &gradient) in input.iter().zip(&responses).zip(&gradient) {
                    let (term, slope) = naive(x, y);
                    // The quotient alone is rounded, and the exponential in it.
                    let tolerance = 1e-6 * (1.0 + f64::from(y));
                    assert!((f64::from(gradient) - slope).abs() < tolerance, "{gradient} {slope}");
                    expected += term;
                    size += 1.0 + term.abs();
                }
                assert!((loss - expected).abs() <= 5e-7 * size, "{loss}, not {expected}");
            }
        });
    }

    #[test]
    #[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
    fn loss_has_the_same_bits_for_any_number_of_threads() {
        let input = random(100_000, 1);
        let responses: Vec<f32> = random(100_000, 2).iter().map(|x| x.abs().floor()).collect();
        at_every_level(|| {
            let run = || {
                let mut gradient = vec![0.0; input.len()];
                (poisson_loss(&input, &responses, 1e-8, &mut gradient).to_bits(), gradient)
            };
            assert_eq!(with_threads(1, run), with_threads(3, run));
            let expected: f64 = input.iter().zip(&responses).map(|(&x, &y)| naive(x, y).0).sum();
            // Each logarithm is right to about 1e-7, and errors of both signs add up.
            assert!((f64::from_bits(run().0) - expected).abs() < 1e-7 * expected.abs());
        });
    }
}
