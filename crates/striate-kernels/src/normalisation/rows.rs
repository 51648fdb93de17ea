//! Loops over rows of channels: for each vector of channels, blocks of rows.
//!
//! `ELU` tells whether the activation is ELU or nothing.

use std::ops::Range;

use super::NormBackward;
use crate::simd::{Kernel, Simd, elu, exp_nonpositive};

/// Rows whose sums stay in `f32`; as many of some hundred channels fit near memory, where every
/// vector of channels finds them again.
const BLOCK: usize = 64;
/// At least the lanes of any level.
const MOST_LANES: usize = 16;

/// Blocks of rows of `n_channels` values in `length` values.
#[inline(always)]
fn blocks(length: usize, n_channels: usize) -> impl Iterator<Item = Range<usize>> {
    let n_rows = length / n_channels.max(1);
    (0..n_rows).step_by(BLOCK).map(move |first| first..n_rows.min(first + BLOCK))
}

/// Add the first `sums.len()` lanes.
#[inline(always)]
fn add_lanes<S: Simd>(simd: S, vector: S::Vector, sums: &mut [f64]) {
    let mut lanes = [0.0f32; MOST_LANES];
    assert!(S::LANES <= MOST_LANES);
    // SAFETY: there is room for all lanes.
    unsafe { simd.store(vector, lanes.as_mut_ptr()) };
    for (sum, lane) in sums.iter_mut().zip(lanes) {
        *sum += f64::from(lane);
    }
}

/// The first `count` lanes from the values of each channel.
#[inline(always)]
fn of_channels<S: Simd>(simd: S, values: &[f32], channel: usize, count: usize) -> S::Vector {
    let values = &values[channel..][..count];
    // SAFETY: `count` values were just found.
    unsafe { simd.load_first(values.as_ptr(), count) }
}

/// Sums and sums of squares of the differences from `centre` `[channel]`.
pub(super) struct Moments<'a> {
    pub(super) values: &'a [f32],
    pub(super) centre: &'a [f32],
}

impl Kernel for Moments<'_> {
    type Output = [Vec<f64>; 2];

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> [Vec<f64>; 2] {
        let n = self.centre.len();
        let mut totals = [vec![0.0; n], vec![0.0; n]];
        for rows in blocks(self.values.len(), n) {
            for channel in (0..n).step_by(S::LANES) {
                let count = (n - channel).min(S::LANES);
                let centre = of_channels(simd, self.centre, channel, count);
                let (mut sum, mut square) = (simd.splat(0.0), simd.splat(0.0));
                for row in rows.clone() {
                    // SAFETY: row and channels are in `values`.
                    let x = unsafe {
                        simd.load_first(self.values.as_ptr().add(row * n + channel), count)
                    };
                    let difference = simd.sub(x, centre);
                    sum = simd.add(sum, difference);
                    square = simd.mul_add(difference, difference, square);
                }
                add_lanes(simd, sum, &mut totals[0][channel..][..count]);
                add_lanes(simd, square, &mut totals[1][channel..][..count]);
            }
        }
        totals
    }
}

/// `out = activation(scale values + shift)`.
pub(super) struct Maps<'a, const ELU: bool> {
    pub(super) values: &'a [f32],
    pub(super) scale: &'a [f32],
    pub(super) shift: &'a [f32],
    pub(super) out: &'a mut [f32],
}

impl<const ELU: bool> Kernel for Maps<'_, ELU> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let n = self.scale.len();
        for rows in blocks(self.values.len().min(self.out.len()), n) {
            for channel in (0..n).step_by(S::LANES) {
                let count = (n - channel).min(S::LANES);
                let scale = of_channels(simd, self.scale, channel, count);
                let shift = of_channels(simd, self.shift, channel, count);
                for row in rows.clone() {
                    let at = row * n + channel;
                    // SAFETY: row and channels are in both slices.
                    unsafe {
                        let x = simd.load_first(self.values.as_ptr().add(at), count);
                        let mut y = simd.mul_add(x, scale, shift);
                        if ELU {
                            y = elu(simd, y);
                        }
                        simd.store_first(y, self.out.as_mut_ptr().add(at), count);
                    }
                }
            }
        }
    }
}

