//! From response-triggered averages to local separable filters.

use ndarray::{Array1, Array2, ArrayView2, s};
use rayon::prelude::*;

use super::super::{BaselineError, SessionSize};
use super::LinearNonlinearConfig;
use super::average::Averages;
use super::covariance::{Eigen, StimulusCovariance, window};
use super::drive::Drive;

/// Ridges that are tried, relative to the stimulus variance; the largest leaves the
/// response-triggered average nearly as it is.
const RIDGES: [f64; 6] = [1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0];

/// Widths of the smoothing in space that are tried, in pixels (standard deviation of the Gaussian).
const SMOOTHINGS_PX: [f64; 5] = [0.0, 0.5, 0.75, 1.0, 1.5];

/// Width of the smoothing in which the peak is looked for, in pixels.
const PEAK_SMOOTHING_PX: f64 = 1.0;

/// Steps of the power iteration for the first singular vectors. What matters is a good separable
/// filter, not the last digit of the best one.
const POWER_STEPS: usize = 50;

/// What turns averages into filters.
pub(super) struct FilterFit<'a> {
    size: SessionSize,
    window: [usize; 2],
    averages: &'a Averages,
    mean_stimulus: Vec<f64>,
    space: Eigen,
    time: Eigen,
    variance: f64,
    smoothers: Vec<[Array2<f64>; 2]>,
}

/// A separable filter over the window.
struct Separable {
    time: Array1<f64>,
    space: Array1<f64>,
}

impl<'a> FilterFit<'a> {
    pub(super) fn new(
        config: &LinearNonlinearConfig,
        size: SessionSize,
        averages: &'a Averages,
        covariance: &StimulusCovariance,
    ) -> Result<Self, BaselineError> {
        if averages.n_frames() < 2 {
            let found = averages.n_frames();
            return Err(BaselineError::TooFew { what: "frames", found, expected: 2 });
        }
        let (space, time) = covariance.eigen()?;
        let window = window(config, size);
        Ok(Self {
            size,
            window,
            averages,
            mean_stimulus: averages.mean_stimulus(),
            variance: time.values.mean().unwrap_or(0.0),
            space,
            time,
            smoothers: SMOOTHINGS_PX.map(|sd| window.map(|side| smoother(side, sd))).to_vec(),
        })
    }

    /// The filter of each neuron of the block.
    pub(super) fn drives(&self) -> Vec<Drive> {
        (0..self.averages.n_neurons()).into_par_iter().map(|neuron| self.drive(neuron)).collect()
    }

    fn drive(&self, neuron: usize) -> Drive {
        let triggered = self.averages.of(neuron);
        let corner = self.corner(&triggered.all);
        let local = |average: &Array2<f64>| self.cut(average, corner);
        let (fitted, checked) = (local(&triggered.fitted), local(&triggered.checked));
        let settings = self.best_settings(&fitted, &checked);
        let filter = self.filter(&local(&triggered.all), settings);
        self.finish(corner, filter)
    }

    /// Corner of the window around the peak of the average's energy.
    fn corner(&self, average: &Array2<f64>) -> [usize; 2] {
        let (height, width) = (self.size.height, self.size.width);
        let mut energy = Array2::<f64>::zeros((height, width));
        for map in average.outer_iter() {
            // The mean over space is brightness before a response, not a place.
            let mean = map.mean().unwrap_or(0.0);
            for (sum, &value) in energy.iter_mut().zip(map) {
                *sum += (value - mean).powi(2);
            }
        }
        let [rows, columns] = [height, width].map(|side| smoother(side, PEAK_SMOOTHING_PX));
        let energy = rows.dot(&energy).dot(&columns.t());
        let mut peak = (0, 0);
        for (place, &value) in energy.indexed_iter() {
            if value > energy[peak] {
                peak = place;
            }
        }
        let start =
            |at: usize, side: usize, within: usize| at.saturating_sub(side / 2).min(within - side);
        [start(peak.0, self.window[0], height), start(peak.1, self.window[1], width)]
    }

    /// The window's part of an average, `[lag, window pixel]`.
    fn cut(&self, average: &Array2<f64>, [top, left]: [usize; 2]) -> Array2<f64> {
        let columns = self.window[1];
        let n_window = self.window[0] * columns;
        Array2::from_shape_fn((average.nrows(), n_window), |(lag, pixel)| {
            let (row, column) = (top + pixel / columns, left + pixel % columns);
            average[[lag, row * self.size.width + column]]
        })
    }

