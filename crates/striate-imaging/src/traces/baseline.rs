//! Slow baselines of a trace. Frames that are not finite are left out of every window.

use std::collections::VecDeque;

/// Percentile by linear interpolation between order statistics; NaN of nothing.
pub(crate) fn percentile_of(mut values: Vec<f64>, percentile: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    interpolated(&values, percentile)
}

fn interpolated<T: Copy + Into<f64>>(sorted: &[T], percentile: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let position = (percentile / 100.0).clamp(0.0, 1.0) * last as f64;
    let below = position.floor() as usize;
    let [low, high]: [f64; 2] = [sorted[below].into(), sorted[(below + 1).min(last)].into()];
    low + (position - below as f64) * (high - low)
}

/// Percentile (`[0, 100]`) within a window of `window` frames around each frame, cut off at the
/// ends; NaN where the window has no finite frame.
///
/// ```
/// use striate_imaging::traces::running_percentile;
///
/// assert_eq!(running_percentile(&[1.0, 9.0, 3.0, f32::NAN, 5.0], 3, 50.0), [5.0, 3.0, 6.0, 4.0, 5.0]);
/// ```
pub fn running_percentile(trace: &[f32], window: usize, percentile: f64) -> Vec<f32> {
    let (before, after) = (window / 2, window.saturating_sub(window / 2).max(1));
    let mut sorted: Vec<f32> = Vec::with_capacity(window + 1);
    let mut entered = 0;
    let mut out = Vec::with_capacity(trace.len());
    for frame in 0..trace.len() {
        let end = (frame + after).min(trace.len());
        for &value in &trace[entered..end] {
            if value.is_finite() {
                sorted.insert(place(&sorted, value), value);
            }
        }
        entered = end;
        // The window is [frame - before, frame + after).
        if let Some(left) = frame.checked_sub(before + 1)
            && trace[left].is_finite()
        {
            sorted.remove(place(&sorted, trace[left]));
        }
        out.push(interpolated(&sorted, percentile) as f32);
    }
    out
}

fn place(sorted: &[f32], value: f32) -> usize {
    sorted.partition_point(|other| *other < value)
}

/// The maximum within a window of the minimum within a window of the trace smoothed by a Gaussian:
/// a baseline that follows slow drifts and passes below transients (suite2p). `deviation` and
/// `window` in frames; the ends are cut off.
///
/// ```
/// use striate_imaging::traces::maximin;
///
/// let mut trace = vec![2.0; 50];
/// trace[20] = 9.0;
/// assert_eq!(maximin(&trace, 0.0, 5), vec![2.0; 50]);
/// ```
pub fn maximin(trace: &[f32], deviation: f64, window: usize) -> Vec<f32> {
    let smooth = smoothed(trace, deviation);
    let lowest = running_maximum(smooth.iter().map(|value| -value), window);
    running_maximum(lowest.into_iter().map(|value| -value), window)
}

/// Gaussian mean over the finite frames within four deviations.
fn smoothed(trace: &[f32], deviation: f64) -> Vec<f32> {
    if deviation <= 0.0 {
        return trace.to_vec();
    }
    let radius = (4.0 * deviation).ceil() as usize;
    let kernel: Vec<f64> =
        (0..=radius).map(|lag| (-0.5 * (lag as f64 / deviation).powi(2)).exp()).collect();
    let of_frame = |frame: usize| {
        let frames = frame.saturating_sub(radius)..(frame + radius + 1).min(trace.len());
        let finite = frames.filter(|&other| trace[other].is_finite());
        let [sum, weight] = finite.fold([0.0; 2], |[sum, weight], other| {
            let factor = kernel[frame.abs_diff(other)];
            [sum + factor * f64::from(trace[other]), weight + factor]
        });
        if weight > 0.0 { (sum / weight) as f32 } else { f32::NAN }
    };
    (0..trace.len()).map(of_frame).collect()
}

/// Maximum within a window around each value; values that are not finite do not count.
fn running_maximum(values: impl Iterator<Item = f32>, window: usize) -> Vec<f32> {
    let values: Vec<f32> = values.collect();
    let (before, after) = (window / 2, window.saturating_sub(window / 2).max(1));
    let mut candidates: VecDeque<usize> = VecDeque::new();
    let mut entered = 0;
    let mut out = Vec::with_capacity(values.len());
    for frame in 0..values.len() {
        let end = (frame + after).min(values.len());
        for next in entered..end {
            if values[next].is_finite() {
                while candidates.back().is_some_and(|&last| values[last] <= values[next]) {
                    candidates.pop_back();
                }
                candidates.push_back(next);
            }
        }
        entered = end;
        while candidates.front().is_some_and(|&first| first + before < frame) {
            candidates.pop_front();
        }
        out.push(candidates.front().map_or(f32::NAN, |&first| values[first]));
    }
    out
}
