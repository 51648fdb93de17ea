//! Settings.

use serde::{Deserialize, Serialize};
use striate_stimuli::NoiseLaw;

use crate::error::{InsilicoError, in_range};

/// How receptive fields are measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReceptiveFieldConfig {
    /// Training clips at which gradients are taken, 2 to 10 000. Default 32.
    pub n_clips: usize,
    /// Frames of white noise with a response, 100 to 100 000 000; 0 for none. Default 20 000.
    pub n_noise_frames: usize,
    /// Whether noise is binary or Gaussian. Default binary.
    pub noise_law: NoiseLaw,
    /// Standard deviation of the noise's contrast, above 0 to 1. Default: the training stimuli's.
    pub noise_contrast: Option<f64>,
    /// Side of the noise's checks in pixels, 1 to 64. Default 1.
    pub check_px: usize,
    /// Independent parts of clips and noise, from whose differences errors follow, 2 to 32. Default 4.
    pub n_parts: usize,
    /// Chance of finding a field where there is none, for a neuron, above 0 to 0.5. Default 0.01.
    pub false_alarms: f64,
    /// Whether arrays over space and time are kept, `n_lags` times as large as those over space.
    /// Default true.
    pub space_time: bool,
}

impl Default for ReceptiveFieldConfig {
    fn default() -> Self {
        Self {
            n_clips: 32,
            n_noise_frames: 20_000,
            noise_law: NoiseLaw::Binary,
            noise_contrast: None,
            check_px: 1,
            n_parts: 4,
            false_alarms: 0.01,
            space_time: true,
        }
    }
}

impl ReceptiveFieldConfig {
    /// Refuse settings outside their ranges.
    ///
    /// # Errors
    /// [`InsilicoError::OutOfRange`].
    pub fn check(&self) -> Result<(), InsilicoError> {
        let n = self.n_parts;
        in_range("n_parts", n, (2..=32).contains(&n), "2 to 32")?;
        let n = self.n_clips;
        let holds = (self.n_parts..=10_000).contains(&n);
        in_range("n_clips", n, holds, "2 to 10000, at least n_parts")?;
        let n = self.n_noise_frames;
        let holds = n == 0 || (100..=100_000_000).contains(&n);
        in_range("n_noise_frames", n, holds, "0, or 100 to 100000000")?;
        let contrast = self.noise_contrast.unwrap_or(1.0);
        let holds = contrast > 0.0 && contrast <= 1.0;
        in_range("noise_contrast", contrast, holds, "above 0 to 1")?;
        let n = self.check_px;
        in_range("check_px", n, (1..=64).contains(&n), "1 to 64")?;
        let share = self.false_alarms;
        in_range("false_alarms", share, share > 0.0 && share <= 0.5, "above 0 to 0.5")
    }
}
