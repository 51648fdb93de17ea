//! Kinetics of the calcium: from times, or from the trace.

use super::DeconvolutionConfig;
use super::autoregression::coefficients_of_roots;

/// Coefficients of the autoregression for an exponential decay and rise in seconds: roots
/// `exp(-1 / (rate time))`. Without a rise the process is of first order.
///
/// ```
/// use striate_imaging::deconvolution::coefficients_of_times;
///
/// let [first, second] = coefficients_of_times(1.0, Some(0.1), 10.0);
/// let roots = [(-0.1f64).exp(), (-1.0f64).exp()];
/// assert!((first - roots[0] - roots[1]).abs() < 1e-12 && (second + roots[0] * roots[1]).abs() < 1e-12);
/// assert_eq!(coefficients_of_times(1.0, None, 10.0), [roots[0], 0.0]);
/// ```
pub fn coefficients_of_times(decay_s: f64, rise_s: Option<f64>, rate_hz: f64) -> [f64; 2] {
    let root = |time: f64| (-1.0 / (rate_hz * time)).exp();
    coefficients_of_roots([root(decay_s), rise_s.map_or(0.0, root)])
}

/// Coefficients of order 1 or 2 from the autocovariance of a trace (Pnevmatikakis et al., Neuron 89
/// (2016)): least squares of `C(k) = g1 C(k-1) + g2 C(k-2)`, `k = 1..=lags`, where `C(0)` is less
/// the variance of the noise. `None` where the trace has no variance beyond it. The roots are
/// multiplied by `fudge`, for the noise and drift of short traces make them too large, and kept
/// within `[0, 1)`; complex roots are replaced by their real part.
pub fn estimated_coefficients(
    trace: &[f64],
    order: usize,
    lags: usize,
    noise: f64,
    fudge: f64,
) -> Option<[f64; 2]> {
    let mut covariance = autocovariance(trace, lags);
    covariance[0] -= noise * noise;
    if covariance[0] <= 0.0 {
        return None;
    }
    let past = |k: usize, lag: usize| covariance[k.abs_diff(lag)];
    let sums =
        |left: usize, right: usize| (1..=lags).map(|k| past(k, left) * past(k, right)).sum::<f64>();
    let [a, b, c] = [sums(1, 1), sums(1, 2), sums(2, 2)];
    let [x, y] = [sums(0, 1), sums(0, 2)];
    let roots = if order == 1 {
        [x / a, 0.0]
    } else {
        let determinant = a * c - b * b;
        if determinant <= 1e-12 * a * c {
            return None;
        }
        roots([(c * x - b * y) / determinant, (a * y - b * x) / determinant])
    };
    Some(coefficients_of_roots(roots.map(|root| (fudge * root).clamp(0.0, LARGEST_ROOT))))
}

const LARGEST_ROOT: f64 = 1.0 - 1e-4;

/// `C(k)` for `k = 0..=lags`, over pairs of finite frames.
fn autocovariance(trace: &[f64], lags: usize) -> Vec<f64> {
    let finite: Vec<f64> = trace.iter().copied().filter(|value| value.is_finite()).collect();
    let centre = crate::noise::mean(&finite);
    let centred: Vec<f64> =
        trace.iter().map(|y| if y.is_finite() { y - centre } else { 0.0 }).collect();
    let seen: Vec<f64> = trace.iter().map(|y| f64::from(u8::from(y.is_finite()))).collect();
    let whole = finite.len() == trace.len();
    let of_lag = |lag: usize| {
        let n_pairs =
            if whole { trace.len().saturating_sub(lag) as f64 } else { lagged(&seen, lag) };
        lagged(&centred, lag) / n_pairs.max(1.0)
    };
    (0..=lags).map(of_lag).collect()
}

/// `sum_t x_t x_{t + lag}`, in four partial sums that do not wait for each other.
fn lagged(values: &[f64], lag: usize) -> f64 {
    let later = values.get(lag..).unwrap_or_default();
    let earlier = &values[..later.len()];
    let mut sums = [0.0; 4];
    let quads = earlier.chunks_exact(4).zip(later.chunks_exact(4));
    quads.for_each(|(a, b)| (0..4).for_each(|lane| sums[lane] += a[lane] * b[lane]));
    let rest = later.len() / 4 * 4..later.len();
    sums.iter().sum::<f64>() + rest.map(|t| earlier[t] * later[t]).sum::<f64>()
}

/// Real parts of the roots of `x^2 - g1 x - g2`, the larger first.
pub(super) fn roots([first, second]: [f64; 2]) -> [f64; 2] {
    let half = 0.5 * first;
    let spread = (half * half + second).max(0.0).sqrt();
    [half + spread, half - spread]
}

/// Coefficients as the configuration wants them.
pub(super) fn of_config(
    trace: &[f64],
    noise: f64,
    rate_hz: f64,
    config: &DeconvolutionConfig,
) -> [f64; 2] {
    if let Some(decay_s) = config.decay_s {
        return coefficients_of_times(decay_s, config.rise_s, rate_hz);
    }
    let lags = ((config.lags_s * rate_hz).round() as usize).max(10);
    let estimated = estimated_coefficients(trace, config.order, lags, noise, config.root_factor);
    let [shortest, longest] = config.decay_bounds_s.map(|time| (-1.0 / (rate_hz * time)).exp());
    let [slow, fast] = roots(estimated.unwrap_or([0.5 * (shortest + longest), 0.0]));
    let slow = slow.clamp(shortest, longest);
    coefficients_of_roots([slow, if config.order == 1 { 0.0 } else { fast.clamp(0.0, slow) }])
}
