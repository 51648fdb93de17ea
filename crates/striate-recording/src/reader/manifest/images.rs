//! An archive of images as a stimulus. Small sets are kept in memory once unpacked, since training
//! reads each image again and again.

use std::ops::Range;
use std::sync::OnceLock;

use ndarray::{Array2, Array3, Axis};
use striate_formats::image::ImageZip;

use super::stimulus::box_means;
use crate::error::RecordingError;

/// Most bytes of unpacked images kept per session.
const MOST_KEPT: usize = 64 << 20;

/// The images of an archive, sorted by name.
pub(super) struct ImageFiles {
    archive: ImageZip,
    /// Height and width of every image.
    size: (usize, usize),
    downscale: usize,
    /// One place for each image; none where the set is large.
    kept: Vec<OnceLock<Array2<f32>>>,
}

impl ImageFiles {
    pub(super) fn open(archive: ImageZip, downscale: usize) -> Result<Self, RecordingError> {
        let size = archive.read_gray(0)?.dim();
        let small = (size.0 / downscale, size.1 / downscale);
        let bytes = 4 * archive.len().saturating_mul(small.0 * small.1);
        let n_kept = if bytes <= MOST_KEPT { archive.len() } else { 0 };
        let kept = (0..n_kept).map(|_| OnceLock::new()).collect();
        Ok(Self { archive, size, downscale, kept })
    }

    /// Number of images, height and width, before downscaling.
    pub(super) fn size(&self) -> [usize; 3] {
        [self.archive.len(), self.size.0, self.size.1]
    }

    /// Images `range`, downscaled: `[image, height, width]`.
    pub(super) fn read(&self, range: Range<usize>) -> Result<Array3<f32>, RecordingError> {
        let (height, width) = (self.size.0 / self.downscale, self.size.1 / self.downscale);
        let mut images = Array3::zeros((range.len(), height, width));
        for (mut image, place) in images.outer_iter_mut().zip(range) {
            match self.kept.get(place) {
                None => image.assign(&self.unpack(place)?),
                Some(kept) => {
                    if kept.get().is_none() {
                        // Two threads may both unpack it; the pixels are the same.
                        let _ = kept.set(self.unpack(place)?);
                    }
                    image.assign(kept.get().expect("set above"));
                }
            }
        }
        Ok(images)
    }

    fn unpack(&self, place: usize) -> Result<Array2<f32>, RecordingError> {
        let image = self.archive.read_gray(place)?;
        if image.dim() != self.size {
            let name = self.archive.names().get(place).map_or("", String::as_str);
            let what = format!("image {place}, {name}");
            let (height, width) = image.dim();
            let expected =
                format!("{:?} (height, width), as the first", [self.size.0, self.size.1]);
            let path = self.archive.path();
            return Err(RecordingError::shape(what, &[height, width], expected, path));
        }
        if self.downscale == 1 {
            return Ok(image);
        }
        let small = box_means(&image.insert_axis(Axis(0)), self.downscale);
        Ok(small.index_axis_move(Axis(0), 0))
    }

    pub(super) fn resident_bytes(&self) -> u64 {
        let pixels = (self.size.0 / self.downscale) * (self.size.1 / self.downscale);
        (self.kept.len() * (4 * pixels + 64)) as u64 + 64 * self.archive.len() as u64
    }
}
