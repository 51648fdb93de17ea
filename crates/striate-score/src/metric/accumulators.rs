//! Correlations from running sums.

use ndarray::ArrayView2;

use super::DEVIATION_FLOOR;

/// Sums of two variables, their squares and their product.
///
/// Both are taken relative to an origin near them, chosen by whoever adds: squares of numbers far
/// from zero lose digits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PairSums {
    n: f64,
    x: f64,
    y: f64,
    xx: f64,
    yy: f64,
    xy: f64,
}

impl PairSums {
    pub(super) fn add(&mut self, x: f64, y: f64) {
        self.add_many(&Self { n: 1.0, x, y, xx: x * x, yy: y * y, xy: x * y });
    }

    /// Add sums known already, over `n` pairs: `[x, y, xx, yy, xy]`.
    pub(super) fn add_sums(&mut self, n: f64, [x, y, xx, yy, xy]: [f64; 5]) {
        self.add_many(&Self { n, x, y, xx, yy, xy });
    }

    fn add_many(&mut self, other: &Self) {
        self.n += other.n;
        self.x += other.x;
        self.y += other.y;
        self.xx += other.xx;
        self.yy += other.yy;
        self.xy += other.xy;
    }

    /// The correlation as the module defines it.
    pub(super) fn correlation(&self) -> f64 {
        let (x, y) = (self.x / self.n, self.y / self.n);
        let deviation = |squares: f64, mean: f64| (squares / self.n - mean * mean).max(0.0).sqrt();
        let covariance = self.xy / self.n - x * y;
        let value = covariance
            / ((deviation(self.xx, x) + DEVIATION_FLOOR)
                * (deviation(self.yy, y) + DEVIATION_FLOOR));
        // NaN must not hide in `max(0.0)`, which would drop it.
        if value.is_finite() && self.xx.is_finite() && self.yy.is_finite() { value } else { 0.0 }
    }
}

/// A running single-trial correlation for each neuron of a session.
///
/// ```
/// use ndarray::array;
/// use striate_score::metric::{Correlations, correlation};
///
/// let predicted = array![[0.5f32, 1.0], [0.7, 2.0], [0.1, 0.0]];
/// let recorded = array![[1.0f32, 3.0], [2.0, 3.0], [0.0, 3.0]];
/// let mut running = Correlations::new(2);
/// for frame in 0..3 {
///     let frame = ndarray::s![frame..=frame, ..];
///     running.add(predicted.slice(frame), recorded.slice(frame));
/// }
/// let expected = correlation(predicted.column(0), recorded.column(0));
/// assert!((running.values()[0] - expected).abs() < 1e-12);
/// assert_eq!(running.values()[1], 0.0); // a constant neuron
/// ```
#[derive(Debug, Clone)]
pub struct Correlations {
    /// Prediction and response of each neuron's first observation.
    origins: Vec<[f64; 2]>,
    sums: Vec<PairSums>,
    n_observations: u64,
}

impl Correlations {
    /// Nothing seen yet.
    pub fn new(n_neurons: usize) -> Self {
        Self {
            origins: vec![[0.0; 2]; n_neurons],
            sums: vec![PairSums::default(); n_neurons],
            n_observations: 0,
        }
    }

    /// See further observations of all neurons; both arrays have shape `[observation, neuron]`.
    pub fn add(&mut self, predicted: ArrayView2<'_, f32>, recorded: ArrayView2<'_, f32>) {
        for (predicted, recorded) in predicted.outer_iter().zip(recorded.outer_iter()) {
            let pairs = predicted.into_iter().zip(recorded);
            let pairs = pairs.map(|(&p, &y)| [f64::from(p), f64::from(y)]);
            if self.n_observations == 0 {
                self.origins = pairs.clone().collect();
            }
            for ((sums, origin), pair) in self.sums.iter_mut().zip(&self.origins).zip(pairs) {
                sums.add(pair[0] - origin[0], pair[1] - origin[1]);
            }
            self.n_observations += 1;
        }
    }

    /// Observations seen of each neuron.
    pub fn n_observations(&self) -> u64 {
        self.n_observations
    }

    /// The correlation of each neuron.
    pub fn values(&self) -> Vec<f64> {
        self.sums.iter().map(PairSums::correlation).collect()
    }
}
