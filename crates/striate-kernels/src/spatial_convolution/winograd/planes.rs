//! Where tiles are cut from, and where their values at the points lie.

use super::PLANES;
use super::tile::Lines;

/// Values at the points, `[point, tile row, tile column, channel]`.
#[derive(Clone, Copy)]
pub(super) struct Planes {
    /// Rows and columns of tiles.
    pub(super) n_tiles: [usize; 2],
    pub(super) channels: usize,
    /// Values from one tile to the next, at least as many as channels.
    pub(super) wide: usize,
}

impl Planes {
    /// Tiles.
    pub(super) fn n_all(&self) -> usize {
        self.n_tiles[0] * self.n_tiles[1]
    }

    /// Values from one point to the next: a bit more than needed, so that points of a tile do not
    /// compete for the same lines of near memory.
    pub(super) fn step(&self) -> usize {
        const GAP: usize = 16;
        self.n_all() * self.wide + GAP
    }

    /// Values of all points.
    pub(super) fn length(&self) -> usize {
        PLANES * self.step()
    }
}

/// An image `[row, column, channel]` of which tiles are cut.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) image: &'a [f32],
    pub(super) size: [usize; 2],
    pub(super) channels: usize,
    /// Where the first tile begins; what lies outside of the image is 0.
    pub(super) origin: [isize; 2],
    /// From one tile to the next.
    pub(super) steps: [usize; 2],
}

impl Source<'_> {
    /// First row and column of a tile.
    #[inline(always)]
    pub(super) fn corner(&self, place: [usize; 2]) -> [isize; 2] {
        let [top, left] = self.origin;
        [top + (place[0] * self.steps[0]) as isize, left + (place[1] * self.steps[1]) as isize]
    }

    /// The pixel at a place, `None` outside of the image.
    #[inline(always)]
    pub(super) fn pixel(&self, [row, column]: [isize; 2]) -> Option<usize> {
        let [height, width] = self.size;
        let (row, column) = (usize::try_from(row).ok()?, usize::try_from(column).ok()?);
        (row < height && column < width).then_some(row * width + column)
    }

    /// Rows of the pixels of a tile, `None` where some are outside of the image.
    #[inline(always)]
    pub(super) fn inside(
        &self,
        [top, left]: [isize; 2],
        extent: [usize; 2],
    ) -> Option<Lines<*const f32>> {
        let first = self.pixel([top, left])?;
        self.pixel([top + extent[0] as isize - 1, left + extent[1] as isize - 1])?;
        Some(Lines {
            first: self.image[first * self.channels..].as_ptr(),
            across: self.size[1] * self.channels,
            along: self.channels,
        })
    }
}
