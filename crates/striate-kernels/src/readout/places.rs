//! Where neurons read: positions, and the four pixels around each.

use crate::simd::Simd;

/// Neurons whose places are found together: what is known of them stays in the nearest memory.
pub(super) const BLOCK: usize = 64;

/// Most rows or columns of a map: indices of them are kept in the lowest bits of floats.
pub(super) const MOST_PIXELS: usize = 1 << 22;

/// Added and taken away again it rounds to an integer, which stands in the lowest bits meanwhile.
const ROUND: f32 = 12_582_912.0;

/// Sizes of a feature map `[row, column, channel]`, at least one pixel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Map {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
}

impl Map {
    pub(super) fn len(&self) -> usize {
        self.height * self.width * self.channels
    }
}

/// What determines the positions of one frame: `clamp(centre + spread noise, -1, 1) + shift`.
#[derive(Debug, Clone, Copy)]
pub(super) struct FramePositions<'a> {
    /// x and y of the centres and, with noise, the spread's xx, xy, yx, yy: `[2 or 6, neuron]`.
    pub(super) planes: &'a [f32],
    /// x and y: `[2, neuron]`.
    pub(super) noise: Option<&'a [f32]>,
    pub(super) shift: [f32; 2],
    pub(super) n_neurons: usize,
}

/// The places of up to [`BLOCK`] neurons, one plane per number.
pub(super) struct Places {
    /// Positions (x, y) before the clamp.
    pub(super) drawn: [[f32; BLOCK]; 2],
    /// Columns, then rows, before and after the position, [`ROUND`] added.
    indices: [[[f32; BLOCK]; 2]; 2],
    /// Weight of each pixel around the position: the two of the row before it, then the others. It is
    /// 0 for pixels outside of the map, for which others stand in.
    weights: [[f32; BLOCK]; 4],
    /// Derivatives of the weights with respect to x, and to y.
    slopes: [[[f32; BLOCK]; 4]; 2],
}

/// The two neighbours along one axis.
struct Axis<S: Simd> {
    indices: [S::Vector; 2],
    weights: [S::Vector; 2],
    slopes: [S::Vector; 2],
}

impl<S: Simd> Axis<S> {
    #[inline(always)]
    fn new(simd: S, position: S::Vector, size: usize) -> Self {
        let (zero, one) = (simd.splat(0.0), simd.splat(1.0));
        let last = simd.splat((size - 1) as f32);
        let half = 0.5 * (size - 1) as f32;
        // Two pixels outside is as good as further. NaN comes second, so that it stays.
        let pixel = simd.mul(simd.add(position, one), simd.splat(half));
        let pixel = simd.max(simd.splat(-2.0), pixel);
        let pixel = simd.min(simd.splat((size - 1) as f32 + 2.0), pixel);
        let nearest = simd.sub(simd.add(pixel, simd.splat(ROUND)), simd.splat(ROUND));
        let is_above = simd.sub(nearest, pixel);
        let before = simd.where_positive(is_above, simd.sub(nearest, one), nearest);
        let rest = simd.sub(pixel, before);
        let both = [before, simd.add(before, one)];
        // NaN comes first, so that it becomes a pixel of the map; its weight stays NaN.
        let inside =
            [simd.min(simd.max(both[0], zero), last), simd.min(simd.max(both[1], zero), last)];
        let weights = [simd.sub(one, rest), rest];
        let slopes = [simd.splat(-half), simd.splat(half)];
        let mut axis = Self { indices: inside, weights, slopes };
        for side in 0..2 {
            let moved = simd.sub(both[side], inside[side]);
            let moved = simd.mul(moved, moved);
            axis.indices[side] = simd.add(inside[side], simd.splat(ROUND));
            axis.weights[side] = simd.where_positive(moved, zero, weights[side]);
            axis.slopes[side] = simd.where_positive(moved, zero, slopes[side]);
        }
        axis
    }
}

impl Places {
    pub(super) fn new() -> Self {
        Self {
            drawn: [[0.0; BLOCK]; 2],
            indices: [[[ROUND; BLOCK]; 2]; 2],
            weights: [[0.0; BLOCK]; 4],
            slopes: [[[0.0; BLOCK]; 4]; 2],
        }
    }

