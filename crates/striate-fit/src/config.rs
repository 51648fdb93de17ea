//! The configuration of a fit: one TOML file, checked before anything is computed.

mod check;
mod compat;
mod keys;
mod load;
mod overrides;
mod section;

use std::path::Path;

use serde::{Deserialize, Serialize};
use striate_model::ModelConfig;
use striate_recording::RecordingConfig;

pub use compat::Compat;
pub use section::{
    CheckpointConfig, CosineConfig, FitSection, InitialPositions, JointConfig, LossReduction,
    OptimiserKind, PlateauConfig, Precision, ScheduleConfig, StoppingConfig, ValidationConfig,
    ValidationMetric,
};

use crate::error::ConfigError;

/// Everything one fit needs to know, as written in the TOML file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitConfig {
    /// Whose settings a twin with latents has where nothing else is said. Default `"proper"`.
    #[serde(default)]
    pub compat: Compat,
    /// Root of all randomness of the fit. Default 42.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// Threads; absent: what the machine allows this process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
    /// What was recorded and how it is read.
    pub recording: RecordingConfig,
    /// What is fitted to it.
    #[serde(default)]
    pub model: ModelConfig,
    /// How it is fitted.
    #[serde(default)]
    pub fit: FitSection,
}

fn default_seed() -> u64 {
    42
}

/// Any settings that are read like those of a fit: defaults, then TOML, then `key=value` overrides,
/// unknown keys refused with the nearest known one. `optional` are known keys that the defaults leave
/// out.
///
/// # Errors
/// [`ConfigError`] for text that is not TOML, an unknown key, or a value of a wrong type.
///
/// ```
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Settings { n_trials: usize }
///
/// let read = |text| {
///     striate_fit::config::read_settings(&Settings { n_trials: 3 }, text, &[], &[])
/// };
/// assert_eq!(read("n_trials = 5").unwrap().n_trials, 5);
/// let refused = read("n_trails = 5").err().unwrap().to_string();
/// assert_eq!(refused, "unknown key `n_trails`, nearest known key is `n_trials`");
/// ```
pub fn read_settings<T: Serialize + serde::de::DeserializeOwned>(
    defaults: &T,
    text: &str,
    overrides: &[String],
    optional: &[&str],
) -> Result<T, ConfigError> {
    load::settings(defaults, text, overrides, optional)
}

impl FitConfig {
    /// Read a configuration file, apply `key=value` overrides and resolve paths against the file's
    /// folder (those given by an override: against the current folder).
    ///
    /// # Errors
    /// [`ConfigError`] for a file that cannot be read, is not TOML, has an unknown key or a value
    /// of a wrong type.
    pub fn open(path: &Path, overrides: &[String]) -> Result<Self, ConfigError> {
        load::open(path, overrides)
    }

    /// [`FitConfig::open`] for text in memory; `folder` is what paths resolve against.
    ///
    /// # Errors
    /// As [`FitConfig::open`].
    pub fn from_toml(text: &str, folder: &Path, overrides: &[String]) -> Result<Self, ConfigError> {
        load::from_toml(text, folder, overrides)
    }

    /// The configuration as TOML, every field written out.
    ///
    /// # Errors
    /// [`ConfigError::Unwritable`] for a value TOML cannot hold.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        toml::to_string(self).map_err(|e| ConfigError::Unwritable { reason: e.to_string() })
    }

    /// Check every value against its range.
    ///
    /// # Errors
    /// [`ConfigError::OutOfRange`] naming the key, the value and the range.
    pub fn check(self) -> Result<ValidFitConfig, ConfigError> {
        check::check(&self.fit)?;
        let key = "threads";
        if self.threads == Some(0) {
            let (found, expected) = ("0".into(), "1 or more".into());
            return Err(ConfigError::OutOfRange { key: key.into(), found, expected });
        }
        Ok(ValidFitConfig(self))
    }
}

/// A configuration whose every value lies in its range; the only kind [`crate::fit`] takes.
#[derive(Debug, Clone, PartialEq)]
pub struct ValidFitConfig(FitConfig);

impl std::ops::Deref for ValidFitConfig {
    type Target = FitConfig;

    fn deref(&self) -> &FitConfig {
        &self.0
    }
}

#[cfg(test)]
mod tests;
