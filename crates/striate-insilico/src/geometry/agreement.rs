//! How well dissimilarities agree, and how well they could.

use ndarray::{Array2, Axis};
use striate_base::RandomStream;

use super::dissimilarity::Dissimilarity;
use super::rank::{ranks, spearman};

/// Mean patterns `[stimulus, neuron]` over each half of the repeats.
pub(super) struct Halves(pub(super) [Array2<f64>; 2]);

impl Halves {
    /// At random; stimuli shown in the same trials (of one `group`, one after the other) are split alike.
    /// Of an odd number of repeats the first half has one less.
    pub(super) fn draw(
        repeats: &[Array2<f64>],
        groups: &[usize],
        random: &mut RandomStream,
    ) -> Self {
        let n_neurons = repeats.first().map_or(0, Array2::ncols);
        let mut halves = [0, 1].map(|_| Array2::zeros((repeats.len(), n_neurons)));
        let mut order: Vec<usize> = Vec::new();
        for (stimulus, of_stimulus) in repeats.iter().enumerate() {
            if stimulus == 0 || groups[stimulus] != groups[stimulus - 1] {
                order = (0..of_stimulus.nrows()).collect();
                random.shuffle(&mut order);
            }
            let (first, second) = order.split_at(order.len() / 2);
            for (half, chosen) in halves.iter_mut().zip([first, second]) {
                let mean = of_stimulus.select(Axis(0), chosen).sum_axis(Axis(0));
                half.row_mut(stimulus).assign(&(mean / chosen.len() as f64));
            }
        }
        Self(halves)
    }
}

/// How well a prediction of dissimilarities could agree with those of single repeats (Nili et al. 2014, "A
/// toolbox for representational similarity analysis", noise ceiling), and how well one does; repeats take the
/// place of subjects.
///
/// Noise pulls correlation distances towards 1, those of weak patterns most. The other repeats share that and a
/// prediction without noise does not: the truth can come out slightly below `lower`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ceiling {
    /// Mean over repeats of the rank correlation with the mean ranks of all repeats.
    pub(super) upper: f64,
    /// The same with the mean ranks of the other repeats.
    pub(super) lower: f64,
    /// Mean over repeats of the rank correlation with the prediction.
    pub(super) predicted: f64,
}

impl Ceiling {
    /// From the first repeats of all stimuli, as many as every stimulus has; `None` for fewer than two.
    pub(super) fn of(repeats: &[Array2<f64>], predicted: &Dissimilarity) -> Option<Self> {
        let n = repeats.iter().map(Array2::nrows).min().filter(|&n| n >= 2)?;
        let n_neurons = repeats[0].ncols();
        let of_repeat = |repeat: usize| {
            let mut patterns = Array2::zeros((repeats.len(), n_neurons));
            for (mut pattern, repeats) in patterns.rows_mut().into_iter().zip(repeats) {
                pattern.assign(&repeats.row(repeat));
            }
            ranks(&Dissimilarity::of_correlations(patterns.view()).upper())
        };
        let each: Vec<Vec<f64>> = (0..n).map(of_repeat).collect();
        let mut sums = vec![0.0; each[0].len()];
        for ranks in &each {
            sums.iter_mut().zip(ranks).for_each(|(sum, rank)| *sum += rank);
        }
        let predicted = predicted.upper();
        let others = |ranks: &[f64]| -> Vec<f64> {
            sums.iter().zip(ranks).map(|(sum, rank)| sum - rank).collect()
        };
        let mean = |of: &dyn Fn(&Vec<f64>) -> f64| each.iter().map(of).sum::<f64>() / n as f64;
        Some(Self {
            upper: mean(&|ranks| spearman(ranks, &sums)),
            lower: mean(&|ranks| spearman(ranks, &others(ranks))),
            predicted: mean(&|ranks| spearman(ranks, &predicted)),
        })
    }
}

#[cfg(test)]
mod tests {
    use striate_base::Streams;

    use super::*;

    fn normal(shape: (usize, usize), random: &mut RandomStream) -> Array2<f64> {
        Array2::from_shape_simple_fn(shape, || random.normal())
    }

    #[test]
    fn the_truth_lies_about_between_the_bounds_of_the_ceiling() {
        let mut random = Streams::new(9).stream("patterns");
        let truth = normal((30, 3), &mut random).dot(&normal((3, 100), &mut random));
        let noisy = |row| 2.0 * normal((8, 100), &mut random) + row;
        let repeats: Vec<Array2<f64>> = truth.rows().into_iter().map(noisy).collect();
        let predicted = Dissimilarity::of_correlations(truth.view());
        let found = Ceiling::of(&repeats, &predicted).unwrap();
        assert!(found.lower - 0.03 < found.predicted && found.predicted < found.upper, "{found:?}");
        assert!(found.lower > 0.3 && found.lower < found.upper && found.upper < 0.95, "{found:?}");
        let wrong = Dissimilarity::of_correlations(normal((30, 100), &mut random).view());
        assert!(Ceiling::of(&repeats, &wrong).unwrap().predicted.abs() < 0.2);
        assert_eq!(Ceiling::of(&[normal((1, 5), &mut random)], &predicted), None);
    }

    #[test]
    fn halves_share_no_trial_and_have_all_of_them() {
        let repeats: Vec<Array2<f64>> = (0..3)
            .map(|s| {
                Array2::from_shape_fn((4, 1), |(r, _)| f64::from(1 << r) + 100.0 * f64::from(s))
            })
            .collect();
        let found = Halves::draw(&repeats, &[0, 0, 1], &mut Streams::new(1).stream("halves"));
        for stimulus in 0..3 {
            let sum: f64 = found.0.iter().map(|half| 2.0 * half[[stimulus, 0]]).sum();
            assert!((sum - 15.0 - 400.0 * stimulus as f64).abs() < 1e-12);
        }
        assert!((found.0[0][[1, 0]] - found.0[0][[0, 0]] - 100.0).abs() < 1e-12);
    }
}