    /// Find the places of `count` neurons, at most [`BLOCK`], from `first` on; slopes only where they
    /// are needed.
    ///
    /// # Panics
    /// Where there are not so many neurons.
    #[inline(always)]
    pub(super) fn find<S: Simd, const SLOPES: bool>(
        &mut self,
        simd: S,
        map: &Map,
        positions: &FramePositions<'_>,
        first: usize,
        count: usize,
    ) {
        let n_planes = if positions.noise.is_some() { 6 } else { 2 };
        assert!(count <= BLOCK && first + count <= positions.n_neurons);
        assert!(positions.planes.len() == n_planes * positions.n_neurons);
        assert!(positions.noise.is_none_or(|noise| noise.len() == 2 * positions.n_neurons));
        for start in (0..count).step_by(S::LANES) {
            let lanes = (count - start).min(S::LANES);
            // SAFETY: planes have values for these neurons, and a block is a whole number of vectors.
            unsafe {
                let drawn = positions.draw(simd, first + start, lanes);
                self.find_vector::<S, SLOPES>(simd, map, drawn, positions.shift, start);
            }
        }
    }

    /// # Safety
    /// `start + LANES <= BLOCK`
    #[inline(always)]
    unsafe fn find_vector<S: Simd, const SLOPES: bool>(
        &mut self,
        simd: S,
        map: &Map,
        drawn: [S::Vector; 2],
        shift: [f32; 2],
        start: usize,
    ) {
        let (low, high) = (simd.splat(-1.0), simd.splat(1.0));
        let sizes = [map.width, map.height];
        let mut axes = [Axis::new(simd, low, 1), Axis::new(simd, low, 1)];
        for axis in 0..2 {
            let clamped = simd.min(high, simd.max(low, drawn[axis]));
            let position = simd.add(clamped, simd.splat(shift[axis]));
            axes[axis] = Axis::new(simd, position, sizes[axis]);
        }
        let [columns, rows] = &axes;
        // SAFETY: the caller's promise, for every plane.
        unsafe {
            for axis in 0..2 {
                simd.store(drawn[axis], self.drawn[axis].as_mut_ptr().add(start));
                for side in 0..2 {
                    let to = self.indices[axis][side].as_mut_ptr().add(start);
                    simd.store(axes[axis].indices[side], to);
                }
            }
            for corner in 0..4 {
                let (row, column) = (corner / 2, corner % 2);
                let weight = simd.mul(rows.weights[row], columns.weights[column]);
                simd.store(weight, self.weights[corner].as_mut_ptr().add(start));
                if !SLOPES {
                    continue;
                }
                let along_x = simd.mul(rows.weights[row], columns.slopes[column]);
                let along_y = simd.mul(rows.slopes[row], columns.weights[column]);
                simd.store(along_x, self.slopes[0][corner].as_mut_ptr().add(start));
                simd.store(along_y, self.slopes[1][corner].as_mut_ptr().add(start));
            }
        }
    }

    /// Where the pixels around neuron `n` of the block begin in the map; always pixels of the map.
    #[inline(always)]
    pub(super) fn starts(&self, map: &Map, n: usize) -> [usize; 4] {
        let [columns, rows] = &self.indices;
        let row = map.width * map.channels;
        let columns = [index(columns[0][n]) * map.channels, index(columns[1][n]) * map.channels];
        let rows = [index(rows[0][n]) * row, index(rows[1][n]) * row];
        [rows[0] + columns[0], rows[0] + columns[1], rows[1] + columns[0], rows[1] + columns[1]]
    }

    /// The weights of the pixels around neuron `n` of the block, in all lanes.
    #[inline(always)]
    pub(super) fn weights<S: Simd>(&self, simd: S, n: usize) -> [S::Vector; 4] {
        let [a, b, c, d] = &self.weights;
        [simd.splat(a[n]), simd.splat(b[n]), simd.splat(c[n]), simd.splat(d[n])]
    }

