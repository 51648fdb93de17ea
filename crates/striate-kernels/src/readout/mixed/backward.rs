//! Gradients of the mixed readout.
//!
//! As in the plain readout, frames are split into some 16 chunks that sum what all frames share. Within a
//! chunk the gradients of all outputs and frames of the kernel are first folded into one row of weights for
//! each neuron and frame, for which the loops of the plain readout find the gradients of features and
//! positions, and read the features once more.

use std::ops::Range;

use rayon::prelude::*;

use super::{MixedReadout, MixedWeights, Taps};
use crate::check::check_length;
use crate::partition::add_rows;
use crate::readout::backward::{CHUNKS, Chunk, cut};
use crate::readout::gradients::n_planes;
use crate::readout::{Arguments, Positions, transpose};
use crate::scratch::{LINE, with_scratch};
use crate::simd::Level;

/// Values that the sums of all chunks may take together: 64 MiB.
const VALUES: usize = 1 << 24;

/// Gradients to be overwritten, in the arguments' shapes; `None` where one is not wanted.
#[derive(Debug, Default)]
pub struct MixedGradients<'a> {
    /// `[frame, height, width, channel]`
    pub features: Option<&'a mut [f32]>,
    /// `[neuron, 2]`
    pub centres: Option<&'a mut [f32]>,
    /// `[neuron, 2, 2]`; 0 without noise.
    pub spread: Option<&'a mut [f32]>,
    /// `[frame, 2]`
    pub shift: Option<&'a mut [f32]>,
    /// For each output `[neuron, channel]`; empty where none is wanted.
    pub weights: Vec<Option<&'a mut [f32]>>,
    /// `[output, frame, channel]`
    pub mixing: Option<&'a mut [f32]>,
}

impl MixedGradients<'_> {
    /// Whether anything but the features is wanted.
    fn of_neurons(&self) -> bool {
        let Self { centres, spread, shift, mixing, weights, .. } = self;
        let others = [centres, spread, shift, mixing].into_iter();
        others.chain(weights).any(Option::is_some)
    }
}

/// What the tasks of a backward pass share.
pub(super) struct Backward<'a> {
    pub(super) of: &'a MixedReadout,
    pub(super) taps: Taps,
    pub(super) arguments: &'a Arguments<'a>,
    pub(super) weights: &'a MixedWeights<'a>,
    /// The kernel with its channels in reverse.
    pub(super) reversed: Vec<f32>,
    /// Of the output.
    pub(super) gradient: &'a [f32],
    pub(super) of_neurons: bool,
    has_noise: bool,
}

/// Neurons whose sums are held at a time.
pub(super) struct Block {
    pub(super) neurons: Range<usize>,
    /// Values of one chunk: for each output `[neuron, channel]`, the planes of positions, the kernel.
    pub(super) parts: [usize; 3],
}

impl Block {
    fn step(&self) -> usize {
        self.parts.iter().sum::<usize>().max(1).next_multiple_of(LINE)
    }
}

impl MixedReadout {
    /// Overwrite the gradients that are wanted, from that of the output; see
    /// [`super::BilinearReadout::backward`] for those of positions.
    ///
    /// # Panics
    /// As [`Self::forward`].
    pub fn backward(
        &self,
        features: &[f32],
        positions: &Positions<'_>,
        weights: &MixedWeights<'_>,
        gradient: &[f32],
        mut gradients: MixedGradients<'_>,
    ) {
        self.check(features, positions, weights);
        let (n_frames, n_neurons) = (self.readout.n_frames, self.readout.n_neurons);
        check_length("gradient", gradient.len(), &[self.n_outputs, n_frames, n_neurons]);
        self.check_gradients(&gradients, features.len());
        let level = Level::active();
        positions.with_planes(|planes| {
            let arguments = &Arguments { level, features, positions, planes, weights: &[] };
            let task = Backward {
                of: self,
                taps: self.taps(),
                arguments,
                weights,
                reversed: self.taps().reversed(weights.mixing),
                gradient,
                of_neurons: gradients.of_neurons(),
                has_noise: positions.has_noise(),
            };
            let mut of_mixing = vec![0.0; task.reversed.len()];
            for block in task.blocks() {
                task.add_block(&block, &mut gradients, &mut of_mixing);
            }
            if let Some(mixing) = &mut gradients.mixing {
                mixing.copy_from_slice(&self.taps().reversed(&of_mixing));
            }
        });
    }

