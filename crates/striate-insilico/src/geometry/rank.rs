//! Correlations of values and of their ranks.

use ndarray::ArrayView1;
use striate_score::cca::correlation;

/// Pearson's correlation; 0 where either does not vary or is not finite.
pub(super) fn pearson(x: &[f64], y: &[f64]) -> f64 {
    correlation(ArrayView1::from(x), ArrayView1::from(y)).unwrap_or(0.0)
}

/// Spearman's correlation, equal values at their mean rank.
pub(super) fn spearman(x: &[f64], y: &[f64]) -> f64 {
    pearson(&ranks(x), &ranks(y))
}

/// Ranks from 0, equal values at their mean rank.
pub(super) fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for group in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = first as f64 + (group.len() - 1) as f64 / 2.0;
        group.iter().for_each(|&place| ranks[place] = rank);
        first += group.len();
    }
    ranks
}

/// Reliability of the whole from the correlation of its halves (Spearman 1910; Brown 1910).
pub(super) fn spearman_brown(halves: f64) -> f64 {
    2.0 * halves / (1.0 + halves)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_of_equal_values_are_shared() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [2.5, 0.0, 2.5, 1.0]);
        // Without ties: 1 - 6 sum d^2 / (n (n^2 - 1)), here d^2 = 4, 1, 1, 0, 0 in other places.
        let found = spearman(&[1.0, 2.0, 3.0, 4.0, 5.0], &[30.0, 10.0, 20.0, 40.0, 500.0]);
        assert!((found - (1.0 - 6.0 * 6.0 / 120.0)).abs() < 1e-12);
    }

    #[test]
    fn what_does_not_vary_is_not_correlated() {
        assert_eq!(pearson(&[1.0, 1.0], &[0.0, 2.0]), 0.0);
        assert_eq!(spearman(&[], &[]), 0.0);
        assert!((spearman_brown(0.5) - 2.0 / 3.0).abs() < 1e-12);
    }
}
