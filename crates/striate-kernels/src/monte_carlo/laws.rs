//! What a law makes of its outputs, in vectors.

mod gaussian;
mod poisson;
mod zero_inflated;

pub(super) use gaussian::Gaussian;
pub(super) use poisson::Poisson;
pub(super) use zero_inflated::ZeroInflated;

use super::panels::BLOCK;
use crate::simd::Simd;

/// Numbers per neuron that a law keeps for all samples of a row.
pub(super) const CONSTANTS: usize = 6;

/// A block of neurons in one row: what does not depend on the sample.
pub(super) struct Constants {
    /// Meaning is up to the law.
    pub(super) rows: [[f32; BLOCK]; CONSTANTS],
    /// Part of the loss that is the same in all samples.
    pub(super) fixed: [f32; BLOCK],
}

impl Constants {
    pub(super) fn new() -> Self {
        Self { rows: [[0.0; BLOCK]; CONSTANTS], fixed: [0.0; BLOCK] }
    }
}

/// Responses of a block of neurons, and 1 where they count, else 0. What pads a block does not count.
pub(super) struct Observed {
    pub(super) responses: [f32; BLOCK],
    pub(super) counted: [f32; BLOCK],
}

/// A law with `O` outputs.
///
/// NaN in outputs, or in responses that count, makes loss and slopes NaN.
pub(super) trait Terms<const O: usize>: Sync {
    /// What loss and slopes have in common.
    type State<S: Simd>: Copy;

    /// A response of any neuron for which [`Self::mean`] can be found.
    const ANY_RESPONSE: f32 = 1.0;

    /// The constants of a block whose first neuron is `first`.
    fn constants(&self, first: usize, observed: &Observed, constants: &mut Constants);

    /// From the outputs.
    fn state<S: Simd>(
        &self,
        simd: S,
        constants: &[S::Vector; CONSTANTS],
        outputs: [S::Vector; O],
    ) -> Self::State<S>;

    /// Derivatives of the loss with respect to the outputs.
    fn slopes<S: Simd>(
        &self,
        simd: S,
        constants: &[S::Vector; CONSTANTS],
        state: Self::State<S>,
    ) -> [S::Vector; O];

    /// The loss without its fixed part, summed over samples, at most 4.
    fn loss<S: Simd, const G: usize>(
        &self,
        simd: S,
        constants: &[S::Vector; CONSTANTS],
        states: &[Self::State<S>; G],
    ) -> S::Vector;

    /// The mean response.
    fn mean<S: Simd>(
        &self,
        simd: S,
        constants: &[S::Vector; CONSTANTS],
        state: Self::State<S>,
    ) -> S::Vector;
}
