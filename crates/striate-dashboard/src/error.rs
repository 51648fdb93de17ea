//! Why nothing can be served.

use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use striate_base::{Classified, ErrorClass};

/// Why the dashboard cannot start or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// A setting outside its range.
    #[error("{what}: found `{found}`, expected {expected}")]
    Setting {
        /// The setting.
        what: &'static str,
        /// Its value.
        found: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// Nothing to serve.
    #[error("found no folder there, expected one with recordings, runs or extractions: {}", path.display())]
    NoFolder {
        /// Where it should be.
        path: PathBuf,
    },
    /// The address is taken or not this machine's.
    #[error("cannot listen at {address}: {source}; --port 0 takes any free port")]
    Listen {
        /// What the system reports.
        source: io::Error,
        /// The address.
        address: SocketAddr,
    },
    /// The system has no threads, sockets or random numbers to give.
    #[error("cannot {doing}: {source}")]
    System {
        /// What was being done.
        doing: &'static str,
        /// What the system reports.
        source: io::Error,
    },
}

impl ServeError {
    pub(crate) fn setting(what: &'static str, found: impl Display, expected: &'static str) -> Self {
        Self::Setting { what, found: found.to_string(), expected }
    }

    pub(crate) fn system(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::System { doing, source }
    }
}

impl Classified for ServeError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Setting { .. } => ErrorClass::Usage,
            Self::NoFolder { .. } => ErrorClass::InputData,
            Self::Listen { .. } | Self::System { .. } => ErrorClass::Resources,
        }
    }
}
