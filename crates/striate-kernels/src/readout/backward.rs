//! Gradients of the readout.
//!
//! Frames are split into some 16 chunks, whatever the number of threads. A chunk writes the gradients
//! of its own frames, and sums what all frames share (weights, bias, centres, spread) in memory of
//! its own; these sums are added in order. Neurons are taken in blocks, one after another, so that
//! this memory has a bound.

use std::ops::Range;

use rayon::prelude::*;

use super::gradients::{FrameGradients, n_planes};
use super::{Arguments, BilinearReadout, Positions, transpose};
use crate::check::check_length;
use crate::partition::add_rows;
use crate::scratch::{LINE, with_scratch};
use crate::simd::Level;

/// Chunks of frames.
pub(super) const CHUNKS: usize = 16;
/// Values that the sums of all chunks may take together: 64 MiB.
const VALUES: usize = 1 << 24;

/// Gradients of the readout's arguments to be overwritten, in the arguments' shapes; `None` where one
/// is not wanted.
#[derive(Debug, Default)]
pub struct ReadoutGradients<'a> {
    /// `[frame, height, width, channel]`
    pub features: Option<&'a mut [f32]>,
    /// `[neuron, 2]`
    pub centres: Option<&'a mut [f32]>,
    /// `[neuron, 2, 2]`; 0 without noise.
    pub spread: Option<&'a mut [f32]>,
    /// `[frame, 2]`
    pub shift: Option<&'a mut [f32]>,
    /// `[neuron, channel]`
    pub weights: Option<&'a mut [f32]>,
    /// `[neuron]`
    pub bias: Option<&'a mut [f32]>,
}

impl ReadoutGradients<'_> {
    /// Whether anything but the features is wanted.
    fn of_neurons(&self) -> bool {
        let Self { centres, spread, shift, weights, bias, .. } = self;
        [centres, spread, shift, weights, bias].into_iter().any(Option::is_some)
    }
}

/// Some frames, and their own gradients.
pub(super) struct Chunk<'a> {
    pub(super) frames: Range<usize>,
    pub(super) features: Option<&'a mut [f32]>,
    pub(super) shift: Option<&'a mut [f32]>,
}

impl BilinearReadout {
    /// Overwrite the gradients that are wanted, from that of the output. At a pixel's centre, where
    /// the slope along an axis jumps, a position's gradient is the one towards larger coordinates;
    /// where a position is kept from leaving [-1, 1], centre and spread get none.
    ///
    /// # Panics
    /// As [`Self::forward`].
    pub fn backward(
        &self,
        features: &[f32],
        positions: &Positions<'_>,
        weights: &[f32],
        gradient: &[f32],
        mut gradients: ReadoutGradients<'_>,
    ) {
        self.check(features, positions, weights);
        check_length("gradient", gradient.len(), &[self.n_frames, self.n_neurons]);
        self.check_gradients(&gradients, features.len());
        let level = Level::active();
        positions.with_planes(|planes| {
            let arguments = Arguments { level, features, positions, planes, weights };
            for block in self.blocks(gradients.of_neurons(), positions) {
                self.add_block(&arguments, gradient, &block, &mut gradients);
            }
        });
    }

    /// All neurons in blocks; one even without neurons, for gradients of frames to be overwritten.
    fn blocks(&self, of_neurons: bool, positions: &Positions<'_>) -> Vec<Block> {
        let n_channels = if of_neurons { self.channels } else { 0 };
        let n_planes = if of_neurons { n_planes(positions.has_noise()) } else { 0 };
        let most = (VALUES / (CHUNKS * (n_channels + n_planes).max(1))).max(1);
        let n_blocks = self.n_neurons.div_ceil(most).max(1);
        let start = |block: usize| self.n_neurons * block / n_blocks;
        let neurons = (0..n_blocks).map(|block| start(block)..start(block + 1));
        neurons.map(|neurons| Block { neurons, n_channels, n_planes }).collect()
    }

    fn check_gradients(&self, gradients: &ReadoutGradients<'_>, n_features: usize) {
        let check = |what, slice: &Option<&mut [f32]>, shape: &[usize]| {
            if let Some(slice) = slice {
                check_length(what, slice.len(), shape);
            }
        };
        check("feature gradient", &gradients.features, &[n_features]);
        check("centre gradient", &gradients.centres, &[self.n_neurons, 2]);
        check("spread gradient", &gradients.spread, &[self.n_neurons, 2, 2]);
        check("shift gradient", &gradients.shift, &[self.n_frames, 2]);
        check("weight gradient", &gradients.weights, &[self.n_neurons, self.channels]);
        check("bias gradient", &gradients.bias, &[self.n_neurons]);
    }

