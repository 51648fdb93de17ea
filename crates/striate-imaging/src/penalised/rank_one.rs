//! One component: alternation between a smooth image and a smooth trace.

use serde::{Deserialize, Serialize};

use super::statistics::{spatial_noise, spatial_roughness, temporal_roughness};
use super::total_variation::{Accuracy, FIRST_PENALTY, constrained_total_variation};
use super::trend_filter::{ConstrainedTrend, constrained_trend_filter};
use super::{Smooth, total_variation_2d};
use crate::ImagingError;
use crate::noise::NoiseEstimator;

/// Settings of the penalised decomposition of a block: `[decomposition.penalised]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PenalisedSettings {
    /// Components of a block at most, 1 to 1000. Default 50.
    pub max_components: usize,
    /// Rejected components in a row after which a block is done, 1 to 100. Default 3.
    pub consecutive_failures: usize,
    /// Penalised alternations at most, 1 to 1000. Default 10.
    pub max_iterations: usize,
    /// Power iterations before them at most, 0 to 1000. Default 40.
    pub max_initial_iterations: usize,
    /// Change of image and trace (each of norm 1) at which alternations end, `(0, 1]`. Default 0.005.
    pub tolerance: f64,
    /// How well total variation is solved: `{ gap = 1e-14 to 1 }` or `{ sweeps = 1 or more }`. Default
    /// `{ gap = 2.5e-5 }`: its root bounds the distance to the optimum, here to the default tolerance.
    pub accuracy: Accuracy,
}

impl Default for PenalisedSettings {
    fn default() -> Self {
        Self {
            max_components: 50,
            consecutive_failures: 3,
            max_iterations: 10,
            max_initial_iterations: 40,
            tolerance: 5e-3,
            accuracy: Accuracy::Gap(2.5e-5),
        }
    }
}

impl PenalisedSettings {
    /// Check every range.
    ///
    /// # Errors
    /// [`ImagingError::Config`] for the first setting out of its range.
    pub fn check(&self) -> Result<(), ImagingError> {
        let counts = [
            ("decomposition.penalised.max_components", self.max_components, 1..=1000),
            ("decomposition.penalised.consecutive_failures", self.consecutive_failures, 1..=100),
            ("decomposition.penalised.max_iterations", self.max_iterations, 1..=1000),
            (
                "decomposition.penalised.max_initial_iterations",
                self.max_initial_iterations,
                0..=1000,
            ),
        ];
        for (key, value, range) in counts {
            if !range.contains(&value) {
                let expected = format!("{} to {}", range.start(), range.end());
                return Err(ImagingError::config(key, value, expected));
            }
        }
        if !(self.tolerance > 0.0 && self.tolerance <= 1.0) {
            let key = "decomposition.penalised.tolerance";
            return Err(ImagingError::config(key, self.tolerance, "(0, 1]"));
        }
        match self.accuracy {
            Accuracy::Gap(gap) if !(1e-14..=1.0).contains(&gap) => {
                Err(ImagingError::config("decomposition.penalised.accuracy.gap", gap, "1e-14 to 1"))
            }
            Accuracy::Sweeps(0) => Err(ImagingError::config(
                "decomposition.penalised.accuracy.sweeps",
                0,
                "at least 1",
            )),
            _ => Ok(()),
        }
    }
}

/// Roughness up to which a component is kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Of its image, as [`spatial_roughness`].
    pub spatial: f64,
    /// Of its trace, as [`temporal_roughness`].
    pub temporal: f64,
}

impl Thresholds {
    fn accept(&self, image: &[f64], width: usize, trace: &[f64]) -> bool {
        // A component of zeros has no roughness and is none.
        spatial_roughness(image, width) <= self.spatial
            && temporal_roughness(trace) <= self.temporal
    }
}

