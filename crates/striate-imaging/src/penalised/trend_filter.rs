//! Piecewise linear smoothing: `argmin_x 1/2 |x - data|^2 + lambda |D2 x|_1`.

mod active_set;

use super::search::search;
use active_set::ActiveSet;

/// A piecewise linear signal and its certificate.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    /// The signal, as long as the data.
    pub values: Vec<f64>,
    /// Dual variables in `[-1, 1]`, two fewer: `values = data - lambda D2' dual`, and the dual has
    /// the sign of the second difference (with `-1, 2, -1`) where that is not 0.
    pub dual: Vec<f64>,
    /// Steps of the active set.
    pub steps: usize,
    /// Whether no condition of optimality is violated; otherwise the dual is feasible (clipped)
    /// and the signal what follows from it.
    pub optimal: bool,
}

/// The trend filter (Kim et al., SIAM Rev. 51 (2009)) by a primal-dual active set with a banded
/// Cholesky factorisation in each step (Han & Curtis, Optim. Methods Softw. 31 (2016)): `O(T)` a
/// step, some 20 from nothing and few from the `dual` of a neighbouring problem.
///
/// `D2` takes `-1, 2, -1`. A trace of fewer than three frames is returned as it is.
///
/// ```
/// use striate_imaging::penalised::{largest_trend_penalty, trend_filter};
///
/// let data = [0.0, 1.2, 1.8, 3.0, 2.1, 0.9, 0.0];
/// let flat = trend_filter(&data, 1e-9, None);
/// assert!(flat.values.iter().zip(&data).all(|(x, y)| (x - y).abs() < 1e-8));
/// // One straight line beyond the largest penalty.
/// let line = trend_filter(&data, largest_trend_penalty(&data) * 1.01, None);
/// assert!(line.optimal && line.values.windows(3).all(|x| (x[0] - 2.0 * x[1] + x[2]).abs() < 1e-9));
/// ```
///
/// # Panics
/// Where a dual to start from has another length than the data less two.
pub fn trend_filter(data: &[f64], lambda: f64, start: Option<&[f64]>) -> Trend {
    let n_duals = data.len().saturating_sub(2);
    if n_duals == 0 || lambda <= 0.0 {
        let (values, dual) = (data.to_vec(), vec![0.0; n_duals]);
        return Trend { values, dual, steps: 0, optimal: true };
    }
    assert!(start.is_none_or(|dual| dual.len() == n_duals), "a dual for each second difference");
    ActiveSet::new(data, lambda, start).run()
}

/// The least penalty whose solution is a straight line: the largest entry of the solution of
/// `D2 D2' z = D2 data`.
pub fn largest_trend_penalty(data: &[f64]) -> f64 {
    active_set::unconstrained_dual(data).into_iter().fold(0.0, |most, z| most.max(z.abs()))
}

/// The smoothest signal at a given distance, and what to start the next search with.
#[derive(Debug, Clone, PartialEq)]
pub struct ConstrainedTrend {
    /// The signal.
    pub trend: Trend,
    /// Its penalty.
    pub lambda: f64,
    /// Whether the distance was reached within the tolerance.
    pub reached: bool,
}

const TOLERANCE: f64 = 0.02;

/// `argmin_x |D2 x|_1` with `|x - data|^2 <= T variance`: the penalty is searched until the
/// distance is within 2 %, from the penalty and dual of a neighbouring problem where there is one,
/// else from those for the means of pairs of frames, and so on down to a short trace.
/// Where the straight line is closer than that, it is the solution.
pub fn constrained_trend_filter(
    data: &[f64],
    variance: f64,
    start: Option<&ConstrainedTrend>,
) -> ConstrainedTrend {
    let target = variance * data.len() as f64;
    let mut trend = trend_filter(data, 0.0, None);
    if target <= 0.0 || data.len() < 3 {
        return ConstrainedTrend { trend, lambda: 0.0, reached: true };
    }
    let largest = largest_trend_penalty(data);
    let line = straight_line(data, largest);
    if distance(&line.values, data) <= target {
        return ConstrainedTrend { trend: line, lambda: largest, reached: false };
    }
    let first;
    (first, trend.dual) = match start {
        Some(start) if start.lambda > 0.0 => (start.lambda, start.trend.dual.clone()),
        _ => from_pairs(data, variance),
    };
    let found = search(target, first.min(largest), TOLERANCE, |lambda| {
        trend = trend_filter(data, lambda, Some(&trend.dual));
        distance(&trend.values, data)
    });
    ConstrainedTrend { trend, lambda: found.lambda, reached: found.reached }
}

/// Frames below which nothing is gained by a search among fewer.
const SHORT: usize = 64;

/// Penalty and dual to start with, from those of the means of pairs of frames. Half the squares
/// are left, and a knot's second difference is twice as large: the same solution has a quarter of
/// the penalty. A knot is expected at both frames of its pair.
fn from_pairs(data: &[f64], variance: f64) -> (f64, Vec<f64>) {
    let n_duals = data.len() - 2;
    if data.len() < SHORT {
        return (first_penalty(data, variance), vec![0.0; n_duals]);
    }
    let pairs: Vec<f64> =
        data.chunks_exact(2).map(|pair| f64::midpoint(pair[0], pair[1])).collect();
    let coarse = constrained_trend_filter(&pairs, 0.5 * variance, None);
    let last = coarse.trend.dual.len() - 1;
    // The dual `i` belongs to the frame `i + 1`.
    let place = |i: usize| i.div_ceil(2).saturating_sub(1).min(last);
    let dual = (0..n_duals).map(|i| coarse.trend.dual[place(i)]).collect();
    (4.0 * coarse.lambda, dual)
}

/// The line of least squares: the solution for the largest penalty, without the system of that,
/// whose condition grows with the fourth power of the length.
fn straight_line(data: &[f64], largest: f64) -> Trend {
    let centre = 0.5 * (data.len() - 1) as f64;
    let level = crate::noise::mean(data);
    let [moment, product] = data.iter().enumerate().fold([0.0; 2], |[moment, product], (t, y)| {
        let at = t as f64 - centre;
        [moment + at * at, product + at * y]
    });
    let values = (0..data.len()).map(|t| level + product / moment * (t as f64 - centre)).collect();
    let scale = largest.max(f64::MIN_POSITIVE);
    let dual = active_set::unconstrained_dual(data).into_iter().map(|z| z / scale).collect();
    Trend { values, dual, steps: 1, optimal: true }
}

/// The penalty that the noise's share of the variance suggests.
fn first_penalty(data: &[f64], variance: f64) -> f64 {
    let total = data.iter().map(|value| value * value).sum::<f64>() / data.len() as f64;
    let ratio =
        if total <= variance { (total / 0.1).sqrt() } else { variance / (total - variance).sqrt() };
    let logarithm = 0.5 * ((20.0 + 1.0 / ratio).ln() - (3.0 + 1.0 / ratio).ln());
    ((logarithm + (3.0 * ratio + 1.0).ln()).exp() - 1.0).max(f64::MIN_POSITIVE)
}

fn distance(values: &[f64], data: &[f64]) -> f64 {
    values.iter().zip(data).map(|(x, y)| (x - y).powi(2)).sum()
}
