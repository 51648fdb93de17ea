//! Settings of feature visualisation.

use serde::{Deserialize, Serialize};

use crate::error::{InsilicoError, in_range};
use crate::exciting::Preconditioning;

/// How channels are visualised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeatureConfig {
    /// Norm of an input's deviations from the mean, in units of what such a window of training stimuli has on
    /// average; above 0, at most 10. Default 1.
    pub contrast: f64,
    /// Steps of the ascent, 1 to 100 000. Default 200.
    pub steps: usize,
    /// Length of the first step as a share of the norm, above 0, at most 1; the last is a hundredth of it.
    /// Default 0.3.
    pub step_size: f64,
    /// What makes the gradient smooth. Default a blur of 1 pixel.
    pub preconditioning: Preconditioning,
    /// Starts for each channel, 1 to 100; the best is kept and their agreement told. Default 2.
    pub n_starts: usize,
}

impl Default for FeatureConfig {
    fn default() -> Self {
        Self {
            contrast: 1.0,
            steps: 200,
            step_size: 0.3,
            preconditioning: Preconditioning::Blur { sigma_px: 1.0 },
            n_starts: 2,
        }
    }
}

impl FeatureConfig {
    /// Refuse settings outside their ranges.
    ///
    /// # Errors
    /// [`InsilicoError::OutOfRange`].
    pub fn check(&self) -> Result<(), InsilicoError> {
        let within = |key, value: f64, most: f64| {
            in_range(key, value, value > 0.0 && value <= most, &format!("above 0, at most {most}"))
        };
        let counted = |key, n: usize, most: usize| {
            in_range(key, n, (1..=most).contains(&n), &format!("1 to {most}"))
        };
        within("contrast", self.contrast, 10.0)?;
        counted("steps", self.steps, 100_000)?;
        within("step_size", self.step_size, 1.0)?;
        counted("n_starts", self.n_starts, 100)?;
        match self.preconditioning {
            Preconditioning::None => Ok(()),
            Preconditioning::Blur { sigma_px } => {
                within("preconditioning.sigma_px", sigma_px, 20.0)
            }
            Preconditioning::Fourier { exponent } => {
                let holds = (0.0..=4.0).contains(&exponent);
                in_range("preconditioning.exponent", exponent, holds, "0 to 4")
            }
        }
    }
}
