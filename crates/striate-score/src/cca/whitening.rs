//! A series as uncorrelated columns of variance 1.

use faer::Mat;
use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::CcaError;

/// A column whose standard deviation is a smaller share of its largest value is constant: the rest is
/// rounding.
pub(super) const CONSTANT: f64 = 1e-12;

/// Directions with a smaller share of the largest singular value do not count.
const RANK_TOLERANCE: f64 = 1e-10;

/// A matrix as `left diag(singular) right^T`, without what is numerically zero.
pub(crate) struct Svd {
    /// Shape `[row, direction]`, orthonormal columns.
    pub(crate) left: Array2<f64>,
    /// Shape `[direction]`, descending.
    pub(crate) singular: Array1<f64>,
    /// Shape `[column, direction]`, orthonormal columns.
    pub(crate) right: Array2<f64>,
}

impl Svd {
    pub(crate) fn of(matrix: &Array2<f64>) -> Result<Self, CcaError> {
        let (n_rows, n_columns) = matrix.dim();
        if matrix.is_empty() {
            let [left, right] = [n_rows, n_columns].map(|rows| Array2::zeros((rows, 0)));
            return Ok(Self { left, singular: Array1::zeros(0), right });
        }
        let svd = Mat::from_fn(n_rows, n_columns, |i, j| matrix[[i, j]])
            .thin_svd()
            .map_err(|_| CcaError::Decomposition { n_rows, n_columns })?;
        let values = svd.S().column_vector();
        let largest = if values.nrows() > 0 { values[0] } else { 0.0 };
        let kept = (0..values.nrows())
            .take_while(|&i| values[i] > 0.0 && values[i] >= RANK_TOLERANCE * largest)
            .count();
        let (left, right) = (svd.U(), svd.V());
        Ok(Self {
            left: Array2::from_shape_fn((n_rows, kept), |(i, j)| left[(i, j)]),
            singular: (0..kept).map(|i| values[i]).collect(),
            right: Array2::from_shape_fn((n_columns, kept), |(i, j)| right[(i, j)]),
        })
    }
}

/// A series whitened, with the map that does it.
pub(super) struct Whitened {
    /// Shape `[column]`: what is subtracted first.
    pub(super) means: Array1<f64>,
    /// Shape `[column, direction]`: from columns less their means to whitened ones.
    pub(super) map: Array2<f64>,
    /// Shape `[frame, direction]`: the whitened series over the root of the number of frames; with no
    /// ridge, orthonormal columns.
    pub(super) scores: Array2<f64>,
}

impl Whitened {
    /// Whiten a series `[frame, column]` with the ridge added to the variances.
    pub(super) fn of(series: ArrayView2<'_, f64>, ridge: f64) -> Result<Self, CcaError> {
        let n_frames = series.nrows().max(1) as f64;
        let means = series.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(series.ncols()));
        let mut standard = &series - &means;
        let scales = inverse_deviations(series, &standard);
        standard *= &(&scales / n_frames.sqrt());
        let svd = Svd::of(&standard)?;
        let shrinkage = svd.singular.mapv(|s| 1.0 / (s * s + ridge).sqrt());
        let map = (&svd.right * &shrinkage) * &scales.insert_axis(Axis(1));
        Ok(Self { means, map, scores: &svd.left * &(&svd.singular * &shrinkage) })
    }
}

/// One over each column's standard deviation; 0 for constant columns.
fn inverse_deviations(series: ArrayView2<'_, f64>, centred: &Array2<f64>) -> Array1<f64> {
    let n_frames = series.nrows().max(1) as f64;
    (0..series.ncols())
        .map(|column| {
            let column_of = centred.column(column);
            let deviation = (column_of.dot(&column_of) / n_frames).sqrt();
            let largest = series.column(column).iter().fold(0.0f64, |l, v| l.max(v.abs()));
            if deviation > CONSTANT * largest { 1.0 / deviation } else { 0.0 }
        })
        .collect()
}
