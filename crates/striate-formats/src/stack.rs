//! Stacks of images `[frame, y, x]`, read in stretches of frames, whatever file they are in.
//!
//! | format | how stretches are read | where its layout comes from |
//! | --- | --- | --- |
//! | TIFF, BigTIFF, not packed | one positional read for each MiB of pages at equal distances | directories; ImageJ's `images=` where there is only one |
//! | TIFF, BigTIFF packed by LZW, deflate, PackBits, zstd; strips or tiles | page by page | directories |
//! | folder of TIFFs | file by file, in the order of the numbers in their names | each file |
//! | NPY; NPZ member that is stored | as TIFF | header |
//! | NPZ member that is packed | unpacked into memory when it is opened, up to 1 GiB | header |
//! | HDF5, NWB | chunk by chunk | header; `TwoPhotonSeries` of NWB are transposed |
//! | `CaImAn`'s `.mmap` | as TIFF; order C is gathered from the whole file | name |
//! | raw pixels, as suite2p's `data.bin` | as TIFF | [`RawLayout`] |
//!
//! Formats are told by their first bytes. Channels and planes whose pages take turns are separated by
//! [`StackOptions`]. Pixels become `f32`, rounded to nearest; NaN and infinities stay as they are.

mod bytes;
mod facts;
mod folder;
mod hdf5;
mod numpy;
mod open;
mod options;
mod pixel;
mod raw;
mod strided;
#[cfg(test)]
mod tests;
mod tiff;

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::error::FormatError;
pub use facts::{Access, StackFacts};
use open::{listed, note_gathered, only_one, refuse_bomb};
pub use options::{AxisOrder, RawLayout, StackOptions};
pub use pixel::PixelType;
pub use tiff::TiffWriter;
use tiff::Turns;

/// Where pages come from.
trait Source: Send + Sync {
    /// Read `pages`, which exist, into `out`, which is as long.
    fn read(&self, pages: Range<usize>, out: &mut [f32]) -> Result<(), FormatError>;
}

/// A file that was opened.
struct Opened {
    source: Box<dyn Source>,
    /// `[pages, height, width]`.
    shape: [usize; 3],
    pixel_type: PixelType,
    facts: StackFacts,
    bytes_on_disk: u64,
}

/// A stack of images in a file or folder, read by any number of threads.
///
/// ```
/// use striate_formats::stack::{ImageStack, StackOptions};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("movie.npy");
/// let movie = ndarray::Array3::from_shape_fn((4, 2, 3), |(t, y, x)| (100 * t + 10 * y + x) as f32);
/// striate_formats::npy::write_f32(&path, &movie.view().into_dyn())?;
///
/// let stack = ImageStack::open(&path, &StackOptions::default())?;
/// assert_eq!(stack.shape(), [4, 2, 3]);
/// let mut frames = vec![0.0; 2 * 2 * 3];
/// stack.read_frames(1..3, &mut frames)?;
/// assert_eq!(frames[..4], [100.0, 101.0, 102.0, 110.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ImageStack {
    path: PathBuf,
    source: Box<dyn Source>,
    n_frames: usize,
    size: [usize; 2],
    pixel_type: PixelType,
    facts: StackFacts,
    bytes_on_disk: u64,
    /// First page that is read and distance to the next.
    pages: (usize, usize),
}

impl ImageStack {
    /// Open a file, or a folder of TIFFs.
    ///
    /// # Errors
    /// [`FormatError`] for what cannot be opened, is of no known format, is cut off, or says of itself
    /// what cannot be; for several arrays, channels or planes of which none is chosen; and for options
    /// that the format has no use for.
    pub fn open(path: &Path, options: &StackOptions) -> Result<Self, FormatError> {
        let (opened, turns) = open::open(path, options)?;
        if opened.shape.contains(&0) {
            let found = format!("{:?} (frames, height, width)", opened.shape);
            return Err(FormatError::malformed("shape", found, "one pixel or more", path));
        }
        let [_, height, width] = opened.shape;
        let of_frame = height.saturating_mul(width).saturating_mul(opened.pixel_type.bytes());
        refuse_bomb(of_frame as u64, opened.bytes_on_disk, path)?;
        Self::select(opened, turns, options, path)
    }