    /// The derivatives of the weights with respect to x (axis 0) or y (axis 1), in all lanes.
    #[inline(always)]
    pub(super) fn slopes<S: Simd>(&self, simd: S, axis: usize, n: usize) -> [S::Vector; 4] {
        let [a, b, c, d] = &self.slopes[axis];
        [simd.splat(a[n]), simd.splat(b[n]), simd.splat(c[n]), simd.splat(d[n])]
    }
}

/// The integer, at least 0, to which [`ROUND`] was added.
#[inline(always)]
fn index(rounded: f32) -> usize {
    (rounded.to_bits() & (MOST_PIXELS as u32 - 1)) as usize
}

impl FramePositions<'_> {
    /// Positions before the clamp of up to `LANES` neurons.
    ///
    /// # Safety
    /// There are `count` neurons from `first` on, and the planes have their lengths.
    #[inline(always)]
    unsafe fn draw<S: Simd>(&self, simd: S, first: usize, count: usize) -> [S::Vector; 2] {
        // SAFETY: the caller's promise.
        unsafe {
            let plane = |index: usize| self.planes.as_ptr().add(index * self.n_neurons + first);
            let mut drawn = [simd.load_first(plane(0), count), simd.load_first(plane(1), count)];
            if let Some(noise) = self.noise {
                let from = noise.as_ptr().add(first);
                let x = simd.load_first(from, count);
                let y = simd.load_first(from.add(self.n_neurons), count);
                for (axis, drawn) in drawn.iter_mut().enumerate() {
                    let [of_x, of_y] = [plane(2 + 2 * axis), plane(3 + 2 * axis)];
                    *drawn = simd.mul_add(simd.load_first(of_x, count), x, *drawn);
                    *drawn = simd.mul_add(simd.load_first(of_y, count), y, *drawn);
                }
            }
            drawn
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Kernel, Level};

    /// All pairs of some numbers as positions.
    struct Find<'a> {
        map: Map,
        numbers: &'a [f32],
    }

    impl Kernel for Find<'_> {
        /// Starts and weights.
        type Output = Vec<([usize; 4], [f32; 4])>;

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> Self::Output {
            let mut found = Vec::new();
            for &x in self.numbers {
                for &y in self.numbers {
                    // Shifts, for the clamp does not hold them.
                    let positions = FramePositions {
                        planes: &[0.0; 2],
                        noise: None,
                        shift: [x, y],
                        n_neurons: 1,
                    };
                    let mut places = Places::new();
                    places.find::<S, false>(simd, &self.map, &positions, 0, 1);
                    let weights = places.weights.each_ref().map(|plane| plane[0]);
                    found.push((places.starts(&self.map, 0), weights));
                }
            }
            found
        }
    }

    #[test]
    fn corners_are_pixels_of_the_map_wherever_the_position_is() {
        let map = Map { height: 3, width: 5, channels: 2 };
        let numbers =
            [0.0, -1.0, 1.0, -1.3, 1.3, 1e30, -1e30, f32::INFINITY, f32::NEG_INFINITY, f32::NAN];
        for level in Level::available() {
            let found = level.run(Find { map, numbers: &numbers });
            for (index, (starts, weights)) in found.into_iter().enumerate() {
                let (x, y) = (numbers[index / numbers.len()], numbers[index % numbers.len()]);
                assert!(starts.iter().all(|start| start + map.channels <= map.len()));
                let sum: f32 = weights.iter().sum();
                if x.is_nan() || y.is_nan() {
                    assert!(sum.is_nan());
                } else if x.abs() <= 1.0 && y.abs() <= 1.0 {
                    assert_eq!(sum, 1.0);
                } else {
                    assert!(sum < 1.0);
                }
            }
        }
    }

    #[test]
    fn ends_of_the_range_are_the_outermost_pixels() {
        let map = Map { height: 2, width: 4, channels: 1 };
        for level in Level::available() {
            let found = level.run(Find { map, numbers: &[1.0, -1.0] });
            let (starts, weights) = found[1];
            assert_eq!((starts[0], weights), (3, [1.0, 0.0, 0.0, 0.0]));
        }
    }
}
