//! First-order calcium: exact in one sweep over the frames.
//!
//! Friedrich, Zhou & Paninski, PLoS Comput. Biol. 13 (2017), algorithm 1. Divided by `gamma^t` the
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

    /// `sum w c`, and its derivative with respect to the baseline while the pools stay.
    pub(super) fn sum(&self) -> [f64; 2] {
        let positive = self.pools.iter().filter(|pool| pool.value() > 0.0);
        positive.fold([0.0; 2], |[sum, slope], pool| {
            let slope = slope - pool.response * pool.response / pool.weight;
            [sum + pool.value() * pool.response, slope]
        })
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
