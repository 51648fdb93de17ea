//! Nonlinear least squares by the method of Levenberg and Marquardt, within bounds.
//!
//! Each step solves `(J^T J + damping diag(J^T J)) step = -J^T r` (Marquardt, SIAM J. Appl. Math.
//! 11:431, 1963), with the damping of Nielsen ("Damping parameter in Marquardt's method", IMM-REP
//! 1999-05, equation 2.5). Parameters on a bound towards which the sum of squares falls are held
//! there. Rows of the Jacobian are used as they come and never stored.

use super::cholesky::Cholesky;

/// Damping beyond which steps are too small to change anything.
const LARGEST_DAMPING: f64 = 1e16;

/// Smallest diagonal, relative to the largest, of the damped matrix: keeps it regular where a
/// parameter has no effect.
const SMALLEST_SCALE: f64 = 1e-12;

/// Residuals of `N` parameters.
pub(super) trait LeastSquares<const N: usize> {
    /// Call `row` with every residual and its gradient, always in the same order.
    fn rows(&self, parameters: &[f64; N], row: impl FnMut(f64, &[f64; N]));
}

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stopping {
    /// Most evaluations of the residuals.
    pub(super) max_iterations: usize,
    /// Largest cosine of the angle between the residuals and a column of the Jacobian (the `gtol` of
    /// MINPACK): at a minimum they are orthogonal.
    pub(super) cosine: f64,
    /// Sum of squares that is nothing but rounding.
    pub(super) exact: f64,
}

/// Where the search ended.
#[derive(Debug, Clone)]
pub(super) struct Minimum<const N: usize> {
    pub(super) parameters: [f64; N],
    pub(super) sum_of_squares: f64,
    /// `J^T J`.
    pub(super) normal: [[f64; N]; N],
    /// A minimum in the interior of the bounds.
    pub(super) converged: bool,
}

/// The sum of squares and its derivatives at a place.
struct Place<const N: usize> {
    parameters: [f64; N],
    sum_of_squares: f64,
    /// `J^T r`, half the gradient of the sum.
    slope: [f64; N],
    /// `J^T J`.
    normal: [[f64; N]; N],
}

/// Search for the least sum of squares from `start`, within `bounds` (`[low, high]` per parameter).
pub(super) fn minimise<const N: usize>(
    problem: &impl LeastSquares<N>,
    start: [f64; N],
    bounds: &[[f64; 2]; N],
    stopping: Stopping,
) -> Minimum<N> {
    let mut at = Place::new(problem, start, bounds);
    let (mut damping, mut growth) = (1e-3, 2.0);
    for _ in 1..stopping.max_iterations {
        let free = at.free(bounds);
        if at.is_minimum(&free, stopping) || damping > LARGEST_DAMPING {
            break;
        }
        let next = at.step(&free, damping).map(|to| Place::new(problem, to, bounds));
        if let Some(next) = next.filter(|next| next.sum_of_squares < at.sum_of_squares) {
            let predicted = at.predicted_fall(&next.parameters);
            let ratio = (at.sum_of_squares - next.sum_of_squares) / predicted;
            damping *= (1.0 - (2.0 * ratio - 1.0).powi(3)).clamp(1.0 / 3.0, 2.0);
            growth = 2.0;
            at = next;
        } else {
            damping *= growth;
            growth *= 2.0;
        }
    }
    let inside = (0..N).all(|k| bounds[k][0] < at.parameters[k] && at.parameters[k] < bounds[k][1]);
    let converged = inside && at.is_minimum(&[true; N], stopping);
    let Place { parameters, sum_of_squares, normal, .. } = at;
    Minimum { parameters, sum_of_squares, normal, converged }
}