/// The residual of a block as a linear map, `[pixel, frame]`, never formed.
pub(super) trait Residual {
    /// Pixels.
    fn n_pixels(&self) -> usize;
    /// `R v`, for a trace.
    fn image(&self, trace: &[f64]) -> Vec<f64>;
    /// `R' u`, for an image.
    fn trace(&self, image: &[f64]) -> Vec<f64>;
}

/// A component of a block.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RankOne {
    /// Image `[y, x]` of norm 1, smoothed.
    pub(super) image: Vec<f64>,
    /// Trace, the projection of the residual on the image: not smoothed.
    pub(super) trace: Vec<f64>,
    /// Whether it is smoother than noise.
    pub(super) accepted: bool,
}

/// What one alternation leaves for the next: penalties and duals.
#[derive(Debug, Clone)]
struct Warm {
    trend: Option<ConstrainedTrend>,
    penalty: f64,
}

/// The pass before which a component that will not be accepted is given up.
const EARLY_TEST: usize = 5;

/// The next component of `residual`: alternate
/// `u = argmin TV(u)` with `|u - R v / |R v||^2 <= d noise_u` and
/// `v = argmin |D2 v|_1` with `|v - R' u|^2 <= T noise_v`, both normalised, until neither changes.
/// The trace is then `R' u`, without its penalty (PMD's debiasing).
pub(super) fn rank_one(
    residual: &impl Residual,
    width: usize,
    thresholds: Thresholds,
    settings: &PenalisedSettings,
) -> RankOne {
    let n_pixels = residual.n_pixels();
    let mut image = vec![1.0 / (n_pixels as f64).sqrt(); n_pixels];
    let mut trace = normalised(residual.trace(&image));
    for _ in 0..settings.max_initial_iterations {
        let next_image = normalised(residual.image(&trace));
        let next_trace = normalised(residual.trace(&next_image));
        let change = change(&next_image, &image).max(change(&next_trace, &trace));
        (image, trace) = (next_image, next_trace);
        if change < settings.tolerance {
            break;
        }
    }
    let mut warm = Warm { trend: None, penalty: FIRST_PENALTY };
    for pass in 0..settings.max_iterations {
        let next_image = smooth_image(residual.image(&trace), width, settings.accuracy, &mut warm);
        let raw = residual.trace(&next_image);
        if pass == EARLY_TEST && !thresholds.accept(&next_image, width, &raw) {
            return RankOne { image: next_image, trace: raw, accepted: false };
        }
        let next_trace = smooth_trace(&raw, &mut warm);
        let change = change(&next_image, &image).max(change(&next_trace, &trace));
        (image, trace) = (next_image, next_trace);
        if change < settings.tolerance {
            break;
        }
    }
    let trace = residual.trace(&image);
    let accepted = thresholds.accept(&image, width, &trace);
    RankOne { image, trace, accepted }
}

fn smooth_image(raw: Vec<f64>, width: usize, accuracy: Accuracy, warm: &mut Warm) -> Vec<f64> {
    let raw = normalised(raw);
    let noise = spatial_noise(&raw, width);
    let found = constrained_total_variation(&raw, width, noise, warm.penalty, accuracy);
    let Smooth { image, .. } = if found.reached {
        warm.penalty = found.lambda;
        found.smooth
    } else {
        warm.penalty = FIRST_PENALTY;
        total_variation_2d(&raw, width, FIRST_PENALTY, accuracy)
    };
    normalised(image)
}

fn smooth_trace(raw: &[f64], warm: &mut Warm) -> Vec<f64> {
    let noise = NoiseEstimator::WelchSymmetric.deviation(raw).unwrap_or(0.0);
    let found = constrained_trend_filter(raw, noise * noise, warm.trend.as_ref());
    let values = normalised(found.trend.values.clone());
    warm.trend = Some(found);
    values
}

/// Divided by the norm; zeros stay.
fn normalised(mut values: Vec<f64>) -> Vec<f64> {
    let norm = values.iter().map(|value| value * value).sum::<f64>().sqrt();
    if norm > 0.0 {
        values.iter_mut().for_each(|value| *value /= norm);
    }
    values
}

fn change(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}