/// The gradient of the result times the slope of the activation.
#[inline(always)]
fn through_activation<S: Simd, const ELU: bool>(
    simd: S,
    [x, scale, shift]: [S::Vector; 3],
    gradient: S::Vector,
) -> S::Vector {
    if ELU {
        simd.mul(gradient, exp_nonpositive(simd, simd.mul_add(x, scale, shift)))
    } else {
        gradient
    }
}

/// Values, the gradients of their results, and the map between them.
pub(super) struct Slopes<'a> {
    pub(super) values: &'a [f32],
    pub(super) gradient: &'a [f32],
    pub(super) scale: &'a [f32],
    pub(super) shift: &'a [f32],
}

/// Sums of the gradient before the activation, and of its products with `(x - mean) inverse`.
pub(super) struct Gradients<'a, const ELU: bool> {
    pub(super) slopes: Slopes<'a>,
    pub(super) mean: &'a [f32],
    pub(super) inverse: &'a [f32],
}

impl<const ELU: bool> Kernel for Gradients<'_, ELU> {
    type Output = [Vec<f64>; 2];

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> [Vec<f64>; 2] {
        let Slopes { values, gradient, scale, shift } = self.slopes;
        let n = scale.len();
        let mut totals = [vec![0.0; n], vec![0.0; n]];
        for rows in blocks(values.len().min(gradient.len()), n) {
            for channel in (0..n).step_by(S::LANES) {
                let count = (n - channel).min(S::LANES);
                let of = |values| of_channels(simd, values, channel, count);
                let (scale, shift) = (of(scale), of(shift));
                let (mean, inverse) = (of(self.mean), of(self.inverse));
                let (mut sum, mut product) = (simd.splat(0.0), simd.splat(0.0));
                for row in rows.clone() {
                    let at = row * n + channel;
                    // SAFETY: row and channels are in both slices.
                    let (x, g) = unsafe {
                        (
                            simd.load_first(values.as_ptr().add(at), count),
                            simd.load_first(gradient.as_ptr().add(at), count),
                        )
                    };
                    let g = through_activation::<S, ELU>(simd, [x, scale, shift], g);
                    sum = simd.add(sum, g);
                    product = simd.mul_add(g, simd.sub(x, mean), product);
                }
                add_lanes(simd, sum, &mut totals[0][channel..][..count]);
                let product = simd.mul(product, inverse);
                add_lanes(simd, product, &mut totals[1][channel..][..count]);
            }
        }
        totals
    }
}

/// `gradient = scale gradient f' + slope (x - mean) + offset`.
pub(super) struct InputGradients<'a> {
    pub(super) forward: &'a NormBackward<'a>,
    pub(super) values: &'a [f32],
    pub(super) gradient: &'a mut [f32],
    pub(super) mean: &'a [f32],
    pub(super) slope: &'a [f32],
    pub(super) offset: &'a [f32],
}

pub(super) struct WithActivation<'a, const ELU: bool>(pub(super) InputGradients<'a>);

impl<const ELU: bool> Kernel for WithActivation<'_, ELU> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let InputGradients { forward, values, gradient, mean, slope, offset } = self.0;
        let n = forward.scale.len();
        for rows in blocks(values.len().min(gradient.len()), n) {
            for channel in (0..n).step_by(S::LANES) {
                let count = (n - channel).min(S::LANES);
                let of = |values| of_channels(simd, values, channel, count);
                let (scale, shift) = (of(forward.scale), of(forward.shift));
                let (mean, slope, offset) = (of(mean), of(slope), of(offset));
                for row in rows.clone() {
                    let at = row * n + channel;
                    // SAFETY: row and channels are in both slices.
                    unsafe {
                        let x = simd.load_first(values.as_ptr().add(at), count);
                        let to = gradient.as_mut_ptr().add(at);
                        let g = simd.load_first(to, count);
                        let g = through_activation::<S, ELU>(simd, [x, scale, shift], g);
                        let centred = simd.mul_add(simd.sub(x, mean), slope, offset);
                        simd.store_first(simd.mul_add(g, scale, centred), to, count);
                    }
                }
            }
        }
    }
}
