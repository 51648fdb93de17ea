//! Arrays that lie in one piece, or whose pages lie at equal distances.

use std::ops::Range;
use std::path::Path;

use super::Source;
use super::bytes::{Bytes, Runs};
use super::options::{Axis, AxisOrder};
use super::pixel::Encoding;
use crate::error::FormatError;

/// Where the pixels of a movie lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) encoding: Encoding,
    /// First byte of the first pixel.
    pub(super) first: u64,
    /// `[frames, height, width]`.
    pub(super) shape: [usize; 3],
    /// Order in the file.
    pub(super) order: AxisOrder,
    /// Bytes from one frame to the next, where frames are the slowest axis.
    pub(super) pitch: u64,
}

impl Layout {
    /// Pixels one after the other.
    pub(super) fn dense(
        encoding: Encoding,
        first: u64,
        shape: [usize; 3],
        order: AxisOrder,
        path: &Path,
    ) -> Result<Self, FormatError> {
        let pitch = frame_bytes(encoding, shape, path)?;
        Ok(Self { encoding, first, shape, order, pitch })
    }

    /// One byte after the last pixel; an error where no file is as long.
    pub(super) fn end(&self, path: &Path) -> Result<u64, FormatError> {
        if self.shape.contains(&0) {
            return Ok(self.first);
        }
        let last = (self.shape[0] as u64 - 1).checked_mul(self.pitch);
        let frame = frame_bytes(self.encoding, self.shape, path)?;
        let end = last.and_then(|n| n.checked_add(frame)).and_then(|n| n.checked_add(self.first));
        end.filter(|&end| i64::try_from(end).is_ok()).ok_or_else(|| too_many(self.shape, path))
    }

    /// Whether frames lie one after the other.
    pub(super) fn frames_lie_together(&self) -> bool {
        self.order.axes()[0] == Axis::T
    }

    /// Where `frames` lie.
    fn runs(&self, frames: &Range<usize>) -> Runs {
        let size = self.encoding.pixel.bytes() as u64;
        let [n0, n1, n2] = self.order.file_shape(self.shape).map(|n| n as u64);
        let (start, n) = (frames.start as u64, frames.len() as u64);
        let (skipped, count, bytes, pitch) = match self.order.axes() {
            [Axis::T, ..] => (start * self.pitch, n, n1 * n2 * size, self.pitch),
            [_, Axis::T, _] => (start * n2 * size, n0, n * n2 * size, n1 * n2 * size),
            _ => (start * size, n0 * n1, n * size, n2 * size),
        };
        Runs { first: self.first + skipped, count, bytes, pitch }.joined()
    }

    /// Put pixels, of which the first is number `place` of those asked for, where they belong.
    fn scatter(&self, mut place: usize, bytes: &[u8], n_frames: usize, out: &mut [f32]) {
        let [_, height, width] = self.shape;
        if self.order == AxisOrder::Tyx {
            return self.encoding.convert(bytes, out.split_at_mut(place).1, 1);
        }
        let [_, n1, n2] = self.order.file_shape([n_frames, height, width]);
        let strides = self.order.axes().map(|axis| [height * width, width, 1][axis as usize]);
        let size = self.encoding.pixel.bytes();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (line, within) = (place / n2, place % n2);
            let (piece, after) = rest.split_at(rest.len().min((n2 - within) * size));
            let to = line / n1 * strides[0] + line % n1 * strides[1] + within * strides[2];
            self.encoding.convert(piece, out.split_at_mut(to).1, strides[2]);
            place += piece.len() / size;
            rest = after;
        }
    }
}

/// A movie in one layout.
#[derive(Debug)]
pub(super) struct Strided {
    pub(super) bytes: Bytes,
    layout: Layout,
}

impl Strided {
    /// A movie whose last pixel is within the file.
    pub(super) fn new(bytes: Bytes, layout: Layout) -> Result<Self, FormatError> {
        let (found, expected) = (bytes.len(), layout.end(bytes.path())?);
        if found < expected {
            let path = bytes.path().to_owned();
            return Err(FormatError::Length { found, expected, path });
        }
        Ok(Self { bytes, layout })
    }
}

impl Source for Strided {
    fn read(&self, frames: Range<usize>, out: &mut [f32]) -> Result<(), FormatError> {
        self.bytes.check_unchanged()?;
        let (size, n_frames) = (self.layout.encoding.pixel.bytes(), frames.len());
        self.bytes.visit(&self.layout.runs(&frames), size, &mut |place, bytes| {
            self.layout.scatter(place as usize / size, bytes, n_frames, out);
        })
    }
}

/// Bytes of a frame, where that is a number files can have.
pub(super) fn frame_bytes(
    encoding: Encoding,
    shape: [usize; 3],
    path: &Path,
) -> Result<u64, FormatError> {
    let pixels = (shape[1] as u64).checked_mul(shape[2] as u64);
    let bytes = pixels.and_then(|n| n.checked_mul(encoding.pixel.bytes() as u64));
    bytes.filter(|&n| i64::try_from(n).is_ok()).ok_or_else(|| too_many(shape, path))
}

fn too_many(shape: [usize; 3], path: &Path) -> FormatError {
    let found = format!("{shape:?} (frames, height, width)");
    FormatError::malformed("shape", found, "fewer pixels than files have bytes", path)
}