    fn check_gradients(&self, gradients: &MixedGradients<'_>, n_features: usize) {
        let check = |what, slice: &Option<&mut [f32]>, shape: &[usize]| {
            if let Some(slice) = slice {
                check_length(what, slice.len(), shape);
            }
        };
        let (n_frames, n_neurons) = (self.readout.n_frames, self.readout.n_neurons);
        check("feature gradient", &gradients.features, &[n_features]);
        check("centre gradient", &gradients.centres, &[n_neurons, 2]);
        check("spread gradient", &gradients.spread, &[n_neurons, 2, 2]);
        check("shift gradient", &gradients.shift, &[n_frames, 2]);
        let [frames, mixed] = self.mixing;
        check("mixing gradient", &gradients.mixing, &[self.n_outputs, frames, mixed]);
        assert!(gradients.weights.is_empty() || gradients.weights.len() == self.n_outputs);
        for weights in &gradients.weights {
            check("weight gradient", weights, &[n_neurons, self.readout.channels]);
        }
    }
}

impl Backward<'_> {
    /// All neurons in blocks; one even without neurons, for gradients of frames to be overwritten.
    fn blocks(&self) -> Vec<Block> {
        let (channels, n_neurons) = (self.of.readout.channels, self.of.readout.n_neurons);
        let factor = usize::from(self.of_neurons);
        let of_weights = factor * self.of.n_outputs * channels;
        let of_planes = factor * n_planes(self.has_noise);
        let of_mixing = factor * self.reversed.len();
        let most = (VALUES / (CHUNKS * (of_weights + of_planes).max(1))).max(1);
        let n_blocks = n_neurons.div_ceil(most).max(1);
        let start = |block: usize| n_neurons * block / n_blocks;
        let block = |neurons: Range<usize>| {
            let n = neurons.len();
            Block { neurons, parts: [n * of_weights, n * of_planes, of_mixing] }
        };
        (0..n_blocks).map(|index| block(start(index)..start(index + 1))).collect()
    }

    fn add_block(&self, block: &Block, gradients: &mut MixedGradients<'_>, of_mixing: &mut [f32]) {
        let readout = &self.of.readout;
        let (per_chunk, step) = (readout.frames_per_chunk(), block.step());
        let n_chunks = readout.n_frames.div_ceil(per_chunk);
        with_scratch(n_chunks * step, |sums| {
            let chunks = self.chunks(gradients).into_par_iter();
            chunks.zip(sums.par_chunks_exact_mut(step)).for_each(|(chunk, sums)| {
                self.sum_chunk(block, chunk, &mut sums[..block.parts.iter().sum()]);
            });
            self.add_up(sums, block, gradients, of_mixing);
        });
    }

    /// Cut what belongs to single frames.
    fn chunks<'g>(&self, gradients: &'g mut MixedGradients<'_>) -> Vec<Chunk<'g>> {
        let readout = &self.of.readout;
        let n_frames = readout.frames_per_chunk();
        let mut shift = cut(gradients.shift.as_deref_mut(), n_frames * 2);
        let mut features = cut(gradients.features.as_deref_mut(), n_frames * readout.map().len());
        let chunk = |start: usize| Chunk {
            frames: start..readout.n_frames.min(start + n_frames),
            features: features.as_mut().and_then(Iterator::next),
            shift: shift.as_mut().and_then(Iterator::next),
        };
        (0..readout.n_frames).step_by(n_frames).map(chunk).collect()
    }

    /// Hand the sums of all chunks, one after another in `sums`, to whoever wants them.
    fn add_up(
        &self,
        sums: &[f32],
        block: &Block,
        gradients: &mut MixedGradients<'_>,
        of_mixing: &mut [f32],
    ) {
        let (Range { start, end }, n) = (block.neurons.clone(), block.neurons.len());
        let (channels, step) = (self.taps.channels, block.step());
        for (output, weights) in gradients.weights.iter_mut().enumerate() {
            if let Some(weights) = weights {
                let first = (output * n * channels).min(sums.len());
                add_rows(&sums[first..], step, &mut weights[start * channels..end * channels]);
            }
        }
        let plane = |first: usize| sums.get(block.parts[0] + first * n..).unwrap_or_default();
        let interleave = |out: &mut [f32], n_entries: usize, first: usize| {
            with_scratch(n_entries * n, |sum| {
                add_rows(plane(first), step, sum);
                // `transpose` needs a row.
                if n > 0 {
                    transpose(sum, n, out);
                }
            });
        };
        if let Some(centres) = &mut gradients.centres {
            interleave(&mut centres[2 * start..2 * end], 2, 1);
        }
        match &mut gradients.spread {
            Some(spread) if self.has_noise => interleave(&mut spread[4 * start..4 * end], 4, 3),
            Some(spread) => spread.fill(0.0),
            None => {}
        }
        if block.parts[2] > 0 {
            let mut found = vec![0.0; of_mixing.len()];
            let first = (block.parts[0] + block.parts[1]).min(sums.len());
            add_rows(&sums[first..], step, &mut found);
            of_mixing.iter_mut().zip(found).for_each(|(sum, more)| *sum += more);
        }
    }
}
