//! Gradients of the readout.
//!
//! Frames are split into some 16 chunks, whatever the number of threads. A chunk writes the gradients
//! of its own frames, and sums what all frames share (weights, bias, shared positions) in memory of
//! its own; these sums are added in order. Neurons are taken in blocks, one after another, so that
//! this memory has a bound.

use std::ops::Range;

use rayon::prelude::*;

use super::BilinearReadout;
use super::loops::FrameGradients;
use crate::check::check_length;
use crate::partition::add_rows;
use crate::scratch::with_scratch;
use crate::simd::Level;

/// Chunks of frames.
const CHUNKS: usize = 16;
/// Values that the sums of all chunks may take together: 64 MiB.
const VALUES: usize = 1 << 24;

/// Gradients of the readout's arguments to be overwritten, in the arguments' shapes; `None` where one
/// is not wanted.
#[derive(Debug, Default)]
pub struct ReadoutGradients<'a> {
    /// `[frame, height, width, channel]`
    pub features: Option<&'a mut [f32]>,
    /// `[frame, neuron, 2]` or `[1, neuron, 2]`
    pub positions: Option<&'a mut [f32]>,
    /// `[neuron, channel]`
    pub weights: Option<&'a mut [f32]>,
    /// `[neuron]`
    pub bias: Option<&'a mut [f32]>,
}

/// The arguments of the readout.
#[derive(Clone, Copy)]
struct Arguments<'a> {
    features: &'a [f32],
    positions: &'a [f32],
    weights: &'a [f32],
    gradient: &'a [f32],
}

/// Some frames, and their own gradients.
struct Chunk<'a> {
    frames: Range<usize>,
    features: Option<&'a mut [f32]>,
    /// Only where positions are per frame.
    positions: Option<&'a mut [f32]>,
}

/// Sums over frames for a block of neurons.
struct Sums<'a> {
    weights: &'a mut [f32],
    bias: &'a mut [f32],
    positions: &'a mut [f32],
}

impl<'a> Sums<'a> {
    /// The sums of some neurons, in that order, in a slice.
    fn new(values: &'a mut [f32], n_neurons: usize, n_channels: usize) -> Self {
        let (weights, rest) = values.split_at_mut(n_neurons * n_channels);
        let (bias, rest) = rest.split_at_mut(n_neurons);
        Self { weights, bias, positions: &mut rest[..2 * n_neurons] }
    }
}

impl BilinearReadout {
    /// Overwrite the gradients that are wanted, from that of the output. At a pixel's centre, where
    /// the slope along an axis jumps, a position's gradient is the one towards larger coordinates.
    ///
    /// # Panics
    /// As [`Self::forward`].
    pub fn backward(
        &self,
        features: &[f32],
        positions: &[f32],
        weights: &[f32],
        gradient: &[f32],
        mut gradients: ReadoutGradients<'_>,
    ) {
        self.check(features, positions, weights);
        check_length("gradient", gradient.len(), &[self.n_frames, self.n_neurons]);
        self.check_gradients(&gradients, features.len());
        let level = Level::active();
        let arguments = Arguments { features, positions, weights, gradient };
        let n_chunks = self.n_frames.div_ceil(self.frames_per_chunk());
        let n_sums = self.channels + 3;
        let block = (VALUES / (CHUNKS * n_sums)).max(1);
        // One block even without neurons, for the features' gradient to be overwritten.
        for index in 0..self.n_neurons.div_ceil(block).max(1) {
            let neurons = index * block..self.n_neurons.min((index + 1) * block);
            // At least one value, so that every chunk has its slice of sums.
            let length = (neurons.len() * n_sums).max(1);
            with_scratch(n_chunks * length, |sums| {
                let chunks = self
                    .chunks(&mut gradients)
                    .into_par_iter()
                    .zip(sums.par_chunks_exact_mut(length));
                chunks.for_each(|(chunk, sums)| {
                    sums.fill(0.0);
                    let sums = Sums::new(sums, neurons.len(), self.channels);
                    self.sum_chunk(level, &arguments, neurons.clone(), chunk, sums);
                });
                self.add_up(sums, neurons, &mut gradients);
            });
        }
    }

    fn check_gradients(&self, gradients: &ReadoutGradients<'_>, n_features: usize) {
        let check = |what, slice: &Option<&mut [f32]>, shape: &[usize]| {
            if let Some(slice) = slice {
                check_length(what, slice.len(), shape);
            }
        };
        check("feature gradient", &gradients.features, &[n_features]);
        check("position gradient", &gradients.positions, &self.position_shape());
        check("weight gradient", &gradients.weights, &[self.n_neurons, self.channels]);
        check("bias gradient", &gradients.bias, &[self.n_neurons]);
    }

