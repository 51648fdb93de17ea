//! Gaussian laws with a mean and a standard deviation of their own for every response.

/// The least standard deviation: `ELU(x) + 1 + LEAST`.
pub const LEAST: f32 = 1e-3;

/// `ln(2 pi) / 2`
pub(crate) const HALF_LN_2_PI: f32 = 0.918_938_5;
