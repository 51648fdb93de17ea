//! The peak of a tuning curve over a quantity that is sampled by factors.

use serde::{Deserialize, Serialize};

use super::estimate::{Estimate, Measured};
use crate::error::InsilicoError;

/// The peak of a tuning curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LogPeak {
    /// Where it is.
    pub at: Estimate,
    /// The response there.
    pub height: Estimate,
    /// Whether it lies between sampled values. Where it does not, `at` is the first or last one,
    /// without an error: the true peak may lie anywhere beyond.
    pub inside: bool,
}

/// The peak of a tuning curve, say over spatial frequency, by the parabola over the logarithm of
/// the stimulus that goes through the largest response and its two neighbours.
///
/// Standard errors follow by the delta method from those of the means, which are taken for
/// independent; none where there are none. That the largest response was chosen is not accounted for.
///
/// # Units
/// `at` in units of `stimuli`, `height` in those of `means`.
///
/// # Errors
/// [`InsilicoError`] where there are fewer than three stimuli, they are not positive and ascending,
/// numbers of values differ or a value is not finite.
///
/// ```
/// use striate_insilico::parametric::peak_on_log_axis;
/// // A parabola over log2 with its peak of 9 at 2^1.5.
/// let response = |log2: f64| 9.0 - (log2 - 1.5).powi(2);
/// let means = [0.0, 1.0, 2.0, 3.0].map(response);
/// let peak = peak_on_log_axis(&[1.0, 2.0, 4.0, 8.0], &means, None)?;
/// assert!(peak.inside && (peak.at.value - 2f64.powf(1.5)).abs() < 1e-12);
/// assert!((peak.height.value - 9.0).abs() < 1e-12);
/// # Ok::<(), striate_insilico::InsilicoError>(())
/// ```
pub fn peak_on_log_axis(
    stimuli: &[f64],
    means: &[f64],
    standard_errors: Option<&[f64]>,
) -> Result<LogPeak, InsilicoError> {
    let measured = Measured::new(means, standard_errors, stimuli.len())?;
    let ascending = stimuli.windows(2).all(|pair| pair[0] < pair[1] && pair[1].is_finite());
    if stimuli.len() < 3 || !ascending || stimuli[0] <= 0.0 {
        let found = format!("{stimuli:?}");
        return Err(InsilicoError::mismatch(
            "stimuli",
            found,
            "three or more, positive, ascending",
        ));
    }
    let best = (0..means.len()).max_by(|&a, &b| means[a].total_cmp(&means[b])).unwrap_or(0);
    let inside = best > 0 && best + 1 < means.len();
    let vertex = if inside { Vertex::new(stimuli, means, best) } else { None };
    let here = |k: usize| f64::from(u8::from(k == best));
    let Some(vertex) = vertex else {
        let at = Estimate { value: stimuli[best], standard_error: None };
        return Ok(LogPeak { at, height: measured.estimate(means[best], here), inside });
    };
    let at = measured.estimate(vertex.at, |k| vertex.shift(k));
    let value = stimuli[best] * at.value.exp();
    let standard_error = at.standard_error.map(|error| value * error);
    let height = measured.estimate(vertex.height, |k| vertex.weight(k));
    Ok(LogPeak { at: Estimate { value, standard_error }, height, inside })
}

/// The vertex of a parabola through the means at `first..first + 3`.
struct Vertex {
    first: usize,
    /// Logarithms of the stimuli over the middle one.
    logs: [f64; 3],
    /// Coefficients of the three means in the numerator and in half the denominator of `at`.
    parts: [[f64; 2]; 3],
    denominator: f64,
    at: f64,
    height: f64,
}

impl Vertex {
    /// None where the three means lie on a line.
    fn new(stimuli: &[f64], means: &[f64], best: usize) -> Option<Self> {
        let first = best - 1;
        let logs: [f64; 3] = std::array::from_fn(|k| (stimuli[first + k] / stimuli[best]).ln());
        let parts: [[f64; 2]; 3] = std::array::from_fn(|k| {
            let (next, last) = (logs[(k + 1) % 3], logs[(k + 2) % 3]);
            [next * next - last * last, next - last]
        });
        let sum = |part: usize| (0..3).map(|k| parts[k][part] * means[first + k]).sum::<f64>();
        let denominator = 2.0 * sum(1);
        let at = sum(0) / denominator;
        let mut vertex = Self { first, logs, parts, denominator, at, height: 0.0 };
        vertex.height = (first..first + 3).map(|k| vertex.weight(k) * means[k]).sum();
        at.is_finite().then_some(vertex)
    }

    /// Derivative of the vertex's place by a mean.
    fn shift(&self, k: usize) -> f64 {
        let part = k.checked_sub(self.first).and_then(|k| self.parts.get(k));
        part.map_or(0.0, |[top, bottom]| (top - 2.0 * self.at * bottom) / self.denominator)
    }

    /// Derivative of the vertex's height by a mean: the place does not matter to first order, so
    /// that it is the weight of the mean in the interpolation there.
    fn weight(&self, k: usize) -> f64 {
        let Some(k) = k.checked_sub(self.first).filter(|&k| k < 3) else { return 0.0 };
        let others = [(k + 1) % 3, (k + 2) % 3];
        let factor = |j: usize| (self.at - self.logs[j]) / (self.logs[k] - self.logs[j]);
        others.into_iter().map(factor).product()
    }
}

#[cfg(test)]
mod tests;
