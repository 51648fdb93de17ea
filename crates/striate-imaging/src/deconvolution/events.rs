//! Spikes that stand out.

use super::Deconvolved;
use super::autoregression::peak;

/// Calcium that entered within successive frames.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event {
    /// Centre of gravity of its spikes, in frames; frame `t` has the centre `t`.
    pub frame: f64,
    /// Height of the transient that it causes, in standard deviations of the noise.
    pub amplitude: f64,
}

/// Events of a cell: runs of frames with spikes, together one event, whose transient is at least
/// `threshold` standard deviations of the noise high. The height is the sum of the spikes times the
/// peak of the response to one.
///
/// ```
/// use striate_imaging::deconvolution::{Deconvolved, events};
///
/// let cell = Deconvolved {
///     calcium: vec![0.0, 1.0, 3.5, 1.75, 0.9],
///     spikes: vec![0.0, 1.0, 3.0, 0.0, 0.025],
///     baseline: vec![0.0; 5],
///     noise: 0.5,
///     coefficients: [0.5, 0.0],
///     lambda: 0.0,
/// };
/// let found = events(&cell, 2.0);
/// assert_eq!(found.len(), 1);
/// assert_eq!((found[0].frame, found[0].amplitude), (1.75, 8.0));
/// ```
pub fn events(cell: &Deconvolved, threshold: f64) -> Vec<Event> {
    let unit = peak(cell.coefficients) / cell.noise.max(f64::MIN_POSITIVE);
    let mut found = Vec::new();
    let mut frame = 0;
    while frame < cell.spikes.len() {
        let run = cell.spikes[frame..].iter().take_while(|&&spike| spike > 0.0);
        let sums = run.zip(frame..).fold([0.0; 2], |[sum, moment], (&spike, at)| {
            [sum + f64::from(spike), moment + f64::from(spike) * at as f64]
        });
        let length = cell.spikes[frame..].iter().take_while(|&&spike| spike > 0.0).count();
        let amplitude = sums[0] * unit;
        if length > 0 && amplitude >= threshold {
            found.push(Event { frame: sums[1] / sums[0], amplitude });
        }
        frame += length.max(1);
    }
    found
}
