//! The dashboard as a browser meets it: over a socket, on files that the other crates wrote.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod data;
mod files;
mod hardening;
mod live;
mod socket;
mod support;
