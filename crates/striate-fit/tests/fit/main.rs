//! Behaviour of whole fits, on tiny recordings made on the spot.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod checkpoints;
mod folders;
mod freezing;
mod latents;
mod resuming;
mod support;
