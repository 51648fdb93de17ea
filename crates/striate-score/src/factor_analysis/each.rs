//! Every neuron from all others, at once.

use ndarray::{Array2, ArrayView2, Axis};

use super::FactorError;
use super::conditional::Conditional;
use super::model::FactorAnalysis;

impl FactorAnalysis {
    /// Every neuron, given the responses `[frame, neuron]` of all others: as
    /// [`FactorAnalysis::condition`] without one neuron after the other, in the time of one.
    ///
    /// # Errors
    /// As [`FactorAnalysis::condition`].
    ///
    /// ```
    /// use ndarray::array;
    /// use striate_score::factor_analysis::FactorAnalysis;
    ///
    /// let model = FactorAnalysis::new(array![0.0, 0.0], array![[1.0], [1.0]], array![1.0, 1.0])?;
    /// let found = model.condition_each(array![[4.0, -2.0]].view())?;
    /// assert!((found.mean[[0, 0]] + 1.0).abs() < 1e-12 && (found.mean[[0, 1]] - 2.0).abs() < 1e-12);
    /// assert!((found.variance[[0, 1]] - 1.5).abs() < 1e-12);
    /// # Ok::<(), striate_score::factor_analysis::FactorError>(())
    /// ```
    pub fn condition_each(&self, frames: ArrayView2<'_, f64>) -> Result<Conditional, FactorError> {
        let hidden: Vec<usize> = (0..self.n_neurons()).collect();
        let seen = self.seen(&hidden, frames)?;
        let factors = seen.precision.solve(seen.centred.dot(&seen.weighted).t());
        // What all neurons say of each, itself included, `[frame, neuron]`.
        let mut mean = self.loadings.dot(&factors).reversed_axes();
        let uncertain =
            (&self.loadings * &seen.precision.solve(self.loadings.t()).t()).sum_axis(Axis(1));
        // Without neuron i the precision loses c c^T / psi, a matrix of rank one (Sherman & Morrison).
        let shares = &uncertain / &self.private_variances;
        for ((frame, neuron), mean) in mean.indexed_iter_mut() {
            let share = shares[neuron];
            *mean = (*mean - share * seen.centred[[frame, neuron]]) / (1.0 - share);
        }
        mean += &self.mean;
        let of_neuron = |neuron: usize| {
            uncertain[neuron] / (1.0 - shares[neuron]) + self.private_variances[neuron]
        };
        let variance = Array2::from_shape_fn(mean.dim(), |(_, neuron)| of_neuron(neuron));
        Ok(Conditional { hidden, mean: mean.as_standard_layout().into_owned(), variance })
    }
}
