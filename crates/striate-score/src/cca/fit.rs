//! Canonical mixtures found on some frames.

use ndarray::{Array1, Array2, ArrayView2, s};

use super::series::{check_finite, correlation};
use super::whitening::{Svd, Whitened};
use super::{CcaError, check_ridge};

/// Linear mixtures of two series with the largest correlations on the frames they were fitted on.
#[derive(Debug, Clone, PartialEq)]
pub struct CanonicalFit {
    sides: [Side; 2],
    correlations: Vec<f64>,
}

#[derive(Debug, Clone, PartialEq)]
struct Side {
    /// Shape `[column]`.
    means: Array1<f64>,
    /// Shape `[column, component]`.
    weights: Array2<f64>,
}

impl CanonicalFit {
    /// Fit `n_components` mixtures of `first` and `second`, both `[frame, column]`; `ridge` is
    /// [`CcaConfig::ridge`](super::CcaConfig::ridge).
    ///
    /// # Errors
    /// [`CcaError`] where the series differ in length, a value is not finite, or the ridge is out of range.
    ///
    /// ```
    /// use ndarray::array;
    /// use striate_score::cca::CanonicalFit;
    ///
    /// let first = array![[0.0, 1.0], [1.0, 0.0], [2.0, 2.0], [3.0, -1.0]];
    /// let second = array![[1.0], [2.0], [6.0], [5.0]]; // twice the one and the other
    /// let fit = CanonicalFit::new(first.view(), second.view(), 1, 0.0)?;
    /// assert!(fit.correlations()[0] > 0.999_999);
    /// # Ok::<(), striate_score::cca::CcaError>(())
    /// ```
    pub fn new(
        first: ArrayView2<'_, f64>,
        second: ArrayView2<'_, f64>,
        n_components: usize,
        ridge: f64,
    ) -> Result<Self, CcaError> {
        if first.nrows() != second.nrows() {
            let (found, expected) = (second.nrows(), first.nrows());
            return Err(CcaError::shape("frames of the second series", found, expected));
        }
        check_ridge(ridge)?;
        check_finite("the first series", first)?;
        check_finite("the second series", second)?;
        let (a, b) = (Whitened::of(first, ridge)?, Whitened::of(second, ridge)?);
        let shared = Svd::of(&a.scores.t().dot(&b.scores))?;
        let sides = [(&a, &shared.left), (&b, &shared.right)].map(|(whitened, mixtures)| {
            let found = n_components.min(mixtures.ncols());
            // What cannot be found keeps weights of 0, and so a correlation of 0.
            let mut weights = Array2::zeros((whitened.means.len(), n_components));
            let mixed = whitened.map.dot(&mixtures.slice(s![.., ..found]));
            weights.slice_mut(s![.., ..found]).assign(&mixed);
            Side { means: whitened.means.clone(), weights }
        });
        let mut fit = Self { sides, correlations: Vec::new() };
        fit.correlations = fit.score(first, second);
        Ok(fit)
    }

    /// Correlations of the mixtures on the frames fitted on, descending where there is no ridge.
    pub fn correlations(&self) -> &[f64] {
        &self.correlations
    }

    /// The mixtures of two series `[frame, column]`, each `[frame, component]`.
    pub fn mixtures(
        &self,
        first: ArrayView2<'_, f64>,
        second: ArrayView2<'_, f64>,
    ) -> [Array2<f64>; 2] {
        let [a, b] = &self.sides;
        [(a, first), (b, second)].map(|(side, series)| (&series - &side.means).dot(&side.weights))
    }

    /// Correlation of each pair of mixtures on any frames; 0 where one is constant.
    pub fn score(&self, first: ArrayView2<'_, f64>, second: ArrayView2<'_, f64>) -> Vec<f64> {
        let [a, b] = self.mixtures(first, second);
        a.columns()
            .into_iter()
            .zip(b.columns())
            .map(|(a, b)| correlation(a, b).unwrap_or(0.0))
            .collect()
    }
}
