//! Gaussian laws with a mean and a standard deviation of their own for every response, from two numbers
//! that a readout gives.
//!
//! ```text
//! y ~ Normal(mean = x_0, deviation = ELU(x_1) + 1 + 1e-3)
//! ```

use rayon::prelude::*;

use crate::check::check_length;
use crate::pointwise::rate;
use crate::simd::{Kernel, Level, Simd, ln};

/// The least standard deviation.
pub const LEAST: f32 = 1e-3;

/// `ln(2 pi) / 2`
pub(crate) const HALF_LN_2_PI: f32 = 0.918_938_5;

/// Values per task, and per part of a sum.
const CHUNK: usize = 1 << 14;

/// Negative log-likelihood `log(deviation) + ((y - mean) / deviation)^2 / 2 + log(2 pi) / 2` of the
/// responses, summed: terms in `f32`, their sum in `f64` and in a fixed order. `outputs` are `x_0` and
/// `x_1`; overwrites `gradients` with the derivatives with respect to them.
///
/// # Panics
/// Where lengths differ.
///
/// ```
/// use striate_kernels::gaussian::loss;
///
/// // A response two deviations of 2.001 above its mean.
/// let (mut of_mean, mut of_deviation) = ([0.0], [0.0]);
/// let found = loss([&[1.0], &[1.0]], &[5.002], [&mut of_mean, &mut of_deviation]);
/// assert!((found - (2.001f64.ln() + 2.0 + 0.918_938_5)).abs() < 1e-6);
/// assert!((of_mean[0] + 2.0 / 2.001).abs() < 1e-6);
/// assert!((of_deviation[0] + 3.0 / 2.001).abs() < 1e-6);
/// ```
pub fn loss(outputs: [&[f32]; 2], responses: &[f32], gradients: [&mut [f32]; 2]) -> f64 {
    for (output, gradient) in outputs.iter().zip(&gradients) {
        check_length("output", output.len(), &[responses.len()]);
        check_length("gradient", gradient.len(), &[responses.len()]);
    }
    let level = Level::active();
    let [mean, deviation] = outputs;
    let outputs = mean.par_chunks(CHUNK).zip(deviation.par_chunks(CHUNK));
    let [of_mean, of_deviation] = gradients;
    let gradients = of_mean.par_chunks_mut(CHUNK).zip(of_deviation.par_chunks_mut(CHUNK));
    let parts = outputs.zip(responses.par_chunks(CHUNK)).zip(gradients);
    let parts = parts.map(|(((mean, deviation), responses), (of_mean, of_deviation))| {
        let (outputs, gradients) = ([mean, deviation], [of_mean, of_deviation]);
        level.run(Loss { outputs, responses, gradients })
    });
    let parts: Vec<f64> = parts.collect();
    parts.into_iter().sum()
}

/// What loss and slopes have in common.
#[derive(Clone, Copy)]
pub(crate) struct Parts<S: Simd> {
    pub(crate) deviation: S::Vector,
    /// Slope of the deviation along its output.
    slope: S::Vector,
    inverse: S::Vector,
    /// The response's distance from the mean, in standard deviations.
    pub(crate) distance: S::Vector,
}

impl<S: Simd> Parts<S> {
    /// From the outputs and the response.
    #[inline(always)]
    pub(crate) fn of(simd: S, [mean, x]: [S::Vector; 2], response: S::Vector) -> Self {
        let (rate, slope) = rate(simd, x);
        let deviation = simd.add(rate, simd.splat(LEAST));
        let inverse = simd.div(simd.splat(1.0), deviation);
        let distance = simd.mul(simd.sub(response, mean), inverse);
        Self { deviation, slope, inverse, distance }
    }

    /// Derivatives of the loss with respect to the outputs.
    #[inline(always)]
    pub(crate) fn slopes(&self, simd: S) -> [S::Vector; 2] {
        let of_mean = simd.mul(self.inverse, simd.sub(simd.splat(0.0), self.distance));
        // The slope first: the square alone may be too large.
        let relative = simd.mul(self.inverse, self.slope);
        let square = simd.mul(self.distance, self.distance);
        [of_mean, simd.mul(relative, simd.sub(simd.splat(1.0), square))]
    }
}

