//! Running sums over pixels and neurons, in f64.

use ndarray::{ArrayView2, ArrayView3};

use super::ceiling::Ceiling;
use super::types::{NeuronSummary, StimulusSummary};

/// Count, sum and sum of squares of finite values, near the first of them; and their extremes.
#[derive(Debug, Clone, Copy)]
struct Moments {
    n: u64,
    n_missing: u64,
    origin: f64,
    sum: f64,
    square: f64,
    min: f64,
    max: f64,
}

impl Default for Moments {
    fn default() -> Self {
        let (min, max) = (f64::INFINITY, f64::NEG_INFINITY);
        Self { n: 0, n_missing: 0, origin: 0.0, sum: 0.0, square: 0.0, min, max }
    }
}

impl Moments {
    fn add(&mut self, value: f32) {
        if !value.is_finite() {
            self.n_missing += 1;
            return;
        }
        let value = f64::from(value);
        if self.n == 0 {
            self.origin = value;
        }
        let near = value - self.origin;
        self.n += 1;
        self.sum += near;
        self.square += near * near;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    fn mean(&self) -> f64 {
        if self.n == 0 { 0.0 } else { self.origin + self.sum / self.n as f64 }
    }

    fn std(&self) -> f64 {
        let n = self.n.max(1) as f64;
        (self.square / n - (self.sum / n).powi(2)).max(0.0).sqrt()
    }

    fn extremes(&self) -> (f64, f64) {
        if self.n == 0 { (0.0, 0.0) } else { (self.min, self.max) }
    }
}

/// Sums over the pixels of a stimulus.
#[derive(Debug, Default)]
pub(super) struct PixelSums(Moments);

impl PixelSums {
    /// Add frames `[frame, height, width]`.
    pub(super) fn add(&mut self, frames: ArrayView3<'_, f32>) {
        frames.iter().for_each(|&value| self.0.add(value));
    }

    pub(super) fn summary(&self) -> StimulusSummary {
        let (min, max) = self.0.extremes();
        let n_missing = self.0.n_missing;
        StimulusSummary { min, max, mean: self.0.mean(), std: self.0.std(), n_missing }
    }
}

/// Sums over the responses of each neuron.
#[derive(Debug)]
pub(super) struct NeuronSums {
    moments: Vec<Moments>,
    n_zero: Vec<u64>,
    n_negative: Vec<u64>,
}

impl NeuronSums {
    pub(super) fn new(n_neurons: usize) -> Self {
        Self {
            moments: vec![Moments::default(); n_neurons],
            n_zero: vec![0; n_neurons],
            n_negative: vec![0; n_neurons],
        }
    }

    /// Add responses `[frame, neuron]`.
    pub(super) fn add(&mut self, responses: ArrayView2<'_, f32>) {
        for row in responses.outer_iter() {
            let counts = self.n_zero.iter_mut().zip(&mut self.n_negative);
            for ((&value, moments), (n_zero, n_negative)) in
                row.iter().zip(&mut self.moments).zip(counts)
            {
                moments.add(value);
                *n_zero += u64::from(value == 0.0);
                *n_negative += u64::from(value < 0.0);
            }
        }
    }

    pub(super) fn summaries(
        &self,
        ids: &[i64],
        ceilings: &[Option<Ceiling>],
    ) -> Vec<NeuronSummary> {
        let summary = |neuron: usize, moments: &Moments| {
            let ceiling = ceilings.get(neuron).copied().flatten();
            NeuronSummary {
                id: ids.get(neuron).copied().unwrap_or(neuron as i64),
                mean: moments.mean(),
                std: moments.std(),
                max: moments.extremes().1,
                zero_fraction: self.n_zero[neuron] as f64 / moments.n.max(1) as f64,
                n_negative: self.n_negative[neuron],
                n_missing: moments.n_missing,
                explainable_fraction: ceiling.map(|c| c.explainable),
                noise_ceiling: ceiling.map(|c| c.single_trial),
                ceiling_to_average: ceiling.map(|c| c.to_average),
            }
        };
        self.moments.iter().enumerate().map(|(neuron, m)| summary(neuron, m)).collect()
    }
}
