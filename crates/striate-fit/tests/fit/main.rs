//! Behaviour of whole fits, on tiny recordings made on the spot.

mod checkpoints;
mod folders;
mod freezing;
mod resuming;
mod support;
