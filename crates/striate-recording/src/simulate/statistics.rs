//! Sums from which statistics and ceilings come, all in f64 and added in the order of trials.

use ndarray::{Array2, ArrayView2, Zip};

/// Sums of pairs, for their correlation.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PairSums {
    count: f64,
    first: f64,
    second: f64,
    first_square: f64,
    second_square: f64,
    product: f64,
}

impl PairSums {
    /// Add a pair.
    pub(super) fn add(&mut self, first: f64, second: f64) {
        self.count += 1.0;
        self.first += first;
        self.second += second;
        self.first_square += first * first;
        self.second_square += second * second;
        self.product += first * second;
    }

    /// Add all pairs of another sum.
    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.first += other.first;
        self.second += other.second;
        self.first_square += other.first_square;
        self.second_square += other.second_square;
        self.product += other.product;
    }

    /// Correlation of all pairs; 0 where one side does not vary.
    pub(super) fn correlation(&self) -> f64 {
        let n = self.count.max(1.0);
        let (mean, other) = (self.first / n, self.second / n);
        let variance = self.first_square / n - mean * mean;
        let other_variance = self.second_square / n - other * other;
        let scale = (variance * other_variance).sqrt();
        if scale > 0.0 { (self.product / n - mean * other) / scale } else { 0.0 }
    }
}

/// Count, sum, sum of squares and extremes at every place of arrays of one shape.
#[derive(Debug, Clone)]
pub(super) struct PlaceSums {
    count: f64,
    sum: Array2<f64>,
    square: Array2<f64>,
    low: Array2<f32>,
    high: Array2<f32>,
}

/// Statistics at every place of an array.
pub(super) struct PlaceStatistics {
    pub(super) mean: Array2<f64>,
    pub(super) std: Array2<f64>,
    pub(super) min: Array2<f64>,
    pub(super) max: Array2<f64>,
}

impl PlaceSums {
    /// Nothing yet, for arrays `[row, frame]`.
    pub(super) fn new(shape: (usize, usize)) -> Self {
        Self {
            count: 0.0,
            sum: Array2::zeros(shape),
            square: Array2::zeros(shape),
            low: Array2::from_elem(shape, f32::INFINITY),
            high: Array2::from_elem(shape, f32::NEG_INFINITY),
        }
    }

    /// Add an array of the same shape.
    pub(super) fn add(&mut self, values: ArrayView2<f32>) {
        self.count += 1.0;
        Zip::from(&mut self.sum)
            .and(&mut self.square)
            .and(&mut self.low)
            .and(&mut self.high)
            .and(values)
            .for_each(|sum, square, low, high, &value| {
                *sum += f64::from(value);
                *square += f64::from(value).powi(2);
                *low = low.min(value);
                *high = high.max(value);
            });
    }

    /// Statistics per row and frame, each over the trials and a window of `window` frames around
    /// that frame, shorter at the ends.
    pub(super) fn per_frame(&self, window: usize) -> PlaceStatistics {
        self.pooled(self.sum.ncols(), |frame| {
            let last = (frame + window / 2).min(self.sum.ncols().saturating_sub(1));
            frame.saturating_sub(window / 2)..last + 1
        })
    }

    /// Statistics per row, over the trials and all frames: arrays `[row, 1]`.
    pub(super) fn per_row(&self) -> PlaceStatistics {
        self.pooled(1, |_| 0..self.sum.ncols())
    }

    fn pooled(
        &self,
        n_columns: usize,
        frames: impl Fn(usize) -> std::ops::Range<usize>,
    ) -> PlaceStatistics {
        let shape = (self.sum.nrows(), n_columns);
        let over = |values: &Array2<f64>, row: usize, column: usize| -> f64 {
            frames(column).map(|frame| values[[row, frame]]).sum()
        };
        let count = |column: usize| (self.count * frames(column).len() as f64).max(1.0);
        let mean = Array2::from_shape_fn(shape, |(row, column)| {
            over(&self.sum, row, column) / count(column)
        });
        let std = Array2::from_shape_fn(shape, |(row, column)| {
            let square = over(&self.square, row, column) / count(column);
            (square - mean[[row, column]].powi(2)).max(0.0).sqrt()
        });
        let extreme = |values: &Array2<f32>, pick: fn(f64, f64) -> f64| {
            Array2::from_shape_fn(shape, |(row, column)| {
                let all = frames(column).map(|frame| f64::from(values[[row, frame]]));
                all.reduce(pick).unwrap_or(0.0)
            })
        };
        let (min, max) = (extreme(&self.low, f64::min), extreme(&self.high, f64::max));
        PlaceStatistics { mean, std, min, max }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn pair_correlation_is_pearsons() {
        let (mut sums, mut rest) = (PairSums::default(), PairSums::default());
        sums.add(1.0, 2.0);
        sums.add(2.0, 1.0);
        rest.add(3.0, 4.0);
        sums.merge(&rest);
        // Means 2 and 7/3; covariance 2/3, variances 2/3 and 14/9.
        let expected = (2.0 / 3.0) / (2.0f64 / 3.0 * 14.0 / 9.0).sqrt();
        assert!((sums.correlation() - expected).abs() < 1e-12);
        assert_eq!(PairSums::default().correlation(), 0.0);
    }

    #[test]
    fn windows_pool_neighbouring_frames() {
        let mut sums = PlaceSums::new((1, 3));
        sums.add(array![[1.0f32, 3.0, 5.0]].view());
        sums.add(array![[3.0f32, 3.0, 9.0]].view());
        let raw = sums.per_frame(1);
        assert_eq!((raw.mean, raw.std), (array![[2.0, 3.0, 7.0]], array![[1.0, 0.0, 2.0]]));
        let pooled = sums.per_frame(3);
        assert_eq!(pooled.mean, array![[2.5, 4.0, 5.0]]);
        assert_eq!((pooled.min, pooled.max), (array![[1.0, 1.0, 3.0]], array![[3.0, 9.0, 9.0]]));
        assert_eq!(sums.per_row().mean, array![[4.0]]);
    }
}
