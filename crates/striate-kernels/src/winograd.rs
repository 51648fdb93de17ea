//! Convolution with fewer multiplications (Winograd 1980, "Arithmetic complexity of computations";
//! Lavin & Gray 2016, "Fast algorithms for convolutional neural networks").
//!
//! `m` neighbouring outputs of a kernel of `r` taps read `m + r - 1` inputs. Seen as polynomials, they
//! are known from their values at as many points, and at a point a convolution is one product. So a
//! line is cut into tiles of [`POINTS`] inputs, `m = 9 - r` apart, and
//!
//! `outputs = A^T [(G kernel) * (B^T inputs)]`
//!
//! with a product of matrices over channels in place of `*`. In two dimensions each map is applied
//! along both axes. The points are 0, 1, -1, 2, -2, 1/2, -1/2 and infinity: the maps have small
//! numbers, and pairs of points of opposite sign share their work.
//!
//! Kernels longer than 6 taps are cut into parts `m = 4` taps apart: part `s` of a tile's outputs
//! reads the inputs of the tile `s` places on, so the parts are added before the way back.
//!
//! The gradient of the inputs is a convolution again. That of the kernel is
//! `G^T sum[(B^T inputs) * (A gradient)]`: the adjoint of each map in the reverse order.

mod kernel;
mod line;
mod pairs;

pub(crate) use kernel::KernelMap;
pub(crate) use line::{Gradients, Inputs, Line, Outputs, Place, Slices, map_line, with_step};
pub(crate) use pairs::PairedSlices;

/// Points at which a tile is evaluated; inputs that a tile reads.
pub(crate) const POINTS: usize = 8;

/// The points between 0 and infinity, which come as pairs of opposite sign.
const PAIRS: [f32; 3] = [1.0, 2.0, 0.5];

/// How a kernel of some length is computed along one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tiling {
    /// Taps of the kernel.
    pub(crate) taps: usize,
    /// Outputs per tile, and distance between tiles.
    pub(crate) step: usize,
    /// Parts of the kernel.
    pub(crate) n_parts: usize,
}

impl Tiling {
    /// The tiling for so many taps.
    pub(crate) fn new(taps: usize) -> Self {
        /// Of kernels in parts.
        const STEP: usize = 4;
        if (2..=6).contains(&taps) {
            return Self { taps, step: POINTS + 1 - taps, n_parts: 1 };
        }
        Self { taps, step: STEP, n_parts: (taps.max(2) - 1).div_ceil(STEP) }
    }

    /// Tiles of so many outputs.
    pub(crate) fn n_tiles(&self, n_outputs: usize) -> usize {
        n_outputs.div_ceil(self.step)
    }

    /// Tiles of inputs that so many tiles of outputs read.
    pub(crate) fn n_read(&self, n_tiles: usize) -> usize {
        n_tiles + self.n_parts - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Level;

    /// Outputs of one line of one channel, and the gradient of its taps, by way of the points.
    fn by_points(taps: &[f32], inputs: &[f32], gradient: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let tiling = Tiling::new(taps.len());
        assert_eq!(tiling.n_parts, 1);
        let map = KernelMap::new(tiling);
        let weights = map.evaluate(taps, 1);
        let at_points = |values: &[f32], is_gradient: bool| {
            let mut points = [0.0; POINTS];
            let mut from = [&[0.0f32][..]; POINTS];
            for (from, value) in from.iter_mut().zip(values.chunks(1)) {
                *from = value;
            }
            let mut chunks = points.chunks_mut(1);
            let to = std::array::from_fn(|_| chunks.next().unwrap());
            if is_gradient {
                with_step!(tiling.step, Gradients => Level::Portable.run(Slices::<Line>::new(from, to)));
            } else {
                Level::Portable.run(Slices::<Inputs>::new(from, to));
            }
            points
        };
        let values = at_points(inputs, false);
        let products: Vec<f32> = values.iter().zip(&weights).map(|(a, b)| a * b).collect();
        let mut outputs = [0.0; POINTS];
        let mut chunks = outputs.chunks_mut(1);
        let to = std::array::from_fn(|_| chunks.next().unwrap());
        let mut chunks = products.chunks(1);
        let from = std::array::from_fn(|_| chunks.next().unwrap());
        with_step!(tiling.step, Outputs => Level::Portable.run(Slices::<Line>::new(from, to)));
        let spread = at_points(gradient, true);
        let sums: Vec<f32> = values.iter().zip(&spread).map(|(a, b)| a * b).collect();
        (outputs[..tiling.step].to_vec(), map.gradient(&sums, 1))
    }

    #[test]
    fn a_line_and_its_gradient_are_those_of_the_definition() {
        for n_taps in 2..=6 {
            let taps: Vec<f32> = (0..n_taps).map(|k| 1.5 - k as f32).collect();
            let inputs: Vec<f32> = (0..POINTS).map(|i| ((3 * i) % 7) as f32 - 3.0).collect();
            let step = POINTS + 1 - n_taps;
            let gradient: Vec<f32> = (0..step).map(|i| 1.0 - 0.5 * i as f32).collect();
            let (outputs, of_taps) = by_points(&taps, &inputs, &gradient);
            let output = |y: usize| -> f32 { (0..n_taps).map(|k| taps[k] * inputs[y + k]).sum() };
            let of_tap = |k: usize| -> f32 { (0..step).map(|y| gradient[y] * inputs[y + k]).sum() };
            for (y, found) in outputs.into_iter().enumerate() {
                assert!((found - output(y)).abs() < 1e-4, "{n_taps} taps: {found}, {}", output(y));
            }
            for (k, found) in of_taps.into_iter().enumerate() {
                assert!((found - of_tap(k)).abs() < 1e-4, "{n_taps} taps: {found}, {}", of_tap(k));
            }
        }
    }

    #[test]
    fn parts_cover_long_kernels() {
        for taps in 7..30 {
            let tiling = Tiling::new(taps);
            let capacity = (tiling.n_parts - 1) * tiling.step + POINTS + 1 - tiling.step;
            assert!((taps..taps + tiling.step).contains(&capacity), "{tiling:?}");
        }
    }
}
