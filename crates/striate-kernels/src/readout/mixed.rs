//! Feature maps read at the neurons' positions, mixed over frames and channels before the weights.

mod backward;
mod chunk;
mod taps;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use super::loops::{Frame, Gather};
use super::{Arguments, BilinearReadout, Positions};
use crate::check::check_length;
use crate::scratch::{LINE, with_scratch};
use crate::simd::Level;
use taps::Taps;

pub use backward::MixedGradients;

/// Features of some neurons in some frames that are held at a time: 4 MiB.
const VALUES: usize = 1 << 20;
/// Most neurons of them.
const NEURONS: usize = 256;

/// A readout with a small convolution over frames and channel numbers before its weights, the same for
/// all neurons.
///
/// With `Y[t, d, n]` the features at the neuron's position, zero outside of the clip and of the channels,
/// `output[o, t, n] = sum over d, a, j of features[o][n, d] mixing[o, a, j] Y[t + a - A, d + j - J, n]`, `A`
/// and `J` half the lengths of the odd kernel, rounded down. (As `Conv2d` of one channel with "same" padding
/// in PyTorch, and a dot product; the readout of Schmidt et al. 2024, arXiv 2410.16136.)
///
/// Both are linear, so weights and kernel are folded into one row of weights for each neuron and frame of the
/// kernel, which costs about a fifth of the convolution. Features are read once for all.
///
/// # Shapes
/// `output` and its gradient `[output, frame, neuron]`, frames of all clips one after another; others as
/// in [`BilinearReadout`].
///
/// ```
/// use striate_kernels::readout::{BilinearReadout, MixedReadout, MixedWeights, Positions};
///
/// // Three frames of one pixel with one channel, and a neuron that adds up neighbouring frames.
/// let readout = BilinearReadout { n_frames: 3, height: 1, width: 1, channels: 1, n_neurons: 1 };
/// let mixed = MixedReadout { readout, n_clips: 1, n_outputs: 1, mixing: [3, 1] };
/// let positions = Positions { centres: &[0.0, 0.0], sampling: None, shift: None };
/// let weights = MixedWeights { features: &[&[2.0]], mixing: &[1.0, 1.0, 10.0] };
/// let mut output = [0.0; 3];
/// mixed.forward(&[1.0, 2.0, 4.0], &positions, &weights, &mut output);
/// assert_eq!(output, [2.0 * 21.0, 2.0 * 43.0, 2.0 * 6.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MixedReadout {
    /// What is read; its frames are those of all clips.
    pub readout: BilinearReadout,
    /// Clips, all of the same length.
    pub n_clips: usize,
    /// Numbers read for each neuron in each frame.
    pub n_outputs: usize,
    /// Frames and channels of the kernel, odd.
    pub mixing: [usize; 2],
}

/// What features are multiplied with.
#[derive(Debug, Clone, Copy)]
pub struct MixedWeights<'a> {
    /// For each output `[neuron, channel]`.
    pub features: &'a [&'a [f32]],
    /// `[output, frame, channel]`
    pub mixing: &'a [f32],
}

impl MixedReadout {
    fn taps(&self) -> Taps {
        let [n_frames, n_mixed] = self.mixing;
        Taps { channels: self.readout.channels, n_outputs: self.n_outputs, n_frames, n_mixed }
    }

    fn frames_per_clip(&self) -> usize {
        self.readout.n_frames / self.n_clips.max(1)
    }

    fn check(&self, features: &[f32], positions: &Positions<'_>, weights: &MixedWeights<'_>) {
        let BilinearReadout { n_frames, n_neurons, channels, .. } = self.readout;
        let [frames, mixed] = self.mixing;
        self.readout.check_maps(features, positions);
        assert!(frames % 2 == 1 && mixed % 2 == 1, "a kernel of even length has no centre");
        check_length("frames of clips", n_frames, &[self.n_clips, self.frames_per_clip()]);
        check_length("weights of outputs", weights.features.len(), &[self.n_outputs]);
        for weights in weights.features {
            check_length("weights", weights.len(), &[n_neurons, channels]);
        }
        check_length("mixing", weights.mixing.len(), &[self.n_outputs, frames, mixed]);
    }

    /// Neurons that are taken together in `n_frames` frames.
    fn neurons_together(&self, n_frames: usize) -> usize {
        (VALUES / (n_frames * self.readout.channels).max(1)).clamp(1, NEURONS)
    }

