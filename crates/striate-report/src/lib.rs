//! Figures and self-contained reports.

pub mod figure;
