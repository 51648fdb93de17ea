//! Second-order calcium: the convex problem to the optimum by an interior-point method.
//!
//! `min 1/2 sum_t w_t (y_t - b - c_t)^2 + lambda sum_t (G c)_t` with `G c >= 0` (Vogelstein et al.,
//! J. Neurophysiol. 104 (2010), with the primal-dual steps of Mehrotra, SIAM J. Optim. 2 (1992)).
//! `G` has three diagonals, so a step solves a system of five and costs `O(T)`; some 20 steps reach
//! a relative gap of 1e-10. Unlike the greedy pools of second order (Friedrich et al. 2017,
//! algorithm 3) and windows of non-negative least squares this is exact.

use super::autoregression::{difference, difference_adjoint, filter};
use super::{Problem, Solution};
use crate::penalised::banded::Pentadiagonal;

const STEPS: usize = 80;
/// Mean complementarity over the variance of the data at which steps end; below it rounding errors
/// of the system, whose condition is its inverse, show in the gradient.
const GAP: f64 = 1e-12;
/// A spike below this fraction of its dual is none.
const INACTIVE: f64 = 1e-2;
/// Fraction of the way to the boundary.
const SHORT_OF_BOUNDARY: f64 = 0.995;

/// Calcium, spikes and their duals.
struct Interior<'a> {
    coefficients: [f64; 2],
    weights: Vec<f64>,
    data: Vec<f64>,
    lambda: f64,
    free_baseline: bool,
    problem: &'a Problem<'a>,
    /// Root mean square of the data above the baseline.
    scale: f64,
    baseline: f64,
    calcium: Vec<f64>,
    spikes: Vec<f64>,
    duals: Vec<f64>,
}

/// The optimum for a penalty, and the baseline: that given, or the best where it is free.
pub(super) fn solve(
    problem: &Problem,
    coefficients: [f64; 2],
    baseline: Option<f64>,
    lambda: f64,
) -> (Solution, f64) {
    let mut state = Interior::start(problem, coefficients, baseline, lambda);
    if state.scale == 0.0 {
        let zeros = vec![0.0; problem.observed.len()];
        return (Solution { calcium: zeros.clone(), spikes: zeros }, state.baseline);
    }
    for _ in 0..STEPS {
        if !state.step() {
            break;
        }
    }
    state.finish()
}

impl<'a> Interior<'a> {
    fn start(
        problem: &'a Problem,
        coefficients: [f64; 2],
        baseline: Option<f64>,
        lambda: f64,
    ) -> Self {
        let finite = |value: &f64| value.is_finite();
        let weights: Vec<f64> =
            problem.observed.iter().map(|v| f64::from(u8::from(finite(v)))).collect();
        let data = problem.observed.iter().map(|v| if finite(v) { *v } else { 0.0 }).collect();
        let level = baseline.unwrap_or(problem.mean);
        let scale = problem.scale.hypot(problem.mean - level);
        // Spikes that make a calcium of about the scale of the data.
        let gain = 1.0 - coefficients[0] - coefficients[1];
        let spikes = vec![0.1 * scale * gain.clamp(1e-3, 1.0); problem.observed.len()];
        let calcium = filter(coefficients, &spikes);
        let duals = vec![lambda.max(scale); spikes.len()];
        let free_baseline = baseline.is_none();
        let baseline = level;
        Self {
            coefficients,
            weights,
            data,
            lambda,
            free_baseline,
            problem,
            scale,
            baseline,
            calcium,
            spikes,
            duals,
        }
    }

    /// Negative gradients of the Lagrangian with respect to calcium and baseline.
    fn gradients(&self, duals: &[f64]) -> (Vec<f64>, f64) {
        let excess: Vec<f64> = duals.iter().map(|dual| dual - self.lambda).collect();
        let mut gradient = difference_adjoint(self.coefficients, &excess);
        let mut of_baseline = 0.0;
        for (t, out) in gradient.iter_mut().enumerate() {
            let residual = self.weights[t] * (self.data[t] - self.baseline - self.calcium[t]);
            *out += residual;
            of_baseline += residual;
        }
        (gradient, of_baseline)
    }

