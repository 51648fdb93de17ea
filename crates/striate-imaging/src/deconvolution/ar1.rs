//! First-order calcium: exact in one sweep over the frames.
//!
//! Friedrich, Zhou & Paninski, PLOS Comput. Biol. 13 (2017), algorithm 1. Divided by `gamma^t` the
//! calcium of pools that never decrease is an isotonic regression with weights, so adjacent pools
//! that violate the constraint merge until none does.

use super::{Problem, Solution};

/// Frames without a spike after the first: `calcium[start + k] = value gamma^k`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pool {
    /// `sum_k w gamma^k (y - b)` less the penalty's share.
    numerator: f64,
    /// `sum_k w gamma^2k`.
    weight: f64,
    /// `sum_k w gamma^k`.
    response: f64,
    /// The penalty's share for a penalty of one.
    penalised: f64,
    /// `gamma^length`.
    decay: f64,
    start: usize,
}

impl Pool {
    /// Value at the start; the lowest of all where nothing was observed.
    fn value(&self) -> f64 {
        if self.weight > 0.0 { self.numerator / self.weight } else { f64::NEG_INFINITY }
    }

    /// Calcium at the start: not below 0, which is exact for a regression with a bound.
    fn level(&self) -> f64 {
        self.value().max(0.0)
    }

    fn join(&mut self, next: &Self) {
        self.numerator += self.decay * next.numerator;
        self.weight += self.decay * self.decay * next.weight;
        self.response += self.decay * next.response;
        self.penalised += self.decay * next.penalised;
        self.decay *= next.decay;
    }
}

/// The pools of `problem` for one penalty and baseline.
pub(super) struct Pools {
    pools: Vec<Pool>,
}

impl Pools {
    /// Sweep over the frames. A frame whose observation is not finite has no weight.
    pub(super) fn of(problem: &Problem, gamma: f64, baseline: f64, lambda: f64) -> Self {
        let observed = problem.observed;
        let mut pools: Vec<Pool> = Vec::with_capacity(observed.len() / 4);
        for (start, &value) in observed.iter().enumerate() {
            // The sum of spikes is (1 - gamma) times the calcium, the last frame counts whole.
            let penalised = if start + 1 == observed.len() { 1.0 } else { 1.0 - gamma };
            let weight = f64::from(u8::from(value.is_finite()));
            let data = if value.is_finite() { value - baseline } else { 0.0 };
            let numerator = data - lambda * penalised;
            let mut last =
                Pool { numerator, weight, response: weight, penalised, decay: gamma, start };
            while let Some(previous) = pools.last_mut() {
                let before = previous.decay * previous.level();
                if last.value() >= before + problem.minimum_spike {
                    break;
                }
                previous.join(&last);
                last = *previous;
                pools.pop();
            }
            pools.push(last);
        }
        Self { pools }
    }

    /// How residual and best baseline depend on the penalty while the pools stay.
    pub(super) fn quadratic(&self, problem: &Problem, baseline: f64, lambda: f64) -> Quadratic {
        let mut sums = [0.0; 5];
        for pool in self.pools.iter().filter(|pool| pool.value() > 0.0) {
            // The pool's data without the penalty.
            let data = pool.numerator + lambda * pool.penalised;
            let products = [
                pool.response * pool.response,
                pool.response * pool.penalised,
                pool.penalised * pool.penalised,
                pool.response * data,
                data * data,
            ];
            sums.iter_mut().zip(products).for_each(|(sum, part)| *sum += part / pool.weight);
        }
        let n_observed = problem.n_observed as f64;
        let above = problem.mean - baseline;
        let total = n_observed * (problem.scale.powi(2) + above * above);
        Quadratic {
            residual: total - sums[4],
            // Between spikes of all frames a baseline is no longer determined.
            curvature: (n_observed - sums[0]).max(1e-9 * n_observed),
            gradient: n_observed * above - sums[3],
            cross: sums[1],
            penalty: sums[2],
        }
    }

    /// The calcium and the spikes of the pools.
    pub(super) fn solution(&self, gamma: f64, n_frames: usize) -> Solution {
        let mut calcium = vec![0.0; n_frames];
        let mut spikes = vec![0.0; n_frames];
        for (number, pool) in self.pools.iter().enumerate() {
            let end = self.pools.get(number + 1).map_or(n_frames, |next| next.start);
            let mut value = pool.level();
            let before = if pool.start > 0 { gamma * calcium[pool.start - 1] } else { 0.0 };
            spikes[pool.start] = (value - before).max(0.0);
            for out in &mut calcium[pool.start..end] {
                *out = value;
                value *= gamma;
            }
        }
        Solution { calcium, spikes }
    }
}

/// With pools fixed, the residual for a penalty `l` and a change `x` of the baseline is
/// `residual - 2 gradient x + curvature x^2 + penalty l^2`, and the best change is
/// `(gradient + cross l) / curvature`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quadratic {
    residual: f64,
    curvature: f64,
    gradient: f64,
    cross: f64,
    penalty: f64,
}

impl Quadratic {
    /// Change of the baseline that is best for a penalty.
    pub(super) fn change(&self, lambda: f64) -> f64 {
        (self.gradient + self.cross * lambda) / self.curvature
    }

    /// Square of the penalty for which the residual is `target`, with the baseline as it is or the
    /// best one. Not positive where no penalty is that small.
    pub(super) fn square_of_penalty(&self, target: f64, free_baseline: bool) -> f64 {
        if free_baseline {
            let least = self.residual - self.gradient * self.gradient / self.curvature;
            (target - least) / (self.penalty + self.cross * self.cross / self.curvature)
        } else {
            (target - self.residual) / self.penalty
        }
    }
}
