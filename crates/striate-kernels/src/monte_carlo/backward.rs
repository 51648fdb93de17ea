//! The gradients of one row, as moments of the slopes over its samples.
//!
//! With the slope `g[s, n]` of the loss along an output, times the weight of its sample, and the noise
//! `e[s, d]`, the sums `G[n] = sum g[s, n]` and `E[d, n] = sum g[s, n] e[s, d]` over samples are all
//! that the gradients need: of the head `G`, of the loadings `mean[d] G + scale[d] E`, of the mean
//! `sum over n of loading G`, of the scale `sum over n of loading E`.

use super::laws::Terms;
use super::panels::BLOCK;
use super::row::{Block, Lanes, Row};
use super::samples::{GROUP, Samples};
use crate::simd::{Kernel, Simd};

/// Gives the average of the loss over the row's samples.
pub(super) struct RowGradients<'a, 'b, T, const O: usize> {
    pub(super) row: Row<'a, T, O>,
    pub(super) samples: Samples<'a>,
    /// Otherwise 0 is given.
    pub(super) wants_loss: bool,
    /// Memory for the moments `[output, dim and one more, neuron]` of a block: `E`, then `G`.
    pub(super) moments: &'a mut [f32],
    /// For each output the row's part of the gradient, `[neuron]`, to be overwritten.
    pub(super) heads: [&'b mut [f32]; O],
    /// Gradient of the loadings, in panels, to be added to.
    pub(super) sums: &'a mut [f32],
    /// Gradients of the mean and the scale, `[dim]`, to be added to.
    pub(super) of_latents: &'a mut [[f64; 2]],
}

impl<T: Terms<O>, const O: usize> Kernel for RowGradients<'_, '_, T, O> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) -> f64 {
        let mut loss = 0.0;
        for index in 0..self.row.n_blocks() {
            let block = self.row.block(index);
            let mut terms = [0.0; BLOCK];
            self.moments.fill(0.0);
            for start in (0..block.count).step_by(S::LANES) {
                let total = self.all_samples(simd, &block.lanes(simd, start));
                // SAFETY: LANES values follow `start` in a block, as `Block::lanes` saw.
                unsafe { simd.store(total, terms.as_mut_ptr().add(start)) };
            }
            if self.wants_loss {
                let n_samples = self.samples.n_samples as f64;
                let terms = terms[..block.count].iter().zip(&block.constants.fixed);
                let terms =
                    terms.map(|(&sum, &fixed)| f64::from(sum) / n_samples + f64::from(fixed));
                loss += terms.sum::<f64>();
            }
            self.finish(simd, index, &block);
        }
        loss
    }
}

impl<T: Terms<O>, const O: usize> RowGradients<'_, '_, T, O> {
    /// Add the moments of some neurons, and give the sum of their losses.
    #[inline(always)]
    fn all_samples<S: Simd>(&mut self, simd: S, lanes: &Lanes<'_, S, O>) -> S::Vector {
        let mut total = simd.splat(0.0);
        let n_grouped = self.samples.n_grouped();
        for sample in (0..n_grouped).step_by(GROUP) {
            total = simd.add(total, self.group::<S, GROUP>(simd, lanes, sample));
        }
        for sample in n_grouped..self.samples.n_samples {
            total = simd.add(total, self.group::<S, 1>(simd, lanes, sample));
        }
        total
    }

    #[inline(always)]
    fn group<S: Simd, const G: usize>(
        &mut self,
        simd: S,
        lanes: &Lanes<'_, S, O>,
        sample: usize,
    ) -> S::Vector {
        let terms = self.row.terms;
        let states = lanes.states::<T, G>(simd, terms, self.samples.z(sample));
        let mut slopes = [[simd.splat(0.0); O]; G];
        for (slopes, state) in slopes.iter_mut().zip(states) {
            *slopes = terms.slopes(simd, &lanes.constants, state);
        }
        let width = self.samples.dim + 1;
        let weighted = &self.samples.weighted(sample).as_chunks::<G>().0[..width];
        for (output, rows) in self.moments.chunks_exact_mut(width * BLOCK).take(O).enumerate() {
            for (row, weights) in rows.as_chunks_mut::<BLOCK>().0.iter_mut().zip(weighted) {
                // SAFETY: LANES values follow `start` in a block, as `Block::lanes` saw.
                unsafe {
                    let place = row.as_mut_ptr().add(lanes.start);
                    let mut moment = simd.load(place);
                    for (slopes, &weight) in slopes.iter().zip(weights) {
                        moment = simd.mul_add(slopes[output], simd.splat(weight), moment);
                    }
                    simd.store(moment, place);
                }
            }
        }
        if self.wants_loss { terms.loss(simd, &lanes.constants, &states) } else { simd.splat(0.0) }
    }

    /// From the moments of a block to its gradients.
    #[inline(always)]
    fn finish<S: Simd>(&mut self, simd: S, index: usize, block: &Block<'_, O>) {
        let dim = self.samples.dim;
        let here = self.row.row * dim..(self.row.row + 1) * dim;
        let latents = &self.row.population.latents;
        let (mean, scale) = (&latents.mean[here], &latents.scale[..dim]);
        let length = O * dim * BLOCK;
        let sums = &mut self.sums[index * length..][..length];
        for output in 0..O {
            let moments = &self.moments[output * (dim + 1) * BLOCK..][..(dim + 1) * BLOCK];
            let (of_noise, of_head) = moments.split_at(dim * BLOCK);
            let head = &mut self.heads[output][block.first..][..block.count];
            head.copy_from_slice(&of_head[..block.count]);
            let of_head = &of_head.as_chunks::<BLOCK>().0[0];
            let rows = output * dim * BLOCK..(output + 1) * dim * BLOCK;
            let loadings = block.panel[rows.clone()].as_chunks::<BLOCK>().0;
            let sums = sums[rows].as_chunks_mut::<BLOCK>().0;
            let of_noise = of_noise.as_chunks::<BLOCK>().0;
            for (d, (loading, sums)) in loadings.iter().zip(sums).enumerate() {
                let moments = [of_head, &of_noise[d]];
                let found = dimension(simd, [mean[d], scale[d]], moments, loading, sums);
                for (of_latent, found) in self.of_latents[d].iter_mut().zip(found) {
                    *of_latent += f64::from(found);
                }
            }
        }
    }
}

/// Add `factors . moments` to `sums`, and give the products of both moments with `loading`.
#[inline(always)]
fn dimension<S: Simd>(
    simd: S,
    factors: [f32; 2],
    moments: [&[f32; BLOCK]; 2],
    loading: &[f32; BLOCK],
    sums: &mut [f32; BLOCK],
) -> [f32; 2] {
    let factors = [simd.splat(factors[0]), simd.splat(factors[1])];
    let mut products = [simd.splat(0.0); 2];
    for start in (0..BLOCK).step_by(S::LANES) {
        // SAFETY: all have BLOCK values, a multiple of LANES.
        unsafe {
            let loading = simd.load(loading.as_ptr().add(start));
            let place = sums.as_mut_ptr().add(start);
            let mut sum = simd.load(place);
            for which in 0..2 {
                let moment = simd.load(moments[which].as_ptr().add(start));
                products[which] = simd.mul_add(loading, moment, products[which]);
                sum = simd.mul_add(factors[which], moment, sum);
            }
            simd.store(sum, place);
        }
    }
    [simd.sum(products[0]), simd.sum(products[1])]
}