    fn frames_per_chunk(&self) -> usize {
        self.n_frames.div_ceil(CHUNKS).max(1)
    }

    /// Cut what belongs to single frames.
    fn chunks<'a>(&self, gradients: &'a mut ReadoutGradients<'_>) -> Vec<Chunk<'a>> {
        let n_frames = self.frames_per_chunk();
        let starts = (0..self.n_frames).step_by(n_frames);
        let positions = gradients.positions.as_deref_mut();
        let positions = positions.filter(|_| self.positions_per_frame);
        let mut positions = cut(positions, n_frames * self.n_neurons * 2);
        let mut features = cut(gradients.features.as_deref_mut(), n_frames * self.map().len());
        let chunk = |start: usize| Chunk {
            frames: start..self.n_frames.min(start + n_frames),
            features: features.as_mut().and_then(Iterator::next),
            positions: positions.as_mut().and_then(Iterator::next),
        };
        starts.map(chunk).collect()
    }

    /// Add the gradients of some frames for some neurons.
    fn sum_chunk(
        &self,
        level: Level,
        arguments: &Arguments<'_>,
        neurons: Range<usize>,
        mut chunk: Chunk<'_>,
        sums: Sums<'_>,
    ) {
        let n = neurons.len();
        let weights = &arguments.weights[neurons.start * self.channels..][..n * self.channels];
        let length = self.map().len();
        let is_first = neurons.start == 0;
        for (index, frame) in chunk.frames.clone().enumerate() {
            let place = 2 * (index * self.n_neurons + neurons.start);
            let of_positions = match chunk.positions.as_deref_mut() {
                Some(all) => zeros(&mut all[place..][..2 * n]),
                None => &mut *sums.positions,
            };
            let mut of_features = chunk.features.as_deref_mut();
            let of_features = of_features.as_mut().map(|all| &mut all[index * length..][..length]);
            let positions = self.positions_of(arguments.positions, frame);
            let inputs = FrameGradients::<false> {
                map: self.map(),
                features: &arguments.features[frame * length..][..length],
                positions: &positions[2 * neurons.start..][..2 * n],
                weights,
                gradient: &arguments.gradient[frame * self.n_neurons + neurons.start..][..n],
                of_features: &mut [],
                of_positions,
                of_weights: &mut *sums.weights,
                of_bias: &mut *sums.bias,
            };
            match of_features {
                Some(of_features) if is_first => level.run(inputs.scattering(zeros(of_features))),
                Some(of_features) => level.run(inputs.scattering(of_features)),
                None => level.run(inputs),
            }
        }
    }

    /// Hand the sums of all chunks, one after another in `sums`, to whoever wants them.
    fn add_up(&self, sums: &[f32], neurons: Range<usize>, gradients: &mut ReadoutGradients<'_>) {
        let Range { start, end } = neurons;
        let n = neurons.len();
        let length = (n * (self.channels + 3)).max(1);
        let from = |place: usize| sums.get(place..).unwrap_or_default();
        if let Some(weights) = &mut gradients.weights {
            let weights = &mut weights[start * self.channels..end * self.channels];
            add_rows(sums, length, weights);
        }
        if let Some(bias) = &mut gradients.bias {
            add_rows(from(n * self.channels), length, &mut bias[start..end]);
        }
        if let (Some(positions), false) = (&mut gradients.positions, self.positions_per_frame) {
            let first = n * (self.channels + 1);
            add_rows(from(first), length, &mut positions[2 * start..2 * end]);
        }
    }
}

impl<'a> FrameGradients<'a, false> {
    /// The same, with the gradient of the features.
    fn scattering(self, of_features: &'a mut [f32]) -> FrameGradients<'a, true> {
        let Self { map, features, positions, weights, gradient, .. } = self;
        let Self { of_positions, of_weights, of_bias, .. } = self;
        FrameGradients {
            map,
            features,
            positions,
            weights,
            gradient,
            of_features,
            of_positions,
            of_weights,
            of_bias,
        }
    }
}

fn zeros(slice: &mut [f32]) -> &mut [f32] {
    slice.fill(0.0);
    slice
}

fn cut(slice: Option<&mut [f32]>, length: usize) -> Option<std::slice::ChunksMut<'_, f32>> {
    slice.map(|slice| slice.chunks_mut(length.max(1)))
}
