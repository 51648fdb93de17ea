//! Correlations of pairs of neurons: of their signals and of their noise.

use ndarray::{Array2, ArrayView2, Axis};

use super::rank::pearson;

/// Signal correlations: of each pair of neurons over stimuli, from patterns `[stimulus, neuron]`; not a number
/// where a neuron does not vary. In the order (1, 0), (2, 0), (2, 1), ...
pub(super) fn signal_correlations(patterns: ArrayView2<'_, f64>) -> Vec<f64> {
    let n = patterns.nrows() as f64;
    let mean = patterns.sum_axis(Axis(0)) / n;
    let centred = &patterns - &mean.insert_axis(Axis(0));
    let products = centred.t().dot(&centred);
    lower(&products).map(|[pair, a, b]| (pair / (a * b).sqrt()).clamp(-1.0, 1.0)).collect()
}

/// Each entry below the diagonal with the two diagonal ones that belong to it.
fn lower(products: &Array2<f64>) -> impl Iterator<Item = [f64; 3]> {
    let n = products.nrows();
    (0..n).flat_map(move |i| {
        (0..i).map(move |j| [products[[i, j]], products[[i, i]], products[[j, j]]])
    })
}

/// Noise correlations of each stimulus, `[stimulus][pair]`: over repeats, of responses z-scored for that
/// stimulus. Not a number where a neuron does not vary over the repeats.
pub(super) struct NoiseCorrelations(Vec<Vec<f32>>);

impl NoiseCorrelations {
    /// Of repeats `[repeat, neuron]` of each stimulus; those of stimuli with one repeat are no numbers.
    pub(super) fn of(repeats: &[Array2<f64>]) -> Self {
        let of = |repeats: &Array2<f64>| {
            signal_correlations(repeats.view()).into_iter().map(|r| r as f32).collect()
        };
        Self(repeats.iter().map(of).collect())
    }

    /// Of each pair, the mean over those of some stimuli in which both neurons vary.
    pub(super) fn over(&self, stimuli: &[usize]) -> Vec<f64> {
        let n_pairs = self.0.first().map_or(0, Vec::len);
        let mut sums = vec![[0.0; 2]; n_pairs];
        for &stimulus in stimuli {
            for (sum, &r) in sums.iter_mut().zip(&self.0[stimulus]).filter(|(_, r)| r.is_finite()) {
                *sum = [sum[0] + f64::from(r), sum[1] + 1.0];
            }
        }
        sums.into_iter().map(|[sum, n]| sum / n).collect()
    }
}

/// Mean of the first, mean of the second, and their correlation over pairs: of those that both know.
pub(super) fn compare(first: &[f64], second: &[f64]) -> [f64; 3] {
    let known: (Vec<f64>, Vec<f64>) =
        first.iter().zip(second).filter(|(a, b)| a.is_finite() && b.is_finite()).unzip();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let agreement = if known.0.len() < 2 { f64::NAN } else { pearson(&known.0, &known.1) };
    [mean(&known.0), mean(&known.1), agreement]
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use striate_base::Streams;

    use super::*;

    #[test]
    fn signal_correlations_are_those_of_the_definition() {
        let patterns = array![[1.0, 2.0, 5.0], [2.0, 4.0, 5.0], [4.0, 1.0, 5.0]];
        let found = signal_correlations(patterns.view());
        assert!((found[0] + 0.5).abs() < 1e-12);
        assert!(found[1].is_nan() && found[2].is_nan());
        let [first, second, agreement] = compare(&found, &[0.25, 1.0, 1.0]);
        assert!((first + 0.5).abs() < 1e-12 && second == 0.25 && agreement.is_nan());
    }

    #[test]
    fn planted_noise_correlations_are_found_whatever_the_signal() {
        let mut random = Streams::new(3).stream("noise");
        let (n_stimuli, n_repeats, rho) = (200, 20, 0.4f64);
        let repeats: Vec<Array2<f64>> = (0..n_stimuli)
            .map(|stimulus| {
                let mut repeats = Array2::zeros((n_repeats, 3));
                for mut row in repeats.rows_mut() {
                    let shared = random.normal();
                    let own = [random.normal(), random.normal(), random.normal()];
                    let signal = 10.0 * f64::from(stimulus);
                    row[0] = signal + shared;
                    row[1] = 7.0 * (rho * shared + (1.0 - rho * rho).sqrt() * own[1]) - signal;
                    row[2] = own[2];
                }
                repeats
            })
            .collect();
        let all: Vec<usize> = (0..200).collect();
        let found = NoiseCorrelations::of(&repeats).over(&all);
        // 4000 trials: a standard error of 0.016; the correlation of 20 is biased by rho (1 - rho^2) / 40.
        assert!((found[0] - rho).abs() < 0.06 && found[1].abs() < 0.05, "{found:?}");
    }
}
