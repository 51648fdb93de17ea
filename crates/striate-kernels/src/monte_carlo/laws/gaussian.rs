//! Gaussian laws with a standard deviation of their own in every frame.

use super::{CONSTANTS, Constants, Observed, Terms};
use crate::gaussian::{HALF_LN_2_PI, Parts};
use crate::simd::{Simd, sum_of_ln};

/// Outputs from which the mean and the standard deviation.
pub(in crate::monte_carlo) struct Gaussian;

/// Rows of the constants. 1 where the response counts, else 0.
const COUNTED: usize = 0;
/// The response.
const RESPONSE: usize = 1;

#[derive(Clone, Copy)]
pub(in crate::monte_carlo) struct State<S: Simd> {
    mean: S::Vector,
    parts: Parts<S>,
}

impl Terms<2> for Gaussian {
    type State<S: Simd> = State<S>;

    #[inline(always)]
    fn constants(&self, _: usize, observed: &Observed, constants: &mut Constants) {
        constants.rows[COUNTED] = observed.counted;
        constants.rows[RESPONSE] = observed.responses;
        for (fixed, counted) in constants.fixed.iter_mut().zip(&observed.counted) {
            *fixed = counted * HALF_LN_2_PI;
        }
    }

    #[inline(always)]
    fn state<S: Simd>(
        &self,
        simd: S,
        constants: &[S::Vector; CONSTANTS],
        outputs: [S::Vector; 2],
    ) -> State<S> {
        State { mean: outputs[0], parts: Parts::of(simd, outputs, constants[RESPONSE]) }
    }

    #[inline(always)]
    fn slopes<S: Simd>(
        &self,
        simd: S,
        constants: &[S::Vector; CONSTANTS],
        state: State<S>,
    ) -> [S::Vector; 2] {
        let [of_mean, of_deviation] = state.parts.slopes(simd);
        [simd.mul(constants[COUNTED], of_mean), simd.mul(constants[COUNTED], of_deviation)]
    }

    #[inline(always)]
    fn loss<S: Simd, const G: usize>(
        &self,
        simd: S,
        constants: &[S::Vector; CONSTANTS],
        states: &[State<S>; G],
    ) -> S::Vector {
        let mut squares = simd.splat(0.0);
        let mut deviations = [squares; G];
        for (state, deviation) in states.iter().zip(&mut deviations) {
            squares = simd.mul_add(state.parts.distance, state.parts.distance, squares);
            *deviation = state.parts.deviation;
        }
        let logarithms = sum_of_ln(simd, deviations);
        simd.mul(constants[COUNTED], simd.mul_add(simd.splat(0.5), squares, logarithms))
    }

    #[inline(always)]
    fn mean<S: Simd>(&self, _: S, _: &[S::Vector; CONSTANTS], state: State<S>) -> S::Vector {
        state.mean
    }
}
