//! How far a solution is from the optimum, by the conditions of Karush, Kuhn and Tucker.

use super::{Problem, Solution, autoregression};

/// What a solution leaves of the optimality conditions of
/// `min 1/2 sum_t w_t (y_t - b - c_t)^2 + lambda sum_t s_t`, `s >= 0`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Optimality {
    /// Least spike; 0 where the solution is feasible.
    pub least_spike: f64,
    /// Largest difference between the calcium and the filtered spikes.
    pub dynamics: f64,
    /// How far the penalty falls short of forbidding more spikes: `max_t q_t - lambda` over
    /// `max |q|` of the data, `q = K'(y - b - c)`; 0 where no more spike would help.
    pub excess: f64,
    /// Complementarity `sum_t s_t (lambda - q_t)` over the objective. Without excess it is the
    /// duality gap: the objective is at most that fraction above the optimum.
    pub gap: f64,
}

impl Optimality {
    pub(crate) fn of(
        problem: &Problem,
        coefficients: [f64; 2],
        baseline: f64,
        lambda: f64,
        solution: &Solution,
    ) -> Self {
        let data: Vec<f64> = problem.observed.iter().map(|y| or_zero(y - baseline)).collect();
        let above = |(y, c): (&f64, &f64)| or_zero(y - baseline - c);
        let residual: Vec<f64> =
            problem.observed.iter().zip(&solution.calcium).map(above).collect();
        let correlation = autoregression::adjoint(coefficients, &residual);
        let scale = autoregression::adjoint(coefficients, &data)
            .into_iter()
            .fold(f64::MIN_POSITIVE, |most, q| most.max(q.abs()));
        let energy: f64 = residual.iter().map(|r| r * r).sum();
        let primal = 0.5 * energy + lambda * solution.spikes.iter().sum::<f64>();
        let slack: f64 =
            solution.spikes.iter().zip(&correlation).map(|(s, q)| s * (lambda - q)).sum();
        let filtered = autoregression::filter(coefficients, &solution.spikes);
        let differences = filtered.iter().zip(&solution.calcium).map(|(a, b)| (a - b).abs());
        Self {
            least_spike: solution.spikes.iter().copied().fold(0.0, f64::min),
            dynamics: differences.fold(0.0, f64::max),
            excess: correlation.into_iter().fold(0.0, |most: f64, q| most.max(q - lambda)) / scale,
            gap: slack / primal.max(f64::MIN_POSITIVE),
        }
    }
}

fn or_zero(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}
