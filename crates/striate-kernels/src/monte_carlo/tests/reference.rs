//! The same in double precision and with everything in memory.

use super::super::{Latents, Law, Objective, Population, Responses};
use super::random;
use crate::zero_inflated_gamma::{Convention, ZeroInflatedGamma};

pub(super) const RHO: f32 = 0.005;
const EPSILON: f32 = 1e-3;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Poisson,
    Released,
    PointMass,
    Density,
    Gaussian,
}

impl Kind {
    pub(super) const ALL: [Self; 5] =
        [Self::Poisson, Self::Released, Self::PointMass, Self::Density, Self::Gaussian];

    pub(super) fn outputs(self) -> usize {
        if self == Self::Poisson { 1 } else { 2 }
    }

    /// The densities that the population gives.
    pub(super) fn densities(self) -> &'static [Self] {
        match self {
            Self::Poisson => &[],
            Self::Gaussian => &[Self::Gaussian],
            _ => &[Self::Released, Self::PointMass, Self::Density],
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    pub(super) n_rows: usize,
    pub(super) n_neurons: usize,
    pub(super) dim: usize,
    pub(super) n_samples: usize,
}

pub(super) struct Case {
    pub(super) kind: Kind,
    pub(super) sizes: Sizes,
    /// Heads, loadings, mean, scale.
    pub(super) arguments: Vec<Vec<f32>>,
    /// `[row, sample, dim]`
    pub(super) noise: Vec<f32>,
    pub(super) responses: Vec<f32>,
    pub(super) counted: Option<Vec<f32>>,
    pub(super) shape: Vec<f32>,
    pub(super) log_gamma: Vec<f32>,
}

/// ELU with alpha 1, plus 1.
fn elu_plus_one(x: f64) -> f64 {
    if x > 0.0 { x + 1.0 } else { x.exp() }
}

impl Case {
    pub(super) fn new(kind: Kind, sizes: Sizes, seed: u64, is_masked: bool) -> Self {
        let Sizes { n_rows, n_neurons, dim, n_samples } = sizes;
        let n = n_rows * n_neurons;
        let lengths = |length| std::iter::repeat_n(length, kind.outputs());
        let lengths = lengths(n).chain(lengths(dim * n_neurons)).chain([n_rows * dim, dim]);
        let arguments = lengths.enumerate().map(|(i, n)| random(n, seed + 100 + i as u64));
        let mut arguments: Vec<Vec<f32>> = arguments.collect();
        for loading in arguments.iter_mut().skip(kind.outputs()).take(kind.outputs()) {
            for loading in loading {
                *loading *= 0.4;
            }
        }
        for scale in arguments.iter_mut().last().into_iter().flatten() {
            *scale = 0.3 + 0.4 * scale.abs();
        }
        let mut responses = random(n, seed + 1);
        if kind != Kind::Gaussian {
            for y in &mut responses {
                *y = y.max(0.0);
            }
        }
        let counted = random(n, seed + 2).iter().map(|&x| f32::from(u8::from(x > 0.0))).collect();
        Self {
            kind,
            sizes,
            arguments,
            noise: random(n_rows * n_samples * dim, seed + 3),
            responses,
            counted: is_masked.then_some(counted),
            shape: random(n_neurons, seed + 4).iter().map(|x| 0.2 + x.abs()).collect(),
            log_gamma: random(n_neurons, seed + 5),
        }
    }

    pub(super) fn neurons(&self) -> ZeroInflatedGamma<'_> {
        ZeroInflatedGamma { shape: &self.shape, log_gamma: &self.log_gamma, rho: RHO }
    }

