//! Maps of two-dimensional tiles from and to their values at the points, a vector of channels at a
//! time.

use crate::simd::{Kernel, Simd};
use crate::winograd::{Gradients, Inputs, Line, Outputs, POINTS, Place, map_line, with_step};

/// The most lanes of a vector.
const LANES: usize = 16;

/// One vector of channels of a tile, `[row, column, lane]`: copied, or mapped along one axis.
#[repr(align(64))]
struct Tile([f32; POINTS * POINTS * LANES]);

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
        POINTS * POINTS * self.step()
    }
}

/// An image `[row, column, channel]`, of which tiles are cut.
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
    fn first(&self, place: [usize; 2]) -> [isize; 2] {
        let [top, left] = self.origin;
        let [high, long] = self.steps;
        [top + (place[0] * high) as isize, left + (place[1] * long) as isize]
    }

    /// Where the pixels of a tile lie, `None` where some are outside of the image.
    #[inline(always)]
    fn inside(&self, [top, left]: [isize; 2], extent: [usize; 2]) -> Option<Pixels<*const f32>> {
        let [height, width] = self.size;
        let (top, left) = (usize::try_from(top).ok()?, usize::try_from(left).ok()?);
        let is_inside = top + extent[0] <= height && left + extent[1] <= width;
        let first = self.image.as_ptr().wrapping_add((top * width + left) * self.channels);
        let (row, column) = (width * self.channels, self.channels);
        is_inside.then_some(Pixels { first, row, column })
    }

    /// Copy some channels of a tile, zeros for what is outside of the image.
    #[inline(always)]
    fn copy<S: Simd>(
        &self,
        simd: S,
        [top, left]: [isize; 2],
        extent: [usize; 2],
        channels: std::ops::Range<usize>,
        to: &mut Tile,
    ) {
        let [height, width] = self.size.map(|size| size as isize);
        for y in 0..extent[0] {
            for x in 0..extent[1] {
                let (row, column) = (top + y as isize, left + x as isize);
                let is_inside = 0 <= row && row < height && 0 <= column && column < width;
                let pixel = if is_inside { (row * width + column) as usize } else { 0 };
                let values =
                    &self.image[pixel * self.channels..][..self.channels][channels.clone()];
                let to = &mut to.0[(y * POINTS + x) * LANES..][..S::LANES];
                let count = if is_inside { values.len().min(S::LANES) } else { 0 };
                // SAFETY: `values` has `count` values and `to` has room for a vector.
                unsafe { simd.store(simd.load_first(values.as_ptr(), count), to.as_mut_ptr()) };
            }
        }
    }
}

/// Where the pixels of a tile lie: the first, from row to row and from column to column.
#[derive(Clone, Copy)]
struct Pixels<P> {
    first: P,
    row: usize,
    column: usize,
}

/// Overwrite `out` with inputs, or with gradients of outputs, at the points.
pub(super) struct ToPoints<'a, const IS_GRADIENT: bool> {
    pub(super) source: Source<'a>,
    pub(super) planes: Planes,
    pub(super) out: &'a mut [f32],
}

