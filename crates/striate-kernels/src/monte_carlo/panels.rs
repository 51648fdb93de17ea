//! Loadings in the order in which they are read, padded to whole blocks of neurons.

use rayon::prelude::*;

use super::Population;

/// Neurons at a time: a multiple of the lanes of every level. What belongs to them fits the nearest
/// memory, together with the samples of a row.
pub(super) const BLOCK: usize = 64;

/// `[block, output, dim, neuron]`, of which 64 make a block.
pub(super) struct Panels<const O: usize> {
    pub(super) dim: usize,
    pub(super) values: Vec<f32>,
}

impl<const O: usize> Panels<O> {
    pub(super) fn of(population: &Population<'_>) -> Self {
        let (n_neurons, dim) = (population.n_neurons, population.dim());
        let mut values = vec![0.0; n_neurons.div_ceil(BLOCK) * O * dim * BLOCK];
        let panels = values.par_chunks_exact_mut((O * dim * BLOCK).max(1));
        panels.enumerate().for_each(|(block, panel)| {
            let first = block * BLOCK;
            let n = BLOCK.min(n_neurons - first);
            for (row, to) in panel.chunks_exact_mut(BLOCK).enumerate() {
                let start = row % dim * n_neurons + first;
                to[..n].copy_from_slice(&population.loadings[row / dim][start..start + n]);
            }
        });
        Self { dim, values }
    }

    /// `[output, dim, neuron]`
    pub(super) fn block(&self, block: usize) -> &[f32] {
        let length = O * self.dim * BLOCK;
        &self.values[block * length..][..length]
    }
}

/// Overwrite `out`, one `[dim, neuron]` for each output, with what lies in panels.
pub(super) fn unpack<const O: usize>(panels: &[f32], n_neurons: usize, out: [&mut [f32]; O]) {
    let dim = out[0].len() / n_neurons.max(1);
    for (output, out) in out.into_iter().enumerate() {
        out.par_chunks_mut(n_neurons.max(1)).enumerate().for_each(|(d, row)| {
            for (block, to) in row.chunks_mut(BLOCK).enumerate() {
                let start = ((block * O + output) * dim + d) * BLOCK;
                to.copy_from_slice(&panels[start..start + to.len()]);
            }
        });
    }
}
