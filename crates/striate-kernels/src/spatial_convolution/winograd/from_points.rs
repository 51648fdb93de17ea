//! From values at the points to outputs.

use super::planes::Planes;
use super::tile::{Lines, Tile, map_lines};
use crate::simd::{Kernel, Simd};
use crate::winograd::{Outputs, POINTS, with_step};

/// Overwrite rows of an output from its values at the points.
pub(super) struct FromPoints<'a> {
    pub(super) values: &'a [f32],
    pub(super) planes: Planes,
    pub(super) steps: [usize; 2],
    /// `[row, column, channel]`; tiles are cut off where it ends.
    pub(super) output: &'a mut [f32],
    /// Columns of `output`.
    pub(super) width: usize,
}

impl Kernel for FromPoints<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Planes { n_tiles: [_, columns], channels, wide } = self.planes;
        let plane = self.planes.step();
        assert!(
            channels <= wide && self.planes.length() <= self.values.len(),
            "points are missing"
        );
        let row = self.width * channels;
        let height = self.output.len() / row.max(1);
        let (mut half_way, mut cut) = (Tile::new(), Tile::new());
        for tile in 0..self.planes.n_all() {
            let [top, left] = [tile / columns * self.steps[0], tile % columns * self.steps[1]];
            let size = [self.steps[0].min(height - top), self.steps[1].min(self.width - left)];
            for channel in (0..channels).step_by(S::LANES) {
                let count = (channels - channel).min(S::LANES);
                let points = self.values[tile * wide + channel..].as_ptr();
                let points = Lines { first: points, across: plane, along: POINTS * plane };
                let pixels = &mut self.output[top * row + left * channels + channel..];
                let pixels = Lines { first: pixels.as_mut_ptr(), across: row, along: channels };
                let is_whole = size == self.steps;
                let to = if is_whole { pixels } else { cut.lines()[0] };
                // SAFETY: `values` has all points of all tiles. The output has all pixels of a tile
                // that is not cut off, and those of `size` of one that is.
                unsafe {
                    map(simd, self.steps, points, to, &mut half_way, count);
                    if !is_whole {
                        copy_pixels(&mut cut, pixels, size, count);
                    }
                }
            }
        }
    }
}

/// Map columns of points, then rows.
///
/// # Safety
/// `count` channels can be read of all points and written to all pixels.
#[inline(always)]
unsafe fn map<S: Simd>(
    simd: S,
    [high, long]: [usize; 2],
    from: Lines<*const f32>,
    to: Lines<*mut f32>,
    half_way: &mut Tile,
    count: usize,
) {
    let [rows, columns] = half_way.lines();
    // SAFETY: the caller's promise; `half_way` has room for all rows and columns.
    unsafe {
        with_step!(high, Outputs => map_lines::<Line, S>(simd, POINTS, from, columns, count));
        with_step!(long, Outputs => map_lines::<Line, S>(simd, high, rows.to_read(), to, count));
    }
}

/// Copy the pixels of a tile that is cut off.
///
/// # Safety
/// `count` channels can be written to `n_rows` x `n_columns` pixels.
#[inline(always)]
unsafe fn copy_pixels(
    from: &mut Tile,
    to: Lines<*mut f32>,
    [n_rows, n_columns]: [usize; 2],
    count: usize,
) {
    for y in 0..n_rows {
        for x in 0..n_columns {
            let from = &from.pixel(y, x)[..count];
            // SAFETY: the caller's promise.
            unsafe {
                let to = to.first.add(y * to.across + x * to.along);
                std::ptr::copy_nonoverlapping(from.as_ptr(), to, count);
            }
        }
    }
}