impl<const IS_GRADIENT: bool> Kernel for ToPoints<'_, IS_GRADIENT> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { source, planes, out } = self;
        let channels = planes.channels;
        // A tile's own outputs, or all of its inputs.
        let extent = if IS_GRADIENT { source.steps } else { [POINTS; 2] };
        assert!(source.image.len() >= source.size[0] * source.size[1] * channels, "a short image");
        assert_eq!(source.channels, channels, "another number of channels");
        assert!(channels <= planes.wide && planes.length() <= out.len(), "no room for points");
        let [mut half_way, mut cut] = [const { Tile([0.0; POINTS * POINTS * LANES]) }; 2];
        for tile in 0..planes.n_all() {
            let first = source.first([tile / planes.n_tiles[1], tile % planes.n_tiles[1]]);
            let inside = source.inside(first, extent);
            for channel in (0..channels).step_by(S::LANES) {
                let count = (channels - channel).min(S::LANES);
                let at = tile * planes.wide + channel;
                let to = Place { first: out[at..].as_mut_ptr(), step: planes.step() };
                let from = match inside {
                    Some(pixels) => Pixels { first: pixels.first.wrapping_add(channel), ..pixels },
                    None => {
                        source.copy(simd, first, extent, channel..channel + count, &mut cut);
                        Pixels { first: cut.0.as_ptr(), row: POINTS * LANES, column: LANES }
                    }
                };
                // SAFETY: the image has all pixels of a tile that is inside, with `count` channels
                // from `channel` on; `out` has room for all points of all tiles.
                unsafe {
                    if count == S::LANES {
                        Self::map_tile::<S, true>(
                            simd,
                            source.steps,
                            from,
                            to,
                            &mut half_way,
                            count,
                        );
                    } else {
                        Self::map_tile::<S, false>(
                            simd,
                            source.steps,
                            from,
                            to,
                            &mut half_way,
                            count,
                        );
                    }
                }
            }
        }
    }
}

impl<const IS_GRADIENT: bool> ToPoints<'_, IS_GRADIENT> {
    /// Map one vector of channels of a tile.
    ///
    /// # Safety
    /// So many channels can be read of all pixels and written to all points.
    #[inline(always)]
    unsafe fn map_tile<S: Simd, const FULL: bool>(
        simd: S,
        [high, wide]: [usize; 2],
        from: Pixels<*const f32>,
        to: Place<*mut f32>,
        half_way: &mut Tile,
        count: usize,
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            if IS_GRADIENT {
                with_step!(wide, Gradients => rows_half_way::<Line, S, FULL>(simd, from, high, half_way, count));
                with_step!(high, Gradients => columns_to_points::<Line, S, FULL>(simd, half_way, to, count));
            } else {
                rows_half_way::<Inputs, S, FULL>(simd, from, POINTS, half_way, count);
                columns_to_points::<Inputs, S, FULL>(simd, half_way, to, count);
            }
        }
    }
}

/// Map the rows of a tile.
///
/// # Safety
/// `count` channels of all pixels can be read.
#[inline(always)]
unsafe fn rows_half_way<L: Line, S: Simd, const FULL: bool>(
    simd: S,
    from: Pixels<*const f32>,
    n_rows: usize,
    half_way: &mut Tile,
    count: usize,
) {
    for y in 0..n_rows.min(POINTS) {
        let to = half_way.0[y * POINTS * LANES..].as_mut_ptr();
        // SAFETY: the caller's promise; a row of `half_way` has room for eight vectors.
        unsafe {
            let from = Place { first: from.first.add(y * from.row), step: from.column };
            map_line::<L, S, FULL>(simd, from, Place { first: to, step: LANES }, count);
        }
    }
}

/// Map columns to the points.
///
/// # Safety
/// `count` channels can be written at all points.
#[inline(always)]
unsafe fn columns_to_points<L: Line, S: Simd, const FULL: bool>(
    simd: S,
    half_way: &Tile,
    to: Place<*mut f32>,
    count: usize,
) {
    for x in 0..POINTS {
        let from = Place { first: half_way.0[x * LANES..].as_ptr(), step: POINTS * LANES };
        // SAFETY: the caller's promise; a column of `half_way` has eight vectors.
        unsafe {
            let to = Place { first: to.first.add(x * to.step), step: POINTS * to.step };
            map_line::<L, S, FULL>(simd, from, to, count);
        }
    }
}

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
        assert!(
            channels <= wide && self.planes.length() <= self.values.len(),
            "points are missing"
        );
        let row = self.width * channels;
        let height = self.output.len() / row.max(1);
        let [high, long] = self.steps;
        let [mut half_way, mut cut] = [const { Tile([0.0; POINTS * POINTS * LANES]) }; 2];
        for tile in 0..self.planes.n_all() {
            let (top, left) = (tile / columns * high, tile % columns * long);
            let size = [high.min(height - top), long.min(self.width - left)];
            for channel in (0..channels).step_by(S::LANES) {
                let count = (channels - channel).min(S::LANES);
                let points = self.values[tile * wide + channel..].as_ptr();
                let points = Place { first: points, step: self.planes.step() };
                let pixels = &mut self.output[top * row + left * channels + channel..];
                let pixels = Pixels { first: pixels.as_mut_ptr(), row, column: channels };
                let whole =
                    Pixels { first: cut.0.as_mut_ptr(), row: POINTS * LANES, column: LANES };
                let to = if size == self.steps { pixels } else { whole };
                // SAFETY: `values` has all points of all tiles. The output has all pixels of a tile
                // that is not cut off, and those of `size` of one that is.
                unsafe {
                    if count == S::LANES {
                        map_tile::<S, true>(simd, self.steps, points, to, &mut half_way, count);
                    } else {
                        map_tile::<S, false>(simd, self.steps, points, to, &mut half_way, count);
                    }
                    if size != self.steps {
                        copy_pixels(&cut, pixels, size, count);
                    }
                }
            }
        }
    }
}

