//! Maps of two-dimensional tiles from and to their values at the points, a vector of channels at a
//! time.

use crate::simd::{Kernel, Simd};
use crate::winograd::{POINTS, gradient_to_points, inputs_to_points, points_to_outputs};

/// A tile of one vector of channels, or its values at the points.
type Square<V> = [[V; POINTS]; POINTS];

/// A column of a square.
#[inline(always)]
fn column<V: Copy>(square: &Square<V>, x: usize) -> [V; POINTS] {
    let mut column = square[0];
    for (value, row) in column.iter_mut().zip(square) {
        *value = row[x];
    }
    column
}

/// Values at the points, `[point, tile row, tile column, channel]`.
#[derive(Clone, Copy)]
pub(super) struct Planes {
    /// Rows and columns of tiles.
    pub(super) n_tiles: [usize; 2],
    pub(super) channels: usize,
    /// Values from one point to the next.
    pub(super) plane: usize,
}

impl Planes {
    fn n_all(&self) -> usize {
        self.n_tiles[0] * self.n_tiles[1]
    }

    /// All points of all tiles lie in so many values.
    fn check(&self, length: usize) {
        assert!(self.n_all() * self.channels <= self.plane, "tiles beyond the plane");
        assert!(POINTS * POINTS * self.plane <= length, "points beyond the values");
    }
}

/// Overwrite `out` with inputs, or with gradients of outputs, at the points.
pub(super) struct ToPoints<'a, const IS_GRADIENT: bool> {
    /// `[row, column, channel]`, where tiles begin `steps` apart.
    pub(super) part: &'a [f32],
    /// Columns of `part`.
    pub(super) width: usize,
    pub(super) steps: [usize; 2],
    pub(super) planes: Planes,
    pub(super) out: &'a mut [f32],
}

impl<const IS_GRADIENT: bool> ToPoints<'_, IS_GRADIENT> {
    /// Rows and columns that a tile reads: all inputs of a tile, or its own outputs.
    #[inline(always)]
    fn size(&self) -> [usize; 2] {
        if IS_GRADIENT { self.steps } else { [POINTS; 2] }
    }

    fn check(&self) {
        let [rows, columns] = self.planes.n_tiles;
        let bottom = (rows - 1) * self.steps[0] + self.size()[0];
        let right = (columns - 1) * self.steps[1] + self.size()[1];
        assert!(right <= self.width, "tiles beyond the row");
        let length = bottom * self.width * self.planes.channels;
        assert!(length <= self.part.len(), "tiles beyond the image");
        self.planes.check(self.out.len());
    }

    #[inline(always)]
    fn map<S: Simd>(simd: S, line: [S::Vector; POINTS], step: usize) -> [S::Vector; POINTS] {
        if IS_GRADIENT {
            gradient_to_points(simd, line, step)
        } else {
            inputs_to_points(simd, line)
        }
    }
}

impl<const IS_GRADIENT: bool> Kernel for ToPoints<'_, IS_GRADIENT> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        self.check();
        let Planes { n_tiles: [_, columns], channels, plane } = self.planes;
        let [n_rows, n_columns] = self.size();
        let [step_rows, step_columns] = self.steps;
        let row_length = self.width * channels;
        for tile in 0..self.planes.n_all() {
            let corner =
                tile / columns * step_rows * row_length + tile % columns * step_columns * channels;
            for channel in (0..channels).step_by(S::LANES) {
                let count = (channels - channel).min(S::LANES);
                let mut square = [[simd.splat(0.0); POINTS]; POINTS];
                for (y, line) in square[..n_rows].iter_mut().enumerate() {
                    for (x, value) in line[..n_columns].iter_mut().enumerate() {
                        let at = corner + y * row_length + x * channels + channel;
                        // SAFETY: `check` found all pixels of the tile in `part`.
                        *value = unsafe { simd.load_first(self.part.as_ptr().add(at), count) };
                    }
                    *line = Self::map(simd, *line, step_columns);
                }
                for x in 0..POINTS {
                    let values = Self::map(simd, column(&square, x), step_rows);
                    for (y, value) in values.into_iter().enumerate() {
                        let at = (y * POINTS + x) * plane + tile * channels + channel;
                        // SAFETY: `check` found all points of all tiles in `out`.
                        unsafe { simd.store_first(value, self.out.as_mut_ptr().add(at), count) };
                    }
                }
            }
        }
    }
}

/// Overwrite rows of an output from its values at the points.
pub(super) struct FromPoints<'a> {
    pub(super) values: &'a [f32],
    pub(super) planes: Planes,
    pub(super) steps: [usize; 2],
    /// `[channel]`
    pub(super) bias: Option<&'a [f32]>,
    /// `[row, column, channel]`; tiles are cut off where it ends.
    pub(super) output: &'a mut [f32],
    /// Columns of `output`.
    pub(super) width: usize,
}

impl FromPoints<'_> {
    /// Rows of the output.
    fn height(&self) -> usize {
        self.output.len() / (self.width * self.planes.channels).max(1)
    }

    fn check(&self) {
        self.planes.check(self.values.len());
        let length = self.bias.map_or(self.planes.channels, <[f32]>::len);
        assert_eq!(length, self.planes.channels, "another number of biases than channels");
    }
}

impl Kernel for FromPoints<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        self.check();
        let Planes { n_tiles: [_, columns], channels, plane } = self.planes;
        let (height, [high, wide]) = (self.height(), self.steps);
        for tile in 0..self.planes.n_all() {
            let (top, left) = (tile / columns * high, tile % columns * wide);
            let n_rows = height.saturating_sub(top).min(high);
            let n_columns = self.width.saturating_sub(left).min(wide);
            for channel in (0..channels).step_by(S::LANES) {
                let count = (channels - channel).min(S::LANES);
                let mut square = [[simd.splat(0.0); POINTS]; POINTS];
                for x in 0..POINTS {
                    let mut values = [simd.splat(0.0); POINTS];
                    for (y, value) in values.iter_mut().enumerate() {
                        let at = (y * POINTS + x) * plane + tile * channels + channel;
                        // SAFETY: `check` found all points of all tiles in `values`.
                        *value = unsafe { simd.load_first(self.values.as_ptr().add(at), count) };
                    }
                    let values = points_to_outputs(simd, values, high);
                    for (line, value) in square.iter_mut().zip(values) {
                        line[x] = value;
                    }
                }
                let bias = match self.bias {
                    // SAFETY: `check` found a bias for each channel.
                    Some(bias) => unsafe { simd.load_first(bias.as_ptr().add(channel), count) },
                    None => simd.splat(0.0),
                };
                for (y, line) in square[..n_rows].iter().enumerate() {
                    let values = points_to_outputs(simd, *line, wide);
                    for (x, &value) in values[..n_columns].iter().enumerate() {
                        let at = ((top + y) * self.width + left + x) * channels + channel;
                        let value = simd.add(value, bias);
                        // SAFETY: a pixel of the output, whose rows and columns were cut off above.
                        unsafe { simd.store_first(value, self.output.as_mut_ptr().add(at), count) };
                    }
                }
            }
        }
    }
}
