//! How many dimensions responses have.

use faer::{Mat, Side};
use ndarray::{Array2, ArrayView2, Axis};

/// Variances along principal components of patterns over stimuli, largest component first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spectrum(pub(super) Vec<f64>);

impl Spectrum {
    /// Of inner products `[stimulus, stimulus]` of patterns: eigenvalues of their covariance over stimuli
    /// (ddof 0), summed over neurons.
    pub(super) fn of(products: &Array2<f64>) -> Self {
        let n = products.nrows() as f64;
        let (values, _) = eigen_descending(&centre_both(products));
        Self(values.into_iter().map(|value| (value / n).max(0.0)).collect())
    }

    /// Cross-validated principal components (Stringer et al. 2019, "High-dimensional geometry of population
    /// responses in visual cortex", methods): components of the first half of the repeats, and the
    /// covariance between both halves along them. What is noise has none, so that values may be negative.
    ///
    /// With `X` and `Y` the halves `[stimulus, neuron]`, `first` is `X X'` and `between` is `X Y'`. The
    /// components are `X' u`, `u` an eigenvector of `X X'`; so both projections are `X X' u` and `Y X' u`,
    /// and their product is `u' X Y' u`.
    pub(super) fn cross_validated(first: &Array2<f64>, between: &Array2<f64>) -> Self {
        let n = first.nrows();
        let (_, vectors) = eigen_descending(&centre_both(first));
        let between = centre_both(between);
        let turned = between.dot(&vectors);
        let value = |k: usize| vectors.column(k).dot(&turned.column(k)) / n as f64;
        Self((0..n).map(value).collect())
    }

    /// Participation ratio `(sum l)^2 / sum l^2`: the number of dimensions if all had the same variance.
    pub(super) fn participation_ratio(&self) -> f64 {
        let squares: f64 = self.0.iter().map(|value| value * value).sum();
        self.total().powi(2) / squares
    }

    fn total(&self) -> f64 {
        self.0.iter().sum()
    }

    /// Share of the variance in the first components, one, two, ...
    pub(super) fn explained(&self) -> Vec<f64> {
        let total = self.total();
        let share = |sum: &mut f64, value: &f64| {
            *sum += value;
            Some(if total > 0.0 { *sum / total } else { 0.0 })
        };
        self.0.iter().scan(0.0, share).collect()
    }

    /// Exponent of the power law `l_n ~ n^-a` through the eigenvalues of ranks `first` to `last` (from 1) by
    /// least squares in logarithms, weighted by `1 / n`, as Stringer et al. Values that are not positive are
    /// passed over; not a number with fewer than five. Ranks beyond half the number of stimuli are too: there
    /// eigenvalues fall because there are no more stimuli.
    pub(super) fn exponent(&self, [first, last]: [usize; 2]) -> f64 {
        let last = last.min(self.0.len() / 2);
        let ranked = self.0.iter().enumerate().map(|(place, &value)| (place + 1, value));
        let points: Vec<[f64; 3]> = ranked
            .filter(|(rank, value)| (first..=last).contains(rank) && *value > 0.0)
            .map(|(rank, value)| [1.0 / rank as f64, (rank as f64).ln(), value.ln()])
            .collect();
        if points.len() < 5 {
            return f64::NAN;
        }
        let weight: f64 = points.iter().map(|[w, _, _]| w).sum();
        let mean = |of: usize| points.iter().map(|p| p[0] * p[of]).sum::<f64>() / weight;
        let (x, y) = (mean(1), mean(2));
        let xy: f64 = points.iter().map(|p| p[0] * (p[1] - x) * (p[2] - y)).sum();
        let xx: f64 = points.iter().map(|p| p[0] * (p[1] - x).powi(2)).sum();
        -xy / xx
    }
}

