//! The linear-nonlinear baseline: a separable space-time filter, then a histogram nonlinearity.

mod average;
mod covariance;
mod drive;
mod filter;
mod nonlinearity;
#[cfg(test)]
mod tests;

use ndarray::{Array2, ArrayView3, Axis, Zip};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{BaselineError, SessionSize, Stretch, Visit};
use average::Averages;
use covariance::StimulusCovariance;
use drive::Drive;
use filter::FilterFit;
use nonlinearity::Histogram;
pub use nonlinearity::Nonlinearity;

/// Settings of [`LinearNonlinear`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LinearNonlinearConfig {
    /// Frames the filter looks at, the current one included; 1 to 100.
    pub n_lags: usize,
    /// The filter sees the pixels up to this far from its centre, in rows and in columns; 1 to 30.
    pub radius_px: usize,
    /// Bins of the nonlinearity, over three standard deviations of the filter's output to either side;
    /// 2 to 200.
    pub n_bins: usize,
    /// Force the nonlinearity to rise. On-off cells need it free.
    pub monotone: bool,
    /// Most memory for the running averages; more neurons than fit take further passes over the
    /// data.
    pub memory_bytes: usize,
}

impl Default for LinearNonlinearConfig {
    fn default() -> Self {
        Self { n_lags: 20, radius_px: 8, n_bins: 40, monotone: false, memory_bytes: 1 << 30 }
    }
}

impl LinearNonlinearConfig {
    fn check(&self) -> Result<(), BaselineError> {
        let ranges = [
            ("n_lags", self.n_lags, 1..=100, "1 to 100"),
            ("radius_px", self.radius_px, 1..=30, "1 to 30"),
            ("n_bins", self.n_bins, 2..=200, "2 to 200"),
        ];
        for (key, value, range, expected) in ranges {
            if !range.contains(&value) {
                return Err(BaselineError::OutOfRange { key, found: value.to_string(), expected });
            }
        }
        Ok(())
    }
}

/// A separable space-time filter and a nonlinearity for each neuron of a session.
///
/// The response of a neuron in frame t is `f(sum over lags l of time(l) * sum over pixels of
/// space(pixel) * stimulus(t - l, pixel))`. The filter is the response-triggered average (Chichilnisky
/// 2001, "A simple white noise analysis of neuronal light responses", eq. 6), local around its peak,
/// corrected for the correlations of the stimulus with a ridge (Theunissen et al. 2001, "Estimating
/// spatio-temporal receptive fields of auditory and visual neurons from their responses to natural
/// stimuli", eq. 7), smoothed in space and cut to its first singular vectors. The nonlinearity is the
/// mean response in bins of the filter's output (Chichilnisky 2001, eq. 8), linear in between.
///
/// # Differences from the papers
///
/// The stimulus covariance is taken as separable in space and time and the same everywhere. The
/// ridge and the width of the smoothing are chosen per neuron on every fifth stretch of the
/// data, which the filter was not computed from; the final filter uses all.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearNonlinear {
    n_lags: usize,
    height: usize,
    width: usize,
    neurons: Vec<Neuron>,
}

#[derive(Debug, Clone, PartialEq)]
struct Neuron {
    drive: Drive,
    nonlinearity: Nonlinearity,
}

