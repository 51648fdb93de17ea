//! What the trace is above.

use super::Baseline;
use crate::traces;

/// The slow part of the baseline, per frame: subtracted before anything else.
pub(super) fn drift(trace: &[f32], rate_hz: f64, baseline: Baseline) -> Vec<f32> {
    match baseline {
        Baseline::Running { percentile, window_s } => {
            let window = ((window_s * rate_hz).round() as usize).max(1);
            traces::running_percentile(trace, window, percentile)
        }
        _ => vec![0.0; trace.len()],
    }
}

/// The constant part; `None` where it is found together with the calcium.
pub(super) fn offset(observed: &[f64], baseline: Baseline) -> Option<f64> {
    match baseline {
        Baseline::Free | Baseline::Running { .. } => None,
        Baseline::Fixed(value) => Some(value),
        Baseline::Percentile(percentile) => {
            let finite: Vec<f64> =
                observed.iter().copied().filter(|value| value.is_finite()).collect();
            Some(traces::percentile_of(finite, percentile))
        }
    }
}
