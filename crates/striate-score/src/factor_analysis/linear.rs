//! Positive definite matrices.

use faer::linalg::solvers::{DenseSolveCore, Llt, Solve};
use faer::{Mat, Side};
use ndarray::{Array1, Array2, ArrayView2};

use super::FactorError;

/// A positive definite matrix as `L L^T`.
pub(super) struct Cholesky {
    factor: Llt<f64>,
}

impl Cholesky {
    /// Decompose; the lower triangle is read.
    pub(super) fn of(matrix: ArrayView2<'_, f64>) -> Result<Self, FactorError> {
        let size = matrix.nrows();
        let factor = Mat::from_fn(size, size, |i, j| matrix[[i, j]]).llt(Side::Lower);
        factor.map(|factor| Self { factor }).map_err(|_| FactorError::NotPositive { size })
    }

    /// Natural logarithm of the determinant.
    pub(super) fn log_determinant(&self) -> f64 {
        let lower = self.factor.L();
        2.0 * (0..lower.nrows()).map(|i| lower[(i, i)].ln()).sum::<f64>()
    }

    pub(super) fn inverse(&self) -> Array2<f64> {
        let inverse = self.factor.inverse();
        Array2::from_shape_fn((inverse.nrows(), inverse.ncols()), |(i, j)| inverse[(i, j)])
    }

    /// `A^-1 B` of a matrix `B` `[row, column]`.
    pub(super) fn solve(&self, right: ArrayView2<'_, f64>) -> Array2<f64> {
        let columns = Mat::from_fn(right.nrows(), right.ncols(), |i, j| right[[i, j]]);
        let solved = self.factor.solve(&columns);
        Array2::from_shape_fn(right.dim(), |(i, j)| solved[(i, j)])
    }
}

/// Eigenvalues, ascending, and eigenvectors in columns, of a symmetric matrix.
pub(super) fn eigen(matrix: &Array2<f64>) -> Result<(Array1<f64>, Array2<f64>), FactorError> {
    let size = matrix.nrows();
    let failed = crate::cca::CcaError::Decomposition { n_rows: size, n_columns: size };
    let found = Mat::from_fn(size, size, |i, j| matrix[[i, j]])
        .self_adjoint_eigen(Side::Lower)
        .map_err(|_| failed)?;
    let (values, vectors) = (found.S().column_vector(), found.U());
    Ok((
        (0..size).map(|i| values[i]).collect(),
        Array2::from_shape_fn((size, size), |(i, j)| vectors[(i, j)]),
    ))
}
