//! Gradients of some frames for a block of neurons.

use std::ops::Range;

use super::backward::{Backward, Block};
use crate::readout::backward::Chunk;
use crate::readout::gradients::FrameGradients;
use crate::scratch::with_scratch;

impl Backward<'_> {
    /// Overwrite the sums of a block's neurons, and the chunk's own gradients; those of the first block, to which
    /// others add.
    pub(super) fn sum_chunk(&self, block: &Block, mut chunk: Chunk<'_>, sums: &mut [f32]) {
        sums.fill(0.0);
        if block.neurons.start == 0 {
            // Others add to what the first block wrote.
            chunk.features.iter_mut().for_each(|features| features.fill(0.0));
            chunk.shift.iter_mut().for_each(|shift| shift.fill(0.0));
        }
        let together = self.of.neurons_together(chunk.frames.len());
        let n_frames = chunk.frames.len();
        for start in block.neurons.clone().step_by(together) {
            let neurons = start..block.neurons.end.min(start + together);
            let step = self.of.step(neurons.len());
            // Where nothing is wanted of neurons, their features are not read.
            let n_features = if self.of_neurons { n_frames * step } else { 0 };
            with_scratch(n_frames * step + n_features, |scratch| {
                let (weights, features) = scratch.split_at_mut(n_frames * step);
                self.weigh(&neurons, &chunk.frames, (weights, step));
                self.add_frames(block, &neurons, &mut chunk, (weights, features, step), sums);
                if self.of_neurons {
                    self.add_neurons(block, &neurons, &chunk.frames, (features, step), sums);
                }
            });
        }
    }

    /// Gradients of a neuron's products, `[frame, row]`, in some frames: each number that was read is a sum of
    /// one product from each frame around it.
    fn of_products(&self, neuron: usize, frames: &Range<usize>, found: &mut [f32]) {
        let (n_frames, n_neurons) = (self.of.readout.n_frames, self.of.readout.n_neurons);
        let (per_clip, taps) = (self.of.frames_per_clip(), &self.taps);
        let before = taps.n_frames / 2;
        found.fill(0.0);
        for to in frames.start.saturating_sub(before)..(frames.end + before).min(n_frames) {
            let clip = to / per_clip * per_clip;
            let first = to.saturating_sub(before).max(clip).max(frames.start);
            let end = (to + before + 1).min(clip + per_clip).min(frames.end);
            for output in 0..taps.n_outputs {
                let gradient = self.gradient[(output * n_frames + to) * n_neurons + neuron];
                for frame in first..end {
                    let row = output * taps.n_frames + frame + before - to;
                    found[(frame - frames.start) * taps.n_rows() + row] = gradient;
                }
            }
        }
    }

    /// Overwrite the weights with which each neuron's features enter the objective in each frame.
    fn weigh(
        &self,
        neurons: &Range<usize>,
        frames: &Range<usize>,
        (weights, step): (&mut [f32], usize),
    ) {
        let (taps, level) = (&self.taps, self.arguments.level);
        let n_products = frames.len() * taps.n_rows();
        with_scratch(taps.folded_len() + n_products, |scratch| {
            let (products, folded) = scratch.split_at_mut(n_products);
            let (padded, rows) = folded.split_at_mut(taps.n_outputs * taps.padded());
            for (index, neuron) in neurons.clone().enumerate() {
                self.of_products(neuron, frames, products);
                taps.pad(self.weights, neuron, padded);
                taps.fold_rows(level, &self.reversed, padded, rows);
                let weights = &mut weights[index * taps.channels..];
                taps.weigh(level, products, rows, (weights, step));
            }
        });
    }

    /// Add the gradients of features and positions, and read the neurons' features.
    fn add_frames(
        &self,
        block: &Block,
        neurons: &Range<usize>,
        chunk: &mut Chunk<'_>,
        (weights, features, step): (&[f32], &mut [f32], usize),
        sums: &mut [f32],
    ) {
        let (n, length) = (neurons.len(), self.of.readout.map().len());
        let n_values = n * self.taps.channels;
        let ones = vec![1.0; n];
        let n_planes = block.parts[1] / block.neurons.len().max(1);
        let mut of_planes = vec![0.0; n_planes * n];
        features.fill(0.0);
        let mut read = features.chunks_exact_mut(step);
        for (index, frame) in chunk.frames.clone().enumerate() {
            let of_features = chunk.features.as_deref_mut();
            let of_features = of_features.map(|all| &mut all[index * length..][..length]);
            let weights = &weights[index * step..][..n_values];
            let of_shift = FrameGradients {
                frame: self.of.readout.frame_at(self.arguments, frame, neurons.start, weights),
                gradient: &ones,
                of_features: of_features.unwrap_or_default(),
                of_weights: read.next().map_or(&mut [], |read| &mut read[..n_values]),
                of_planes: &mut of_planes,
            }
            .run(self.arguments.level);
            if let Some(shift) = &mut chunk.shift {
                for (sum, more) in shift[2 * index..][..2].iter_mut().zip(of_shift) {
                    *sum += more as f32;
                }
            }
        }
        let to = &mut sums[block.parts[0]..][..block.parts[1]];
        let first = neurons.start - block.neurons.start;
        let planes = to.chunks_exact_mut(block.neurons.len().max(1));
        for (to, plane) in planes.zip(of_planes.chunks_exact(n.max(1))) {
            to[first..first + n].copy_from_slice(plane);
        }
    }

    /// Add the gradients of weights and kernel.
    fn add_neurons(
        &self,
        block: &Block,
        neurons: &Range<usize>,
        frames: &Range<usize>,
        (features, step): (&[f32], usize),
        sums: &mut [f32],
    ) {
        let (taps, level) = (&self.taps, self.arguments.level);
        let (channels, n_products) = (taps.channels, frames.len() * taps.n_rows());
        let (of_weights, others) = sums.split_at_mut(block.parts[0]);
        let of_mixing = &mut others[block.parts[1]..];
        let sizes = [n_products, taps.n_outputs * taps.padded(), taps.n_rows() * taps.padded()];
        with_scratch(sizes.iter().sum(), |scratch| {
            let (products, rest) = scratch.split_at_mut(sizes[0]);
            let (padded, of_rows) = rest.split_at_mut(sizes[1]);
            for (index, neuron) in neurons.clone().enumerate() {
                self.of_products(neuron, frames, products);
                taps.pad(self.weights, neuron, padded);
                let features = &features[index * channels..];
                taps.row_gradients(level, products, (features, step), of_rows);
                for output in 0..taps.n_outputs {
                    let of_block = output * block.neurons.len() + neuron - block.neurons.start;
                    let out = &mut of_weights[of_block * channels..][..channels];
                    taps.add_to_weights(level, (self.weights.mixing, output), of_rows, out);
                }
                taps.add_to_mixing(level, of_rows, padded, of_mixing);
            }
        });
    }
}
