//! Gradients of some neurons in one frame.

use super::loops::{Frame, read};
use super::places::{BLOCK, Places};
use crate::near::bring_near;
use crate::simd::{Kernel, Level, Simd};

/// Planes of `of_planes`: bias, centre x and y and, with noise, spread xx, xy, yx, yy.
pub(super) fn n_planes(has_noise: bool) -> usize {
    if has_noise { 7 } else { 3 }
}

/// Gradients of one frame, to be added to.
pub(super) struct FrameGradients<'a> {
    pub(super) frame: Frame<'a>,
    /// Of the output `[neuron]`.
    pub(super) gradient: &'a [f32],
    /// `[row, column, channel]`, or empty where not wanted.
    pub(super) of_features: &'a mut [f32],
    /// `[neuron, channel]`, or empty where nothing that belongs to neurons is wanted.
    pub(super) of_weights: &'a mut [f32],
    /// `[plane, neuron]`, or empty as well.
    pub(super) of_planes: &'a mut [f32],
}

impl FrameGradients<'_> {
    /// Add them; give the gradient of the frame's shift, where what belongs to neurons is wanted.
    pub(super) fn run(self, level: Level) -> [f64; 2] {
        match (self.of_features.is_empty(), self.of_planes.is_empty()) {
            (false, false) => level.run(Wanted::<true, true>(self)),
            (false, true) => level.run(Wanted::<true, false>(self)),
            (true, false) => level.run(Wanted::<false, true>(self)),
            (true, true) => [0.0; 2],
        }
    }
}

/// With constants that tell whether the gradients of the features, and of what belongs to neurons,
/// are wanted.
struct Wanted<'a, const FEATURES: bool, const NEURONS: bool>(FrameGradients<'a>);

/// Add `a b` to `count` values; with `WHOLE`, to as many as a vector has.
///
/// # Safety
/// They can be read and written.
#[inline(always)]
unsafe fn add_product<S: Simd, const WHOLE: bool>(
    simd: S,
    [a, b]: [S::Vector; 2],
    to: *mut f32,
    count: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let sum = simd.mul_add(a, b, read::<S, WHOLE>(simd, to, count));
        if WHOLE {
            simd.store(sum, to);
        } else {
            simd.store_first(sum, to, count);
        }
    }
}

/// One neuron.
struct Neuron<S: Simd> {
    /// Where its weights begin.
    row: usize,
    starts: [usize; 4],
    weights: [S::Vector; 4],
    /// Of its response, in all lanes.
    gradient: S::Vector,
    /// Its weights times each pixel, to be summed over lanes.
    products: [S::Vector; 4],
}

impl<const FEATURES: bool, const NEURONS: bool> Kernel for Wanted<'_, FEATURES, NEURONS> {
    type Output = [f64; 2];

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) -> [f64; 2] {
        self.check();
        let Frame { map, positions, first, .. } = self.0.frame;
        if NEURONS {
            bring_near(self.0.frame.features);
        }
        let mut places = Places::new();
        let mut slopes = [[0.0; BLOCK]; 2];
        let mut of_shift = [0.0; 2];
        for start in (0..self.0.gradient.len()).step_by(BLOCK) {
            let count = (self.0.gradient.len() - start).min(BLOCK);
            places.find::<S, NEURONS>(simd, &map, &positions, first + start, count);
            let [along_x, along_y] = &mut slopes;
            let along = along_x.iter_mut().zip(along_y).take(count);
            for (n, (along_x, along_y)) in along.enumerate() {
                // SAFETY: lengths were checked, and places are pixels of the map.
                [*along_x, *along_y] = unsafe { self.add_neuron(simd, &places, start, n) };
            }
            if NEURONS {
                // SAFETY: lengths were checked.
                let along = unsafe { self.add_planes(simd, &places, &slopes, start, count) };
                of_shift[0] += f64::from(along[0]);
                of_shift[1] += f64::from(along[1]);
            }
        }
        of_shift
    }
}

