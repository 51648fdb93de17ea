//! Loops over the neurons of one frame.

use super::places::{BLOCK, FramePositions, Map, Places};
use crate::near::bring_near;
use crate::simd::{Kernel, Simd};

/// Some neurons in one frame.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) map: Map,
    /// `[row, column, channel]`
    pub(super) features: &'a [f32],
    /// Of all neurons.
    pub(super) positions: FramePositions<'a>,
    /// The first of these neurons.
    pub(super) first: usize,
    /// `[neuron, channel]` of these neurons.
    pub(super) weights: &'a [f32],
}

impl Frame<'_> {
    pub(super) fn check(&self, n_neurons: usize) {
        assert!(self.features.len() == self.map.len());
        assert!(self.weights.len() == n_neurons * self.map.channels);
    }
}

/// Read `count` values; with `WHOLE`, as many as a vector has.
///
/// # Safety
/// They can be read.
#[inline(always)]
pub(super) unsafe fn read<S: Simd, const WHOLE: bool>(
    simd: S,
    from: *const f32,
    count: usize,
) -> S::Vector {
    // SAFETY: the caller's promise.
    unsafe { if WHOLE { simd.load(from) } else { simd.load_first(from, count) } }
}

/// `output[n] += weights[n] . features(position[n])`.
pub(super) struct Responses<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) output: &'a mut [f32],
}

impl Kernel for Responses<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Frame { map, features, positions, first, weights } = self.frame;
        self.frame.check(self.output.len());
        bring_near(features);
        let n_channels = map.channels;
        let whole = n_channels - n_channels % S::LANES;
        let mut places = Places::new();
        for (block, output) in self.output.chunks_mut(BLOCK).enumerate() {
            let start = block * BLOCK;
            places.find::<S, false>(simd, &map, &positions, first + start, output.len());
            for (n, output) in output.iter_mut().enumerate() {
                let pixels = Pixels::<S>::new(simd, features, &places, &map, n);
                let row = weights.as_ptr().wrapping_add((start + n) * n_channels);
                let mut sum = simd.splat(0.0);
                let mut channel = 0;
                // SAFETY: corners begin pixels of the map, and neuron `n` has weights; all have
                // `n_channels` values.
                unsafe {
                    while channel < whole {
                        let feature = pixels.feature::<true>(simd, channel, S::LANES);
                        let weight = simd.load(row.add(channel));
                        sum = simd.mul_add(feature, weight, sum);
                        channel += S::LANES;
                    }
                    if channel < n_channels {
                        let count = n_channels - channel;
                        let feature = pixels.feature::<false>(simd, channel, count);
                        let weight = simd.load_first(row.add(channel), count);
                        sum = simd.mul_add(feature, weight, sum);
                    }
                }
                *output += simd.sum(sum);
            }
        }
    }
}

/// `output[n] = features(position[n])`, all channels.
pub(super) struct Gather<'a> {
    /// Without weights.
    pub(super) frame: Frame<'a>,
    /// `[neuron, channel]`
    pub(super) output: &'a mut [f32],
}

impl Kernel for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Frame { map, features, positions, first, .. } = self.frame;
        assert!(features.len() == map.len());
        let n_channels = map.channels;
        let whole = n_channels - n_channels % S::LANES;
        let mut places = Places::new();
        let per_block = (BLOCK * n_channels).max(1);
        for (block, output) in self.output.chunks_mut(per_block).enumerate() {
            let count = output.len() / n_channels;
            places.find::<S, false>(simd, &map, &positions, first + block * BLOCK, count);
            for (n, output) in output.chunks_exact_mut(n_channels).enumerate() {
                let pixels = Pixels::<S>::new(simd, features, &places, &map, n);
                let to = output.as_mut_ptr();
                let mut channel = 0;
                // SAFETY: corners begin pixels of the map; these and the output have `n_channels`
                // values.
                unsafe {
                    while channel < whole {
                        let feature = pixels.feature::<true>(simd, channel, S::LANES);
                        simd.store(feature, to.add(channel));
                        channel += S::LANES;
                    }
                    if channel < n_channels {
                        let count = n_channels - channel;
                        let feature = pixels.feature::<false>(simd, channel, count);
                        simd.store_first(feature, to.add(channel), count);
                    }
                }
            }
        }
    }
}

/// The pixels around one position.
struct Pixels<S: Simd> {
    at: [*const f32; 4],
    weights: [S::Vector; 4],
}

impl<S: Simd> Pixels<S> {
    /// Those around neuron `n` of a block.
    #[inline(always)]
    fn new(simd: S, features: &[f32], places: &Places, map: &Map, n: usize) -> Self {
        let corners = places.starts(map, n);
        Self {
            at: [
                features.as_ptr().wrapping_add(corners[0]),
                features.as_ptr().wrapping_add(corners[1]),
                features.as_ptr().wrapping_add(corners[2]),
                features.as_ptr().wrapping_add(corners[3]),
            ],
            weights: places.weights(simd, n),
        }
    }

    /// The feature at the position, `count` channels from `channel` on.
    ///
    /// # Safety
    /// Pixels have so many channels, at least a vector with `WHOLE`.
    #[inline(always)]
    unsafe fn feature<const WHOLE: bool>(
        &self,
        simd: S,
        channel: usize,
        count: usize,
    ) -> S::Vector {
        // SAFETY: the caller's promise.
        unsafe {
            let pixel = read::<S, WHOLE>(simd, self.at[0].add(channel), count);
            let mut feature = simd.mul(self.weights[0], pixel);
            for corner in 1..4 {
                let pixel = read::<S, WHOLE>(simd, self.at[corner].add(channel), count);
                feature = simd.mul_add(self.weights[corner], pixel, feature);
            }
            feature
        }
    }
}
