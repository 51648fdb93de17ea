//! Errors on their way to the user: a class, which becomes the exit code, and a message.

use std::fmt::Display;

use serde_json::json;
use striate::base::{Classified, ErrorClass};

use crate::output;

/// Why a verb could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    class: ErrorClass,
    error: anyhow::Error,
}

impl<E: Classified> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { class: error.class(), error: anyhow::Error::new(error) }
    }
}

impl Failure {
    /// Wrong usage or configuration.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self { class: ErrorClass::Usage, error: anyhow::anyhow!("{message}") }
    }

    /// Input that cannot be used.
    pub(crate) fn input(message: impl Display) -> Self {
        Self { class: ErrorClass::InputData, error: anyhow::anyhow!("{message}") }
    }

    /// Too little memory or disk.
    pub(crate) fn resources(message: impl Display) -> Self {
        Self { class: ErrorClass::Resources, error: anyhow::anyhow!("{message}") }
    }

    /// Stopped on request.
    pub(crate) fn interrupted(message: impl Display) -> Self {
        Self { class: ErrorClass::Interrupted, error: anyhow::anyhow!("{message}") }
    }

    /// Anything else.
    pub(crate) fn other(message: impl Display) -> Self {
        Self { class: ErrorClass::Other, error: anyhow::anyhow!("{message}") }
    }

    /// What a failed reading or writing of a file is, whatever its class.
    pub(crate) fn io(what: &str, error: &std::io::Error, path: &std::path::Path) -> Self {
        let message = format!("{what}: {error}: {}", path.display());
        Self { class: ErrorClass::of_io(error), error: anyhow::anyhow!(message) }
    }

    /// The class, which decides the exit code.
    pub(crate) fn class(&self) -> ErrorClass {
        self.class
    }

    /// The same failure with a word on what was being done.
    #[must_use]
    pub(crate) fn while_doing(self, what: impl Display + Send + Sync + 'static) -> Self {
        Self { class: self.class, error: self.error.context(what.to_string()) }
    }

    /// The same failure with the file it is about, where the message does not name it yet.
    #[must_use]
    pub(crate) fn at(self, path: &std::path::Path) -> Self {
        let path = path.display().to_string();
        let message = self.message();
        if message.contains(&path) {
            return self;
        }
        Self { class: self.class, error: anyhow::anyhow!("{message}: {path}") }
    }

    /// The message with its causes. Library messages often quote their cause; it is not repeated.
    pub(crate) fn message(&self) -> String {
        let mut message = String::new();
        for cause in self.error.chain() {
            let text = cause.to_string();
            if message.is_empty() {
                message = text;
            } else if !message.contains(&text) {
                message += ": ";
                message += &text;
            }
        }
        message
    }

    /// Tell the user, and with `--json` the program that asked.
    pub(crate) fn report(&self, json: bool) {
        eprintln!("striate: {}", self.message());
        if json {
            let value = json!({"error": {
                "class": class_name(self.class),
                "exit_code": self.class.exit_code(),
                "message": self.message(),
            }});
            output::print(&format!("{value:#}\n"));
        }
    }
}

fn class_name(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::Usage => "usage",
        ErrorClass::InputData => "input-data",
        ErrorClass::Resources => "resources",
        ErrorClass::Interrupted => "interrupted",
        ErrorClass::Other => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_is_quoted_is_not_repeated() {
        let quoted = anyhow::anyhow!("disk full").context("cannot write: disk full: a/b");
        let failure = Failure { class: ErrorClass::Resources, error: quoted };
        assert_eq!(failure.while_doing("saving").message(), "saving: cannot write: disk full: a/b");
    }

    #[test]
    fn a_cause_that_is_not_quoted_is_told() {
        let failure = Failure::usage("3 rows, expected 4").while_doing("reading tiers");
        assert_eq!(failure.message(), "reading tiers: 3 rows, expected 4");
        assert_eq!(failure.class().exit_code(), 2);
    }
}
