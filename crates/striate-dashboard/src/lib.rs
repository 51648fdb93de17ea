//! The dashboard: recordings, runs, neurons and experiments in a browser, served to this machine alone.
//!
//! [`Server::bind`] takes an address, [`Server::url`] says where to look, [`Server::run`] answers until it is
//! cancelled. Everything that is shown is read from the files that the other crates write; nothing is computed here
//! but what the screen needs, and nothing is written.
//!
//! The network is not trusted: a token is needed, names that others could point at this machine are refused, and no
//! path ever comes from a request (`SECURITY.md`, `docs/dashboard.md`).
//!
//! ```
//! use striate_dashboard::{ServeConfig, Server};
//!
//! let folder = std::env::temp_dir();
//! let server = Server::bind(&ServeConfig { port: 0, ..ServeConfig::of(&folder) })?;
//! assert!(server.url().starts_with("http://127.0.0.1:"));
//! # Ok::<(), striate_dashboard::ServeError>(())
//! ```

mod api;
mod assets;
mod cache;
mod config;
mod curve;
mod dashboard;
mod error;
mod experiment;
mod guard;
mod library;
mod live;
mod movie;
mod opened;
mod reply;
mod server;
mod table;
mod trace;
mod workers;

pub use config::ServeConfig;
pub use error::ServeError;
pub use server::Server;
