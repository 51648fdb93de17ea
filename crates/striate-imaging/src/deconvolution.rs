//! Traces to calcium and spikes: non-negative deconvolution.
//!
//! The model of a trace is `y_t = b_t + c_t + noise` with calcium
//! `c_t = g1 c_{t-1} + g2 c_{t-2} + s_t` and spikes `s_t >= 0` (Friedrich, Zhou & Paninski,
//! "Fast online deconvolution of calcium imaging data", PLOS Comput. Biol. 13 (2017)). First order
//! (`g2 = 0`) is solved exactly in one sweep, second order exactly by an interior-point method.
//!
//! Missing frames (NaN, infinities) have no weight: the calcium decays through them, and what
//! happened in them shows as a spike in the gap or right after it.

mod ar1;
mod ar2;
pub(crate) mod autoregression;
mod baseline;
mod config;
mod constrained;
mod events;
mod optimality;
mod parameters;

#[cfg(test)]
mod tests;

use ndarray::Array2;
use rayon::prelude::*;

use crate::ImagingError;
pub use config::{Baseline, DeconvolutionConfig, Sparsity, ValidDeconvolution};
pub use constrained::{Fit, Solver};
pub use events::{Event, events};
pub use optimality::Optimality;
pub use parameters::{coefficients_of_times, estimated_coefficients};

/// What a trace says about one cell. All per frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Deconvolved {
    /// Denoised trace above the baseline, in units of the trace.
    pub calcium: Vec<f32>,
    /// Spikes: the calcium that enters in a frame, in units of the trace. The first is 0: what is
    /// there at the start did not happen then.
    pub spikes: Vec<f32>,
    /// Baseline, in units of the trace.
    pub baseline: Vec<f32>,
    /// Standard deviation of the noise, in units of the trace.
    pub noise: f64,
    /// Coefficients of the autoregression; the second is 0 for first order.
    pub coefficients: [f64; 2],
    /// Penalty on the sum of spikes, in units of the trace.
    pub lambda: f64,
}

/// Calcium and spikes of a problem, per frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// Calcium above the baseline.
    pub calcium: Vec<f64>,
    /// Spikes; the first is the calcium at the start.
    pub spikes: Vec<f64>,
}

/// The observations of a problem and what is often needed of them.
pub(crate) struct Problem<'a> {
    /// Trace; frames that are not finite have no weight.
    observed: &'a [f64],
    /// Spikes are 0 or at least this (first order only).
    minimum_spike: f64,
    n_observed: usize,
    mean: f64,
    scale: f64,
}

impl<'a> Problem<'a> {
    pub(crate) fn new(observed: &'a [f64], minimum_spike: f64) -> Self {
        let finite: Vec<f64> = observed.iter().copied().filter(|v| v.is_finite()).collect();
        let mean = crate::noise::mean(&finite);
        let squares: f64 = finite.iter().map(|value| (value - mean).powi(2)).sum();
        let scale = (squares / finite.len().max(1) as f64).sqrt();
        Self { observed, minimum_spike, n_observed: finite.len(), mean, scale }
    }

    /// Sum of squared residuals.
    fn residual(&self, baseline: f64, calcium: &[f64]) -> f64 {
        let residuals = self.observed.iter().zip(calcium).map(|(y, c)| y - baseline - c);
        residuals.filter(|residual| residual.is_finite()).map(|residual| residual * residual).sum()
    }
}

/// Deconvolve one trace, in dF/F or any unit, sampled at `rate_hz`.
///
/// ```
/// use striate_imaging::deconvolution::{DeconvolutionConfig, deconvolve};
///
/// // One transient of 1.0 at frame 30 that decays by 0.9 per frame, and a ripple as noise.
/// let trace: Vec<f32> = (0..100)
///     .map(|t| if t < 30 { 0.0 } else { 0.9f32.powi(t - 30) } + if t % 2 == 0 { 0.02 } else { -0.02 })
///     .collect();
/// let config = DeconvolutionConfig { decay_s: Some(-1.0 / (10.0 * 0.9f64.ln())), ..Default::default() };
/// let cell = deconvolve(&trace, 10.0, &config.check()?)?;
/// let largest = cell.spikes.iter().copied().fold(0.0, f32::max);
/// assert_eq!(cell.spikes[30], largest);
/// assert!((largest - 1.0).abs() < 0.1);
/// # Ok::<(), striate_imaging::ImagingError>(())
/// ```
///
/// # Errors
/// [`ImagingError::Input`] for a rate that is not positive, or fewer than 16 finite frames.
pub fn deconvolve(
    trace: &[f32],
    rate_hz: f64,
    config: &ValidDeconvolution,
) -> Result<Deconvolved, ImagingError> {
    let n_finite = trace.iter().filter(|value| value.is_finite()).count();
    if n_finite < SHORTEST {
        return Err(ImagingError::input(
            "trace",
            format!("{n_finite} finite frames"),
            format!("at least {SHORTEST}"),
        ));
    }
    if !(rate_hz.is_finite() && rate_hz > 0.0) {
        return Err(ImagingError::input("rate_hz", rate_hz, "a positive number"));
    }
    Ok(solve(trace, rate_hz, config.config()))
}

/// Finite frames below which nothing can be told.
const SHORTEST: usize = 16;

fn solve(trace: &[f32], rate_hz: f64, config: &DeconvolutionConfig) -> Deconvolved {
    let baseline = baseline::drift(trace, rate_hz, config.baseline);
    let observed: Vec<f64> =
        trace.iter().zip(&baseline).map(|(y, b)| f64::from(*y) - f64::from(*b)).collect();
    let noise = config.estimator().deviation(&observed).unwrap_or(0.0);
    let coefficients = parameters::of_config(&observed, noise, rate_hz, config);
    let offset = baseline::offset(&observed, config.baseline);
    let solver = Solver { coefficients, baseline: offset };
    let mut fit = match config.sparsity {
        Sparsity::Noise => {
            let target = config.noise_factor.powi(2) * noise * noise;
            solver.constrained(&observed, target)
        }
        Sparsity::Penalty(lambda) => {
            let scale = noise * autoregression::energy(coefficients).sqrt();
            solver.penalised(&observed, lambda * scale)
        }
        Sparsity::MinimumSpike(size) => solver.thresholded(&observed, size * noise),
    };
    if let Some(first) = fit.solution.spikes.first_mut() {
        *first = 0.0;
    }
    Deconvolved {
        calcium: single(&fit.solution.calcium),
        spikes: single(&fit.solution.spikes),
        baseline: baseline.iter().map(|b| b + fit.baseline as f32).collect(),
        noise,
        coefficients,
        lambda: fit.lambda,
    }
}

fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

/// Deconvolve all `traces`, `[cell, frame]`, in parallel.
///
/// # Errors
/// As [`deconvolve`], for the first cell that cannot be used.
pub fn deconvolve_all(
    traces: &Array2<f32>,
    rate_hz: f64,
    config: &ValidDeconvolution,
) -> Result<Vec<Deconvolved>, ImagingError> {
    let rows: Vec<Vec<f32>> = traces.rows().into_iter().map(|row| row.to_vec()).collect();
    let cells = rows.par_iter().enumerate().map(|(cell, trace)| {
        deconvolve(trace, rate_hz, config).map_err(|error| named(error, cell))
    });
    let cells: Vec<_> = cells.collect();
    cells.into_iter().collect()
}

fn named(error: ImagingError, cell: usize) -> ImagingError {
    match error {
        ImagingError::Input { what, found, expected } if what == "trace" => {
            ImagingError::Input { what: format!("trace of cell {cell}"), found, expected }
        }
        other => other,
    }
}