/// Map one vector of channels of a tile from the points to its pixels.
///
/// # Safety
/// So many channels can be read of all points and written to all pixels.
#[inline(always)]
unsafe fn map_tile<S: Simd, const FULL: bool>(
    simd: S,
    [high, long]: [usize; 2],
    from: Place<*const f32>,
    to: Pixels<*mut f32>,
    half_way: &mut Tile,
    count: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        with_step!(high, Outputs => columns_half_way::<Line, S, FULL>(simd, from, half_way, count));
        with_step!(long, Outputs => rows_to_pixels::<Line, S, FULL>(simd, half_way, to, high, count));
    }
}

/// Map columns of points.
///
/// # Safety
/// `count` channels can be read of all points.
#[inline(always)]
unsafe fn columns_half_way<L: Line, S: Simd, const FULL: bool>(
    simd: S,
    from: Place<*const f32>,
    half_way: &mut Tile,
    count: usize,
) {
    for x in 0..POINTS {
        let to = Place { first: half_way.0[x * LANES..].as_mut_ptr(), step: POINTS * LANES };
        // SAFETY: the caller's promise; a column of `half_way` has room for eight vectors.
        unsafe {
            let from = Place { first: from.first.add(x * from.step), step: POINTS * from.step };
            map_line::<L, S, FULL>(simd, from, to, count);
        }
    }
}

/// Map rows to pixels.
///
/// # Safety
/// `count` channels can be written to all pixels.
#[inline(always)]
unsafe fn rows_to_pixels<L: Line, S: Simd, const FULL: bool>(
    simd: S,
    half_way: &Tile,
    to: Pixels<*mut f32>,
    n_rows: usize,
    count: usize,
) {
    for y in 0..n_rows.min(POINTS) {
        let from = Place { first: half_way.0[y * POINTS * LANES..].as_ptr(), step: LANES };
        // SAFETY: the caller's promise; a row of `half_way` has eight vectors.
        unsafe {
            let to = Place { first: to.first.add(y * to.row), step: to.column };
            map_line::<L, S, FULL>(simd, from, to, count);
        }
    }
}

/// Copy the pixels of a tile that is cut off.
///
/// # Safety
/// `count` channels can be written to `n_rows` x `n_columns` pixels, at most a tile's.
#[inline(always)]
unsafe fn copy_pixels(
    from: &Tile,
    to: Pixels<*mut f32>,
    [n_rows, n_columns]: [usize; 2],
    count: usize,
) {
    for (y, x) in (0..n_rows).flat_map(|y| (0..n_columns).map(move |x| (y, x))) {
        let from = &from.0[(y * POINTS + x) * LANES..][..count];
        // SAFETY: the caller's promise.
        unsafe {
            let to = to.first.add(y * to.row + x * to.column);
            std::ptr::copy_nonoverlapping(from.as_ptr(), to, count);
        }
    }
}
