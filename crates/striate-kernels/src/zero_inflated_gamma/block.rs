//! Loops over the neurons of some frames.
//!
//! Exponentials of a block of neurons come first, by vector instructions; the rest are plain loops
//! without branches, which the compiler vectorises.

use super::{Convention, HeadGradients, Heads, LEAST, SLOPE, ZeroInflatedGamma};
use crate::ln::ln;
use crate::simd::{Kernel, Simd, exp_nonpositive};

/// Neurons at a time.
const BLOCK: usize = 256;

/// `1 - q` where the sigmoid is 1.
pub(crate) const LEAST_SILENT: f32 = 9e-6;

/// Probabilities and scales of a block.
struct Block {
    /// `exp(-|a|)`
    decay: [f32; BLOCK],
    /// Slope of `theta` along `h`.
    slope: [f32; BLOCK],
}

impl Block {
    #[inline(always)]
    fn new() -> Self {
        Self { decay: [0.0; BLOCK], slope: [0.0; BLOCK] }
    }

    /// The exponentials of at most [`BLOCK`] neurons.
    #[inline(always)]
    fn find<S: Simd>(&mut self, simd: S, heads: Heads<'_>) {
        let length = heads.q.len().min(heads.theta.len()).min(BLOCK);
        for start in (0..length).step_by(S::LANES) {
            let count = (length - start).min(S::LANES);
            // SAFETY: both heads and both arrays have `count` values from `start` on.
            unsafe {
                let a = simd.load_first(heads.q.as_ptr().add(start), count);
                let negative = simd.sub(simd.splat(0.0), a);
                let decay = exp_nonpositive(simd, simd.min(a, negative));
                simd.store_first(decay, self.decay.as_mut_ptr().add(start), count);
                let h = simd.load_first(heads.theta.as_ptr().add(start), count);
                let slope = exp_nonpositive(simd, h);
                simd.store_first(slope, self.slope.as_mut_ptr().add(start), count);
            }
        }
    }
}

/// `q`, `1 - q` and the derivative of `q`, from `a` and `exp(-|a|)`.
#[inline(always)]
fn active(a: f32, decay: f32) -> [f32; 3] {
    let larger = 1.0 / (1.0 + decay);
    let smaller = decay * larger;
    let (sigmoid, rest) = if a > 0.0 { (larger, smaller) } else { (smaller, larger) };
    // `1 - q` from the sigmoid of `-a`: a difference from 1 would round.
    [SLOPE * sigmoid + LEAST, SLOPE * rest + LEAST_SILENT, SLOPE * smaller * larger]
}

/// `theta` from `h` and its slope.
#[inline(always)]
fn scale(h: f32, slope: f32) -> f32 {
    (if h > 0.0 { h + 1.0 } else { slope }) + LEAST
}

pub(super) struct Loss<'a> {
    pub(super) law: ZeroInflatedGamma<'a>,
    pub(super) convention: Convention,
    pub(super) heads: Heads<'a>,
    pub(super) responses: &'a [f32],
    pub(super) gradients: HeadGradients<'a>,
}

/// One frame and some neurons of a loss.
struct LossBlock<'a> {
    shape: &'a [f32],
    log_gamma: &'a [f32],
    rho: f32,
    silent: Silent,
    heads: Heads<'a>,
    responses: &'a [f32],
}

/// A silent frame's share of the gamma distribution's normaliser, and what is added to its
/// `log(1 - q)`.
#[derive(Clone, Copy)]
pub(crate) struct Silent {
    pub(crate) normaliser: f32,
    pub(crate) offset: f32,
}

impl Silent {
    pub(crate) fn of(convention: Convention, rho: f32) -> Self {
        match convention {
            Convention::Released => Self { normaliser: 1.0, offset: 0.0 },
            Convention::PointMass => Self { normaliser: 0.0, offset: 0.0 },
            Convention::Density => Self { normaliser: 0.0, offset: -rho.ln() },
        }
    }
}

impl Kernel for Loss<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        let n_neurons = self.law.shape.len().max(1);
        let silent = Silent::of(self.convention, self.law.rho);
        let mut sums = [0.0f64; 8];
        let mut block = Block::new();
        let HeadGradients { q, theta } = self.gradients;
        let found = q.chunks_exact_mut(n_neurons).zip(theta.chunks_exact_mut(n_neurons));
        for (frame, (of_q, of_theta)) in found.enumerate() {
            for first in (0..n_neurons).step_by(BLOCK) {
                let last = (first + BLOCK).min(n_neurons);
                let here = frame * n_neurons + first..frame * n_neurons + last;
                let part = LossBlock {
                    shape: &self.law.shape[first..last],
                    log_gamma: &self.law.log_gamma[first..last],
                    rho: self.law.rho,
                    silent,
                    heads: Heads {
                        q: &self.heads.q[here.clone()],
                        theta: &self.heads.theta[here.clone()],
                    },
                    responses: &self.responses[here],
                };
                block.find(simd, part.heads);
                let mut terms = [0.0f32; BLOCK];
                part.run(&block, &mut terms, &mut of_q[first..last], &mut of_theta[first..last]);
                for terms in terms.as_chunks::<8>().0 {
                    for (sum, &term) in sums.iter_mut().zip(terms) {
                        *sum += f64::from(term);
                    }
                }
            }
        }
        sums.into_iter().sum()
    }
}

