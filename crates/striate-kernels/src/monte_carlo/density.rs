//! What is averaged over samples without gradients: means, densities, and weights of samples.

use rayon::prelude::*;

use super::importance::LogWeights;
use super::laws::Terms;
use super::panels::Panels;
use super::row::{Lanes, Row};
use super::samples::{GROUP, Samples, draw};
use super::{Population, Responses};
use crate::scratch::with_scratch;
use crate::simd::{Kernel, Level, Simd, exp_nonpositive, ln};

/// See [`Population::means`].
pub(super) fn means<T: Terms<O>, const O: usize>(
    terms: &T,
    population: &Population<'_>,
    out: &mut [f32],
) {
    each_row(terms, population, None, out, population.n_neurons, |level, row, samples, out| {
        level.run(Averages::<T, Means, O> { row, samples, out, of: Means });
    });
}

/// See [`Population::log_densities`].
pub(super) fn log_densities<T: Terms<O>, const O: usize>(
    terms: &T,
    population: &Population<'_>,
    responses: Responses<'_>,
    out: &mut [f32],
) {
    let responses = Some(responses);
    each_row(
        terms,
        population,
        responses,
        out,
        population.n_neurons,
        |level, row, samples, out| {
            level.run(Averages::<T, LogDensities, O> { row, samples, out, of: LogDensities });
        },
    );
}

/// See [`Population::row_log_weights`].
pub(super) fn row_log_weights<T: Terms<O>, const O: usize>(
    terms: &T,
    population: &Population<'_>,
    responses: Responses<'_>,
    out: &mut [f64],
) {
    let (responses, n_samples) = (Some(responses), population.latents.n_samples);
    each_row(terms, population, responses, out, n_samples, |level, row, samples, out| {
        level.run(LogWeights { row, samples, out });
    });
}

/// Give every row with its samples and its `length` values of `out` to `task`.
fn each_row<T: Terms<O>, V: Send, const O: usize>(
    terms: &T,
    population: &Population<'_>,
    responses: Option<Responses<'_>>,
    out: &mut [V],
    length: usize,
    task: impl Fn(Level, Row<'_, T, O>, Samples<'_>, &mut [V]) + Sync,
) {
    let panels = Panels::<O>::of(population);
    let (level, latents, dim) = (Level::active(), &population.latents, panels.dim);
    out.par_chunks_mut(length.max(1)).enumerate().for_each(|(index, out)| {
        let n_values = latents.n_samples * dim;
        with_scratch(2 * n_values, |scratch| {
            let (noise, z) = scratch.split_at_mut(n_values);
            draw(latents, index, noise, z);
            let row = Row { terms, population, panels: &panels, responses, row: index };
            let samples = Samples { n_samples: latents.n_samples, dim, z, weighted: &[] };
            task(level, row, samples, out);
        });
    });
}

/// What is averaged.
trait Average {
    /// What is known of some of the samples: two vectors.
    fn add<S: Simd, T: Terms<O>, const O: usize, const G: usize>(
        &self,
        simd: S,
        terms: &T,
        lanes: &Lanes<'_, S, O>,
        states: [T::State<S>; G],
        so_far: [S::Vector; 2],
    ) -> [S::Vector; 2];

    /// Before the first sample.
    fn start<S: Simd>(&self, simd: S) -> [S::Vector; 2];

    /// After the last sample; `fixed` is the fixed part of the loss.
    fn finish<S: Simd>(
        &self,
        simd: S,
        n_samples: usize,
        fixed: S::Vector,
        all: [S::Vector; 2],
    ) -> S::Vector;
}

/// Of mean responses: their sum.
struct Means;

impl Average for Means {
    #[inline(always)]
    fn add<S: Simd, T: Terms<O>, const O: usize, const G: usize>(
        &self,
        simd: S,
        terms: &T,
        lanes: &Lanes<'_, S, O>,
        states: [T::State<S>; G],
        [mut sum, other]: [S::Vector; 2],
    ) -> [S::Vector; 2] {
        for state in states {
            sum = simd.add(sum, terms.mean(simd, &lanes.constants, state));
        }
        [sum, other]
    }