    fn law(&self) -> Law<'_> {
        let convention = match self.kind {
            Kind::Poisson => return Law::Poisson { epsilon: EPSILON },
            Kind::Gaussian => return Law::Gaussian,
            Kind::Released => Convention::Released,
            Kind::PointMass => Convention::PointMass,
            Kind::Density => Convention::Density,
        };
        Law::ZeroInflatedGamma { neurons: self.neurons(), convention }
    }

    /// Hand the case to `task` as the kernel has it.
    pub(super) fn with<R>(&self, task: impl FnOnce(Population<'_>, Responses<'_>) -> R) -> R {
        let per_row = self.sizes.n_samples * self.sizes.dim;
        let noise = |row: usize, values: &mut [f32]| {
            values.copy_from_slice(&self.noise[row * per_row..][..per_row]);
        };
        let outputs = self.kind.outputs();
        let slices: Vec<&[f32]> = self.arguments.iter().map(Vec::as_slice).collect();
        let latents = Latents {
            mean: slices[2 * outputs],
            scale: slices[2 * outputs + 1],
            n_samples: self.sizes.n_samples,
            noise: &noise,
        };
        let population = Population {
            law: self.law(),
            n_neurons: self.sizes.n_neurons,
            heads: &slices[..outputs],
            loadings: &slices[outputs..2 * outputs],
            latents,
        };
        let counted = self.counted.as_deref();
        task(population, Responses { values: &self.responses, counted })
    }

    fn wide(&self) -> Vec<Vec<f64>> {
        self.arguments.iter().map(|a| a.iter().map(|&x| f64::from(x)).collect()).collect()
    }

    fn z(&self, arguments: &[Vec<f64>], row: usize, sample: usize, d: usize) -> [f64; 2] {
        let Sizes { dim, n_samples, .. } = self.sizes;
        let outputs = self.kind.outputs();
        let noise = f64::from(self.noise[(row * n_samples + sample) * dim + d]);
        let (mean, scale) = (&arguments[2 * outputs], &arguments[2 * outputs + 1]);
        [mean[row * dim + d] + scale[d] * noise, noise]
    }

    fn outputs(&self, arguments: &[Vec<f64>], row: usize, sample: usize, n: usize) -> [f64; 2] {
        let (outputs, n_neurons) = (self.kind.outputs(), self.sizes.n_neurons);
        let mut x = [0.0; 2];
        for (output, x) in x.iter_mut().enumerate().take(outputs) {
            *x = arguments[output][row * n_neurons + n];
            for d in 0..self.sizes.dim {
                let loading = arguments[outputs + output][d * n_neurons + n];
                *x += loading * self.z(arguments, row, sample, d)[0];
            }
        }
        x
    }

    /// Negative logarithm of the density; without what Poisson laws leave out.
    fn term(&self, kind: Kind, [first, second]: [f64; 2], y: f32, n: usize) -> f64 {
        let wide_y = f64::from(y);
        if kind == Kind::Poisson {
            let rate = elu_plus_one(first);
            return rate - wide_y * (rate + f64::from(EPSILON)).ln();
        }
        if kind == Kind::Gaussian {
            let deviation = elu_plus_one(second) + f64::from(1e-3f32);
            let half = 0.5 * (2.0 * std::f64::consts::PI).ln();
            return deviation.ln() + 0.5 * ((wide_y - first) / deviation).powi(2) + half;
        }
        let [q, rest, theta] = zero_inflated([first, second]);
        let (k, x) = (f64::from(self.shape[n]), f64::from(y - RHO));
        let normaliser = k * theta.ln() + f64::from(self.log_gamma[n]);
        match kind {
            _ if x > 0.0 => normaliser + x / theta - q.ln() - (k - 1.0) * x.ln(),
            Kind::Released => normaliser - rest.ln(),
            Kind::Density => f64::from(RHO).ln() - rest.ln(),
            _ => -rest.ln(),
        }
    }

    /// Sum over the neurons that count, per row and sample.
    fn log_likelihoods(&self, arguments: &[Vec<f64>]) -> Vec<f64> {
        let Sizes { n_rows, n_neurons, n_samples, .. } = self.sizes;
        let of = |i: usize| {
            let (row, sample) = (i / n_samples, i % n_samples);
            let counts = |n: &usize| {
                self.counted.as_ref().is_none_or(|counted| counted[row * n_neurons + n] == 1.0)
            };
            let term = |n: usize| {
                let x = self.outputs(arguments, row, sample, n);
                -self.term(self.kind, x, self.responses[row * n_neurons + n], n)
            };
            (0..n_neurons).filter(counts).map(term).sum()
        };
        (0..n_rows * n_samples).map(of).collect()
    }

    pub(super) fn objective(&self, arguments: &[Vec<f64>], objective: Objective) -> f64 {
        let Sizes { dim, n_samples, .. } = self.sizes;
        let found = self.log_likelihoods(arguments);
        let scale = &arguments[2 * self.kind.outputs() + 1];
        let of_row = |(row, weights): (usize, &[f64])| {
            if objective == Objective::Average {
                return -weights.iter().sum::<f64>() / n_samples as f64;
            }
            let complete = |(sample, weight): (usize, &f64)| {
                let prior = |d: usize| {
                    let [z, noise] = self.z(arguments, row, sample, d);
                    0.5 * (noise * noise - z * z) + scale[d].ln()
                };
                weight + (0..dim).map(prior).sum::<f64>()
            };
            let weights: Vec<f64> = weights.iter().enumerate().map(complete).collect();
            -log_mean_exp(&weights)
        };
        found.chunks(n_samples).enumerate().map(of_row).sum()
    }

    pub(super) fn log_weights(&self) -> Vec<f64> {
        self.log_likelihoods(&self.wide())
    }

    /// For each row and neuron something made of the outputs in all samples.
    fn each(&self, of: impl Fn(usize, Vec<[f64; 2]>) -> f64) -> Vec<f64> {
        let Sizes { n_rows, n_neurons, n_samples, .. } = self.sizes;
        let wide = self.wide();
        let samples = |i: usize| {
            let output = |s| self.outputs(&wide, i / n_neurons, s, i % n_neurons);
            (0..n_samples).map(output).collect()
        };
        (0..n_rows * n_neurons).map(|i| of(i, samples(i))).collect()
    }

    pub(super) fn means(&self) -> Vec<f64> {
        let mean = |n: usize, x: [f64; 2]| match self.kind {
            Kind::Poisson => elu_plus_one(x[0]),
            Kind::Gaussian => x[0],
            _ => {
                let ([q, rest, theta], rho) = (zero_inflated(x), f64::from(RHO));
                rest * rho / 2.0 + q * (f64::from(self.shape[n]) * theta + rho)
            }
        };
        self.each(|i, samples| {
            let n_samples = samples.len() as f64;
            samples.into_iter().map(|x| mean(i % self.sizes.n_neurons, x)).sum::<f64>() / n_samples
        })
    }

    pub(super) fn log_densities(&self, kind: Kind) -> Vec<f64> {
        self.each(|i, samples| {
            let (y, n) = (self.responses[i], i % self.sizes.n_neurons);
            let logarithms: Vec<f64> =
                samples.into_iter().map(|x| -self.term(kind, x, y, n)).collect();
            log_mean_exp(&logarithms)
        })
    }
}

/// `q`, `1 - q` and `theta`.
fn zero_inflated([a, h]: [f64; 2]) -> [f64; 3] {
    let (sigmoid, rest) = (1.0 / (1.0 + (-a).exp()), 1.0 / (1.0 + a.exp()));
    [0.99999 * sigmoid + 1e-6, 0.99999 * rest + 9e-6, elu_plus_one(h) + 1e-6]
}

fn log_mean_exp(x: &[f64]) -> f64 {
    let largest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = x.iter().map(|x| (x - largest).exp()).sum();
    largest + (sum / x.len() as f64).ln()
}
