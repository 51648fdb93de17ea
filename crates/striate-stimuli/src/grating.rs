//! Drifting gratings.

use ndarray::Array3;
use serde::{Deserialize, Serialize};

use crate::canvas::{Canvas, unit_vector};
use crate::error::{StimulusError, require, require_angle, require_fraction};

/// The profile of a grating.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Waveform {
    /// A sinusoid.
    #[default]
    Sine,
    /// Its sign.
    Square,
}

/// Parameters of [`grating`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Grating {
    /// Direction of drift, across the stripes; any finite value.
    pub direction_deg: f64,
    /// Spatial frequency, in (0, 0.5] cycles per pixel.
    pub frequency_cycles_per_px: f64,
    /// Cycles passing a point per second; 0 stands still, negative drifts backwards.
    pub temporal_frequency_hz: f64,
    /// Phase at the upper left pixel of the first frame.
    pub phase_deg: f64,
    /// Michelson contrast, in (0, 1].
    pub contrast: f64,
    /// Profile across the stripes.
    pub waveform: Waveform,
}

impl Default for Grating {
    fn default() -> Self {
        Self {
            direction_deg: 0.0,
            frequency_cycles_per_px: 0.1,
            temporal_frequency_hz: 2.0,
            phase_deg: 0.0,
            contrast: 1.0,
            waveform: Waveform::Sine,
        }
    }
}

impl Grating {
    /// Refuse values outside the documented ranges.
    ///
    /// # Errors
    /// [`StimulusError`] naming the parameter.
    pub fn check(&self) -> Result<(), StimulusError> {
        require_angle("direction_deg", Some(self.direction_deg))?;
        let frequency = self.frequency_cycles_per_px;
        let holds = frequency > 0.0 && frequency <= 0.5;
        require(holds, "frequency_cycles_per_px", frequency, "a number in (0, 0.5]")?;
        let hertz = self.temporal_frequency_hz;
        require(hertz.is_finite(), "temporal_frequency_hz", hertz, "a finite number")?;
        require_angle("phase_deg", Some(self.phase_deg))?;
        require_fraction("contrast", self.contrast)
    }
}

/// A drifting grating: contrast `c cos(2 pi (f u - tf t) + phase)` with `u` the distance along the
/// direction of drift, or the sign of the cosine times `c`.
///
/// # Shapes
/// Returns `[frame, height, width]`, luminance 0..255.
///
/// # Errors
/// [`StimulusError`] where the canvas or a parameter is out of range.
///
/// ```
/// use striate_stimuli::{Canvas, Grating, grating};
/// let canvas = Canvas { n_frames: 1, height: 1, width: 11, frame_rate_hz: 30.0 };
/// let video = grating(&canvas, &Grating::default())?;
/// assert_eq!(video[[0, 0, 0]], 255.0);
/// assert!(video[[0, 0, 5]] < 1e-4 && (video[[0, 0, 10]] - 255.0).abs() < 1e-4);
/// # Ok::<(), striate_stimuli::StimulusError>(())
/// ```
pub fn grating(canvas: &Canvas, parameters: &Grating) -> Result<Array3<f32>, StimulusError> {
    canvas.check()?;
    parameters.check()?;
    let [across_x, across_y] = unit_vector(parameters.direction_deg);
    let start = parameters.phase_deg / 360.0;
    Ok(canvas.fill(|frame, y, x| {
        let distance = across_x * x as f64 + across_y * y as f64;
        let seconds = frame as f64 / canvas.frame_rate_hz;
        let cycles = parameters.frequency_cycles_per_px * distance
            - parameters.temporal_frequency_hz * seconds
            + start;
        let wave = (std::f64::consts::TAU * cycles).cos();
        parameters.contrast
            * match parameters.waveform {
                Waveform::Sine => wave,
                Waveform::Square => wave.signum(),
            }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANVAS: Canvas = Canvas { n_frames: 31, height: 9, width: 12, frame_rate_hz: 30.0 };

    #[test]
    fn value_at_any_point_is_the_formula() {
        let parameters = Grating {
            direction_deg: 30.0,
            frequency_cycles_per_px: 0.15,
            temporal_frequency_hz: 3.0,
            phase_deg: 45.0,
            contrast: 0.5,
            ..Grating::default()
        };
        let video = grating(&CANVAS, &parameters).unwrap();
        let distance = 30f64.to_radians().cos() * 7.0 - 30f64.to_radians().sin() * 4.0;
        let cycles = 0.15 * distance - 3.0 * 11.0 / 30.0 + 0.125;
        let expected = 127.5 * (1.0 + 0.5 * (std::f64::consts::TAU * cycles).cos());
        // Rounding to f32 near 255.
        assert!((f64::from(video[[11, 4, 7]]) - expected).abs() < 1e-4);
    }

    #[test]
    fn repeats_after_one_period_and_square_has_two_levels() {
        let parameters = Grating { temporal_frequency_hz: 1.0, ..Grating::default() };
        let video = grating(&CANVAS, &parameters).unwrap();
        assert!((video[[0, 3, 4]] - video[[30, 3, 4]]).abs() < 1e-3);
        let square = Grating { waveform: Waveform::Square, contrast: 0.4, ..parameters };
        let video = grating(&CANVAS, &square).unwrap();
        let (dark, bright) = (127.5 * 0.6, 127.5 * 1.4);
        assert!(video.iter().all(|v| (v - dark).abs() < 1e-4 || (v - bright).abs() < 1e-4));
    }
}