impl LossBlock<'_> {
    #[inline(always)]
    fn run(&self, block: &Block, terms: &mut [f32], of_q: &mut [f32], of_theta: &mut [f32]) {
        let n = self.responses.len().min(BLOCK);
        let (shape, log_gamma) = (&self.shape[..n], &self.log_gamma[..n]);
        let (heads_q, heads_theta) = (&self.heads.q[..n], &self.heads.theta[..n]);
        let (responses, terms) = (&self.responses[..n], &mut terms[..n]);
        let (of_q, of_theta) = (&mut of_q[..n], &mut of_theta[..n]);
        for i in 0..n {
            let (a, h, k, x) = (heads_q[i], heads_theta[i], shape[i], responses[i] - self.rho);
            let [q, rest, slope_of_q] = active(a, block.decay[i]);
            let theta = scale(h, block.slope[i]);
            let is_active = x > 0.0;
            let probability = if is_active { q } else { rest };
            let sign = if is_active { -1.0 } else { 1.0 };
            let normaliser = if is_active { 1.0 } else { self.silent.normaliser };
            let relative = if is_active { x / theta } else { 0.0 };
            let rest_of_it =
                if is_active { (k - 1.0) * ln(x) - relative } else { self.silent.offset };
            let log_p = ln(probability) + rest_of_it - normaliser * (k * ln(theta) + log_gamma[i]);
            // The logarithm and the comparisons above forget NaN.
            let nan = 0.0 * a + 0.0 * h + 0.0 * x;
            terms[i] = nan - log_p;
            of_q[i] = nan + sign * slope_of_q / probability;
            of_theta[i] = nan + block.slope[i] * (normaliser * k - relative) / theta;
        }
    }
}

pub(super) struct Mean<'a> {
    pub(super) law: ZeroInflatedGamma<'a>,
    pub(super) heads: Heads<'a>,
    pub(super) mean: &'a mut [f32],
}

impl Kernel for Mean<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let n_neurons = self.law.shape.len().max(1);
        let rho = self.law.rho;
        let mut block = Block::new();
        for (frame, mean) in self.mean.chunks_exact_mut(n_neurons).enumerate() {
            let here = frame * n_neurons..(frame + 1) * n_neurons;
            let (q, theta) = (&self.heads.q[here.clone()], &self.heads.theta[here]);
            let blocks = q.chunks(BLOCK).zip(theta.chunks(BLOCK));
            let blocks = blocks.zip(self.law.shape.chunks(BLOCK)).zip(mean.chunks_mut(BLOCK));
            for (((q, theta), shape), mean) in blocks {
                block.find(simd, Heads { q, theta });
                let exponentials = block.decay.iter().zip(&block.slope);
                let arguments = q.iter().zip(theta).zip(shape).zip(exponentials);
                for ((((&a, &h), &k), (&decay, &slope)), mean) in arguments.zip(mean) {
                    let [q, rest, _] = active(a, decay);
                    *mean = rest * (0.5 * rho) + q * (k * scale(h, slope) + rho);
                }
            }
        }
    }
}

pub(super) struct MeanGradient<'a> {
    pub(super) law: ZeroInflatedGamma<'a>,
    pub(super) heads: Heads<'a>,
    pub(super) gradient: &'a [f32],
    pub(super) gradients: HeadGradients<'a>,
}

impl Kernel for MeanGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let n_neurons = self.law.shape.len().max(1);
        let mut block = Block::new();
        for start in (0..self.gradient.len()).step_by(BLOCK) {
            let here = start..(start + BLOCK).min(self.gradient.len());
            let heads =
                Heads { q: &self.heads.q[here.clone()], theta: &self.heads.theta[here.clone()] };
            block.find(simd, heads);
            for (i, at) in here.enumerate() {
                let k = self.law.shape[at % n_neurons];
                let [q, _, slope_of_q] = active(heads.q[i], block.decay[i]);
                let theta = scale(heads.theta[i], block.slope[i]);
                let gradient = self.gradient[at];
                // Of `(1 - q) rho / 2 + q (k theta + rho)`.
                self.gradients.q[at] = gradient * slope_of_q * (k * theta + 0.5 * self.law.rho);
                self.gradients.theta[at] = gradient * q * k * block.slope[i];
            }
        }
    }
}