impl<const FEATURES: bool, const NEURONS: bool> Wanted<'_, FEATURES, NEURONS> {
    fn check(&self) {
        let (n_neurons, frame) = (self.0.gradient.len(), &self.0.frame);
        frame.check(n_neurons);
        assert!(!FEATURES || self.0.of_features.len() == frame.map.len());
        assert!(!NEURONS || self.0.of_weights.len() == frame.weights.len());
        let n_planes = n_planes(frame.positions.noise.is_some());
        assert!(!NEURONS || self.0.of_planes.len() == n_planes * n_neurons);
    }

    /// Add the gradients of features and weights of neuron `n` of a block; give the slopes of its
    /// response along x and y.
    ///
    /// # Safety
    /// [`Self::check`] passed, and there is such a neuron, whose place was found.
    #[inline(always)]
    unsafe fn add_neuron<S: Simd>(
        &mut self,
        simd: S,
        places: &Places,
        start: usize,
        n: usize,
    ) -> [f32; 2] {
        let n_channels = self.0.frame.map.channels;
        let whole = n_channels - n_channels % S::LANES;
        let mut neuron = Neuron::<S> {
            row: (start + n) * n_channels,
            starts: places.starts(&self.0.frame.map, n),
            weights: places.weights(simd, n),
            gradient: simd.splat(self.0.gradient[start + n]),
            products: [simd.splat(0.0); 4],
        };
        let mut channel = 0;
        // SAFETY: corners begin pixels of the map, and the neuron has weights; all have `n_channels`
        // values.
        unsafe {
            while channel < whole {
                self.add_channels::<S, true>(simd, &mut neuron, channel);
                channel += S::LANES;
            }
            if channel < n_channels {
                self.add_channels::<S, false>(simd, &mut neuron, channel);
            }
        }
        if !NEURONS {
            return [0.0; 2];
        }
        let [along_x, along_y] = [places.slopes(simd, 0, n), places.slopes(simd, 1, n)];
        [neuron.slope(simd, along_x), neuron.slope(simd, along_y)]
    }

    /// Add the gradients of one vector of channels; with `WHOLE` it is full.
    ///
    /// # Safety
    /// Pixels and weights of the neuron have so many channels.
    #[inline(always)]
    unsafe fn add_channels<S: Simd, const WHOLE: bool>(
        &mut self,
        simd: S,
        neuron: &mut Neuron<S>,
        channel: usize,
    ) {
        let count = self.0.frame.map.channels - channel;
        let (row, gradient) = (neuron.row + channel, neuron.gradient);
        // SAFETY: the caller's promise, for pixels and weights alike.
        unsafe {
            let weights = read::<S, WHOLE>(simd, self.0.frame.weights.as_ptr().add(row), count);
            if NEURONS {
                let mut feature = simd.splat(0.0);
                for corner in 0..4 {
                    let from = self.0.frame.features.as_ptr().add(neuron.starts[corner] + channel);
                    let pixel = read::<S, WHOLE>(simd, from, count);
                    feature = simd.mul_add(neuron.weights[corner], pixel, feature);
                    neuron.products[corner] = simd.mul_add(weights, pixel, neuron.products[corner]);
                }
                let to = self.0.of_weights.as_mut_ptr().add(row);
                add_product::<S, WHOLE>(simd, [gradient, feature], to, count);
            }
            if FEATURES {
                let scaled = simd.mul(weights, gradient);
                for corner in 0..4 {
                    let to = self.0.of_features.as_mut_ptr().add(neuron.starts[corner] + channel);
                    add_product::<S, WHOLE>(simd, [neuron.weights[corner], scaled], to, count);
                }
            }
        }
    }

    /// Add the gradients of biases, centres and spread of a block; give that of the shift.
    ///
    /// # Safety
    /// [`Self::check`] passed, and there are `count` neurons from `start` on, at most a block.
    #[inline(always)]
    unsafe fn add_planes<S: Simd>(
        &mut self,
        simd: S,
        places: &Places,
        slopes: &[[f32; BLOCK]; 2],
        start: usize,
        count: usize,
    ) -> [f32; 2] {
        let Frame { positions, first, .. } = self.0.frame;
        let (n, one) = (self.0.gradient.len(), simd.splat(1.0));
        let mut of_shift = [simd.splat(0.0); 2];
        for at in (0..count).step_by(S::LANES) {
            let lanes = (count - at).min(S::LANES);
            // SAFETY: every plane has `lanes` values from there on.
            unsafe {
                let gradient = simd.load_first(self.0.gradient.as_ptr().add(start + at), lanes);
                let to = self.0.of_planes.as_mut_ptr().add(start + at);
                add_product::<S, false>(simd, [gradient, one], to, lanes);
                for axis in 0..2 {
                    let slope = simd.load_first(slopes[axis].as_ptr().add(at), lanes);
                    let along = simd.mul(gradient, slope);
                    of_shift[axis] = simd.add(of_shift[axis], along);
                    // The clamp stops the gradient.
                    let drawn = simd.load_first(places.drawn[axis].as_ptr().add(at), lanes);
                    let beyond = simd.sub(simd.mul(drawn, drawn), one);
                    let along = simd.where_positive(beyond, simd.splat(0.0), along);
                    add_product::<S, false>(simd, [along, one], to.add((1 + axis) * n), lanes);
                    if let Some(noise) = positions.noise {
                        let from = noise.as_ptr().add(first + start + at);
                        for other in 0..2 {
                            let noise =
                                simd.load_first(from.add(other * positions.n_neurons), lanes);
                            let to = to.add((3 + 2 * axis + other) * n);
                            add_product::<S, false>(simd, [along, noise], to, lanes);
                        }
                    }
                }
            }
        }
        [simd.sum(of_shift[0]), simd.sum(of_shift[1])]
    }
}

impl<S: Simd> Neuron<S> {
    /// Slope of the response, from those of the pixels' weights.
    #[inline(always)]
    fn slope(&self, simd: S, slopes: [S::Vector; 4]) -> f32 {
        let mut sum = simd.splat(0.0);
        for (slope, product) in slopes.into_iter().zip(self.products) {
            sum = simd.mul_add(slope, product, sum);
        }
        simd.sum(sum)
    }
}
