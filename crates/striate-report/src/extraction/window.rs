//! Stretches of traces that fit on a figure.

use std::ops::Range;

/// Seconds shown of an example.
pub(super) const SECONDS: f64 = 60.0;

/// Frames shown where the frame rate is not known.
const FRAMES: usize = 1000;

/// Frames that an example shows at most.
pub(super) fn length(frame_rate_hz: Option<f64>) -> usize {
    match frame_rate_hz {
        Some(rate) if rate > 0.0 => ((SECONDS * rate).round() as usize).max(2),
        _ => FRAMES,
    }
}

/// The `length` frames with the most activity, the first of several alike; all where there are no more.
pub(super) fn most_active(activity: &[f32], length: usize) -> Range<usize> {
    if activity.len() <= length {
        return 0..activity.len();
    }
    let of = |value: f32| if value > 0.0 { f64::from(value) } else { 0.0 };
    let mut sum: f64 = activity[..length].iter().map(|&value| of(value)).sum();
    let (mut best, mut start) = (sum, 0);
    for first in 1..=activity.len() - length {
        sum += of(activity[first + length - 1]) - of(activity[first - 1]);
        // Rounding must not move the window.
        if sum > best + 1e-9 * best.abs() {
            (best, start) = (sum, first);
        }
    }
    start..start + length
}

/// Points of a line through `values`: all of them, or the smallest and the largest of each of `n_bins` stretches in
/// the order in which they come, so that no peak is lost. Index and value; a stretch without a number gives a gap.
pub(super) fn envelope(values: &[f32], n_bins: usize) -> Vec<(usize, f64)> {
    if values.len() <= 2 * n_bins {
        return values.iter().map(|&value| f64::from(value)).enumerate().collect();
    }
    let mut points = Vec::with_capacity(2 * n_bins);
    for bin in 0..n_bins {
        let stretch = bin * values.len() / n_bins..(bin + 1) * values.len() / n_bins;
        let finite = || stretch.clone().filter(|&i| values[i].is_finite());
        let least = finite().min_by(|&a, &b| values[a].total_cmp(&values[b]));
        let most = finite().max_by(|&a, &b| values[a].total_cmp(&values[b]));
        match (least, most) {
            (Some(a), Some(b)) => {
                points.push((a.min(b), f64::from(values[a.min(b)])));
                points.push((a.max(b), f64::from(values[a.max(b)])));
            }
            _ => points.push((stretch.start, f64::NAN)),
        }
    }
    points
}
