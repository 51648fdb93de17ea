//! Feature maps read at the neurons' positions.

mod backward;
mod gradients;
mod loops;
mod mixed;
mod places;
#[cfg(test)]
mod tests;

use std::ops::Range;

use rayon::prelude::*;

use crate::check::check_length;
use crate::scratch::with_scratch;
use crate::simd::Level;
use loops::{Frame, Responses};
use places::{FramePositions, MOST_PIXELS, Map};

pub use backward::ReadoutGradients;
pub use mixed::{MixedGradients, MixedReadout, MixedWeights};

/// Frames that make enough tasks of the forward pass; of fewer, each is split.
const FRAMES: usize = 32;
/// Neurons per task where frames are split.
const NEURONS: usize = 2048;

/// Dot product of each neuron's weights with the features at its position, with the gradients of its
/// arguments.
///
/// `output[t, n] = bias[n] + sum over c of weights[n, c] features[t](x, y, c)`, where `(x, y)` is the
/// neuron's position in that frame. [`Positions`] run from -1 to 1 between the centres of the
/// outermost pixels ("align corners"); between pixels features are interpolated bilinearly, and
/// outside of the map they are zero. A position that is NaN gives NaN. (Lurz et al. 2021,
/// "Generalization in data-driven models of primary visual cortex", section 3.2.)
///
/// # Shapes
/// `features` `[frame, height, width, channel]`, `weights` `[neuron, channel]`, `bias` `[neuron]`,
/// `output` and its `gradient` `[frame, neuron]`.
///
/// ```
/// use striate_kernels::readout::{BilinearReadout, Positions, ReadoutGradients};
///
/// // One row of two pixels with one channel, and one neuron a quarter of the way.
/// let readout = BilinearReadout { n_frames: 1, height: 1, width: 2, channels: 1, n_neurons: 1 };
/// let positions = Positions { centres: &[-0.5, 0.0], sampling: None, shift: None };
/// let (features, weight) = ([10.0, 20.0], [2.0]);
/// let mut output = [0.0];
/// readout.forward(&features, &positions, &weight, &[1.0], &mut output);
/// assert_eq!(output, [2.0 * 12.5 + 1.0]);
///
/// let (mut of_features, mut of_weight) = ([0.0; 2], [0.0]);
/// let gradients = ReadoutGradients {
///     features: Some(&mut of_features),
///     weights: Some(&mut of_weight),
///     ..ReadoutGradients::default()
/// };
/// readout.backward(&features, &positions, &weight, &[1.0], gradients);
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
}

/// Where neurons read in each frame: `clamp(centre + spread noise, -1, 1) + shift`, coordinates (x, y).
#[derive(Debug, Clone, Copy)]
pub struct Positions<'a> {
    /// `[neuron, 2]`
    pub centres: &'a [f32],
    /// Where positions are drawn.
    pub sampling: Option<Sampling<'a>>,
    /// `[frame, 2]`, of all neurons alike. What leaves [-1, 1] by it stays outside.
    pub shift: Option<&'a [f32]>,
}

/// How positions are drawn around their centres.
#[derive(Debug, Clone, Copy)]
pub struct Sampling<'a> {
    /// A matrix for each neuron, `[neuron, 2, 2]`.
    pub spread: &'a [f32],
    /// All x of a frame, then all y: `[frame, 2, neuron]`.
    pub noise: &'a [f32],
}

/// What both directions read, and with which instructions.
#[derive(Clone, Copy)]
struct Arguments<'a> {
    level: Level,
    features: &'a [f32],
    positions: &'a Positions<'a>,
    /// See [`Positions::with_planes`].
    planes: &'a [f32],
    weights: &'a [f32],
}

