//! What can be wrong with a configuration.

use std::path::PathBuf;

use striate_base::{Classified, ErrorClass};

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration: {source}: {}", path.display())]
    Unreadable {
        /// What the file system reports.
        source: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// The text is not TOML.
    #[error("the configuration is not valid TOML: {reason}")]
    Syntax {
        /// Line, and what the parser reports.
        reason: String,
    },
    /// A key nobody knows.
    #[error("unknown key `{key}`{}", advice(nearest.as_deref(), known))]
    UnknownKey {
        /// The dotted key as found.
        key: String,
        /// The known key most like it, where one is alike.
        nearest: Option<String>,
        /// The keys that its table may have.
        known: Vec<String>,
    },
    /// A missing key or a value of a wrong type.
    #[error("{reason}")]
    Value {
        /// Line, where the text has it, found, expected and key.
        reason: String,
    },
    /// A value outside its range.
    #[error("`{key}` is {found}, expected {expected}")]
    OutOfRange {
        /// The dotted key.
        key: String,
        /// Its value.
        found: String,
        /// Its range.
        expected: String,
    },
    /// An override that is not `key=value`.
    #[error("override `{text}` is not of the form key=value: {reason}")]
    Override {
        /// The override as given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A value that TOML cannot hold.
    #[error("cannot write the configuration as TOML: {reason}")]
    Unwritable {
        /// What the writer reports.
        reason: String,
    },
}

/// What to write for an unknown key.
fn advice(nearest: Option<&str>, known: &[String]) -> String {
    match nearest {
        Some(nearest) => format!(", nearest known key is `{nearest}`"),
        None if known.is_empty() => String::new(),
        None => format!(", known keys there are {}", known.join(", ")),
    }
}

impl Classified for ConfigError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Unreadable { source, .. } => match ErrorClass::of_io(source) {
                ErrorClass::Resources => ErrorClass::Resources,
                _ => ErrorClass::Usage,
            },
            _ => ErrorClass::Usage,
        }
    }
}
