//! Factors of a whole window, given what is seen in all of its frames.

use ndarray::{Array1, Array2, s};

use super::FactorError;
use super::kernel::Kernel;
use super::linear::Cholesky;

/// The part of the posterior that does not depend on the responses: one for all windows of a length.
///
/// With factors after one another and the frames of each together, the precision is
/// `K^-1 + (C^T psi^-1 C) x I` (Yu et al. 2009, appendix, after the matrix inversion lemma).
pub(super) struct Posterior {
    n_frames: usize,
    n_factors: usize,
    /// `[factor and frame, factor and frame]`.
    pub(super) covariance: Array2<f64>,
    /// Of the prior covariance and the posterior precision, `ln|K| + ln|K^-1 + ...|`.
    pub(super) log_determinant: f64,
}

impl Posterior {
    /// From one kernel for each factor, and `C^T psi^-1 C` of the visible neurons `[factor, factor]`.
    pub(super) fn new(
        kernels: &[&Kernel],
        seen: &Array2<f64>,
        n_frames: usize,
    ) -> Result<Self, FactorError> {
        let n_factors = kernels.len();
        let size = n_factors * n_frames;
        let mut precision = Array2::<f64>::zeros((size, size));
        for (a, kernel) in kernels.iter().enumerate() {
            let rows = a * n_frames..(a + 1) * n_frames;
            precision.slice_mut(s![rows.clone(), rows.clone()]).assign(&kernel.inverse);
            for b in 0..n_factors {
                let columns = b * n_frames..(b + 1) * n_frames;
                let mut block = precision.slice_mut(s![rows.clone(), columns]);
                block.diag_mut().mapv_inplace(|value| value + seen[[a, b]]);
            }
        }
        let factor = Cholesky::of(precision.view())?;
        let prior: f64 = kernels.iter().map(|kernel| kernel.log_determinant).sum();
        let log_determinant = prior + factor.log_determinant();
        Ok(Self { n_frames, n_factors, covariance: factor.inverse(), log_determinant })
    }

    /// Means of the factors `[factor, frame]`, from `y psi^-1 C` `[frame, factor]`.
    pub(super) fn means(&self, weighted: &Array2<f64>) -> Array2<f64> {
        let stacked: Array1<f64> = weighted.t().iter().copied().collect();
        let means = self.covariance.dot(&stacked);
        Array2::from_shape_fn((self.n_factors, self.n_frames), |(k, t)| {
            means[k * self.n_frames + t]
        })
    }

    /// Covariance of the factors of one frame, `[factor, factor]`.
    pub(super) fn of_frame(&self, frame: usize) -> Array2<f64> {
        let n = self.n_frames;
        Array2::from_shape_fn((self.n_factors, self.n_factors), |(a, b)| {
            self.covariance[[a * n + frame, b * n + frame]]
        })
    }
}
