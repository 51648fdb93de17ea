//! Penalised smoothing: exact solvers for total variation and trend filtering.

pub(crate) mod banded;
