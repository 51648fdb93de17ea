//! Whether an existing run was made with the same configuration.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use striate_base::provenance::hash_bytes;
use toml::{Table, Value};

use crate::config::{CheckpointConfig, FitConfig};
use crate::error::FitError;

/// The part of a configuration that decides the result: without where the data lie, how many
/// threads work, how much memory they may use and when checkpoints are written.
fn decisive(config: &FitConfig) -> FitConfig {
    let mut config = config.clone();
    config.threads = None;
    config.recording.path = PathBuf::new();
    config.recording.root = None;
    config.fit.memory_limit = None;
    config.fit.checkpoint = CheckpointConfig::default();
    config
}

/// Hash of the part of the configuration that decides the result.
pub(crate) fn decisive_hash(config: &FitConfig) -> Result<String, FitError> {
    Ok(hash_bytes(decisive(config).to_toml()?.as_bytes()))
}

/// Refuse to go on with the run at `path`, made with `old`, under a deciding difference.
pub(crate) fn refuse_other_config(
    old: &FitConfig,
    new: &FitConfig,
    path: &Path,
) -> Result<(), FitError> {
    let (old, new) = (flat(&decisive(old))?, flat(&decisive(new))?);
    let keys: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let value = |of: &BTreeMap<String, String>, key: &str| {
        of.get(key).cloned().unwrap_or_else(|| "absent".into())
    };
    let differences: Vec<String> = keys
        .into_iter()
        .filter(|key| old.get(*key) != new.get(*key))
        .map(|key| format!("`{key}` was {} and is now {}", value(&old, key), value(&new, key)))
        .collect();
    if differences.is_empty() {
        return Ok(());
    }
    let changed = differences.join(", ");
    Err(FitError::OtherConfig { changed, path: path.to_owned() })
}

fn flat(config: &FitConfig) -> Result<BTreeMap<String, String>, FitError> {
    let text = config.to_toml()?;
    let table: Table = text.parse().map_err(|e: toml::de::Error| {
        FitError::Config(crate::ConfigError::Syntax { reason: e.to_string() })
    })?;
    let mut keys = BTreeMap::new();
    flatten(&table, "", &mut keys);
    Ok(keys)
}

fn flatten(table: &Table, prefix: &str, keys: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let dotted = format!("{prefix}{key}");
        match value {
            Value::Table(inner) => flatten(inner, &format!("{dotted}."), keys),
            value => {
                keys.insert(dotted, value.to_string());
            }
        }
    }
}