/// Inner products of patterns without their mean over stimuli.
fn centre_both(products: &Array2<f64>) -> Array2<f64> {
    let n = products.nrows().max(1) as f64;
    let rows = products.sum_axis(Axis(1)) / n;
    let columns = products.sum_axis(Axis(0)) / n;
    let all = rows.sum() / n;
    products - &rows.insert_axis(Axis(1)) - &columns.insert_axis(Axis(0)) + all
}

/// Some stimuli of inner products.
pub(super) fn drawn(products: &Array2<f64>, stimuli: &[usize]) -> Array2<f64> {
    let n = stimuli.len();
    Array2::from_shape_fn((n, n), |(i, j)| products[[stimuli[i], stimuli[j]]])
}

/// Inner products of patterns `[stimulus, neuron]`.
pub(super) fn products(x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>) -> Array2<f64> {
    x.dot(&y.t())
}

/// Eigenvalues of a symmetric matrix, largest first, and its eigenvectors as columns.
fn eigen_descending(matrix: &Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    let n = matrix.nrows();
    let copy = Mat::from_fn(n, n, |i, j| matrix[[i, j]]);
    let Ok(found) = copy.self_adjoint_eigen(Side::Lower) else {
        // Only for what is not finite.
        return (vec![f64::NAN; n], Array2::from_elem((n, n), f64::NAN));
    };
    let values = found.S().column_vector();
    let vectors = Array2::from_shape_fn((n, n), |(i, j)| found.U()[(i, n - 1 - j)]);
    ((0..n).rev().map(|i| values[i]).collect(), vectors)
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use striate_base::Streams;

    use super::*;

    #[test]
    fn a_spectrum_is_that_of_the_covariance() {
        // Variances 2 and 1/2 along the axes.
        let patterns = array![[2.0, 1.0], [-2.0, 1.0], [2.0, -1.0], [-2.0, -1.0]] + 7.0;
        let patterns = patterns / 2f64.sqrt();
        let found = Spectrum::of(&products(patterns.view(), patterns.view()));
        for (value, expected) in found.0.iter().zip([2.0, 0.5, 0.0, 0.0]) {
            assert!((value - expected).abs() < 1e-12, "{found:?}");
        }
        assert!((found.participation_ratio() - 6.25 / 4.25).abs() < 1e-10);
        assert!((found.explained()[0] - 0.8).abs() < 1e-12);
    }

    #[test]
    fn the_exponent_of_a_power_law_is_found() {
        let law = Spectrum((1..200).map(|rank| 3.0 * f64::from(rank).powf(-1.3)).collect());
        assert!((law.exponent([10, 100]) - 1.3).abs() < 1e-10);
        assert!(Spectrum(vec![1.0; 9]).exponent([6, 100]).is_nan());
    }

    #[test]
    fn cross_validation_takes_the_noise_out() {
        // Ten dimensions of variance 1 each in 300 neurons, noise of variance 1 in all of them.
        let mut random = Streams::new(4).stream("patterns");
        let (n_stimuli, n_neurons) = (200, 300);
        let mut normal = |shape| Array2::from_shape_simple_fn(shape, || random.normal());
        let signal = normal((n_stimuli, 10)).dot(&normal((10, n_neurons)));
        let halves = [0, 1].map(|_| &signal + &normal((n_stimuli, n_neurons)));
        let first = products(halves[0].view(), halves[0].view());
        let between = products(halves[0].view(), halves[1].view());
        let found = Spectrum::cross_validated(&first, &between);
        let truth = Spectrum::of(&products(signal.view(), signal.view()));
        let noisy = Spectrum::of(&first);
        let ratios = [&found, &truth, &noisy].map(Spectrum::participation_ratio);
        assert!((found.total() / truth.total() - 1.0).abs() < 0.05);
        assert!((noisy.total() / truth.total() - 1.1).abs() < 0.05);
        assert!((ratios[0] - ratios[1]).abs() < 0.6 && ratios[1] > 8.5, "{ratios:?}");
        assert!(ratios[2] > ratios[1] + 1.0, "{ratios:?}");
        assert!((found.explained()[9] - 1.0).abs() < 0.05);
    }
}
