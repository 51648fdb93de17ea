//! What a twin is made of, as data.

use serde::{Deserialize, Serialize};

use crate::core::CoreConfig;
use crate::error::ModelError;
use crate::latent::LatentConfig;
use crate::likelihood::LikelihoodConfig;
use crate::readout::ReadoutConfig;
use crate::shifter::ShifterConfig;

/// The parts of a twin and their settings.
///
/// ```
/// use striate_model::ModelConfig;
///
/// let text = r#"{ "core": { "kind": "static-2d", "channels": 16 }, "shifter": {} }"#;
/// let config: ModelConfig = serde_json::from_str(text)?;
/// config.check()?;
/// assert!(config.shifter.is_some());
///
/// let refused = serde_json::from_str::<ModelConfig>(r#"{ "core": { "chanels": [8] } }"#);
/// assert!(refused.unwrap_err().to_string().contains("unknown field `chanels`"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// What the core sees.
    pub input: InputConfig,
    /// From stimulus to feature maps, shared by all sessions.
    pub core: CoreConfig,
    /// From feature maps to neurons, one per session.
    pub readout: ReadoutConfig,
    /// From the pupil's centre to a common shift of all receptive fields, one per session; absent:
    /// no shift.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shifter: Option<ShifterConfig>,
    /// From the readout to a rate, and the loss.
    pub likelihood: LikelihoodConfig,
    /// Latents that no stimulus explains, shared by all neurons of a session; absent: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latent: Option<LatentConfig>,
}

/// What the core sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InputConfig {
    /// Append each behaviour trace as an image channel that is constant over space, as the
    /// Sensorium baselines do. Sessions without behaviour have the stimulus alone. Default true.
    pub behaviour_as_channels: bool,
}

impl Default for InputConfig {
    fn default() -> Self {
        Self { behaviour_as_channels: true }
    }
}

impl ModelConfig {
    /// Check every value against its range.
    ///
    /// # Errors
    /// [`ModelError::OutOfRange`] naming the key (as `model.core.channels`), the value and the
    /// range.
    pub fn check(&self) -> Result<(), ModelError> {
        self.core.settings().check()?;
        self.readout.settings().check()?;
        if let Some(shifter) = &self.shifter {
            shifter.settings().check()?;
        }
        self.likelihood.settings().check()?;
        self.latent.as_ref().map_or(Ok(()), LatentConfig::check)
    }
}

/// A key whose value is to be checked.
pub(crate) fn in_range<T: std::fmt::Display>(
    key: &str,
    value: T,
    is_in_range: bool,
    expected: &str,
) -> Result<(), ModelError> {
    if is_in_range {
        return Ok(());
    }
    let (key, found, expected) = (key.to_owned(), value.to_string(), expected.to_owned());
    Err(ModelError::OutOfRange { key, found, expected })
}

/// A weight or standard deviation.
pub(crate) fn not_negative(key: &str, value: f64) -> Result<(), ModelError> {
    in_range(key, value, value >= 0.0 && value.is_finite(), "a number of at least 0")
}

/// A number of channels, layers or hidden units.
pub(crate) fn count(key: &str, value: usize) -> Result<(), ModelError> {
    in_range(key, value, (1..=4096).contains(&value), "1 to 4096")
}