    /// One predictor and corrector; whether another is worth while.
    fn step(&mut self) -> bool {
        let n_frames = self.spikes.len() as f64;
        let mean = dot(&self.spikes, &self.duals) / n_frames;
        if mean <= GAP * self.scale.powi(2) {
            return false;
        }
        let factor = self.factor();
        let zeros = vec![0.0; self.spikes.len()];
        let predictor = self.direction(&factor, 0.0, &zeros);
        let length = self.length(&predictor, 1.0);
        let ahead = (0..self.spikes.len()).map(|t| {
            (self.spikes[t] + length * predictor.spikes[t])
                * (self.duals[t] + length * predictor.duals[t])
        });
        let centring = (ahead.sum::<f64>() / n_frames / mean).clamp(0.0, 1.0).powi(3);
        let second: Vec<f64> =
            predictor.spikes.iter().zip(&predictor.duals).map(|(s, z)| s * z).collect();
        let direction = self.direction(&factor, centring * mean, &second);
        if !direction.calcium.iter().all(|step| step.is_finite()) {
            return false;
        }
        let length = self.length(&direction, SHORT_OF_BOUNDARY);
        self.advance(&direction, length);
        length > 1e-10
    }

    /// `W + G' (Z / S) G`, factored.
    fn factor(&self) -> Factor {
        let [first, second] = self.coefficients;
        let n_frames = self.spikes.len();
        let ratio = |t: usize| if t < n_frames { self.duals[t] / self.spikes[t] } else { 0.0 };
        let bands = (0..n_frames).map(|t| {
            let [now, next, after] = [ratio(t), ratio(t + 1), ratio(t + 2)];
            [
                self.weights[t] + now + first * first * next + second * second * after,
                -first * next + first * second * after,
                -second * after,
            ]
        });
        let matrix = Pentadiagonal::factor(bands.collect());
        let weighted =
            if self.free_baseline { matrix.solve(self.weights.clone()) } else { Vec::new() };
        Factor { matrix, weighted }
    }

    /// Newton's direction towards complementarity `target`, with a correction of second order.
    fn direction(&self, factor: &Factor, target: f64, second: &[f64]) -> Direction {
        let pull: Vec<f64> =
            (0..self.spikes.len()).map(|t| (target - second[t]) / self.spikes[t]).collect();
        let (gradient, of_baseline) = self.gradients(&pull);
        let mut calcium = factor.matrix.solve(gradient);
        let mut baseline = 0.0;
        if self.free_baseline {
            let total: f64 = self.weights.iter().sum();
            baseline = (of_baseline - dot(&self.weights, &calcium))
                / (total - dot(&self.weights, &factor.weighted));
            calcium.iter_mut().zip(&factor.weighted).for_each(|(c, w)| *c -= baseline * w);
        }
        let spikes = difference(self.coefficients, &calcium);
        let duals = (0..spikes.len())
            .map(|t| pull[t] - self.duals[t] - self.duals[t] / self.spikes[t] * spikes[t])
            .collect();
        Direction { calcium, spikes, duals, baseline }
    }

    /// How far spikes and duals may go. One length for both: the gradient of the Lagrangian has
    /// the calcium in it and shrinks only so.
    fn length(&self, direction: &Direction, fraction: f64) -> f64 {
        let longest = |length: f64, values: &[f64], steps: &[f64]| {
            let falling = values.iter().zip(steps).filter(|(_, step)| **step < 0.0);
            falling.fold(length, |length, (value, step)| length.min(-fraction * value / step))
        };
        longest(longest(1.0, &self.spikes, &direction.spikes), &self.duals, &direction.duals)
    }

    fn advance(&mut self, direction: &Direction, length: f64) {
        add(&mut self.calcium, length, &direction.calcium);
        add(&mut self.spikes, length, &direction.spikes);
        add(&mut self.duals, length, &direction.duals);
        self.baseline += length * direction.baseline;
    }

    /// Spikes far below their dual are none; calcium and baseline follow.
    fn finish(mut self) -> (Solution, f64) {
        for (spike, dual) in self.spikes.iter_mut().zip(&self.duals) {
            if *spike < INACTIVE * dual {
                *spike = 0.0;
            }
        }
        let calcium = filter(self.coefficients, &self.spikes);
        if self.free_baseline {
            let total: f64 = self.weights.iter().sum();
            self.baseline = self.problem.mean - dot(&self.weights, &calcium) / total;
        }
        (Solution { calcium, spikes: self.spikes }, self.baseline)
    }
}

struct Factor {
    matrix: Pentadiagonal,
    /// The inverse applied to the weights.
    weighted: Vec<f64>,
}

struct Direction {
    calcium: Vec<f64>,
    spikes: Vec<f64>,
    duals: Vec<f64>,
    baseline: f64,
}

fn add(values: &mut [f64], factor: f64, steps: &[f64]) {
    values.iter_mut().zip(steps).for_each(|(value, step)| *value += factor * step);
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