impl Positions<'_> {
    fn has_noise(&self) -> bool {
        self.sampling.is_some()
    }

    fn check(&self, n_frames: usize, n_neurons: usize) {
        check_length("centres", self.centres.len(), &[n_neurons, 2]);
        if let Some(sampling) = &self.sampling {
            check_length("spread", sampling.spread.len(), &[n_neurons, 2, 2]);
            check_length("noise", sampling.noise.len(), &[n_frames, 2, n_neurons]);
        }
        if let Some(shift) = self.shift {
            check_length("shift", shift.len(), &[n_frames, 2]);
        }
    }

    /// Lend centres and spread with the neurons of each entry side by side: [`FramePositions::planes`].
    fn with_planes<T>(&self, task: impl FnOnce(&[f32]) -> T) -> T {
        let n_neurons = self.centres.len() / 2;
        let spread = self.sampling.map(|sampling| sampling.spread);
        let n_planes = if spread.is_some() { 6 } else { 2 };
        with_scratch(n_planes * n_neurons, |planes| {
            let (of_centres, of_spread) = planes.split_at_mut(2 * n_neurons);
            transpose(self.centres, 2, of_centres);
            transpose(spread.unwrap_or_default(), 4, of_spread);
            task(planes)
        })
    }

    fn of_frame<'a>(&'a self, planes: &'a [f32], frame: usize) -> FramePositions<'a> {
        let n_neurons = self.centres.len() / 2;
        let noise = self.sampling.map(|sampling| sampling.noise);
        FramePositions {
            planes,
            noise: noise.map(|noise| &noise[frame * 2 * n_neurons..][..2 * n_neurons]),
            shift: self.shift.map_or([0.0; 2], |shift| [shift[2 * frame], shift[2 * frame + 1]]),
            n_neurons,
        }
    }
}

/// `[neuron, entry]` to `[entry, neuron]`.
fn transpose(rows: &[f32], n_entries: usize, planes: &mut [f32]) {
    let n_rows = rows.len() / n_entries;
    for (n, row) in rows.chunks_exact(n_entries).enumerate() {
        for (entry, &value) in row.iter().enumerate() {
            planes[entry * n_rows + n] = value;
        }
    }
}

impl BilinearReadout {
    fn map(&self) -> Map {
        Map { height: self.height, width: self.width, channels: self.channels }
    }

    /// Some neurons in one frame.
    fn frame<'a>(
        &self,
        arguments: &Arguments<'a>,
        index: usize,
        neurons: &Range<usize>,
    ) -> Frame<'a> {
        let map = self.map();
        Frame {
            map,
            features: &arguments.features[index * map.len()..][..map.len()],
            positions: arguments.positions.of_frame(arguments.planes, index),
            first: neurons.start,
            weights: &arguments.weights[neurons.start * self.channels..neurons.end * self.channels],
        }
    }

    fn check(&self, features: &[f32], positions: &Positions<'_>, weights: &[f32]) {
        check_length("weights", weights.len(), &[self.n_neurons, self.channels]);
        self.check_maps(features, positions);
    }

    fn check_maps(&self, features: &[f32], positions: &Positions<'_>) {
        let shape = [self.n_frames, self.height, self.width, self.channels];
        check_length("features", features.len(), &shape);
        positions.check(self.n_frames, self.n_neurons);
        assert!(self.height > 0 && self.width > 0, "feature maps without pixels");
        let largest = self.height.max(self.width);
        assert!(largest <= MOST_PIXELS, "{largest} pixels in a row, at most {MOST_PIXELS} can be");
    }

    /// Overwrite `output`.
    ///
    /// # Panics
    /// Where a slice does not have its shape's length, or maps have no pixels or more than 2^22 in a
    /// row or column.
    pub fn forward(
        &self,
        features: &[f32],
        positions: &Positions<'_>,
        weights: &[f32],
        bias: &[f32],
        output: &mut [f32],
    ) {
        self.check(features, positions, weights);
        check_length("bias", bias.len(), &[self.n_neurons]);
        check_length("output", output.len(), &[self.n_frames, self.n_neurons]);
        let level = Level::active();
        positions.with_planes(|planes| {
            let arguments = Arguments { level, features, positions, planes, weights };
            let per_task = if self.n_frames < FRAMES { NEURONS } else { self.n_neurons.max(1) };
            let frames = output.par_chunks_exact_mut(self.n_neurons.max(1)).enumerate();
            frames.for_each(|(index, output)| {
                output.par_chunks_mut(per_task).enumerate().for_each(|(chunk, output)| {
                    let first = chunk * per_task;
                    let neurons = first..first + output.len();
                    output.copy_from_slice(&bias[neurons.clone()]);
                    let frame = self.frame(&arguments, index, &neurons);
                    level.run(Responses { frame, output });
                });
            });
        });
    }
}