    /// Choose the pages of one channel and plane.
    fn select(
        opened: Opened,
        turns: Turns,
        options: &StackOptions,
        path: &Path,
    ) -> Result<Self, FormatError> {
        let Opened {
            source,
            shape: [n_pages, height, width],
            pixel_type,
            mut facts,
            bytes_on_disk,
        } = opened;
        let turns = Turns {
            n_channels: options.channels.unwrap_or(turns.n_channels),
            n_planes: options.planes.unwrap_or(turns.n_planes),
            ..turns
        };
        let channel = chosen("channel", options.channel, turns.n_channels, path)?;
        let plane = chosen("plane", options.plane, turns.n_planes, path)?;
        let of_frame = turns.n_channels.saturating_mul(turns.n_planes);
        let n_frames = n_pages / of_frame;
        if n_frames == 0 {
            let found = format!("{} channels of {} planes", turns.n_channels, turns.n_planes);
            let expected = format!("at most as many together as there are pages, {n_pages}");
            return Err(FormatError::malformed("pages that take turns", found, expected, path));
        }
        if n_pages % of_frame != 0 {
            let left = n_pages % of_frame;
            facts
                .notes
                .push(format!("the last {left} pages are not a whole frame and are left out"));
        }
        (facts.n_channels, facts.n_planes) = (turns.n_channels, turns.n_planes);
        let pages = turns.pages([channel, plane], n_frames);
        let (path, size) = (path.to_owned(), [height, width]);
        Ok(Self { path, source, n_frames, size, pixel_type, facts, bytes_on_disk, pages })
    }

    /// `[frames, height, width]`.
    pub fn shape(&self) -> [usize; 3] {
        [self.n_frames, self.size[0], self.size[1]]
    }

    /// Type of the pixels in the file.
    pub fn pixel_type(&self) -> PixelType {
        self.pixel_type
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is known beside the pixels.
    pub fn describe(&self) -> &StackFacts {
        &self.facts
    }

    /// Length of the file, or of all files of a folder.
    pub fn bytes_on_disk(&self) -> u64 {
        self.bytes_on_disk
    }

    /// Read `frames` into `out`, `[frame, y, x]`.
    ///
    /// # Errors
    /// [`FormatError`] for frames that are not there, an `out` of another length, files that changed
    /// after they were opened or cannot be unpacked, and with what the file system reports. `out` is
    /// then of no use.
    pub fn read_frames(&self, frames: Range<usize>, out: &mut [f32]) -> Result<(), FormatError> {
        let n_pixels = self.size[0] * self.size[1];
        if frames.start > frames.end || frames.end > self.n_frames {
            return Err(FormatError::OutOfRange {
                what: "number of frames".to_owned(),
                length: self.n_frames,
                start: frames.start,
                end: frames.end,
                path: self.path.clone(),
            });
        }
        if frames.len().checked_mul(n_pixels) != Some(out.len()) {
            let found = format!("{} values", out.len());
            let expected = format!("{} frames of {n_pixels}", frames.len());
            return Err(FormatError::malformed("room for frames", found, expected, &self.path));
        }
        let (first, step) = self.pages;
        if step == 1 {
            return self.source.read(first + frames.start..first + frames.end, out);
        }
        for (frame, out) in frames.zip(out.chunks_exact_mut(n_pixels)) {
            let page = first + frame * step;
            self.source.read(page..page + 1, out)?;
        }
        Ok(())
    }
}

impl fmt::Debug for ImageStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageStack")
            .field("path", &self.path)
            .field("shape", &self.shape())
            .field("pixel_type", &self.pixel_type)
            .finish_non_exhaustive()
    }
}

impl Turns {
    /// First page of a channel and plane, and distance to its next.
    fn pages(&self, [channel, plane]: [usize; 2], n_frames: usize) -> (usize, usize) {
        let (mut first, mut step, mut distance) = (0, 1, 1);
        for axis in self.order {
            match axis {
                b'c' => {
                    first += channel * distance;
                    distance *= self.n_channels;
                }
                b'z' => {
                    first += plane * distance;
                    distance *= self.n_planes;
                }
                _ => {
                    step = distance;
                    distance *= n_frames;
                }
            }
        }
        (first, step)
    }
}

/// Which of several to read.
fn chosen(what: &str, asked: Option<usize>, n: usize, path: &Path) -> Result<usize, FormatError> {
    match asked {
        _ if n == 0 => {
            Err(FormatError::malformed(format!("number of {what}s"), "0", "1 or more", path))
        }
        Some(i) if i < n => Ok(i),
        None if n == 1 => Ok(0),
        _ => {
            let found = asked.map_or("none chosen".to_owned(), |i| i.to_string());
            let expected = format!("option `{what}` from 0 to {}", n - 1);
            Err(FormatError::malformed(what, found, expected, path))
        }
    }
}
