//! One row, in blocks of neurons and vectors of them.

use super::laws::{CONSTANTS, Constants, Observed, Terms};
use super::panels::{BLOCK, Panels};
use super::{Population, Responses};
use crate::simd::Simd;

/// One row of a population.
pub(super) struct Row<'a, T, const O: usize> {
    pub(super) terms: &'a T,
    pub(super) population: &'a Population<'a>,
    pub(super) panels: &'a Panels<O>,
    /// Without responses, any.
    pub(super) responses: Option<Responses<'a>>,
    pub(super) row: usize,
}

impl<T, const O: usize> Clone for Row<'_, T, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, const O: usize> Copy for Row<'_, T, O> {}

/// What a block of neurons in one row needs for every sample.
pub(super) struct Block<'a, const O: usize> {
    pub(super) constants: Constants,
    heads: [[f32; BLOCK]; O],
    /// `[output, dim, neuron]`
    pub(super) panel: &'a [f32],
    /// Its neurons among those of the population.
    pub(super) first: usize,
    pub(super) count: usize,
}

/// A vector of a block's neurons.
pub(super) struct Lanes<'a, S: Simd, const O: usize> {
    pub(super) constants: [S::Vector; CONSTANTS],
    heads: [S::Vector; O],
    panel: &'a [f32],
    /// Where it begins in the block.
    pub(super) start: usize,
}

impl<'a, T: Terms<O>, const O: usize> Row<'a, T, O> {
    pub(super) fn n_blocks(&self) -> usize {
        self.population.n_neurons.div_ceil(BLOCK)
    }

    /// One block of the row.
    #[inline(always)]
    pub(super) fn block(&self, block: usize) -> Block<'a, O> {
        let n_neurons = self.population.n_neurons;
        let first = block * BLOCK;
        let count = BLOCK.min(n_neurons - first);
        let here = self.row * n_neurons + first..self.row * n_neurons + first + count;
        let mut observed = Observed { responses: [T::ANY_RESPONSE; BLOCK], counted: [0.0; BLOCK] };
        observed.counted[..count].fill(1.0);
        if let Some(Responses { values, counted }) = self.responses {
            observed.responses[..count].copy_from_slice(&values[here.clone()]);
            if let Some(counted) = counted {
                observed.counted[..count].copy_from_slice(&counted[here.clone()]);
                // What does not count is not looked at: it may be NaN.
                for (y, &counted) in observed.responses.iter_mut().zip(&observed.counted) {
                    *y = if counted == 0.0 { T::ANY_RESPONSE } else { *y };
                }
            }
        }
        let mut constants = Constants::new();
        self.terms.constants(first, &observed, &mut constants);
        let mut heads = [[0.0; BLOCK]; O];
        for (head, from) in heads.iter_mut().zip(self.population.heads) {
            head[..count].copy_from_slice(&from[here.clone()]);
        }
        Block { constants, heads, panel: self.panels.block(block), first, count }
    }
}

impl<const O: usize> Block<'_, O> {
    /// The vector that begins at `start`, a multiple of the lanes.
    #[inline(always)]
    pub(super) fn lanes<S: Simd>(&self, simd: S, start: usize) -> Lanes<'_, S, O> {
        assert!(start + S::LANES <= BLOCK);
        let mut constants = [simd.splat(0.0); CONSTANTS];
        for (vector, row) in constants.iter_mut().zip(&self.constants.rows) {
            // SAFETY: rows have BLOCK values, of which LANES follow `start`.
            *vector = unsafe { simd.load(row.as_ptr().add(start)) };
        }
        let mut heads = [simd.splat(0.0); O];
        for (vector, row) in heads.iter_mut().zip(&self.heads) {
            // SAFETY: as above.
            *vector = unsafe { simd.load(row.as_ptr().add(start)) };
        }
        Lanes { constants, heads, panel: self.panel, start }
    }
}

impl<S: Simd, const O: usize> Lanes<'_, S, O> {
    /// The states of `G` samples, whose `z` come first in `[dim, sample]`.
    #[inline(always)]
    pub(super) fn states<T: Terms<O>, const G: usize>(
        &self,
        simd: S,
        terms: &T,
        z: &[f32],
    ) -> [T::State<S>; G] {
        let dim = self.panel.len() / (O * BLOCK);
        let z = &z.as_chunks::<G>().0[..dim];
        let mut outputs = [self.heads; G];
        for output in 0..O {
            let mut sums = [self.heads[output]; G];
            let rows = &self.panel[output * dim * BLOCK..][..dim * BLOCK];
            for (row, z) in rows.as_chunks::<BLOCK>().0.iter().zip(z) {
                // SAFETY: `start` and LANES more are within a block, as `Block::lanes` saw.
                let loading = unsafe { simd.load(row.as_ptr().add(self.start)) };
                for (sum, &z) in sums.iter_mut().zip(z) {
                    *sum = simd.mul_add(loading, simd.splat(z), *sum);
                }
            }
            for (outputs, sum) in outputs.iter_mut().zip(sums) {
                outputs[output] = sum;
            }
        }
        let mut states = [terms.state(simd, &self.constants, outputs[0]); G];
        for (state, outputs) in states.iter_mut().zip(outputs).skip(1) {
            *state = terms.state(simd, &self.constants, outputs);
        }
        states
    }
}
