//! Fluorescence relative to its baseline.

use ndarray::{Array2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{maximin, running_percentile};
use crate::ImagingError;
use crate::noise::{NoiseEstimator, band};

/// What the baseline fluorescence is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BaselineMethod {
    /// A percentile within a window.
    RunningPercentile,
    /// The maximum within a window of the minimum within a window of the smoothed trace (suite2p).
    #[default]
    Maximin,
}

/// Settings of dF/F.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DffConfig {
    /// What the baseline is.
    pub method: BaselineMethod,
    /// Length of the window in seconds, `[0.001, 1e6]`.
    pub window_s: f64,
    /// Percentile of `running-percentile`, `[0, 100]`.
    pub percentile: f64,
    /// Standard deviation of the smoothing of `maximin` in frames, `[0, 1e5]`.
    pub smoothing_frames: f64,
    /// The baseline divided by is at least this fraction of the median fluorescence, `[0, 1]`.
    pub floor: f64,
}

impl Default for DffConfig {
    fn default() -> Self {
        Self {
            method: BaselineMethod::Maximin,
            window_s: 60.0,
            percentile: 8.0,
            smoothing_frames: 10.0,
            floor: 0.1,
        }
    }
}

impl DffConfig {
    /// Refuse values outside the documented ranges.
    ///
    /// # Errors
    /// [`ImagingError::Config`], naming the setting.
    pub(crate) fn check(&self, rate_hz: f64) -> Result<(), ImagingError> {
        let ranges = [
            ("dff.window_s", self.window_s, [1e-3, 1e6]),
            ("dff.percentile", self.percentile, [0.0, 100.0]),
            ("dff.smoothing_frames", self.smoothing_frames, [0.0, 1e5]),
            ("dff.floor", self.floor, [0.0, 1.0]),
            ("rate_hz", rate_hz, [f64::MIN_POSITIVE, f64::MAX]),
        ];
        for (key, value, [low, high]) in ranges {
            if !(value >= low && value <= high) {
                return Err(ImagingError::config(key, value, format!("{low} to {high}")));
            }
        }
        Ok(())
    }
}

/// `(F - F0) / max(F0, floor)` of a trace sampled at `rate_hz`; no unit. A neuropil-subtracted
/// baseline can come near 0 or below it, so what is divided by is never less than the larger of
/// `config.floor` times the median of `F` and the standard deviation of its noise: noise is never
/// blown up beyond one. NaN stays NaN; a trace without signal and noise gives 0.
///
/// ```
/// use striate_imaging::traces::{DffConfig, dff};
///
/// let mut trace = vec![100.0; 300];
/// trace[150] = 150.0;
/// let config = DffConfig { smoothing_frames: 0.0, ..DffConfig::default() };
/// let ratio = dff(&trace, 1.0, &config)?;
/// assert_eq!((ratio[0], ratio[150]), (0.0, 0.5));
/// # Ok::<(), striate_imaging::ImagingError>(())
/// ```
///
/// # Errors
/// [`ImagingError::Config`] for a setting out of its range.
pub fn dff(trace: &[f32], rate_hz: f64, config: &DffConfig) -> Result<Vec<f32>, ImagingError> {
    config.check(rate_hz)?;
    Ok(ratio(trace, rate_hz, config))
}

/// [`dff`] of all `traces`, `[cell, frame]`, in parallel.
///
/// # Errors
/// As [`dff`].
pub fn dff_all(
    traces: &Array2<f32>,
    rate_hz: f64,
    config: &DffConfig,
) -> Result<Array2<f32>, ImagingError> {
    config.check(rate_hz)?;
    let mut out = traces.as_standard_layout().into_owned();
    let rows: Vec<_> = out.axis_iter_mut(Axis(0)).collect();
    rows.into_par_iter().for_each(|mut row| {
        let values = ratio(&row.to_vec(), rate_hz, config);
        row.iter_mut().zip(values).for_each(|(out, value)| *out = value);
    });
    Ok(out)
}

fn ratio(trace: &[f32], rate_hz: f64, config: &DffConfig) -> Vec<f32> {
    let window = ((config.window_s * rate_hz).round() as usize).max(1);
    let baseline = match config.method {
        BaselineMethod::RunningPercentile => running_percentile(trace, window, config.percentile),
        BaselineMethod::Maximin => maximin(trace, config.smoothing_frames, window),
    };
    let floor = floor(trace, config.floor);
    let of_frame = |(value, base): (&f32, &f32)| {
        let above = value - base;
        if above == 0.0 { 0.0 } else { above / base.max(floor) }
    };
    trace.iter().zip(&baseline).map(of_frame).collect()
}

fn floor(trace: &[f32], fraction: f64) -> f32 {
    let finite: Vec<f64> =
        trace.iter().map(|&value| f64::from(value)).filter(|value| value.is_finite()).collect();
    let noise = NoiseEstimator::BandMean.deviation(trace).unwrap_or(0.0);
    let median = if finite.is_empty() { 0.0 } else { band::median(finite) };
    (fraction * median).max(noise).max(f64::from(f32::MIN_POSITIVE)) as f32
}