struct Loss<'a> {
    outputs: [&'a [f32]; 2],
    responses: &'a [f32],
    gradients: [&'a mut [f32]; 2],
}

impl Kernel for Loss<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        /// As many as the widest vectors have.
        const MOST_LANES: usize = 16;
        let length = self.responses.len();
        let [mean, deviation] = self.outputs.map(|output| &output[..length]);
        let [of_mean, of_deviation] = self.gradients.map(|gradient| &mut gradient[..length]);
        let mut sums = [0.0f64; MOST_LANES];
        for start in (0..length).step_by(S::LANES) {
            let count = (length - start).min(S::LANES);
            let mut terms = [0.0f32; MOST_LANES];
            // SAFETY: all five slices have `count` values from `start` on, `terms` at least LANES.
            unsafe {
                let mean = simd.load_first(mean.as_ptr().add(start), count);
                let deviation = simd.load_first(deviation.as_ptr().add(start), count);
                let responses = simd.load_first(self.responses.as_ptr().add(start), count);
                let parts = Parts::of(simd, [mean, deviation], responses);
                let [mean_slope, deviation_slope] = parts.slopes(simd);
                simd.store_first(mean_slope, of_mean.as_mut_ptr().add(start), count);
                simd.store_first(deviation_slope, of_deviation.as_mut_ptr().add(start), count);
                let half_square =
                    simd.mul(simd.splat(0.5), simd.mul(parts.distance, parts.distance));
                // NaN, which the logarithm forgets, is in the distance too.
                let fixed = simd.add(ln(simd, parts.deviation), simd.splat(HALF_LN_2_PI));
                simd.store_first(simd.add(fixed, half_square), terms.as_mut_ptr(), count);
            }
            for (sum, term) in sums.iter_mut().zip(terms) {
                *sum += f64::from(term);
            }
        }
        sums.into_iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{at_every_level, cases, random, with_threads};

    fn naive([mean, x]: [f64; 2], y: f32) -> f64 {
        let deviation = if x > 0.0 { x + 1.0 } else { x.exp() } + f64::from(LEAST);
        let half = 0.5 * (2.0 * std::f64::consts::PI).ln();
        deviation.ln() + 0.5 * ((f64::from(y) - mean) / deviation).powi(2) + half
    }

    fn found(mean: &[f32], x: &[f32], y: &[f32]) -> (f64, Vec<f32>, Vec<f32>) {
        let (mut of_mean, mut of_deviation) = (vec![f32::NAN; y.len()], vec![f32::NAN; y.len()]);
        let loss = loss([mean, x], y, [&mut of_mean, &mut of_deviation]);
        (loss, of_mean, of_deviation)
    }

    proptest! {
        #![proptest_config(cases(300))]

        #[test]
        fn loss_and_gradients_agree_with_differences(
            mean in -5.0f32..5.0,
            x in -3.0f32..20.0,
            y in -5.0f32..5.0,
        ) {
            // The slope of the deviation jumps in its derivative at 0; stay a step away.
            prop_assume!(x.abs() > 1e-3);
            let (loss, of_mean, of_deviation) = found(&[mean], &[x], &[y]);
            let point = [mean, x].map(f64::from);
            let of = |by: [f64; 2]| naive([point[0] + by[0], point[1] + by[1]], y);
            let size = 5.0 + of([0.0; 2]).abs();
            prop_assert!((loss - of([0.0; 2])).abs() < 1e-6 * size);
            let step = 1e-5;
            let slopes = [[step, 0.0], [0.0, step]].map(|by: [f64; 2]| {
                (of(by) - of(by.map(|by| -by))) / (2.0 * step)
            });
            for (found, slope) in [of_mean[0], of_deviation[0]].into_iter().zip(slopes) {
                prop_assert!((f64::from(found) - slope).abs() < 2e-6 * size.max(slope.abs()));
            }
        }
    }

    #[test]
    fn sums_are_those_of_single_ones_with_any_threads() {
        let n = if cfg!(miri) { 37 } else { 40_003 };
        let (mean, x, y) = (random(n, 1), random(n, 2), random(n, 3));
        let single = |i: usize| naive([mean[i], x[i]].map(f64::from), y[i]);
        let expected: f64 = (0..n).map(single).sum();
        at_every_level(|| {
            let run = || found(&mean, &x, &y);
            let one = with_threads(1, run);
            assert!((one.0 - expected).abs() < 1e-6 * expected.abs(), "{} {expected}", one.0);
            assert_eq!(one, with_threads(3, run));
        });
    }

    #[test]
    fn extremes_are_finite_and_nan_stays() {
        at_every_level(|| {
            for x in [-1e30f32, -100.0, 0.0, 100.0, 1e30] {
                let (loss, of_mean, of_deviation) = found(&[1e6], &[x], &[0.0]);
                assert!(loss.is_finite() && of_mean[0].is_finite() && of_deviation[0].is_finite());
            }
            for which in 0..3 {
                let mut numbers = [[0.5f32; 2]; 3];
                numbers[which][1] = f32::NAN;
                let (loss, of_mean, of_deviation) = found(&numbers[0], &numbers[1], &numbers[2]);
                assert!(loss.is_nan() && of_mean[1].is_nan() && of_deviation[1].is_nan());
                assert!(of_mean[0].is_finite() && of_deviation[0].is_finite());
            }
        });
    }
}