impl LinearNonlinear {
    /// Fit all neurons of a session.
    ///
    /// `stream` shows the whole training set to the function it is given, stretch by stretch and in
    /// the same order each time it is called: once per block of neurons that fits the memory, and
    /// once more for the nonlinearities. Each stretch has at least `n_lags - 1` frames before its
    /// first response; stretches of some hundred frames are best.
    ///
    /// # Errors
    /// Settings out of range, shapes that do not fit, values that are not finite, no data, and
    /// whatever `stream` fails with.
    pub fn fit<E: From<BaselineError>>(
        config: &LinearNonlinearConfig,
        size: SessionSize,
        mut stream: impl FnMut(&mut Visit<'_>) -> Result<(), E>,
    ) -> Result<Self, E> {
        config.check()?;
        let mut covariance = StimulusCovariance::new(config, size);
        let mut drives = Vec::with_capacity(size.n_neurons);
        while drives.len() < size.n_neurons {
            let first = drives.len();
            let block = first..(first + Averages::most_neurons(config, size)).min(size.n_neurons);
            let mut averages = Averages::new(config, size, block);
            stream(&mut |stretch: Stretch<'_>| {
                stretch.check(size, config.n_lags - 1)?;
                if first == 0 {
                    covariance.add(&stretch);
                }
                averages.add(&stretch);
                Ok(())
            })?;
            let fit = FilterFit::new(config, size, &averages, &covariance)?;
            drives.extend(fit.drives());
        }
        let mut histograms = vec![Histogram::new(); size.n_neurons];
        stream(&mut |stretch: Stretch<'_>| {
            stretch.check(size, config.n_lags - 1)?;
            drives.par_iter().zip(&mut histograms).enumerate().for_each(
                |(n, (drive, histogram))| {
                    let values = drive.apply(last_frames(&stretch, config.n_lags));
                    histogram.add(&values, stretch.responses.column(n));
                },
            );
            Ok(())
        })?;
        let finish = |(drive, histogram): (Drive, &Histogram)| Neuron {
            drive,
            nonlinearity: histogram.nonlinearity(config),
        };
        let neurons = drives.into_iter().zip(&histograms).map(finish).collect();
        Ok(Self { n_lags: config.n_lags, height: size.height, width: size.width, neurons })
    }

    /// Frames at the start of a stimulus that get no prediction.
    pub fn frames_consumed(&self) -> usize {
        self.n_lags - 1
    }

    /// Neurons of the session.
    pub fn n_neurons(&self) -> usize {
        self.neurons.len()
    }

    /// Predict the responses to a stimulus `[frame, height, width]`, as `[frame - frames_consumed,
    /// neuron]`.
    ///
    /// # Errors
    /// A stimulus of another size, or shorter than the filter.
    pub fn predict(&self, stimulus: ArrayView3<'_, f32>) -> Result<Array2<f32>, BaselineError> {
        let (n_frames, height, width) = stimulus.dim();
        if (height, width) != (self.height, self.width) || n_frames < self.n_lags {
            return Err(BaselineError::Shape {
                found: format!("stimulus [{n_frames}, {height}, {width}]"),
                expected: format!("[{} or more, {}, {}]", self.n_lags, self.height, self.width),
            });
        }
        let mut predicted = Array2::zeros((self.neurons.len(), n_frames - self.frames_consumed()));
        let rows: Vec<_> = predicted.outer_iter_mut().collect();
        rows.into_par_iter().zip(&self.neurons).for_each(|(mut row, neuron)| {
            let drive = neuron.drive.apply(stimulus);
            Zip::from(&mut row).and(&drive).for_each(|r, &d| *r = neuron.nonlinearity.at(d));
        });
        Ok(predicted.reversed_axes().as_standard_layout().into_owned())
    }

    /// Filter of a neuron in space and time: the window's first row and column, the weights in space
    /// `[row, column]` and the weights in time, the current frame first; none without such a neuron.
    pub fn filter(&self, neuron: usize) -> Option<([usize; 2], Array2<f32>, Vec<f32>)> {
        Some(self.neurons.get(neuron)?.drive.parts())
    }

    /// Place of a neuron's largest spatial weight as x and y in pixels; none where it has no
    /// filter.
    pub fn position(&self, neuron: usize) -> Option<[f64; 2]> {
        let ([row, column], space, _) = self.filter(neuron)?;
        let largest = space.indexed_iter().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
        let ((y, x), &weight) = largest;
        (weight != 0.0).then(|| [(column + x) as f64, (row + y) as f64])
    }

    /// The nonlinearity of a neuron; none without such a neuron.
    pub fn nonlinearity(&self, neuron: usize) -> Option<&Nonlinearity> {
        self.neurons.get(neuron).map(|neuron| &neuron.nonlinearity)
    }
}

/// The frames of a stretch that the filter needs for its responses.
fn last_frames<'a>(stretch: &'a Stretch<'_>, n_lags: usize) -> ArrayView3<'a, f32> {
    let mut frames = stretch.stimulus.view();
    frames.slice_axis_inplace(Axis(0), (stretch.n_context() + 1 - n_lags..).into());
    frames
}
