//! Movies in files.

use std::ops::Range;

use striate_formats::stack::ImageStack;

use super::{Movie, MovieShape};
use crate::ImagingError;

/// A movie in a file or folder.
///
/// ```
/// use striate_formats::stack::{ImageStack, PixelType, StackOptions, TiffWriter};
/// use striate_imaging::{Movie, StackMovie};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("movie.tif");
/// let mut writer = TiffWriter::create(&path, [1, 2], PixelType::I16, Some(2))?;
/// writer.write_frame(&[1.0, 2.0])?;
/// writer.write_frame(&[3.0, -4.0])?;
/// writer.finish()?;
///
/// let movie = StackMovie(ImageStack::open(&path, &StackOptions::default())?);
/// let mut frame = [0.0; 2];
/// movie.read(1..2, &mut frame)?;
/// assert_eq!((movie.shape().n_frames, frame), (2, [3.0, -4.0]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct StackMovie(pub ImageStack);

impl Movie for StackMovie {
    fn shape(&self) -> MovieShape {
        let [n_frames, height, width] = self.0.shape();
        MovieShape { n_frames, height, width }
    }

    fn read(&self, frames: Range<usize>, out: &mut [f32]) -> Result<(), ImagingError> {
        Ok(self.0.read_frames(frames, out)?)
    }
}
