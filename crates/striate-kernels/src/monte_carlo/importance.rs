//! Weights of the samples of one row, from all neurons at once.

use super::Latents;
use super::laws::Terms;
use super::row::Row;
use super::samples::{GROUP, Samples};
use crate::simd::{Kernel, Level, Simd};

/// `log p(y | z_s)` of every sample, summed over the neurons that count, to be overwritten.
pub(super) struct LogWeights<'a, T, const O: usize> {
    pub(super) row: Row<'a, T, O>,
    pub(super) samples: Samples<'a>,
    pub(super) out: &'a mut [f64],
}

impl<T: Terms<O>, const O: usize> Kernel for LogWeights<'_, T, O> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        self.out.fill(0.0);
        for index in 0..self.row.n_blocks() {
            let block = self.row.block(index);
            let fixed: f64 = block.constants.fixed.iter().map(|&fixed| f64::from(fixed)).sum();
            for out in &mut *self.out {
                *out -= fixed;
            }
            for start in (0..block.count).step_by(S::LANES) {
                let lanes = block.lanes(simd, start);
                let n_grouped = self.samples.n_grouped();
                for sample in (0..n_grouped).step_by(GROUP) {
                    self.group::<S, GROUP>(simd, &lanes, sample);
                }
                for sample in n_grouped..self.samples.n_samples {
                    self.group::<S, 1>(simd, &lanes, sample);
                }
            }
        }
    }
}

impl<T: Terms<O>, const O: usize> LogWeights<'_, T, O> {
    #[inline(always)]
    fn group<S: Simd, const G: usize>(
        &mut self,
        simd: S,
        lanes: &super::row::Lanes<'_, S, O>,
        sample: usize,
    ) {
        let terms = self.row.terms;
        let states = lanes.states::<T, G>(simd, terms, self.samples.z(sample));
        for (out, state) in self.out[sample..].iter_mut().zip(states) {
            let loss = terms.loss(simd, &lanes.constants, &[state]);
            *out -= f64::from(simd.sum(loss));
        }
    }
}

/// Overwrite `weights` with those of the samples, which add up to 1, and give the bound
/// `-log mean exp` of their logarithms.
pub(super) fn weigh<T: Terms<O>, const O: usize>(
    level: Level,
    row: Row<'_, T, O>,
    samples: Samples<'_>,
    noise: &[f32],
    weights: &mut [f32],
) -> f64 {
    let latents = &row.population.latents;
    let mut logarithms = vec![0.0; samples.n_samples];
    level.run(LogWeights { row, samples, out: &mut logarithms });
    let mean = &latents.mean[row.row * samples.dim..][..samples.dim];
    for (sample, logarithm) in logarithms.iter_mut().enumerate() {
        let noise = &noise[sample * samples.dim..][..samples.dim];
        for ((&mean, &scale), &noise) in mean.iter().zip(latents.scale).zip(noise) {
            // The normal distributions' constants cancel.
            let (z, noise, scale) =
                (f64::from(mean + scale * noise), f64::from(noise), f64::from(scale));
            *logarithm += 0.5 * (noise * noise - z * z) + scale.abs().ln();
        }
    }
    let largest = logarithms.iter().copied().fold(f64::NEG_INFINITY, larger);
    let sum: f64 = logarithms.iter().map(|logarithm| (logarithm - largest).exp()).sum();
    for (weight, logarithm) in weights.iter_mut().zip(&logarithms) {
        *weight = ((logarithm - largest).exp() / sum) as f32;
    }
    (samples.n_samples as f64).ln() - largest - sum.ln()
}

/// The larger number; NaN where one is NaN.
fn larger(a: f64, b: f64) -> f64 {
    if a >= b || a.is_nan() { a } else { b }
}

/// Add the derivatives of `log q(z) - log p(z)`: along the mean and the scale, through the samples.
pub(super) fn add_prior(
    latents: &Latents<'_>,
    row: usize,
    noise: &[f32],
    weights: &[f32],
    of_latents: &mut [[f64; 2]],
) {
    let dim = of_latents.len();
    let mean = &latents.mean[row * dim..][..dim];
    for (d, [of_mean, of_scale]) in of_latents.iter_mut().enumerate() {
        let scale = latents.scale[d];
        for (sample, &weight) in weights.iter().enumerate() {
            let noise = noise[sample * dim + d];
            let z = f64::from(weight) * f64::from(mean[d] + scale * noise);
            *of_mean += z;
            *of_scale += z * f64::from(noise);
        }
        *of_scale -= 1.0 / f64::from(scale);
    }
}
