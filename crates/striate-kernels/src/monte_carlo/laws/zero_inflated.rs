//! Zero-inflated gamma laws.

use super::{CONSTANTS, Constants, Observed, Terms};
use crate::ln::ln as ln_of_one;
use crate::pointwise::rate;
use crate::simd::{Simd, exp_nonpositive, ln, sum_of_ln};
use crate::zero_inflated_gamma::{
    Convention, LEAST, LEAST_SILENT, SLOPE, Silent, ZeroInflatedGamma,
};

/// Outputs `a` and `h`.
///
/// Whether a frame is active is known before the samples are, and so is which of `q` and `1 - q` is the
/// probability of what happened: `SLOPE sigmoid(a)` or `SLOPE sigmoid(-a)`, and a small number.
pub(in crate::monte_carlo) struct ZeroInflated<'a> {
    neurons: ZeroInflatedGamma<'a>,
    silent: Silent,
}

/// Rows of the constants. 1 in active frames, -1 in silent ones.
const SIGN: usize = 0;
/// What is added to the sigmoid.
const SMALLEST: usize = 1;
/// 1 where the response counts, else 0; the rows below are multiplied by it.
const COUNTED: usize = 2;
/// Factor of the slope of the sigmoid.
const TOWARDS: usize = 3;
/// `k`, or 0 without the gamma distribution's normaliser.
const SHAPE: usize = 4;
/// `x = y - rho` in active frames, else 0.
const EXCESS: usize = 5;

#[derive(Clone, Copy)]
pub(in crate::monte_carlo) struct State<S: Simd> {
    /// Of what happened.
    probability: S::Vector,
    /// `sigmoid(-|a|) / (probability (1 + exp(-|a|)))`: its derivative, divided by it, up to a factor.
    relative: S::Vector,
    theta: S::Vector,
    inverse_theta: S::Vector,
    slope: S::Vector,
}

impl<'a> ZeroInflated<'a> {
    pub(in crate::monte_carlo) fn new(
        neurons: ZeroInflatedGamma<'a>,
        convention: Convention,
    ) -> Self {
        Self { neurons, silent: Silent::of(convention, neurons.rho) }
    }
}

impl Terms<2> for ZeroInflated<'_> {
    type State<S: Simd> = State<S>;

    // An active frame: the probability is then `q`, for `rho` is at most 1 and mostly far below.
    const ANY_RESPONSE: f32 = 2.0;

    #[inline(always)]
    fn constants(&self, first: usize, observed: &Observed, constants: &mut Constants) {
        let Constants { rows, fixed } = constants;
        let n = self.neurons.shape.len() - first;
        for i in 0..observed.responses.len() {
            let x = observed.responses[i] - self.neurons.rho;
            let counted = observed.counted[i];
            let (k, log_gamma) = if i < n {
                (self.neurons.shape[first + i], self.neurons.log_gamma[first + i])
            } else {
                (1.0, 0.0)
            };
            let is_active = x > 0.0;
            // The comparison forgets NaN.
            let nan = 0.0 * x;
            rows[SIGN][i] = if is_active { 1.0 } else { -1.0 };
            rows[SMALLEST][i] = if is_active { LEAST } else { LEAST_SILENT };
            rows[COUNTED][i] = counted;
            rows[TOWARDS][i] = nan - SLOPE * counted * rows[SIGN][i];
            let normaliser = if is_active { 1.0 } else { self.silent.normaliser };
            rows[SHAPE][i] = counted * (normaliser * k);
            rows[EXCESS][i] = nan + if is_active { counted * x } else { 0.0 };
            let logarithm = if is_active { (k - 1.0) * ln_of_one(x) } else { self.silent.offset };
            fixed[i] = nan + counted * (normaliser * log_gamma - logarithm);
        }
    }

    #[inline(always)]
    fn state<S: Simd>(
        &self,
        simd: S,
        constants: &[S::Vector; CONSTANTS],
        [a, h]: [S::Vector; 2],
    ) -> State<S> {
        let one = simd.splat(1.0);
        let a = simd.mul(a, constants[SIGN]);
        let decay = exp_nonpositive(simd, simd.min(a, simd.sub(simd.splat(0.0), a)));
        let (theta, slope) = rate(simd, h);
        let theta = simd.add(theta, simd.splat(LEAST));
        // Sigmoid = larger / both. The probability and 1 / theta share one division.
        let (larger, both) = (simd.where_positive(a, one, decay), simd.add(one, decay));
        let scaled = simd.mul_add(simd.splat(SLOPE), larger, simd.mul(constants[SMALLEST], both));
        let product = simd.mul(scaled, both);
        let inverse = simd.div(one, simd.mul(product, theta));
        let inverse_product = simd.mul(inverse, theta);
        State {
            probability: simd.mul(simd.mul(scaled, scaled), inverse_product),
            relative: simd.mul(decay, inverse_product),
            theta,
            inverse_theta: simd.mul(inverse, product),
            slope,
        }
    }

    #[inline(always)]
    fn slopes<S: Simd>(
        &self,
        simd: S,
        constants: &[S::Vector; CONSTANTS],
        state: State<S>,
    ) -> [S::Vector; 2] {
        let relative = simd.mul(constants[EXCESS], state.inverse_theta);
        let of_theta = simd.mul(simd.sub(constants[SHAPE], relative), state.inverse_theta);
        [simd.mul(constants[TOWARDS], state.relative), simd.mul(of_theta, state.slope)]
    }

    #[inline(always)]
    fn loss<S: Simd, const G: usize>(
        &self,
        simd: S,
        constants: &[S::Vector; CONSTANTS],
        states: &[State<S>; G],
    ) -> S::Vector {
        // Of at most 4 probabilities of at least 1e-6 each: no underflow.
        let (mut probability, mut inverses) = (simd.splat(1.0), simd.splat(0.0));
        let mut thetas = [probability; G];
        for (state, theta) in states.iter().zip(&mut thetas) {
            probability = simd.mul(probability, state.probability);
            inverses = simd.add(inverses, state.inverse_theta);
            *theta = state.theta;
        }
        let of_thetas = simd.mul(constants[SHAPE], sum_of_ln(simd, thetas));
        let of_gamma = simd.mul_add(constants[EXCESS], inverses, of_thetas);
        simd.sub(of_gamma, simd.mul(constants[COUNTED], ln(simd, probability)))
    }

    #[inline(always)]
    fn mean<S: Simd>(
        &self,
        simd: S,
        constants: &[S::Vector; CONSTANTS],
        state: State<S>,
    ) -> S::Vector {
        let rho = self.neurons.rho;
        let silent = simd.sub(simd.splat(1.0), state.probability);
        let active = simd.mul_add(constants[SHAPE], state.theta, simd.splat(rho));
        simd.mul_add(state.probability, active, simd.mul(silent, simd.splat(0.5 * rho)))
    }
}
