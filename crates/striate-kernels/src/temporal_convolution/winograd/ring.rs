//! What a task keeps of its inputs.

use crate::pairs::Pairing;

/// How the values of some pixels at a point lie in memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    /// Numbers, or pairs of them.
    pub(super) length: usize,
    /// Of numbers in pairs: which, and how many pairs make a row.
    pub(super) pairs: Option<(Pairing, usize)>,
}

impl Form {
    /// Pixels `[pixel, channel]`, the halves of each as pairs where `in_pairs`.
    pub(super) fn channels(n_pixels: usize, n: usize, in_pairs: bool) -> Self {
        let half = n.div_ceil(2);
        let pairs = in_pairs.then_some((Pairing::halves(n), half));
        Self { length: n_pixels * if in_pairs { half } else { n }, pairs }
    }

    /// Pixels `[pixel, channel]`, neighbours as pairs where `in_pairs`, then of `wide` channels.
    pub(super) fn pixels(n_pixels: usize, [n, wide]: [usize; 2], in_pairs: bool) -> Self {
        let pairs = in_pairs.then_some((Pairing::neighbours(n), wide));
        Self { length: wide * if in_pairs { n_pixels.div_ceil(2) } else { n_pixels }, pairs }
    }
}

/// The last tiles of inputs at the points, `[slot, point, pixel, in]` or pairs of that.
pub(super) struct Ring<'a> {
    pub(super) values: &'a mut [f32],
    pub(super) n_slots: usize,
    /// Values of a tile.
    pub(super) tile: usize,
    /// Of a point of a tile.
    pub(super) form: Form,
    /// The tile that the first part of the kernel reads.
    pub(super) first: usize,
}

impl Ring<'_> {
    /// Where the tile lies that a part of the kernel reads.
    pub(super) fn slot(&self, part: usize) -> usize {
        (self.first + part) % self.n_slots
    }
}
