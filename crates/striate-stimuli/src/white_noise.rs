//! Spatio-temporal white noise on a grid of checks.

use ndarray::{Array3, Axis};
use serde::{Deserialize, Serialize};
use striate_base::RandomStream;

use crate::canvas::{Canvas, luminance};
use crate::error::{StimulusError, require, require_fraction};

/// The distribution of a check's contrast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoiseLaw {
    /// Plus or minus the contrast, each with probability one half.
    #[default]
    Binary,
    /// Normal with the contrast as standard deviation, cut to 0..255.
    Gaussian,
}

/// Parameters of [`white_noise`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WhiteNoise {
    /// The distribution of contrast.
    pub law: NoiseLaw,
    /// Contrast of a binary check, or standard deviation of a Gaussian one; in (0, 1].
    pub contrast: f64,
    /// Side of a check in pixels, at least 1.
    pub check_px: usize,
    /// Frames a pattern stays, at least 1.
    pub hold_frames: usize,
}

impl Default for WhiteNoise {
    fn default() -> Self {
        Self { law: NoiseLaw::Binary, contrast: 1.0, check_px: 1, hold_frames: 1 }
    }
}

impl WhiteNoise {
    /// Refuse values outside the documented ranges.
    ///
    /// # Errors
    /// [`StimulusError`] naming the parameter.
    pub fn check(&self) -> Result<(), StimulusError> {
        require_fraction("contrast", self.contrast)?;
        require(self.check_px > 0, "check_px", self.check_px as f64, "at least 1")?;
        require(self.hold_frames > 0, "hold_frames", self.hold_frames as f64, "at least 1")
    }
}

/// White noise: independent contrast per check and refresh.
///
/// # Shapes
/// Returns `[frame, height, width]`, luminance 0..255; checks at the right and lower border may be
/// cut.
///
/// # Errors
/// [`StimulusError`] where the canvas or a parameter is out of range.
///
/// ```
/// use striate_stimuli::{Canvas, WhiteNoise, white_noise};
/// let canvas = Canvas { n_frames: 3, height: 4, width: 6, frame_rate_hz: 60.0 };
/// let mut random = striate_base::Streams::new(1).stream("noise");
/// let noise = white_noise(&canvas, &WhiteNoise::default(), &mut random)?;
/// assert!(noise.iter().all(|&v| v == 0.0 || v == 255.0));
/// # Ok::<(), striate_stimuli::StimulusError>(())
/// ```
pub fn white_noise(
    canvas: &Canvas,
    parameters: &WhiteNoise,
    random: &mut RandomStream,
) -> Result<Array3<f32>, StimulusError> {
    canvas.check()?;
    parameters.check()?;
    let side = parameters.check_px;
    let (rows, columns) = (canvas.height.div_ceil(side), canvas.width.div_ceil(side));
    let mut checks = vec![0.0f32; rows * columns];
    let mut video = canvas.grey();
    for (frame, mut picture) in video.axis_iter_mut(Axis(0)).enumerate() {
        if frame % parameters.hold_frames == 0 {
            checks.fill_with(|| draw(parameters, random));
        }
        for ((y, x), pixel) in picture.indexed_iter_mut() {
            *pixel = checks[y / side * columns + x / side];
        }
    }
    Ok(video)
}

fn draw(parameters: &WhiteNoise, random: &mut RandomStream) -> f32 {
    let contrast = match parameters.law {
        NoiseLaw::Binary if random.below(2) == 0 => -parameters.contrast,
        NoiseLaw::Binary => parameters.contrast,
        NoiseLaw::Gaussian => parameters.contrast * random.normal(),
    };
    luminance(contrast as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate_base::Streams;

    #[test]
    fn checks_and_frames_hold_together_and_are_otherwise_independent() {
        let canvas = Canvas { n_frames: 400, height: 10, width: 10, frame_rate_hz: 60.0 };
        let parameters = WhiteNoise { check_px: 4, hold_frames: 2, ..WhiteNoise::default() };
        let video =
            white_noise(&canvas, &parameters, &mut Streams::new(1).stream("noise")).unwrap();
        let mut neighbours = 0.0;
        for frame in (0..400).step_by(2) {
            assert_eq!(video.index_axis(Axis(0), frame), video.index_axis(Axis(0), frame + 1));
            assert_eq!(video[[frame, 0, 0]], video[[frame, 3, 3]]);
            let sign = |x: usize| f64::from(video[[frame, 0, x]] / 127.5 - 1.0);
            neighbours += sign(3) * sign(4) / 200.0;
        }
        // Five standard errors of the mean of 200 independent signs.
        assert!(neighbours.abs() < 5.0 / 200f64.sqrt());
    }

    #[test]
    fn gaussian_noise_has_the_stated_contrast() {
        let canvas = Canvas { n_frames: 50, height: 20, width: 20, frame_rate_hz: 60.0 };
        let parameters =
            WhiteNoise { law: NoiseLaw::Gaussian, contrast: 0.2, ..WhiteNoise::default() };
        let video =
            white_noise(&canvas, &parameters, &mut Streams::new(1).stream("noise")).unwrap();
        let variance = video.iter().map(|&v| f64::from(v / 127.5 - 1.0).powi(2)).sum::<f64>()
            / video.len() as f64;
        // Five standard errors of a variance of 20000 normal numbers; nothing is cut at 5 sd.
        assert!((variance / 0.04 - 1.0).abs() < 5.0 * (2.0 / 20_000f64).sqrt());
    }
}