    /// From one frame's features of so many neurons to the next one's. Frames do not lie a power of two
    /// apart, or one neuron's features in all of them would share a small part of the cache.
    fn step(&self, n_neurons: usize) -> usize {
        ((n_neurons + 1) * self.readout.channels + LINE).next_multiple_of(LINE)
    }

    /// Overwrite `output`.
    ///
    /// # Panics
    /// As [`BilinearReadout::forward`], and for kernels of even length.
    pub fn forward(
        &self,
        features: &[f32],
        positions: &Positions<'_>,
        weights: &MixedWeights<'_>,
        output: &mut [f32],
    ) {
        self.check(features, positions, weights);
        let BilinearReadout { n_frames, n_neurons, .. } = self.readout;
        check_length("output", output.len(), &[self.n_outputs, n_frames, n_neurons]);
        if output.is_empty() {
            return;
        }
        let (level, per_clip) = (Level::active(), self.frames_per_clip());
        let together = self.neurons_together(per_clip).min(n_neurons);
        let n_blocks = n_neurons.div_ceil(together);
        let of_block = self.n_outputs * per_clip * together;
        positions.with_planes(|planes| {
            let arguments = Arguments { level, features, positions, planes, weights: &[] };
            with_scratch(self.n_clips * n_blocks * of_block, |found| {
                found.par_chunks_exact_mut(of_block).enumerate().for_each(|(task, found)| {
                    let first = task % n_blocks * together;
                    let neurons = first..n_neurons.min(first + together);
                    self.read_block(&arguments, weights, task / n_blocks, neurons, found);
                });
                self.collect(found, together, output);
            });
        });
    }

    /// Some neurons in one clip, `[output, frame, neuron]`.
    fn read_block(
        &self,
        arguments: &Arguments<'_>,
        weights: &MixedWeights<'_>,
        clip: usize,
        neurons: std::ops::Range<usize>,
        found: &mut [f32],
    ) {
        let (level, n_frames, taps) = (arguments.level, self.frames_per_clip(), self.taps());
        let (n, step) = (neurons.len(), self.step(neurons.len()));
        let kernel = taps.columns_of(weights.mixing);
        let together = found.len() / (self.n_outputs * n_frames);
        with_scratch(n_frames * step, |features| {
            for (frame, features) in features.chunks_exact_mut(step).enumerate() {
                let index = clip * n_frames + frame;
                let frame = self.readout.frame_at(arguments, index, neurons.start, &[]);
                let output = &mut features[..n * self.readout.channels];
                level.run(Gather { frame, output });
            }
            with_scratch(taps.folded_len() + n_frames * taps.wide_rows(), |scratch| {
                let (folded, products) = scratch.split_at_mut(taps.folded_len());
                for index in 0..n {
                    taps.fold_columns(level, &kernel, weights, neurons.start + index, folded);
                    let features = &features[index * self.readout.channels..];
                    taps.apply(level, folded, (features, step), products);
                    taps.add_shifted(products, n_frames, &mut found[index..], together);
                }
            });
        });
    }

    /// From `[clip, block, output, frame, neuron of the block]` to `[output, frame, neuron]`.
    fn collect(&self, found: &[f32], together: usize, output: &mut [f32]) {
        let BilinearReadout { n_frames, n_neurons, .. } = self.readout;
        let (per_clip, n_blocks) = (self.frames_per_clip(), n_neurons.div_ceil(together));
        output.par_chunks_exact_mut(n_neurons).enumerate().for_each(|(row, row_out)| {
            let (which, frame) = (row / n_frames, row % n_frames);
            for (block, out) in row_out.chunks_mut(together).enumerate() {
                let task = frame / per_clip * n_blocks + block;
                let row = (task * self.n_outputs + which) * per_clip + frame % per_clip;
                out.copy_from_slice(&found[row * together..][..out.len()]);
            }
        });
    }
}

impl BilinearReadout {
    /// One frame of neurons from `first` on.
    fn frame_at<'a>(
        &self,
        arguments: &Arguments<'a>,
        index: usize,
        first: usize,
        weights: &'a [f32],
    ) -> Frame<'a> {
        let map = self.map();
        let features = &arguments.features[index * map.len()..][..map.len()];
        let positions = arguments.positions.of_frame(arguments.planes, index);
        Frame { map, features, positions, first, weights }
    }
}