    #[inline(always)]
    fn start<S: Simd>(&self, simd: S) -> [S::Vector; 2] {
        [simd.splat(0.0); 2]
    }

    #[inline(always)]
    fn finish<S: Simd>(
        &self,
        simd: S,
        n_samples: usize,
        _: S::Vector,
        [sum, _]: [S::Vector; 2],
    ) -> S::Vector {
        simd.div(sum, simd.splat(n_samples as f32))
    }
}

/// Of densities: the largest logarithm so far, and the sum of all relative to it.
struct LogDensities;

impl Average for LogDensities {
    #[inline(always)]
    fn add<S: Simd, T: Terms<O>, const O: usize, const G: usize>(
        &self,
        simd: S,
        terms: &T,
        lanes: &Lanes<'_, S, O>,
        states: [T::State<S>; G],
        [least, mut sum]: [S::Vector; 2],
    ) -> [S::Vector; 2] {
        let mut losses = [least; G];
        let mut now = least;
        for (loss, state) in losses.iter_mut().zip(states) {
            *loss = terms.loss(simd, &lanes.constants, &[state]);
            // NaN comes second, so that it stays; see `exp_nonpositive`.
            now = simd.min(now, *loss);
        }
        sum = simd.mul(sum, exp_nonpositive(simd, simd.sub(now, least)));
        for loss in losses {
            sum = simd.add(sum, exp_nonpositive(simd, simd.sub(now, loss)));
        }
        [now, sum]
    }

    #[inline(always)]
    fn start<S: Simd>(&self, simd: S) -> [S::Vector; 2] {
        [simd.splat(f32::MAX), simd.splat(0.0)]
    }

    #[inline(always)]
    fn finish<S: Simd>(
        &self,
        simd: S,
        n_samples: usize,
        fixed: S::Vector,
        [least, sum]: [S::Vector; 2],
    ) -> S::Vector {
        let average = ln(simd, simd.div(sum, simd.splat(n_samples as f32)));
        // The logarithm forgets NaN.
        let nan = simd.mul(simd.splat(0.0), sum);
        simd.sub(simd.sub(simd.add(average, nan), least), fixed)
    }
}

/// Averages over the samples of a row, for each of its neurons.
struct Averages<'a, T, A, const O: usize> {
    row: Row<'a, T, O>,
    samples: Samples<'a>,
    out: &'a mut [f32],
    of: A,
}

impl<T: Terms<O>, A: Average, const O: usize> Kernel for Averages<'_, T, A, O> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (terms, n_samples) = (self.row.terms, self.samples.n_samples);
        let n_grouped = self.samples.n_grouped();
        for index in 0..self.row.n_blocks() {
            let block = self.row.block(index);
            for start in (0..block.count).step_by(S::LANES) {
                let lanes = block.lanes(simd, start);
                let mut all = self.of.start(simd);
                for sample in (0..n_grouped).step_by(GROUP) {
                    let states = lanes.states::<T, GROUP>(simd, terms, self.samples.z(sample));
                    all = self.of.add(simd, terms, &lanes, states, all);
                }
                for sample in n_grouped..n_samples {
                    let states = lanes.states::<T, 1>(simd, terms, self.samples.z(sample));
                    all = self.of.add(simd, terms, &lanes, states, all);
                }
                let count = S::LANES.min(block.count - start);
                // SAFETY: LANES values follow `start` in a block, as `Block::lanes` saw; the neurons
                // of the block lie within the row.
                unsafe {
                    let fixed = simd.load(block.constants.fixed.as_ptr().add(start));
                    let result = self.of.finish(simd, n_samples, fixed, all);
                    let out = self.out[block.first + start..][..count].as_mut_ptr();
                    simd.store_first(result, out, count);
                }
            }
        }
    }
}
