//! The autoregressive process of order 2 as an operator: `(G c)_t = c_t - g1 c_{t-1} - g2 c_{t-2}`.

/// `c = K s`: calcium of spikes.
pub(crate) fn filter(coefficients: [f64; 2], spikes: &[f64]) -> Vec<f64> {
    let mut past = [0.0; 2];
    let step = |&spike: &f64| {
        let value = coefficients[0] * past[0] + coefficients[1] * past[1] + spike;
        past = [value, past[0]];
        value
    };
    spikes.iter().map(step).collect()
}

/// `K' r`: the same filter backwards.
pub(crate) fn adjoint(coefficients: [f64; 2], residual: &[f64]) -> Vec<f64> {
    let backwards: Vec<f64> = residual.iter().rev().copied().collect();
    let mut filtered = filter(coefficients, &backwards);
    filtered.reverse();
    filtered
}

/// `G c`: spikes of calcium.
pub(super) fn difference([first, second]: [f64; 2], calcium: &[f64]) -> Vec<f64> {
    let past = |t: usize, lag: usize| if t >= lag { calcium[t - lag] } else { 0.0 };
    (0..calcium.len()).map(|t| calcium[t] - first * past(t, 1) - second * past(t, 2)).collect()
}

/// `G' z`.
pub(super) fn difference_adjoint([first, second]: [f64; 2], dual: &[f64]) -> Vec<f64> {
    let next = |t: usize| dual.get(t).copied().unwrap_or(0.0);
    (0..dual.len()).map(|t| dual[t] - first * next(t + 1) - second * next(t + 2)).collect()
}

/// Sum of squares of the response to a spike of size one: the variance of the stationary process
/// driven by white noise.
pub(super) fn energy([first, second]: [f64; 2]) -> f64 {
    (1.0 - second) / ((1.0 + second) * ((1.0 - second).powi(2) - first * first))
}

/// The largest calcium that one spike of size one causes.
pub(crate) fn peak(coefficients: [f64; 2]) -> f64 {
    let mut past = [1.0, 0.0];
    let mut peak = 1.0;
    // It rises until its maximum and only falls after it.
    while let [last, before] = past
        && last >= before
    {
        peak = last;
        past = [coefficients[0] * last + coefficients[1] * before, last];
        if past[0] == last {
            break;
        }
    }
    peak
}

/// Coefficients of the process with two real roots.
pub(super) fn coefficients_of_roots([slow, fast]: [f64; 2]) -> [f64; 2] {
    // Without a second root it is 0 and not -0.
    [slow + fast, if fast == 0.0 { 0.0 } else { -slow * fast }]
}

/// The larger root.
pub(super) fn slow_root(coefficients: [f64; 2]) -> f64 {
    super::parameters::roots(coefficients)[0]
}
