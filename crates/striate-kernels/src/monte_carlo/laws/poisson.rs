//! Poisson laws.

use super::{CONSTANTS, Constants, Observed, Terms};
use crate::pointwise::rate;
use crate::simd::{Simd, sum_of_ln};

/// Rate `ELU(x) + 1`.
pub(in crate::monte_carlo) struct Poisson {
    pub(in crate::monte_carlo) epsilon: f32,
}

/// Rows of the constants.
const COUNTED: usize = 0;
/// The response where it counts.
const RESPONSE: usize = 1;

#[derive(Clone, Copy)]
pub(in crate::monte_carlo) struct State<S: Simd> {
    rate: S::Vector,
    /// The rate plus epsilon.
    shifted: S::Vector,
    slope: S::Vector,
}

impl Terms<1> for Poisson {
    type State<S: Simd> = State<S>;

    #[inline(always)]
    fn constants(&self, _: usize, observed: &Observed, constants: &mut Constants) {
        constants.rows[COUNTED] = observed.counted;
        for (to, (y, counted)) in constants.rows[RESPONSE]
            .iter_mut()
            .zip(observed.responses.iter().zip(&observed.counted))
        {
            *to = y * counted;
        }
    }

    #[inline(always)]
    fn state<S: Simd>(&self, simd: S, _: &[S::Vector; CONSTANTS], [x]: [S::Vector; 1]) -> State<S> {
        let (rate, slope) = rate(simd, x);
        State { rate, shifted: simd.add(rate, simd.splat(self.epsilon)), slope }
    }

    #[inline(always)]
    fn slopes<S: Simd>(
        &self,
        simd: S,
        constants: &[S::Vector; CONSTANTS],
        state: State<S>,
    ) -> [S::Vector; 1] {
        // The slope first: the quotient alone may be too large where the rate is tiny.
        let relative = simd.div(state.slope, state.shifted);
        let of_logarithm = simd.mul(constants[RESPONSE], relative);
        [simd.sub(simd.mul(constants[COUNTED], state.slope), of_logarithm)]
    }

    #[inline(always)]
    fn loss<S: Simd, const G: usize>(
        &self,
        simd: S,
        constants: &[S::Vector; CONSTANTS],
        states: &[State<S>; G],
    ) -> S::Vector {
        let mut rates = simd.splat(0.0);
        let mut shifted = [rates; G];
        for (state, shifted) in states.iter().zip(&mut shifted) {
            rates = simd.add(rates, state.rate);
            *shifted = state.shifted;
        }
        let logarithms = simd.mul(constants[RESPONSE], sum_of_ln(simd, shifted));
        simd.sub(simd.mul(constants[COUNTED], rates), logarithms)
    }

    #[inline(always)]
    fn mean<S: Simd>(&self, _: S, _: &[S::Vector; CONSTANTS], state: State<S>) -> S::Vector {
        state.rate
    }
}