impl<const N: usize> Place<N> {
    fn new(problem: &impl LeastSquares<N>, parameters: [f64; N], bounds: &[[f64; 2]; N]) -> Self {
        let parameters = std::array::from_fn(|k| parameters[k].max(bounds[k][0]).min(bounds[k][1]));
        let (mut sum_of_squares, mut slope, mut normal) = (0.0, [0.0; N], [[0.0; N]; N]);
        problem.rows(&parameters, |residual, gradient| {
            sum_of_squares += residual * residual;
            for i in 0..N {
                slope[i] += residual * gradient[i];
                // Whole rows, though half would do: a loop of fixed length is the faster one.
                for j in 0..N {
                    normal[i][j] += gradient[i] * gradient[j];
                }
            }
        });
        Self { parameters, sum_of_squares, slope, normal }
    }

    /// Which parameters may move: all but those on a bound beyond which the sum would fall.
    fn free(&self, bounds: &[[f64; 2]; N]) -> [bool; N] {
        std::array::from_fn(|k| {
            let held_low = self.parameters[k] <= bounds[k][0] && self.slope[k] > 0.0;
            let held_high = self.parameters[k] >= bounds[k][1] && self.slope[k] < 0.0;
            !held_low && !held_high
        })
    }

    fn is_minimum(&self, free: &[bool; N], stopping: Stopping) -> bool {
        let orthogonal = |k: usize| {
            let length = (self.normal[k][k] * self.sum_of_squares).sqrt();
            !free[k] || self.slope[k].abs() <= stopping.cosine * length
        };
        self.sum_of_squares <= stopping.exact || (0..N).all(orthogonal)
    }

    /// Where the damped step leads.
    fn step(&self, free: &[bool; N], damping: f64) -> Option<[f64; N]> {
        let largest = (0..N).map(|k| self.normal[k][k]).fold(0.0, f64::max);
        let (mut matrix, mut right) = (self.normal, self.slope.map(|slope| -slope));
        for k in 0..N {
            matrix[k][k] += damping * matrix[k][k].max(SMALLEST_SCALE * largest);
            if !free[k] {
                right[k] = 0.0;
                matrix[k] = [0.0; N];
                for row in &mut matrix {
                    row[k] = 0.0;
                }
                matrix[k][k] = 1.0;
            }
        }
        let step = Cholesky::new(&matrix)?.solve(&right);
        let to: [f64; N] = std::array::from_fn(|k| self.parameters[k] + step[k]);
        to.iter().all(|value| value.is_finite()).then_some(to)
    }

    /// How far the sum of squares falls on the way `to`, were the residuals linear.
    fn predicted_fall(&self, to: &[f64; N]) -> f64 {
        let step: [f64; N] = std::array::from_fn(|k| to[k] - self.parameters[k]);
        let along = |row: &[f64; N]| (0..N).map(|k| row[k] * step[k]).sum::<f64>();
        let curved: f64 = (0..N).map(|k| step[k] * along(&self.normal[k])).sum();
        -2.0 * along(&self.slope) - curved
    }
}

impl<const N: usize> Minimum<N> {
    /// Covariance of the parameters for independent residuals of equal variance, which is
    /// estimated from the `n_residuals` themselves: `s^2 (J^T J)^-1`. None where the search has not
    /// converged or the residuals do not determine the parameters.
    pub(super) fn covariance(&self, n_residuals: usize) -> Option<[[f64; N]; N]> {
        let degrees = n_residuals.checked_sub(N).filter(|&degrees| degrees > 0)?;
        if !self.converged {
            return None;
        }
        let variance = self.sum_of_squares / degrees as f64;
        // Scaled to a diagonal of 1, so that units of parameters do not decide what is singular.
        let scales: [f64; N] = std::array::from_fn(|k| self.normal[k][k].sqrt());
        let scaled = std::array::from_fn(|i| {
            std::array::from_fn(|j| self.normal[i][j] / (scales[i] * scales[j]))
        });
        let inverse = Cholesky::<N>::new(&scaled)?.inverse();
        Some(std::array::from_fn(|i| {
            std::array::from_fn(|j| variance * inverse[i][j] / (scales[i] * scales[j]))
        }))
    }
}

#[cfg(test)]
pub(super) mod tests;
