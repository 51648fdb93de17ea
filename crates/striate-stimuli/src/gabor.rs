//! Gabor functions, as patches and as drifting stimuli.

use ndarray::{Array2, Array3};
use serde::{Deserialize, Serialize};

use crate::canvas::{Canvas, unit_vector};
use crate::error::{StimulusError, require, require_angle, require_fraction};

/// A Gabor function: a cosine wave under a round Gaussian envelope.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gabor {
    /// Centre in pixels, x and y; any finite value.
    pub centre_px: [f64; 2],
    /// Standard deviation of the envelope, above 0.
    pub sigma_px: f64,
    /// Length of one cycle, at least 2 pixels.
    pub wavelength_px: f64,
    /// Orientation of the stripes.
    pub orientation_deg: f64,
    /// Phase of the cosine at the centre; 0 is even with a bright middle.
    pub phase_deg: f64,
}

impl Default for Gabor {
    fn default() -> Self {
        Self {
            centre_px: [0.0, 0.0],
            sigma_px: 3.0,
            wavelength_px: 8.0,
            orientation_deg: 0.0,
            phase_deg: 0.0,
        }
    }
}

impl Gabor {
    /// Refuse values outside the documented ranges.
    ///
    /// # Errors
    /// [`StimulusError`] naming the parameter.
    pub fn check(&self) -> Result<(), StimulusError> {
        let [x, y] = self.centre_px;
        require(x.is_finite(), "centre_px", x, "finite numbers")?;
        require(y.is_finite(), "centre_px", y, "finite numbers")?;
        let sigma = self.sigma_px;
        require(sigma.is_finite() && sigma > 0.0, "sigma_px", sigma, "a finite number > 0")?;
        let wavelength = self.wavelength_px;
        let holds = wavelength.is_finite() && wavelength >= 2.0;
        require(holds, "wavelength_px", wavelength, "a finite number >= 2")?;
        require_angle("orientation_deg", Some(self.orientation_deg))?;
        require_angle("phase_deg", Some(self.phase_deg))
    }

    /// The wave vector `(x, y)` in radians per pixel, across the stripes.
    pub fn wave_vector(&self) -> [f64; 2] {
        unit_vector(self.orientation_deg + 90.0)
            .map(|part| part * std::f64::consts::TAU / self.wavelength_px)
    }

    /// The value at pixel `(x, y)`: `exp(-d^2 / 2 sigma^2) cos(k . d + phase)`.
    ///
    /// ```
    /// use striate_stimuli::Gabor;
    /// let gabor = Gabor { centre_px: [5.0, 5.0], ..Gabor::default() };
    /// assert_eq!(gabor.value(5.0, 5.0), 1.0);
    /// // Horizontal stripes of wavelength 8: half a cycle above the centre it is dark.
    /// assert!((gabor.value(5.0, 1.0) + (-8.0f64 / 9.0).exp()).abs() < 1e-12);
    /// ```
    pub fn value(&self, x: f64, y: f64) -> f64 {
        self.value_at_phase(x, y, self.phase_deg.to_radians())
    }

    /// The function on the pixels of a picture: `[height, width]`, values within -1..1.
    ///
    /// # Errors
    /// [`StimulusError`] where a parameter is out of range or the picture too large.
    pub fn picture(&self, height: usize, width: usize) -> Result<Array2<f32>, StimulusError> {
        Canvas { n_frames: 1, height, width, frame_rate_hz: 1.0 }.check()?;
        self.check()?;
        Ok(Array2::from_shape_fn((height, width), |(y, x)| self.value(x as f64, y as f64) as f32))
    }

    fn value_at_phase(&self, x: f64, y: f64, phase: f64) -> f64 {
        let (dx, dy) = (x - self.centre_px[0], y - self.centre_px[1]);
        let [kx, ky] = self.wave_vector();
        let envelope = (-0.5 * (dx * dx + dy * dy) / (self.sigma_px * self.sigma_px)).exp();
        envelope * (kx * dx + ky * dy + phase).cos()
    }
}

/// A Gabor on grey whose wave drifts under a fixed envelope, towards `orientation_deg + 90` degrees
/// for a positive frequency.
///
/// # Shapes
/// Returns `[frame, height, width]`, luminance 0..255.
///
/// # Units
/// `temporal_frequency_hz` in cycles per second; `contrast` in (0, 1].
///
/// # Errors
/// [`StimulusError`] where the canvas or a parameter is out of range.
pub fn drifting_gabor(
    canvas: &Canvas,
    gabor: &Gabor,
    temporal_frequency_hz: f64,
    contrast: f64,
) -> Result<Array3<f32>, StimulusError> {
    canvas.check()?;
    gabor.check()?;
    let hertz = temporal_frequency_hz;
    require(hertz.is_finite(), "temporal_frequency_hz", hertz, "a finite number")?;
    require_fraction("contrast", contrast)?;
    let start = gabor.phase_deg.to_radians();
    let per_frame = std::f64::consts::TAU * hertz / canvas.frame_rate_hz;
    Ok(canvas.fill(|frame, y, x| {
        let phase = start - per_frame * frame as f64;
        contrast * gabor.value_at_phase(x as f64, y as f64, phase)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vertical_stripes_vary_along_x_only() {
        let gabor = Gabor {
            centre_px: [10.0, 8.0],
            sigma_px: 1e6,
            orientation_deg: 90.0,
            ..Gabor::default()
        };
        let picture = gabor.picture(17, 21).unwrap();
        // The envelope is flat to 1e-10 here.
        assert!((picture[[0, 10]] - 1.0).abs() < 1e-6 && (picture[[16, 10]] - 1.0).abs() < 1e-6);
        assert!((picture[[8, 14]] + 1.0).abs() < 1e-6);
    }

    #[test]
    fn drifting_gabor_is_back_after_one_cycle() {
        let canvas = Canvas { n_frames: 16, height: 17, width: 21, frame_rate_hz: 30.0 };
        let gabor = Gabor { centre_px: [10.0, 8.0], ..Gabor::default() };
        let video = drifting_gabor(&canvas, &gabor, 2.0, 0.8).unwrap();
        assert!((video[[0, 8, 10]] - 127.5 * 1.8).abs() < 1e-3);
        assert!((video[[15, 8, 10]] - video[[0, 8, 10]]).abs() < 1e-3);
        // Horizontal stripes drift towards 90 degrees: the bright stripe moves up.
        assert!(video[[2, 7, 10]] > video[[2, 9, 10]]);
    }
}