    /// The gradients of a block of neurons.
    fn add_block(
        &self,
        arguments: &Arguments<'_>,
        gradient: &[f32],
        block: &Block,
        gradients: &mut ReadoutGradients<'_>,
    ) {
        let n_chunks = self.n_frames.div_ceil(self.frames_per_chunk());
        with_scratch(n_chunks * block.step(), |sums| {
            let chunks = self.chunks(gradients).into_par_iter();
            chunks.zip(sums.par_chunks_exact_mut(block.step())).for_each(|(chunk, sums)| {
                self.sum_chunk(arguments, gradient, block, chunk, &mut sums[..block.n_sums()]);
            });
            self.add_up(sums, block, gradients);
        });
    }

    pub(super) fn frames_per_chunk(&self) -> usize {
        self.n_frames.div_ceil(CHUNKS).max(1)
    }

    /// Cut what belongs to single frames.
    fn chunks<'a>(&self, gradients: &'a mut ReadoutGradients<'_>) -> Vec<Chunk<'a>> {
        let n_frames = self.frames_per_chunk();
        let starts = (0..self.n_frames).step_by(n_frames);
        let mut shift = cut(gradients.shift.as_deref_mut(), n_frames * 2);
        let mut features = cut(gradients.features.as_deref_mut(), n_frames * self.map().len());
        let chunk = |start: usize| Chunk {
            frames: start..self.n_frames.min(start + n_frames),
            features: features.as_mut().and_then(Iterator::next),
            shift: shift.as_mut().and_then(Iterator::next),
        };
        starts.map(chunk).collect()
    }

    /// The gradients of some frames for some neurons.
    fn sum_chunk(
        &self,
        arguments: &Arguments<'_>,
        gradient: &[f32],
        block: &Block,
        mut chunk: Chunk<'_>,
        sums: &mut [f32],
    ) {
        let neurons = &block.neurons;
        let is_first = neurons.start == 0;
        let length = self.map().len();
        let (of_weights, of_planes) = sums.split_at_mut(block.n_weights());
        of_weights.fill(0.0);
        of_planes.fill(0.0);
        for (index, frame) in chunk.frames.enumerate() {
            let of_features = chunk.features.as_deref_mut();
            let of_features = of_features.map(|all| &mut all[index * length..][..length]);
            let frame_gradients = FrameGradients {
                frame: self.frame(arguments, frame, neurons),
                gradient: &gradient[frame * self.n_neurons + neurons.start..][..neurons.len()],
                of_features: of_features.unwrap_or_default(),
                of_weights: &mut *of_weights,
                of_planes: &mut *of_planes,
            };
            if is_first {
                frame_gradients.of_features.fill(0.0);
            }
            let of_shift = frame_gradients.run(arguments.level);
            if let Some(shift) = &mut chunk.shift {
                for (sum, more) in shift[2 * index..][..2].iter_mut().zip(of_shift) {
                    *sum = if is_first { more as f32 } else { *sum + more as f32 };
                }
            }
        }
    }

    /// Hand the sums of all chunks, one after another in `sums`, to whoever wants them.
    fn add_up(&self, sums: &[f32], block: &Block, gradients: &mut ReadoutGradients<'_>) {
        let Range { start, end } = block.neurons;
        let n = block.neurons.len();
        if let Some(weights) = &mut gradients.weights {
            add_rows(sums, block.step(), &mut weights[start * self.channels..end * self.channels]);
        }
        let planes = |first: usize| sums.get(block.n_weights() + first * n..).unwrap_or_default();
        if let Some(bias) = &mut gradients.bias {
            add_rows(planes(0), block.step(), &mut bias[start..end]);
        }
        let interleave = |out: &mut [f32], n_entries: usize, first: usize| {
            if n == 0 {
                return;
            }
            with_scratch(n_entries * n, |sum| {
                add_rows(planes(first), block.step(), sum);
                transpose(sum, n, out);
            });
        };
        if let Some(centres) = &mut gradients.centres {
            interleave(&mut centres[2 * start..2 * end], 2, 1);
        }
        match &mut gradients.spread {
            Some(spread) if block.n_planes == n_planes(true) => {
                interleave(&mut spread[4 * start..4 * end], 4, 3);
            }
            Some(spread) => spread.fill(0.0),
            None => {}
        }
    }
}

/// Neurons that are taken together, and what is summed for them over frames.
struct Block {
    neurons: Range<usize>,
    /// Sums of products with features, for each neuron; the others are one plane each.
    n_channels: usize,
    n_planes: usize,
}

impl Block {
    fn n_weights(&self) -> usize {
        self.neurons.len() * self.n_channels
    }

    fn n_sums(&self) -> usize {
        self.n_weights() + self.neurons.len() * self.n_planes
    }

    /// From one chunk's sums to the next one's: whole cache lines, and at least one, so that every
    /// chunk has its slice.
    fn step(&self) -> usize {
        self.n_sums().max(1).next_multiple_of(LINE)
    }
}

pub(super) fn cut(
    slice: Option<&mut [f32]>,
    length: usize,
) -> Option<std::slice::ChunksMut<'_, f32>> {
    slice.map(|slice| slice.chunks_mut(length.max(1)))
}
