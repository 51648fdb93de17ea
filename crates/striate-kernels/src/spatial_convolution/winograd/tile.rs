//! One vector of channels of a tile.

use crate::simd::Simd;
use crate::winograd::{Line, POINTS, Place, map_line};

/// The most lanes of a vector.
const LANES: usize = 16;
/// Values of a row.
const ROW: usize = POINTS * LANES;

/// One vector of channels of a tile, `[row, column, lane]`: copied, or mapped along one axis.
#[repr(align(64))]
pub(super) struct Tile([f32; POINTS * ROW]);

impl Tile {
    pub(super) const fn new() -> Self {
        Self([0.0; POINTS * ROW])
    }

    /// The vector of a pixel.
    #[inline(always)]
    pub(super) fn pixel(&mut self, row: usize, column: usize) -> &mut [f32] {
        &mut self.0[row * ROW + column * LANES..][..LANES]
    }

    /// Its rows and its columns.
    #[inline(always)]
    pub(super) fn lines(&mut self) -> [Lines<*mut f32>; 2] {
        let first = self.0.as_mut_ptr();
        [Lines { first, across: ROW, along: LANES }, Lines { first, across: LANES, along: ROW }]
    }
}

/// Rows or columns of a tile in memory.
#[derive(Clone, Copy)]
pub(super) struct Lines<P> {
    pub(super) first: P,
    /// From line to line.
    pub(super) across: usize,
    /// From value to value of a line.
    pub(super) along: usize,
}

impl Lines<*mut f32> {
    #[inline(always)]
    pub(super) fn to_read(self) -> Lines<*const f32> {
        Lines { first: self.first.cast_const(), across: self.across, along: self.along }
    }
}

/// Map lines of vectors of which the first `count` lanes are in use.
///
/// # Safety
/// So many values can be read and written at each place of each line.
#[inline(always)]
pub(super) unsafe fn map_lines<L: Line, S: Simd>(
    simd: S,
    n_lines: usize,
    from: Lines<*const f32>,
    to: Lines<*mut f32>,
    count: usize,
) {
    for line in 0..n_lines {
        // SAFETY: the caller's promise; whole vectors are used only where all lanes are.
        unsafe {
            let from = Place { first: from.first.add(line * from.across), step: from.along };
            let to = Place { first: to.first.add(line * to.across), step: to.along };
            if count == S::LANES {
                map_line::<L, S, true>(simd, from, to, count);
            } else {
                map_line::<L, S, false>(simd, from, to, count);
            }
        }
    }
}
