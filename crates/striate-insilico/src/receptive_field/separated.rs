//! A filter over space and time as one over space times one over time.

/// Turns of the power iteration; each shrinks what is left by the ratio of the first two squared
/// singular values.
const MOST_TURNS: usize = 500;

/// Height, relative to the highest, from which an extremum over time counts as a lobe.
const LOBE_HEIGHT: f64 = 0.4;

/// The best separable approximation of a filter (its first pair of singular vectors).
#[derive(Debug, Clone)]
pub(super) struct Separated {
    /// `[row, column]`, with the filter's units.
    pub(super) spatial: Vec<f64>,
    /// `[frame]` of norm 1; the lobe nearest to the response is positive.
    pub(super) temporal: Vec<f64>,
    /// Share of the filter's energy that it has.
    pub(super) share: f64,
    /// Frames from the lobe nearest to the response to the response.
    pub(super) lag: f64,
}

impl Separated {
    /// Separate a filter `[frame, row, column]`.
    pub(super) fn new(filter: &[f64], n_frames: usize) -> Self {
        let n_pixels = filter.len() / n_frames;
        let frames: Vec<&[f64]> = filter.chunks_exact(n_pixels).collect();
        let gram: Vec<Vec<f64>> =
            frames.iter().map(|a| frames.iter().map(|b| dot(a, b)).collect()).collect();
        let energy: f64 = (0..n_frames).map(|frame| gram[frame][frame]).sum();
        let mut temporal = first_eigenvector(&gram);
        let (lag, sign) = nearest_lobe(&temporal);
        temporal.iter_mut().for_each(|value| *value *= sign);
        let mut spatial = vec![0.0; n_pixels];
        for (frame, weight) in frames.iter().zip(&temporal) {
            spatial.iter_mut().zip(*frame).for_each(|(sum, value)| *sum += weight * value);
        }
        let share = dot(&spatial, &spatial) / energy;
        Self { spatial, temporal, share, lag }
    }
}

/// The eigenvector of the largest eigenvalue of a symmetric matrix without negative ones.
pub(super) fn first_eigenvector(matrix: &[Vec<f64>]) -> Vec<f64> {
    // The longest column has a part along it.
    let best = (0..matrix.len()).max_by(|&a, &b| matrix[a][a].total_cmp(&matrix[b][b]));
    let mut vector = best.map_or_else(Vec::new, |column| matrix[column].clone());
    for _ in 0..MOST_TURNS {
        let next: Vec<f64> = matrix.iter().map(|row| dot(row, &vector)).collect();
        let norm = dot(&next, &next).sqrt();
        if norm == 0.0 {
            return vec![0.0; matrix.len()];
        }
        let next: Vec<f64> = next.into_iter().map(|value| value / norm).collect();
        let moved: f64 = next.iter().zip(&vector).map(|(a, b)| (a - b).powi(2)).sum();
        vector = next;
        if moved < 1e-24 {
            break;
        }
    }
    vector
}

/// Lag of the lobe nearest to the response, refined by a parabola, and its sign.
pub(super) fn nearest_lobe(temporal: &[f64]) -> (f64, f64) {
    let at = |lag: usize| temporal[temporal.len() - 1 - lag];
    let size = |lag: usize| if lag < temporal.len() { at(lag).abs() } else { 0.0 };
    let highest = (0..temporal.len()).map(size).fold(0.0, f64::max);
    let is_lobe = |&lag: &usize| {
        let before = if lag == 0 { 0.0 } else { size(lag - 1) };
        size(lag) >= LOBE_HEIGHT * highest && size(lag) >= before && size(lag) >= size(lag + 1)
    };
    let lag = (0..temporal.len()).find(is_lobe).unwrap_or(0);
    let sign = if at(lag) < 0.0 { -1.0 } else { 1.0 };
    if lag == 0 || lag + 1 == temporal.len() {
        return (lag as f64, sign);
    }
    let [before, here, after] = [lag - 1, lag, lag + 1].map(|lag| sign * at(lag));
    let curvature = before - 2.0 * here + after;
    let shift = if curvature < 0.0 { 0.5 * (before - after) / curvature } else { 0.0 };
    (lag as f64 + shift, sign)
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
