//! The penalty for which the residual has a wanted size.

const STEPS: usize = 100;

/// What a search found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    /// The penalty of the last call.
    pub(super) lambda: f64,
    /// Whether the residual is within the tolerance.
    pub(super) reached: bool,
}

/// Call `residual(lambda)`, which returns the squared residual of a smoothing, until it is `target`
/// within the relative `tolerance`. The residual never falls as the penalty grows and is about
/// proportional to its square at first, which gives the step; a bracket keeps it from running
/// away. Where even the smoothest signal leaves less than the target, the last call has a penalty
/// that makes it.
pub(super) fn search(
    target: f64,
    start: f64,
    tolerance: f64,
    mut residual: impl FnMut(f64) -> f64,
) -> Found {
    let [mut low, mut high] = [0.0, f64::INFINITY];
    let mut lambda = start;
    let mut last = f64::NAN;
    for _ in 0..STEPS {
        let size = residual(lambda);
        if (size - target).abs() <= tolerance * target {
            return Found { lambda, reached: true };
        }
        // The step from the residual is the same for a penalty twice as large: all smooth already.
        let saturated = size < target && (size - last).abs() <= 1e-12 * size;
        if size < target {
            low = lambda;
        } else {
            high = lambda;
        }
        if saturated && high.is_infinite() || high - low <= 1e-12 * low {
            break;
        }
        last = size;
        let factor = if size > 0.0 { (target / size).sqrt() } else { 10.0 };
        // At least twice where too small and without a bound, so that the end comes in sight.
        let step = if high.is_infinite() { factor.max(2.0) } else { factor };
        lambda = bracketed(lambda * step, low, high);
    }
    Found { lambda, reached: false }
}

/// `lambda`, or the (geometric) middle of the bracket where it is not well inside.
fn bracketed(lambda: f64, low: f64, high: f64) -> f64 {
    if high.is_infinite() || (lambda > low && lambda < high) {
        return lambda;
    }
    if low > 0.0 { (low * high).sqrt() } else { 0.1 * high }
}