    /// Ridge and smoothing whose filter, fitted on one part, correlates best with the responses of
    /// the other: its covariance with the responses over the standard deviation of its output.
    fn best_settings(&self, fitted: &Array2<f64>, checked: &Array2<f64>) -> (f64, usize) {
        let mut best = (f64::NEG_INFINITY, (RIDGES[RIDGES.len() - 1], 0));
        for ridge in RIDGES {
            let corrected = self.corrected(fitted, ridge);
            for smoothing in 0..SMOOTHINGS_PX.len() {
                let filter = first_singular(&self.smoothed(&corrected, smoothing));
                let covariance = filter.time.dot(&checked.dot(&filter.space));
                let correlation = covariance / self.output_variance(&filter).sqrt();
                if correlation > best.0 {
                    best = (correlation, (ridge, smoothing));
                }
            }
        }
        best.1
    }

    fn filter(&self, average: &Array2<f64>, (ridge, smoothing): (f64, usize)) -> Separable {
        first_singular(&self.smoothed(&self.corrected(average, ridge), smoothing))
    }

    /// The average, corrected for the stimulus' correlations: with a covariance separable in space
    /// and time, ridge regression divides each product of a spatial and a temporal component by its
    /// variance plus the ridge.
    fn corrected(&self, average: &Array2<f64>, ridge: f64) -> Array2<f64> {
        let variance = self.variance.max(f64::MIN_POSITIVE);
        let mut components = self.time.vectors.t().dot(average).dot(&self.space.vectors);
        for ((i, j), value) in components.indexed_iter_mut() {
            let power = self.time.values[i] * self.space.values[j] / variance;
            *value /= power + ridge * variance;
        }
        self.time.vectors.dot(&components).dot(&self.space.vectors.t())
    }

    fn smoothed(&self, filter: &Array2<f64>, smoothing: usize) -> Array2<f64> {
        if SMOOTHINGS_PX[smoothing] == 0.0 {
            return filter.clone();
        }
        let [rows, columns] = &self.smoothers[smoothing];
        let mut smoothed = filter.clone();
        for mut lag in smoothed.outer_iter_mut() {
            let shape = (self.window[0], self.window[1]);
            let map = lag.to_shape(shape).expect("a row of the filter is one window");
            let map = rows.dot(&map).dot(&columns.t());
            lag.iter_mut().zip(&map).for_each(|(value, &new)| *value = new);
        }
        smoothed
    }

    /// Variance of a filter's output under the stimulus' covariance.
    fn output_variance(&self, filter: &Separable) -> f64 {
        let power = |eigen: &Eigen, weights: &Array1<f64>| {
            let components = eigen.vectors.t().dot(weights);
            components.iter().zip(&eigen.values).map(|(c, v)| c * c * v).sum::<f64>()
        };
        power(&self.time, &filter.time) * power(&self.space, &filter.space)
            / self.variance.max(f64::MIN_POSITIVE)
    }

    /// Scale the filter to an output of unit variance around zero.
    fn finish(&self, corner: [usize; 2], filter: Separable) -> Drive {
        let scale = self.output_variance(&filter).sqrt().recip();
        let scale = if scale.is_finite() { scale } else { 0.0 };
        let [top, left] = corner;
        let mean = ArrayView2::from_shape((self.size.height, self.size.width), &self.mean_stimulus)
            .expect("one mean per pixel");
        let mean = mean.slice(s![top..top + self.window[0], left..left + self.window[1]]);
        let seen: f64 = mean.iter().zip(&filter.space).map(|(x, w)| x * w).sum();
        Drive {
            corner,
            window: self.window,
            offset: (seen * filter.time.sum() * scale) as f32,
            space: filter.space.iter().map(|&weight| weight as f32).collect(),
            time: filter.time.iter().map(|&weight| (weight * scale) as f32).collect(),
        }
    }
}

/// First singular vectors of a matrix `[lag, pixel]`, by power iteration; the singular value goes
/// with time.
fn first_singular(matrix: &Array2<f64>) -> Separable {
    let gram = matrix.dot(&matrix.t());
    let mut start = 0;
    for lag in 0..gram.nrows() {
        if gram[[lag, lag]] > gram[[start, start]] {
            start = lag;
        }
    }
    let mut time = gram.column(start).to_owned();
    for _ in 0..POWER_STEPS {
        time = normalised(gram.dot(&time));
    }
    let space = time.dot(matrix);
    let length = space.dot(&space).sqrt();
    Separable { time: time * length, space: normalised(space) }
}

fn normalised(vector: Array1<f64>) -> Array1<f64> {
    let length = vector.dot(&vector).sqrt();
    if length > 0.0 { vector / length } else { vector }
}

/// Matrix `[to, from]` of a Gaussian smoothing along one axis, normalised at the edges.
fn smoother(side: usize, sd: f64) -> Array2<f64> {
    let weight = |from: usize, to: usize| {
        let distance = from.abs_diff(to) as f64;
        if sd > 0.0 { (-0.5 * (distance / sd).powi(2)).exp() } else { f64::from(from == to) }
    };
    let mut matrix = Array2::from_shape_fn((side, side), |(to, from)| weight(from, to));
    for mut row in matrix.rows_mut() {
        let sum = row.sum();
        row.mapv_inplace(|value| value / sum);
    }
    matrix
}
