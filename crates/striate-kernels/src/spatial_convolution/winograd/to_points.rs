//! From inputs, or from gradients of outputs, to their values at the points.

use super::planes::{Planes, Source};
use super::tile::{Lines, Tile, map_lines};
use crate::simd::{Kernel, Simd};
use crate::winograd::{Gradients, Inputs, POINTS, with_step};

/// Overwrite `out` with the values of tiles at the points: of all inputs that a tile reads, or of the
/// gradient of its own outputs.
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
        let extent = if IS_GRADIENT { source.steps } else { [POINTS; 2] };
        assert_eq!(source.channels, channels, "another number of channels");
        assert!(source.size[0] * source.size[1] * channels <= source.image.len(), "a short image");
        assert!(channels <= planes.wide && planes.length() <= out.len(), "no room for points");
        let (mut half_way, mut copy) = (Tile::new(), Tile::new());
        for tile in 0..planes.n_all() {
            let corner = source.corner([tile / planes.n_tiles[1], tile % planes.n_tiles[1]]);
            let inside = source.inside(corner, extent);
            for channel in (0..channels).step_by(S::LANES) {
                let count = (channels - channel).min(S::LANES);
                let from = if let Some(rows) = inside {
                    Lines { first: rows.first.wrapping_add(channel), ..rows }
                } else {
                    copy_tile(simd, &source, corner, channel, extent, &mut copy);
                    copy.lines()[0].to_read()
                };
                let first = out[tile * planes.wide + channel..].as_mut_ptr();
                let to = Lines { first, across: planes.step(), along: POINTS * planes.step() };
                // SAFETY: the image has all pixels of a tile that is inside, with `count` channels
                // from `channel` on; `out` has room for all points of all tiles.
                unsafe { Self::map(simd, source.steps, from, to, &mut half_way, count) };
            }
        }
    }
}

impl<const IS_GRADIENT: bool> ToPoints<'_, IS_GRADIENT> {
    /// Map rows of pixels, then columns.
    ///
    /// # Safety
    /// `count` channels can be read of all pixels and written to all points.
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
            if IS_GRADIENT {
                with_step!(long, Gradients => map_lines::<Line, S>(simd, high, from, rows, count));
                with_step!(high, Gradients => map_lines::<Line, S>(simd, POINTS, columns.to_read(), to, count));
            } else {
                map_lines::<Inputs, S>(simd, POINTS, from, rows, count);
                map_lines::<Inputs, S>(simd, POINTS, columns.to_read(), to, count);
            }
        }
    }
}

/// Copy a vector of channels of a tile, zeros for what is outside of the image.
#[inline(always)]
fn copy_tile<S: Simd>(
    simd: S,
    source: &Source<'_>,
    [top, left]: [isize; 2],
    channel: usize,
    extent: [usize; 2],
    to: &mut Tile,
) {
    for y in 0..extent[0] {
        for x in 0..extent[1] {
            let pixel = source.pixel([top + y as isize, left + x as isize]);
            let first = pixel.map_or(0, |pixel| pixel * source.channels + channel);
            let count = if pixel.is_some() { source.channels - channel } else { 0 };
            let values = &source.image[first..][..count];
            let to = &mut to.pixel(y, x)[..S::LANES];
            // SAFETY: lanes are read from `values` alone, and `to` has room for all.
            unsafe {
                let vector = simd.load_first(values.as_ptr(), count.min(S::LANES));
                simd.store(vector, to.as_mut_ptr());
            }
        }
    }
}
