//! An orientation tuning curve fitted to responses.

use serde::{Deserialize, Serialize};

use super::estimate::Measured;
use super::levenberg_marquardt::{LeastSquares, Minimum, Stopping, minimise};
use super::surface::FitQuality;
use crate::error::InsilicoError;

/// Preferred orientation in radians, logarithm of the concentration, amplitude, baseline.
const N: usize = 4;

/// Concentrations from which the fit starts, and between which it stays.
const STARTS: [f64; 3] = [0.5, 2.0, 8.0];
const RANGE: [f64; 2] = [0.01, 100.0];

/// An orientation tuning curve, or the standard errors of its parameters:
/// `baseline + amplitude exp(concentration (cos 2 (orientation - preferred) - 1))`, a von Mises
/// function (Swindale, Biological Cybernetics 78:45, 1998).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct VonMises {
    /// Orientation of the peak, within 0..180.
    pub preferred_orientation_deg: f64,
    /// Concentration, above 0; the larger, the narrower.
    pub concentration: f64,
    /// Height of the peak over the baseline.
    pub amplitude: f64,
    /// Response that has nothing to do with orientation.
    pub baseline: f64,
}

/// A von Mises function fitted to responses.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct VonMisesFit {
    /// The curve.
    pub curve: VonMises,
    /// The standard error of each parameter; none where the fit has not converged or the responses do
    /// not determine all of them, as those of a neuron without preference.
    pub standard_errors: Option<VonMises>,
    /// How good the description is.
    pub quality: FitQuality,
}

impl VonMises {
    /// The response to an orientation.
    pub fn value(&self, orientation_deg: f64) -> f64 {
        let angle = 2.0 * (orientation_deg - self.preferred_orientation_deg).to_radians();
        self.baseline + self.amplitude * (self.concentration * (angle.cos() - 1.0)).exp()
    }

    /// Distance from the peak at which the curve has come half the way down to its lowest point,
    /// in degrees.
    pub fn half_width_deg(&self) -> f64 {
        let half = 0.5 * (1.0 + (-2.0 * self.concentration).exp());
        0.5 * (1.0 + half.ln() / self.concentration).clamp(-1.0, 1.0).acos().to_degrees()
    }
}

/// Fit a von Mises function to mean responses by least squares, all of equal weight.
///
/// Standard errors of the parameters follow from those of the means (independent, carried through
/// the linearised fit) or, where there are none, from the residuals. The concentration stays within
/// 0.01 and 100 and the amplitude above 0; a fit that ends there has not converged.
///
/// # Units
/// `orientations_deg` of the stripes in degrees; any order, repeats allowed. Stripes that drift in
/// a direction stand at that direction less 90.
///
/// # Errors
/// [`InsilicoError`] where there are fewer than five different orientations, numbers of values differ,
/// or a value is not finite.
pub fn fit_von_mises(
    orientations_deg: &[f64],
    means: &[f64],
    standard_errors: Option<&[f64]>,
) -> Result<VonMisesFit, InsilicoError> {
    let measured = Measured::new(means, standard_errors, orientations_deg.len())?;
    check_orientations(orientations_deg)?;
    let angles: Vec<f64> = orientations_deg.iter().map(|angle| angle.to_radians()).collect();
    let n = means.len() as f64;
    let mean = means.iter().sum::<f64>() / n;
    let variation = means.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    let size: f64 = means.iter().map(|value| value * value).sum();
    let curve = Curve { angles: &angles, means };
    let stopping = Stopping { max_iterations: 500, cosine: 1e-7, exact: 1e-22 * size };
    let free = [f64::NEG_INFINITY, f64::INFINITY];
    let bounds = [free, RANGE.map(f64::ln), [0.0, f64::INFINITY], free];
    let start = curve.starts().map(|start| minimise(&curve, start, &bounds, stopping));
    let [first, second, third] = start;
    let found = [second, third].into_iter().fold(first, |best, next| {
        if next.sum_of_squares < best.sum_of_squares { next } else { best }
    });
    let left = found.sum_of_squares / variation;
    let quality = FitQuality {
        explained_variance: if variation > 0.0 { 1.0 - left } else { 0.0 },
        residual_deviation: (found.sum_of_squares / (n - N as f64)).sqrt(),
        converged: found.converged && variation > 0.0,
    };
    let covariance = if quality.converged { curve.covariance(&found, measured) } else { None };
    Ok(described(&found.parameters, covariance, quality))
}

