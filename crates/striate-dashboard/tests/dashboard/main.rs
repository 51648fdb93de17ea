//! The dashboard as a browser meets it: over a socket, on files that the other crates wrote.

mod data;
mod files;
mod hardening;
mod live;
mod socket;
mod support;
