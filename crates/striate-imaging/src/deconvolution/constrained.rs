//! Which penalty: given, or such that the residual is the noise.

use super::ar1::Pools;
use super::{Optimality, Problem, Solution, ar2, autoregression};

/// Relative difference to the wanted residual at which the search ends.
const TOLERANCE: f64 = 1e-7;
const SEARCH_STEPS: usize = 60;
const NEWTON_STEPS: usize = 60;

/// Known kinetics, and a baseline that is known or free.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Solver {
    /// Coefficients of the autoregression; the second is 0 for first order.
    pub coefficients: [f64; 2],
    /// Constant baseline; `None`: the best one together with the calcium.
    pub baseline: Option<f64>,
}

/// A solution and what it was solved for.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// Calcium and spikes.
    pub solution: Solution,
    /// Constant baseline.
    pub baseline: f64,
    /// Penalty on the sum of spikes.
    pub lambda: f64,
    /// Sum of squared residuals of the observed frames.
    pub residual: f64,
}

impl Solver {
    /// The optimum of `1/2 sum_t (y_t - b - c_t)^2 + lambda sum_t s_t`, `s >= 0`. Frames of
    /// `observed` that are not finite do not count.
    ///
    /// ```
    /// use striate_imaging::deconvolution::Solver;
    ///
    /// let solver = Solver { coefficients: [0.5, 0.0], baseline: Some(0.0) };
    /// let fit = solver.penalised(&[0.0, 1.0, 0.5, 0.25], 0.0);
    /// assert_eq!(fit.solution.spikes, [0.0, 1.0, 0.0, 0.0]);
    /// ```
    pub fn penalised(&self, observed: &[f64], lambda: f64) -> Fit {
        self.fit(&Problem::new(observed, 0.0), lambda)
    }

    /// Spikes that are 0 or at least `minimum_spike`, without a penalty, by the greedy sweep of
    /// the paper (equation 14). The problem is not convex and the result not always its optimum.
    /// Coefficients of second order are taken as the first order of the same slower decay.
    pub fn thresholded(&self, observed: &[f64], minimum_spike: f64) -> Fit {
        let first = autoregression::slow_root(self.coefficients);
        let solver = Self { coefficients: [first, 0.0], ..*self };
        solver.fit(&Problem::new(observed, minimum_spike), 0.0)
    }

    /// The least sum of spikes whose mean squared residual over the observed frames is `variance`
    /// (paper, equation 10): the penalty is its Lagrange multiplier. Where the data cannot be
    /// fitted that well, the penalty is 0; where no spike is needed, it is the least penalty that
    /// leaves none.
    pub fn constrained(&self, observed: &[f64], variance: f64) -> Fit {
        let problem = Problem::new(observed, 0.0);
        let target = variance * problem.n_observed as f64;
        let none = self.silent(&problem);
        if none.residual <= target {
            return none;
        }
        if self.coefficients[1] == 0.0 {
            // The penalty that noise alone asks for.
            let start = (variance * autoregression::energy(self.coefficients)).sqrt();
            let fit = self.first_order(&problem, start, Some(target));
            if (fit.residual - target).abs() <= TOLERANCE * target {
                return fit;
            }
        }
        let best = self.fit(&problem, 0.0);
        if best.residual >= target {
            return best;
        }
        self.search(&problem, target, [best, none])
    }

    /// How far `fit` is from the optimum of its penalised problem.
    pub fn optimality(&self, observed: &[f64], fit: &Fit) -> Optimality {
        let problem = Problem::new(observed, 0.0);
        Optimality::of(&problem, self.coefficients, fit.baseline, fit.lambda, &fit.solution)
    }

    /// False position in the square of the penalty: while the spikes stay in their frames the
    /// residual is `a + b lambda^2` (the residual at 0 is orthogonal to what the penalty adds).
    fn search(&self, problem: &Problem, target: f64, [low, high]: [Fit; 2]) -> Fit {
        let excess = |fit: &Fit| [fit.lambda * fit.lambda, fit.residual - target];
        let mut ends = [excess(&low), excess(&high)];
        let mut latest = low;
        let mut side = 0i32;
        for _ in 0..SEARCH_STEPS {
            let [[a, under], [b, over]] = ends;
            let square = a - under * (b - a) / (over - under);
            latest = self.fit(problem, square.max(0.0).sqrt());
            let [at, difference] = excess(&latest);
            if difference.abs() <= TOLERANCE * target || at == a || at == b {
                break;
            }
            // Halving the end that stays twice keeps the other from creeping (Illinois).
            if difference < 0.0 {
                ends = [[at, difference], [b, if side < 0 { 0.5 * over } else { over }]];
                side = -1;
            } else {
                ends = [[a, if side > 0 { 0.5 * under } else { under }], [at, difference]];
                side = 1;
            }
        }
        latest
    }

    /// No spike, and the least penalty that leaves none: the largest entry of `K'(y - b)`.
    fn silent(&self, problem: &Problem) -> Fit {
        let baseline = self.baseline.unwrap_or(problem.mean);
        let data: Vec<f64> = problem
            .observed
            .iter()
            .map(|value| if value.is_finite() { value - baseline } else { 0.0 })
            .collect();
        let filtered = autoregression::adjoint(self.coefficients, &data);
        let zeros = vec![0.0; data.len()];
        let solution = Solution { calcium: zeros.clone(), spikes: zeros };
        Fit::of(problem, solution, baseline, filtered.into_iter().fold(0.0, f64::max))
    }

    fn fit(&self, problem: &Problem, lambda: f64) -> Fit {
        if self.coefficients[1] == 0.0 {
            return self.first_order(problem, lambda, None);
        }
        let (solution, baseline) = ar2::solve(problem, self.coefficients, self.baseline, lambda);
        Fit::of(problem, solution, baseline, lambda)
    }

    /// Newton's method for what is free of baseline and penalty: with the pools fixed the residual
    /// is a quadratic in both (paper, equations 11 to 13), so the steps end where the pools no
    /// longer change.
    fn first_order(&self, problem: &Problem, start: f64, target: Option<f64>) -> Fit {
        let gamma = self.coefficients[0];
        let free = self.baseline.is_none();
        let mut baseline = self.baseline.unwrap_or(problem.mean);
        let mut lambda = start;
        let mut pools = Pools::of(problem, gamma, baseline, lambda);
        for _ in 0..NEWTON_STEPS {
            let quadratic = pools.quadratic(problem, baseline, lambda);
            let square = target.map(|target| quadratic.square_of_penalty(target, free));
            let penalty = square.map_or(lambda, |s| if s > 0.0 { s.sqrt() } else { 0.5 * lambda });
            let change = if free { quadratic.change(penalty) } else { 0.0 };
            let still = (penalty - lambda).abs() <= 1e-10 * lambda;
            if still && change.abs() <= 1e-10 * problem.scale {
                break;
            }
            lambda = penalty;
            baseline += change;
            pools = Pools::of(problem, gamma, baseline, lambda);
        }
        let solution = pools.solution(gamma, problem.observed.len());
        Fit::of(problem, solution, baseline, lambda)
    }
}

impl Fit {
    fn of(problem: &Problem, solution: Solution, baseline: f64, lambda: f64) -> Self {
        let residual = problem.residual(baseline, &solution.calcium);
        Self { solution, baseline, lambda, residual }
    }
}