fn described(
    [angle, log_concentration, amplitude, baseline]: &[f64; N],
    covariance: Option<[[f64; N]; N]>,
    quality: FitQuality,
) -> VonMisesFit {
    let concentration = log_concentration.exp();
    let curve = VonMises {
        preferred_orientation_deg: angle.to_degrees().rem_euclid(180.0),
        concentration,
        amplitude: *amplitude,
        baseline: *baseline,
    };
    let errors = |covariance: [[f64; N]; N]| {
        let error = |k: usize| covariance[k][k].max(0.0).sqrt();
        VonMises {
            preferred_orientation_deg: error(0).to_degrees(),
            concentration: concentration * error(1),
            amplitude: error(2),
            baseline: error(3),
        }
    };
    VonMisesFit { curve, standard_errors: covariance.map(errors), quality }
}

fn check_orientations(orientations_deg: &[f64]) -> Result<(), InsilicoError> {
    if let Some(angle) = orientations_deg.iter().find(|angle| !angle.is_finite()) {
        return Err(InsilicoError::mismatch("orientation", angle, "a finite number"));
    }
    let mut different: Vec<f64> = orientations_deg.iter().map(|d| d.rem_euclid(180.0)).collect();
    different.sort_by(f64::total_cmp);
    different.dedup_by(|a, b| (*a - *b).abs() < 1e-6);
    if different.len() > N {
        return Ok(());
    }
    let (what, found) = ("different orientations".to_owned(), different.len().to_string());
    Err(InsilicoError::NotEnough { what, found, expected: "at least 5".to_owned() })
}

/// Responses to orientations, in radians.
struct Curve<'a> {
    angles: &'a [f64],
    means: &'a [f64],
}

impl Curve<'_> {
    /// Around the angle of the sum of vectors, as high as the responses reach.
    fn starts(&self) -> [[f64; N]; 3] {
        let low = self.means.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self.means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let vectors = self.angles.iter().zip(self.means);
        let [x, y] = vectors.fold([0.0, 0.0], |[x, y], (angle, mean)| {
            let (sine, cosine) = (2.0 * angle).sin_cos();
            [x + (mean - low) * cosine, y + (mean - low) * sine]
        });
        STARTS.map(|concentration| [0.5 * y.atan2(x), concentration.ln(), high - low, low])
    }

    /// Covariance of the parameters from that of the means, or from the residuals.
    fn covariance(&self, found: &Minimum<N>, measured: Measured) -> Option<[[f64; N]; N]> {
        let Some(errors) = measured.standard_errors else {
            return found.covariance(self.means.len());
        };
        let inverse = found.inverse_normal()?;
        let mut covariance = [[0.0; N]; N];
        let mut errors = errors.iter();
        self.rows(&found.parameters, |_, gradient| {
            let error = errors.next().copied().unwrap_or(0.0);
            // How the parameters move with this mean: a row of the pseudoinverse.
            let moves: [f64; N] = std::array::from_fn(|k| {
                inverse[k].iter().zip(gradient).map(|(a, b)| a * b).sum::<f64>() * error
            });
            for (row, a) in covariance.iter_mut().zip(moves) {
                for (value, b) in row.iter_mut().zip(moves) {
                    *value += a * b;
                }
            }
        });
        Some(covariance)
    }
}

impl LeastSquares<N> for Curve<'_> {
    fn rows(&self, parameters: &[f64; N], mut row: impl FnMut(f64, &[f64; N])) {
        let [preferred, log_concentration, amplitude, baseline] = *parameters;
        let concentration = log_concentration.exp();
        for (angle, mean) in self.angles.iter().zip(self.means) {
            let (sine, cosine) = (2.0 * (angle - preferred)).sin_cos();
            let bump = (concentration * (cosine - 1.0)).exp();
            let height = amplitude * bump;
            let gradient = [
                2.0 * concentration * sine * height,
                concentration * (cosine - 1.0) * height,
                bump,
                1.0,
            ];
            row(baseline + height - mean, &gradient);
        }
    }
}

#[cfg(test)]
mod tests;
