//! The primal-dual active set of the trend filter.

use std::collections::VecDeque;

use super::Trend;
use crate::penalised::banded::Pentadiagonal;

const STEPS: usize = 500;
/// Violations below this do not count.
const ROUNDING: f64 = 1e-10;
/// Counts of violations that the safeguard remembers.
const MEMORY: usize = 5;

pub(super) struct ActiveSet<'a> {
    data: &'a [f64],
    lambda: f64,
    /// 1 and -1 where a second difference has its sign, 0 where it is taken to be 0.
    signs: Vec<f64>,
    dual: Vec<f64>,
    values: Vec<f64>,
    safeguard: Safeguard,
}

/// The fraction of violators that change sides (Han & Curtis): all while that helps.
struct Safeguard {
    counts: VecDeque<usize>,
    fraction: f64,
}

impl Safeguard {
    fn count(&mut self, n_violators: usize) {
        let least = self.counts.iter().min().copied().unwrap_or(usize::MAX);
        let most = self.counts.iter().max().copied().unwrap_or(usize::MAX);
        if n_violators < least {
            self.fraction = (1.1 * self.fraction).min(1.0);
        } else if n_violators >= most && self.counts.len() == MEMORY {
            self.fraction = (0.9 * self.fraction).max(1.0 / n_violators as f64);
            return;
        }
        if self.counts.len() == MEMORY {
            self.counts.pop_front();
        }
        self.counts.push_back(n_violators);
    }
}

impl<'a> ActiveSet<'a> {
    pub(super) fn new(data: &'a [f64], lambda: f64, start: Option<&[f64]>) -> Self {
        let n_duals = data.len() - 2;
        let sign = |&z: &f64| {
            if z >= 1.0 {
                1.0
            } else if z <= -1.0 {
                -1.0
            } else {
                0.0
            }
        };
        let signs =
            start.map_or_else(|| vec![0.0; n_duals], |dual| dual.iter().map(sign).collect());
        let safeguard = Safeguard { counts: VecDeque::new(), fraction: 1.0 };
        Self { data, lambda, signs, dual: Vec::new(), values: Vec::new(), safeguard }
    }

    pub(super) fn run(mut self) -> Trend {
        for step in 1..=STEPS {
            self.solve();
            let violators = self.violators();
            if violators.is_empty() {
                let Self { values, dual, .. } = self;
                return Trend { values, dual, steps: step, optimal: true };
            }
            self.reassign(violators);
        }
        self.dual.iter_mut().for_each(|z| *z = z.clamp(-1.0, 1.0));
        let values = self.signal(&self.dual);
        Trend { values, dual: self.dual, steps: STEPS, optimal: false }
    }

    /// Dual and signal for the signs: second differences of the others are 0.
    fn solve(&mut self) {
        let active: Vec<usize> = (0..self.signs.len()).filter(|&i| self.signs[i] == 0.0).collect();
        let known = self.signal(&self.signs);
        let differences = second_differences(&known);
        let right = active.iter().map(|&i| differences[i] / self.lambda).collect();
        let solution = Pentadiagonal::factor(gram(&active)).solve(right);
        self.dual.clone_from(&self.signs);
        active.iter().zip(solution).for_each(|(&i, z)| self.dual[i] = z);
        self.values = self.signal(&self.dual);
    }

    /// `data - lambda D2' dual`.
    fn signal(&self, dual: &[f64]) -> Vec<f64> {
        let adjoint = second_differences_adjoint(dual);
        self.data.iter().zip(adjoint).map(|(y, part)| y - self.lambda * part).collect()
    }

    /// What violates the conditions of optimality, each with how much.
    fn violators(&self) -> Vec<(f64, usize)> {
        let differences = second_differences(&self.values);
        let scale = self.values.iter().fold(f64::MIN_POSITIVE, |most, x| most.max(x.abs()));
        let violates = |i: usize| {
            if self.signs[i] == 0.0 {
                self.dual[i].abs() > 1.0 + ROUNDING
            } else {
                self.signs[i] * differences[i] < -ROUNDING * scale
            }
        };
        let fitness = |i: usize| (self.lambda * differences[i].abs()).max(self.dual[i].abs());
        (0..self.signs.len()).filter(|&i| violates(i)).map(|i| (fitness(i), i)).collect()
    }

    /// The worst violators change sides.
    fn reassign(&mut self, mut violators: Vec<(f64, usize)>) {
        self.safeguard.count(violators.len());
        let n_moved = (self.safeguard.fraction * violators.len() as f64).round().max(1.0) as usize;
        violators.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        for &(_, i) in &violators[..n_moved.min(violators.len())] {
            self.signs[i] = if self.signs[i] == 0.0 { self.dual[i].signum() } else { 0.0 };
        }
    }
}

/// The dual of the straight line: `D2 D2' z = D2 data`.
pub(super) fn unconstrained_dual(data: &[f64]) -> Vec<f64> {
    if data.len() < 3 {
        return Vec::new();
    }
    let all: Vec<usize> = (0..data.len() - 2).collect();
    Pentadiagonal::factor(gram(&all)).solve(second_differences(data))
}

/// Rows of `D D'` for the rows `active` of `D2`.
fn gram(active: &[usize]) -> Vec<[f64; 3]> {
    let entry = |k: usize, other: usize| match active.get(other).map(|next| next - active[k]) {
        Some(1) => -4.0,
        Some(2) => 1.0,
        _ => 0.0,
    };
    (0..active.len()).map(|k| [6.0, entry(k, k + 1), entry(k, k + 2)]).collect()
}

/// `D2 x` with `-1, 2, -1`.
pub(crate) fn second_differences(values: &[f64]) -> Vec<f64> {
    values.windows(3).map(|x| 2.0 * x[1] - x[0] - x[2]).collect()
}

fn second_differences_adjoint(dual: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; dual.len() + 2];
    for (i, z) in dual.iter().enumerate() {
        out[i] -= z;
        out[i + 1] += 2.0 * z;
        out[i + 2] -= z;
    }
    out
}
