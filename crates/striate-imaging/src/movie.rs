//! What the algorithms read: frames, a stretch at a time.

mod inspect;
mod stack;

use std::ops::Range;

use ndarray::Array3;

use crate::ImagingError;
pub use inspect::{MovieInspection, MovieInspectionConfig, inspect_movie};
pub use stack::StackMovie;

/// Numbers of frames, rows and columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct MovieShape {
    /// Frames.
    pub n_frames: usize,
    /// Rows of a frame.
    pub height: usize,
    /// Columns of a frame.
    pub width: usize,
}

impl MovieShape {
    /// Pixels of a frame.
    pub fn n_pixels(&self) -> usize {
        self.height * self.width
    }
}

/// A movie `[frame, y, x]`, read in stretches of frames by any number of threads.
pub trait Movie: Sync {
    /// Numbers of frames, rows and columns.
    fn shape(&self) -> MovieShape;

    /// Read `frames` into `out`, `[frame, y, x]`, in the units of the recording.
    ///
    /// # Errors
    /// Where the frames cannot be read.
    ///
    /// # Panics
    /// Where `out` is not as long as the frames.
    fn read(&self, frames: Range<usize>, out: &mut [f32]) -> Result<(), ImagingError>;
}

/// A movie in memory, `[frame, y, x]`.
///
/// ```
/// use striate_imaging::{ArrayMovie, Movie};
///
/// let movie = ArrayMovie::new(ndarray::Array3::from_shape_fn((3, 2, 2), |(t, y, x)| (t + y + x) as f32));
/// let mut frame = [0.0; 4];
/// movie.read(2..3, &mut frame)?;
/// assert_eq!(frame, [2.0, 3.0, 3.0, 4.0]);
/// # Ok::<(), striate_imaging::ImagingError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ArrayMovie(Array3<f32>);

impl ArrayMovie {
    /// The movie of `frames`, `[frame, y, x]`.
    pub fn new(frames: Array3<f32>) -> Self {
        Self(frames.as_standard_layout().into_owned())
    }

    /// The frames, `[frame, y, x]`.
    pub fn frames(&self) -> &Array3<f32> {
        &self.0
    }
}

impl Movie for ArrayMovie {
    fn shape(&self) -> MovieShape {
        let (n_frames, height, width) = self.0.dim();
        MovieShape { n_frames, height, width }
    }

    fn read(&self, frames: Range<usize>, out: &mut [f32]) -> Result<(), ImagingError> {
        let n_pixels = self.shape().n_pixels();
        let values = self.0.as_slice().expect("standard layout by construction");
        out.copy_from_slice(&values[frames.start * n_pixels..frames.end * n_pixels]);
        Ok(())
    }
}
