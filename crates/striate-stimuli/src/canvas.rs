//! The size and frame rate of a stimulus.

use ndarray::Array3;
use serde::{Deserialize, Serialize};

use crate::error::{StimulusError, require};

/// The luminance of the grey between black (0) and white (255).
pub const MEAN_LUMINANCE: f32 = 127.5;

/// Most values a stimulus may have: 4 GiB of f32.
const MAX_VALUES: usize = 1 << 30;

/// The size and frame rate of a stimulus.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canvas {
    /// Number of frames, at least 1.
    pub n_frames: usize,
    /// Rows in pixels, at least 1.
    pub height: usize,
    /// Columns in pixels, at least 1.
    pub width: usize,
    /// Frames per second, above 0.
    pub frame_rate_hz: f64,
}

impl Canvas {
    /// Refuse an empty canvas, a frame rate that is not positive, or more than 2^30 values.
    ///
    /// # Errors
    /// [`StimulusError::OutOfRange`] or [`StimulusError::TooLarge`].
    pub fn check(&self) -> Result<(), StimulusError> {
        require(self.n_frames > 0, "n_frames", self.n_frames as f64, "at least 1")?;
        require(self.height > 0, "height", self.height as f64, "at least 1")?;
        require(self.width > 0, "width", self.width as f64, "at least 1")?;
        let rate = self.frame_rate_hz;
        require(rate.is_finite() && rate > 0.0, "frame_rate_hz", rate, "a finite number > 0")?;
        let n_values =
            self.height.checked_mul(self.width).and_then(|n| n.checked_mul(self.n_frames));
        match n_values {
            Some(n) if n <= MAX_VALUES => Ok(()),
            _ => Err(StimulusError::TooLarge {
                n_frames: self.n_frames,
                height: self.height,
                width: self.width,
                limit: MAX_VALUES,
            }),
        }
    }

    /// A grey stimulus `[frame, height, width]` of this size.
    pub(crate) fn grey(&self) -> Array3<f32> {
        Array3::from_elem((self.n_frames, self.height, self.width), MEAN_LUMINANCE)
    }

    /// A stimulus whose contrast at `(frame, y, x)` is `contrast(frame, y, x)`: luminance
    /// `MEAN_LUMINANCE * (1 + contrast)`, cut to 0..255.
    pub(crate) fn fill(&self, mut contrast: impl FnMut(usize, usize, usize) -> f64) -> Array3<f32> {
        Array3::from_shape_fn((self.n_frames, self.height, self.width), |(frame, y, x)| {
            luminance(contrast(frame, y, x) as f32)
        })
    }
}

/// The luminance of a contrast (-1 black, 0 grey, 1 white), cut to 0..255.
pub(crate) fn luminance(contrast: f32) -> f32 {
    (MEAN_LUMINANCE * (1.0 + contrast)).clamp(0.0, 2.0 * MEAN_LUMINANCE)
}

/// The unit vector `(x, y)` in pixel coordinates (y downwards) of a direction on the screen.
pub(crate) fn unit_vector(direction_deg: f64) -> [f64; 2] {
    let angle = direction_deg.to_radians();
    [angle.cos(), -angle.sin()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_empty_and_oversized_canvases() {
        let good = Canvas { n_frames: 2, height: 3, width: 4, frame_rate_hz: 30.0 };
        assert!(good.check().is_ok());
        assert!(Canvas { n_frames: 0, ..good }.check().is_err());
        assert!(Canvas { frame_rate_hz: f64::NAN, ..good }.check().is_err());
        let huge = Canvas { n_frames: usize::MAX, ..good };
        assert!(matches!(huge.check(), Err(StimulusError::TooLarge { .. })));
    }
}
