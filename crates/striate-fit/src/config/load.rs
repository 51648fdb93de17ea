//! From text to a [`FitConfig`]: defaults, the file, overrides, paths, and errors that help.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use striate_model::ModelConfig;
use toml::{Table, Value};

use super::{FitConfig, FitSection, compat, keys, overrides};
use crate::error::ConfigError;

/// Keys that hold paths, as (table, key).
const PATH_KEYS: [(&str, &str); 3] =
    [("recording", "path"), ("recording", "root"), ("fit", "start_from")];

/// Known keys of a fit that its table need not have.
const OPTIONAL_KEYS: [&str; 19] = [
    "compat",
    "seed",
    "threads",
    "recording.path",
    "recording.root",
    "fit.max_steps",
    "fit.steps_per_epoch",
    "fit.start_from",
    "fit.gradient_clip",
    "fit.joint.learning_rate",
    "fit.joint.max_epochs",
    "fit.joint.max_steps",
    "fit.joint.schedule",
    "fit.joint.stopping",
    "fit.memory_limit",
    "fit.stopping.patience",
    "fit.validation.crop_frames",
    "fit.validation.max_trials",
    "fit.checkpoint.every_steps",
];

/// [`super::read_settings`].
pub(super) fn settings<T: Serialize + DeserializeOwned>(
    defaults: &T,
    text: &str,
    overrides: &[String],
    optional: &[&str],
) -> Result<T, ConfigError> {
    let Value::Table(mut merged) = as_value(defaults)? else {
        return Err(ConfigError::Unwritable { reason: "settings are no table".into() });
    };
    merge(&mut merged, parsed(text)?);
    for table in overrides::parse_all(overrides)? {
        merge(&mut merged, table);
    }
    keys::read(merged, optional).map_err(|error| located::<T>(error, text))
}

fn parsed(text: &str) -> Result<Table, ConfigError> {
    text.parse().map_err(|error: toml::de::Error| syntax(&error, text))
}

fn syntax(error: &toml::de::Error, text: &str) -> ConfigError {
    let line = line_of(error, text).unwrap_or(1);
    ConfigError::Syntax { reason: format!("line {line}: {}", message_of(error)) }
}

/// The same error with the line of the text that it is about, where a value of the text is of a wrong type. (The
/// merged table has no lines.)
fn located<T: DeserializeOwned>(error: ConfigError, text: &str) -> ConfigError {
    let ConfigError::Value { reason } = &error else { return error };
    let Err(alone) = toml::from_str::<T>(text) else { return error };
    let line = line_of(&alone, text).filter(|_| reason.starts_with(&message_of(&alone)));
    match line {
        Some(line) => ConfigError::Value { reason: format!("line {line}: {reason}") },
        None => error,
    }
}

fn line_of(error: &toml::de::Error, text: &str) -> Option<usize> {
    let before = text.get(..error.span()?.start)?;
    Some(1 + before.matches('\n').count())
}

/// The parser's message in one line, without its picture of the text.
fn message_of(error: &toml::de::Error) -> String {
    error.message().trim().replace('\n', " ")
}

pub(super) fn open(path: &Path, given: &[String]) -> Result<FitConfig, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { source, path: path.to_owned() };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let path = std::path::absolute(path).map_err(unreadable)?;
    from_toml(&text, path.parent().unwrap_or(Path::new("/")), given)
}

pub(super) fn from_toml(
    text: &str,
    folder: &Path,
    given: &[String],
) -> Result<FitConfig, ConfigError> {
    let mut file = parsed(text)?;
    resolve_paths(&mut file, folder);
    let mut overriding = overrides::parse_all(given)?;
    let current = std::env::current_dir().unwrap_or_default();
    for table in &mut overriding {
        resolve_paths(table, &current);
    }
    let mut asked = Table::new();
    for table in std::iter::once(file).chain(overriding) {
        merge(&mut asked, table);
    }
    let mut merged = defaults()?;
    merge(&mut merged, compat::preset(&asked)?);
    merge(&mut merged, asked);
    keys::read(merged, &OPTIONAL_KEYS).map_err(|error| located::<FitConfig>(error, text))
}

/// The defaults as TOML. The recording has none: it must be given.
fn defaults() -> Result<Table, ConfigError> {
    let mut table = Table::new();
    table.insert("model".into(), as_value(&ModelConfig::default())?);
    table.insert("fit".into(), as_value(&FitSection::default())?);
    Ok(table)
}

fn as_value(value: &impl Serialize) -> Result<Value, ConfigError> {
    Value::try_from(value).map_err(|e| ConfigError::Unwritable { reason: e.to_string() })
}

/// Lay `upper` over `lower`, key by key. Where a table's `kind` changes, its other keys belong to
/// the old kind and go.
fn merge(lower: &mut Table, upper: Table) {
    if let (Some(old), Some(new)) = (lower.get("kind"), upper.get("kind"))
        && old != new
    {
        lower.clear();
    }
    for (key, value) in upper {
        match (lower.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => merge(below, above),
            (_, value) => {
                lower.insert(key, value);
            }
        }
    }
}

fn resolve_paths(table: &mut Table, folder: &Path) {
    for (section, key) in PATH_KEYS {
        let found = table.get_mut(section).and_then(|section| section.get_mut(key));
        if let Some(Value::String(path)) = found {
            let resolved: PathBuf = folder.join(&*path);
            if let Some(text) = resolved.to_str() {
                text.clone_into(path);
            }
        }
    }
}
