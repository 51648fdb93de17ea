//! Weights of one neuron folded with the mixing kernel, and what both make of each other's gradients.
//!
//! `rows[o, a, d] = sum over j of mixing[o, a, j] weights[o, d - j + J]` says what the neuron makes, in output
//! `o`, of channel `d` in the frame `a - A` later. With the weights between zeros and the kernel's channels
//! in reverse this is a product of matrices whose second factor are overlapping stretches.

use super::MixedWeights;
use crate::product::{Layout, Product, Run};
use crate::scratch::LINE;
use crate::simd::Level;

/// Sizes of one neuron's weights.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taps {
    pub(super) channels: usize,
    pub(super) n_outputs: usize,
    /// Frames of the kernel.
    pub(super) n_frames: usize,
    /// Channels of the kernel.
    pub(super) n_mixed: usize,
}

fn wide(length: usize) -> usize {
    length.next_multiple_of(LINE)
}

impl Taps {
    /// Folded rows of weights.
    pub(super) fn n_rows(&self) -> usize {
        self.n_outputs * self.n_frames
    }

    /// The same as the columns of a factor.
    pub(super) fn wide_rows(&self) -> usize {
        wide(self.n_rows())
    }

    /// Length of one output's weights between zeros, and of what products read beyond.
    pub(super) fn padded(&self) -> usize {
        wide(self.channels + self.n_mixed - 1 + LINE)
    }

    /// Values of the folded weights with what folding needs.
    pub(super) fn folded_len(&self) -> usize {
        let rows = self.n_rows() * wide(self.channels);
        self.n_outputs * self.padded() + rows.max(self.channels * self.wide_rows())
    }

    /// The kernel with its channels in reverse, `[output, frame, channel]`.
    pub(super) fn reversed(&self, mixing: &[f32]) -> Vec<f32> {
        mixing.chunks_exact(self.n_mixed).flat_map(|row| row.iter().rev().copied()).collect()
    }

    /// The same as `[output, channel, frame]`, rows of whole lines.
    pub(super) fn columns_of(&self, mixing: &[f32]) -> Vec<f32> {
        let step = wide(self.n_frames);
        let mut columns = vec![0.0; self.n_outputs * self.n_mixed * step];
        for (index, row) in mixing.chunks_exact(self.n_mixed).enumerate() {
            let (output, frame) = (index / self.n_frames, index % self.n_frames);
            for (j, &value) in row.iter().rev().enumerate() {
                columns[(output * self.n_mixed + j) * step + frame] = value;
            }
        }
        columns
    }

    /// One neuron's weights between zeros, `[output, padded]`.
    pub(super) fn pad(&self, weights: &MixedWeights<'_>, neuron: usize, padded: &mut [f32]) {
        for (weights, padded) in weights.features.iter().zip(padded.chunks_exact_mut(self.padded()))
        {
            let weights = &weights[neuron * self.channels..][..self.channels];
            padded.fill(0.0);
            padded[self.n_mixed / 2..][..self.channels].copy_from_slice(weights);
        }
    }

    /// One neuron's folded weights as `[channel, row]`, after its weights between zeros.
    pub(super) fn fold_columns(
        &self,
        level: Level,
        columns: &[f32],
        weights: &MixedWeights<'_>,
        neuron: usize,
        folded: &mut [f32],
    ) {
        let (padded, folded) = folded.split_at_mut(self.n_outputs * self.padded());
        self.pad(weights, neuron, padded);
        let step = wide(self.n_frames);
        for output in 0..self.n_outputs {
            Product {
                rows: self.channels,
                columns: self.n_frames,
                depth: self.n_mixed,
                runs: &[Run { a: output * self.padded(), b: output * self.n_mixed * step }],
                a: padded,
                layout: Layout::RowsApart(1),
                b: columns,
                b_step: step,
                out: &mut folded[output * self.n_frames..],
                out_step: self.wide_rows(),
                adds: false,
            }
            .compute(level);
        }
    }

    /// Products `[frame, row]` of features, frames `step` apart, with weights of [`Self::fold_columns`].
    pub(super) fn apply(
        &self,
        level: Level,
        folded: &[f32],
        (features, step): (&[f32], usize),
        products: &mut [f32],
    ) {
        Product {
            rows: products.len() / self.wide_rows(),
            columns: self.n_rows(),
            depth: self.channels,
            runs: &[Run { a: 0, b: 0 }],
            a: features,
            layout: Layout::RowsApart(step),
            b: &folded[self.n_outputs * self.padded()..],
            b_step: self.wide_rows(),
            out: products,
            out_step: self.wide_rows(),
            adds: false,
        }
        .compute(level);
    }

