//! Priors of factors over the frames of a window.

use std::collections::BTreeMap;

use ndarray::Array2;

use super::FactorError;
use super::linear::Cholesky;

/// Variance of a factor that no other frame knows of (as in Yu et al. 2009): without it
/// covariances of long timescales could not be inverted.
const NOISE: f64 = 1e-3;

/// Covariance of one factor at the frames of a window, `[frame, frame]`, decomposed.
#[derive(Debug, Clone)]
pub(super) struct Kernel {
    pub(super) inverse: Array2<f64>,
    pub(super) log_determinant: f64,
}

impl Kernel {
    /// Squared exponential with a timescale in frames, of variance 1 in all (Yu et al. 2009, equation 3).
    pub(super) fn new(timescale: f64, n_frames: usize) -> Result<Self, FactorError> {
        let covariance = covariance(timescale, n_frames);
        let factor = Cholesky::of(covariance.view())?;
        Ok(Self { inverse: factor.inverse(), log_determinant: factor.log_determinant() })
    }
}

/// `[frame, frame]`.
pub(super) fn covariance(timescale: f64, n_frames: usize) -> Array2<f64> {
    Array2::from_shape_fn((n_frames, n_frames), |(a, b)| {
        let distance = a.abs_diff(b) as f64 / timescale;
        let smooth = (1.0 - NOISE) * (-0.5 * distance * distance).exp();
        if a == b { smooth + NOISE } else { smooth }
    })
}

/// Kernels of every timescale of a grid for every length of a window.
pub(super) struct Kernels {
    /// For each number of frames, one for each timescale.
    pub(super) of_length: BTreeMap<usize, Vec<Kernel>>,
}

impl Kernels {
    pub(super) fn new(
        timescales: &[f64],
        lengths: impl Iterator<Item = usize>,
    ) -> Result<Self, FactorError> {
        let mut of_length = BTreeMap::new();
        for length in lengths {
            if let std::collections::btree_map::Entry::Vacant(place) = of_length.entry(length) {
                let kernel = |timescale: &f64| Kernel::new(*timescale, length);
                place.insert(timescales.iter().map(kernel).collect::<Result<_, _>>()?);
            }
        }
        Ok(Self { of_length })
    }
}
