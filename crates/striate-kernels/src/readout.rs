//! Feature maps read at the neurons' positions.

mod backward;
mod corners;
mod loops;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use crate::check::check_length;
use crate::simd::Level;
use corners::Map;
use loops::Responses;

pub use backward::ReadoutGradients;

/// Neurons per task of the forward pass.
const NEURONS: usize = 2048;

/// Dot product of each neuron's weights with the features at its position, with the gradients of its
/// arguments.
///
/// `output[t, n] = bias[n] + sum over c of weights[n, c] features[t](x, y, c)`, where `(x, y)` is the
/// neuron's position (of that frame, if positions are per frame). Positions run from -1 to 1 between
/// the centres of the outermost pixels ("align corners"); between pixels features are interpolated
/// bilinearly, and outside of the map they are zero. A position that is NaN gives NaN. (Lurz et al.
/// 2021, "Generalization in data-driven models of primary visual cortex", section 3.2.)
///
/// # Shapes
/// `features` `[frame, height, width, channel]`, `positions` `[frame, neuron, 2]` or `[1, neuron, 2]`
/// as (x, y), `weights` `[neuron, channel]`, `bias` `[neuron]`, `output` and its `gradient` `[frame,
/// neuron]`.
///
/// ```
/// use striate_kernels::readout::{BilinearReadout, ReadoutGradients};
///
/// // One row of two pixels with one channel, and one neuron a quarter of the way.
/// let readout = BilinearReadout {
///     n_frames: 1,
///     height: 1,
///     width: 2,
///     channels: 1,
///     n_neurons: 1,
///     positions_per_frame: true,
/// };
/// let (features, position, weight) = ([10.0, 20.0], [-0.5, 0.0], [2.0]);
/// let mut output = [0.0];
/// readout.forward(&features, &position, &weight, &[1.0], &mut output);
/// assert_eq!(output, [2.0 * 12.5 + 1.0]);
///
/// let (mut of_features, mut of_weight) = ([0.0; 2], [0.0]);
/// let gradients = ReadoutGradients {
///     features: Some(&mut of_features),
///     weights: Some(&mut of_weight),
///     ..ReadoutGradients::default()
/// };
/// readout.backward(&features, &position, &weight, &[1.0], gradients);
/// assert_eq!((of_features, of_weight), ([1.5, 0.5], [12.5]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BilinearReadout {
    /// Frames of features.
    pub n_frames: usize,
    /// Rows of a feature map.
    pub height: usize,
    /// Columns of a feature map.
    pub width: usize,
    /// Channels of a feature map.
    pub channels: usize,
    /// Neurons.
    pub n_neurons: usize,
    /// Whether positions are `[frame, neuron, 2]` or, the same in every frame, `[1, neuron, 2]`.
    pub positions_per_frame: bool,
}

impl BilinearReadout {
    fn map(&self) -> Map {
        Map { height: self.height, width: self.width, channels: self.channels }
    }

    /// The positions of a frame `[neuron, 2]`.
    fn positions_of<'a>(&self, positions: &'a [f32], frame: usize) -> &'a [f32] {
        let frame = if self.positions_per_frame { frame } else { 0 };
        &positions[frame * self.n_neurons * 2..][..self.n_neurons * 2]
    }

    fn position_shape(&self) -> [usize; 3] {
        let n_positions = if self.positions_per_frame { self.n_frames } else { 1 };
        [n_positions, self.n_neurons, 2]
    }

    fn check(&self, features: &[f32], positions: &[f32], weights: &[f32]) {
        let shape = [self.n_frames, self.height, self.width, self.channels];
        check_length("features", features.len(), &shape);
        check_length("positions", positions.len(), &self.position_shape());
        check_length("weights", weights.len(), &[self.n_neurons, self.channels]);
        assert!(self.height > 0 && self.width > 0, "feature maps without pixels");
    }

    /// Overwrite `output`.
    ///
    /// # Panics
    /// Where a slice does not have its shape's length, or maps have no pixels.
    pub fn forward(
        &self,
        features: &[f32],
        positions: &[f32],
        weights: &[f32],
        bias: &[f32],
        output: &mut [f32],
    ) {
        self.check(features, positions, weights);
        check_length("bias", bias.len(), &[self.n_neurons]);
        check_length("output", output.len(), &[self.n_frames, self.n_neurons]);
        let level = Level::active();
        let map = self.map();
        let frames = output.par_chunks_exact_mut(self.n_neurons.max(1)).enumerate();
        frames.for_each(|(frame, output)| {
            let features = &features[frame * map.len()..][..map.len()];
            let positions = self.positions_of(positions, frame);
            output.par_chunks_mut(NEURONS).enumerate().for_each(|(chunk, output)| {
                let neurons = chunk * NEURONS..chunk * NEURONS + output.len();
                let weights = &weights[neurons.start * self.channels..neurons.end * self.channels];
                let positions = &positions[2 * neurons.start..2 * neurons.end];
                output.copy_from_slice(&bias[neurons]);
                level.run(Responses { map, features, positions, weights, output });
            });
        });
    }
}
