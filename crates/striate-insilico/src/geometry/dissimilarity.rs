//! Representational dissimilarity matrices.

use ndarray::{Array2, ArrayView2, Axis};

/// Dissimilarity of each pair of stimuli, `[stimulus, stimulus]`: symmetric, 0 on the diagonal.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dissimilarity(pub(super) Array2<f64>);

impl Dissimilarity {
    /// `1 - r` of patterns `[stimulus, neuron]` over neurons (Kriegeskorte et al. 2008, "Representational
    /// similarity analysis", figure 1). Patterns that do not vary are correlated with nothing.
    pub(super) fn of_correlations(patterns: ArrayView2<'_, f64>) -> Self {
        let centred = centre(patterns);
        let products = centred.dot(&centred.t());
        Self(Array2::from_shape_fn(products.dim(), |(i, j)| {
            let r = products[[i, j]] / (products[[i, i]] * products[[j, j]]).sqrt();
            if i == j { 0.0 } else { 1.0 - if r.is_finite() { r.clamp(-1.0, 1.0) } else { 0.0 } }
        }))
    }

    /// Squared distances per neuron from inner products `[stimulus, stimulus]` of patterns.
    pub(super) fn of_products(products: &Array2<f64>, n_neurons: usize) -> Self {
        let n_neurons = n_neurons.max(1) as f64;
        Self(Array2::from_shape_fn(products.dim(), |(i, j)| {
            let double = products[[i, j]] + products[[j, i]];
            (products[[i, i]] + products[[j, j]] - double) / n_neurons
        }))
    }

    /// Upper triangle, row by row.
    pub(super) fn upper(&self) -> Vec<f64> {
        self.drawn(&(0..self.0.nrows()).collect::<Vec<_>>())
    }

    /// Of each pair of stimuli drawn; those of a stimulus drawn twice with itself are left out, for they are
    /// 0 by construction.
    pub(super) fn drawn(&self, stimuli: &[usize]) -> Vec<f64> {
        let mut values = Vec::with_capacity(stimuli.len() * stimuli.len() / 2);
        for (place, &i) in stimuli.iter().enumerate() {
            let others = stimuli[place + 1..].iter().filter(|&&j| i != j);
            values.extend(others.map(|&j| self.0[[i, j]]));
        }
        values
    }
}

/// Patterns without their mean over neurons.
pub(super) fn centre(patterns: ArrayView2<'_, f64>) -> Array2<f64> {
    let n = patterns.ncols().max(1) as f64;
    let mean = patterns.sum_axis(Axis(1)) / n;
    &patterns - &mean.insert_axis(Axis(1))
}

/// Inner products of the patterns without the noise that repeats of a stimulus add to them: only responses of
/// different trials meet. In expectation those of the patterns without noise, whatever the noise correlations.
///
/// `repeats` are `[repeat, neuron]` for each stimulus, and stimuli of the same `group` were shown in the same
/// trials, repeat by repeat. Stimuli of one repeat have products with themselves that are not a number.
///
/// That is the mean over all pairs of trials of the cross-validated product of Walther et al. (2016,
/// "Reliability of dissimilarity measures for multi-voxel pattern analysis", eq. 9), in closed form.
pub(super) fn products_without_noise(repeats: &[Array2<f64>], groups: &[usize]) -> Array2<f64> {
    let mut products = products_of_means(repeats);
    for i in 0..repeats.len() {
        for j in (0..=i).filter(|&j| groups[j] == groups[i]) {
            let n = repeats[i].nrows().min(repeats[j].nrows());
            let trials = repeats[i].rows().into_iter().zip(repeats[j].rows());
            let same: f64 = trials.map(|(a, b)| a.dot(&b)).sum();
            let count = (repeats[i].nrows() * repeats[j].nrows()) as f64;
            let without = (count * products[[i, j]] - same) / (count - n as f64);
            products[[i, j]] = without;
            products[[j, i]] = without;
        }
    }
    products
}

/// Inner products of mean patterns.
fn products_of_means(repeats: &[Array2<f64>]) -> Array2<f64> {
    let n_neurons = repeats.first().map_or(0, Array2::ncols);
    let mut means = Array2::zeros((repeats.len(), n_neurons));
    for (mut mean, repeats) in means.rows_mut().into_iter().zip(repeats) {
        mean.assign(&(repeats.sum_axis(Axis(0)) / repeats.nrows() as f64));
    }
    means.dot(&means.t())
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use striate_base::Streams;

    use super::*;

    #[test]
    fn distances_are_those_of_the_definition() {
        let patterns = array![[1.0, 2.0, 3.0], [6.0, 4.0, 2.0], [0.0, 1.0, 0.0], [5.0, 5.0, 5.0]];
        let found = Dissimilarity::of_correlations(patterns.view());
        for (value, expected) in found.upper().iter().zip([2.0, 1.0, 1.0, 1.0, 1.0, 1.0]) {
            assert!((value - expected).abs() < 1e-12, "{found:?}");
        }
        let found = Dissimilarity::of_products(&patterns.dot(&patterns.t()), 3);
        assert!((found.0[[0, 1]] - 30.0 / 3.0).abs() < 1e-12);
        assert_eq!(found.drawn(&[0, 0, 1]), [10.0, 10.0]);
    }

    #[test]
    fn noise_shared_by_trials_adds_no_distance() {
        // Two stimuli with the same pattern, shown together in trials whose noise they share in part.
        let mut random = Streams::new(1).stream("noise");
        let (n_repeats, n_neurons) = (6, 4000);
        let truth = Array2::from_shape_simple_fn((3, n_neurons), || random.normal());
        let shared = Array2::from_shape_simple_fn((n_repeats, n_neurons), || random.normal());
        let repeats: Vec<Array2<f64>> = [0, 0, 1]
            .map(|pattern| {
                let own = Array2::from_shape_simple_fn((n_repeats, n_neurons), || random.normal());
                &own + &shared + truth.row(pattern)
            })
            .to_vec();
        let products = products_without_noise(&repeats, &[0, 0, 0]);
        let found = Dissimilarity::of_products(&products, n_neurons);
        let between = &truth.row(0) - &truth.row(1);
        let expected = between.dot(&between) / n_neurons as f64;
        // Products of independent noise of variance at most 2, over 4000 neurons and 15 pairs of trials.
        assert!(found.0[[0, 1]].abs() < 0.05, "{}", found.0[[0, 1]]);
        assert!((found.0[[0, 2]] - expected).abs() < 0.15, "{}", found.0[[0, 2]]);
        let plain = Dissimilarity::of_products(&products_of_means(&repeats), n_neurons);
        assert!(plain.0[[0, 1]] > 0.25, "{}", plain.0[[0, 1]]);
    }
}