    /// Overwrite `found[output, frame]`, neighbours `step` apart, with the sums over the kernel's frames.
    pub(super) fn add_shifted(
        &self,
        products: &[f32],
        n_frames: usize,
        found: &mut [f32],
        step: usize,
    ) {
        let before = self.n_frames / 2;
        for output in 0..self.n_outputs {
            for frame in 0..n_frames {
                let mut sum = 0.0;
                for tap in 0..self.n_frames {
                    let Some(from) = (frame + tap).checked_sub(before) else { continue };
                    if from < n_frames {
                        sum += products[from * self.wide_rows() + output * self.n_frames + tap];
                    }
                }
                found[(output * n_frames + frame) * step] = sum;
            }
        }
    }

    /// One neuron's folded weights as `[row, channel]`, rows of whole lines, from those between zeros.
    pub(super) fn fold_rows(
        &self,
        level: Level,
        reversed: &[f32],
        padded: &[f32],
        rows: &mut [f32],
    ) {
        let step = wide(self.channels);
        for output in 0..self.n_outputs {
            let length = self.n_frames * self.n_mixed;
            Product {
                rows: self.n_frames,
                columns: self.channels,
                depth: self.n_mixed,
                runs: &[Run { a: output * length, b: output * self.padded() }],
                a: reversed,
                layout: Layout::RowsApart(self.n_mixed),
                b: padded,
                b_step: 1,
                out: &mut rows[output * self.n_frames * step..],
                out_step: step,
                adds: false,
            }
            .compute(level);
        }
    }

    /// Weights with which features of one neuron enter the objective: overwrite `found`, frames `step`
    /// apart, with the product of gradients `[frame, row]` and folded rows.
    pub(super) fn weigh(
        &self,
        level: Level,
        gradients: &[f32],
        rows: &[f32],
        (found, step): (&mut [f32], usize),
    ) {
        Product {
            rows: gradients.len() / self.n_rows(),
            columns: self.channels,
            depth: self.n_rows(),
            runs: &[Run { a: 0, b: 0 }],
            a: gradients,
            layout: Layout::RowsApart(self.n_rows()),
            b: rows,
            b_step: wide(self.channels),
            out: found,
            out_step: step,
            adds: false,
        }
        .compute(level);
    }

    /// Gradient of the folded rows between zeros, `[row, padded]`, from gradients `[frame, row]` and
    /// features, frames `step` apart.
    pub(super) fn row_gradients(
        &self,
        level: Level,
        gradients: &[f32],
        (features, step): (&[f32], usize),
        found: &mut [f32],
    ) {
        found.fill(0.0);
        Product {
            rows: self.n_rows(),
            columns: self.channels,
            depth: gradients.len() / self.n_rows(),
            runs: &[Run { a: 0, b: 0 }],
            a: gradients,
            layout: Layout::TermsApart(self.n_rows()),
            b: features,
            b_step: step,
            out: &mut found[self.n_mixed / 2..],
            out_step: self.padded(),
            adds: true,
        }
        .compute(level);
    }

    /// Add what the gradient of the folded rows makes of one output's weights, `[channel]`.
    pub(super) fn add_to_weights(
        &self,
        level: Level,
        (mixing, output): (&[f32], usize),
        of_rows: &[f32],
        out: &mut [f32],
    ) {
        let rows = output * self.n_frames..(output + 1) * self.n_frames;
        let run = |row: usize| Run { a: row * self.n_mixed, b: row * self.padded() };
        let runs: Vec<Run> = rows.map(run).collect();
        Product {
            rows: 1,
            columns: self.channels,
            depth: self.n_mixed,
            runs: &runs,
            a: mixing,
            layout: Layout::RowsApart(self.n_mixed),
            b: of_rows,
            b_step: 1,
            out,
            out_step: self.channels,
            adds: true,
        }
        .compute(level);
    }

    /// Add what the gradient of the folded rows makes of the reversed kernel.
    pub(super) fn add_to_mixing(
        &self,
        level: Level,
        of_rows: &[f32],
        padded: &[f32],
        out: &mut [f32],
    ) {
        for output in 0..self.n_outputs {
            let first = output * self.n_frames * self.padded() + self.n_mixed / 2;
            Product {
                rows: self.n_frames,
                columns: self.n_mixed,
                depth: self.channels,
                runs: &[Run { a: first, b: output * self.padded() }],
                a: of_rows,
                layout: Layout::RowsApart(self.padded()),
                b: padded,
                b_step: 1,
                out: &mut out[output * self.n_frames * self.n_mixed..],
                out_step: self.n_mixed,
                adds: true,
            }
            .compute(level);
        }
    }
}
