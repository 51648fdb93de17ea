//! Loops over the neurons of one frame.

use super::corners::Map;
use crate::near::bring_near;
use crate::simd::{Kernel, Simd};

/// `output[n] += weights[n] . features(position[n])`.
pub(super) struct Responses<'a> {
    pub(super) map: Map,
    /// One frame.
    pub(super) features: &'a [f32],
    pub(super) positions: &'a [f32],
    pub(super) weights: &'a [f32],
    pub(super) output: &'a mut [f32],
}

impl Kernel for Responses<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let n_channels = self.map.channels;
        assert!(self.features.len() == self.map.len());
        assert!(self.weights.len() == self.output.len() * n_channels);
        let positions = self.positions.as_chunks::<2>().0;
        bring_near(self.features);
        for (n, (output, &[x, y])) in self.output.iter_mut().zip(positions).enumerate() {
            let corners = self.map.corners(x, y);
            let mut sum = simd.splat(0.0);
            let mut channel = 0;
            while channel < n_channels {
                let count = (n_channels - channel).min(S::LANES);
                // SAFETY: corners begin pixels of the map, and neuron `n` has weights; both have
                // `count` values from `channel` on.
                unsafe {
                    let mut feature = simd.splat(0.0);
                    for corner in 0..4 {
                        let from = self.features.as_ptr().add(corners.starts[corner] + channel);
                        let weight = simd.splat(corners.weights[corner]);
                        feature = simd.mul_add(weight, simd.load_first(from, count), feature);
                    }
                    let weights = self.weights.as_ptr().add(n * n_channels + channel);
                    sum = simd.mul_add(feature, simd.load_first(weights, count), sum);
                }
                channel += S::LANES;
            }
            *output += simd.sum(sum);
        }
    }
}

/// Add the gradients of one frame.
///
/// `SCATTER` tells whether the gradient of the features is wanted.
pub(super) struct FrameGradients<'a, const SCATTER: bool> {
    pub(super) map: Map,
    /// One frame.
    pub(super) features: &'a [f32],
    pub(super) positions: &'a [f32],
    pub(super) weights: &'a [f32],
    /// Of the output `[neuron]`.
    pub(super) gradient: &'a [f32],
    /// One frame; empty without `SCATTER`.
    pub(super) of_features: &'a mut [f32],
    pub(super) of_positions: &'a mut [f32],
    pub(super) of_weights: &'a mut [f32],
    pub(super) of_bias: &'a mut [f32],
}

impl<const SCATTER: bool> Kernel for FrameGradients<'_, SCATTER> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let n_neurons = self.gradient.len();
        assert!(self.features.len() == self.map.len());
        assert!(!SCATTER || self.of_features.len() == self.map.len());
        assert!(self.weights.len() == n_neurons * self.map.channels);
        assert!(self.of_weights.len() == self.weights.len());
        bring_near(self.features);
        for n in 0..n_neurons {
            // SAFETY: lengths were just checked.
            let slopes = unsafe { self.add_neuron(simd, n) };
            self.of_bias[n] += self.gradient[n];
            self.of_positions[2 * n] += self.gradient[n] * slopes[0];
            self.of_positions[2 * n + 1] += self.gradient[n] * slopes[1];
        }
    }
}

impl<const SCATTER: bool> FrameGradients<'_, SCATTER> {
    /// Add the gradients of features and weights of neuron `n`; give the slopes of its response
    /// along x and y.
    ///
    /// # Safety
    /// Maps have the length of a map, weights one row for each neuron, `n` among them.
    #[inline(always)]
    unsafe fn add_neuron<S: Simd>(&mut self, simd: S, n: usize) -> [f32; 2] {
        let n_channels = self.map.channels;
        let corners = self.map.corners(self.positions[2 * n], self.positions[2 * n + 1]);
        let gradient = simd.splat(self.gradient[n]);
        let mut slopes = [simd.splat(0.0); 2];
        let mut channel = 0;
        while channel < n_channels {
            let count = (n_channels - channel).min(S::LANES);
            // SAFETY: corners begin pixels of the map, and neuron `n` has weights; all have `count`
            // values from `channel` on.
            unsafe {
                let at = n * n_channels + channel;
                let weights = simd.load_first(self.weights.as_ptr().add(at), count);
                let scaled = simd.mul(weights, gradient);
                let mut feature = simd.splat(0.0);
                let mut along = [simd.splat(0.0); 2];
                for corner in 0..4 {
                    let start = corners.starts[corner] + channel;
                    let pixel = simd.load_first(self.features.as_ptr().add(start), count);
                    let weight = simd.splat(corners.weights[corner]);
                    feature = simd.mul_add(weight, pixel, feature);
                    for (along, slopes) in along.iter_mut().zip(&corners.slopes) {
                        *along = simd.mul_add(simd.splat(slopes[corner]), pixel, *along);
                    }
                    if SCATTER {
                        let to = self.of_features.as_mut_ptr().add(start);
                        let before = simd.load_first(to, count);
                        simd.store_first(simd.mul_add(weight, scaled, before), to, count);
                    }
                }
                let to = self.of_weights.as_mut_ptr().add(at);
                let before = simd.load_first(to, count);
                simd.store_first(simd.mul_add(gradient, feature, before), to, count);
                for (slope, along) in slopes.iter_mut().zip(along) {
                    *slope = simd.mul_add(along, weights, *slope);
                }
            }
            channel += S::LANES;
        }
        [simd.sum(slopes[0]), simd.sum(slopes[1])]
    }
}
