//! Gaussian laws with a standard deviation of their own in every frame.

use super::{CONSTANTS, Constants, Observed, Terms, positive};
use crate::gaussian::LEAST;
use crate::simd::{Simd, sum_of_ln};

/// Mean `x_0`, standard deviation `ELU(x_1) + 1 + LEAST`.
pub(in crate::monte_carlo) struct Gaussian;

/// Rows of the constants.
const COUNTED: usize = 0;
const RESPONSE: usize = 1;

#[derive(Clone, Copy)]
pub(in crate::monte_carlo) struct State<S: Simd> {
    mean: S::Vector,
    deviation: S::Vector,
    /// Slope of the deviation.
    slope: S::Vector,
    inverse: S::Vector,
    /// The response's distance from the mean in standard deviations.
    distance: S::Vector,
}

impl Terms<2> for Gaussian {
    type State<S: Simd> = State<S>;

    #[inline(always)]
    fn constants(&self, _: usize, observed: &Observed, constants: &mut Constants) {
        constants.rows[COUNTED] = observed.counted;
        constants.rows[RESPONSE] = observed.responses;
        for (fixed, counted) in constants.fixed.iter_mut().zip(&observed.counted) {
            *fixed = counted * crate::gaussian::HALF_LN_2_PI;
        }
    }

    #[inline(always)]
    fn state<S: Simd>(
        &self,
        simd: S,
        constants: &[S::Vector; CONSTANTS],
        [mean, x]: [S::Vector; 2],
    ) -> State<S> {
        let [deviation, slope] = positive(simd, x, LEAST);
        let inverse = simd.div(simd.splat(1.0), deviation);
        let distance = simd.mul(simd.sub(constants[RESPONSE], mean), inverse);
        State { mean, deviation, slope, inverse, distance }
    }

    #[inline(always)]
    fn slopes<S: Simd>(
        &self,
        simd: S,
        constants: &[S::Vector; CONSTANTS],
        state: State<S>,
    ) -> [S::Vector; 2] {
        let inverse = simd.mul(constants[COUNTED], state.inverse);
        let of_mean = simd.mul(inverse, simd.sub(simd.splat(0.0), state.distance));
        let square = simd.mul(state.distance, state.distance);
        let of_deviation = simd.mul(inverse, simd.sub(simd.splat(1.0), square));
        [of_mean, simd.mul(of_deviation, state.slope)]
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
            squares = simd.mul_add(state.distance, state.distance, squares);
            *deviation = state.deviation;
        }
        let logarithms = sum_of_ln(simd, deviations);
        simd.mul(constants[COUNTED], simd.mul_add(simd.splat(0.5), squares, logarithms))
    }

    #[inline(always)]
    fn mean<S: Simd>(&self, _: S, _: &[S::Vector; CONSTANTS], state: State<S>) -> S::Vector {
        state.mean
    }
}
