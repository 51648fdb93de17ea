//! The maps of inputs, outputs and gradients along one line, a vector at a time.
//!
//! Points are in the order 0, 1, -1, 2, -2, 1/2, -1/2, infinity.

use std::marker::PhantomData;

use super::{PAIRS, POINTS};
use crate::simd::{Kernel, Simd};

/// Squares of the pairs: sum, sum of products of two, product.
const SQUARES: [f32; 3] = {
    let [a, b, c] = [PAIRS[0] * PAIRS[0], PAIRS[1] * PAIRS[1], PAIRS[2] * PAIRS[2]];
    [a + b + c, a * b + b * c + c * a, a * b * c]
};

/// A linear map of a line.
pub(crate) trait Line {
    /// Values that it reads.
    const READ: usize;
    /// Values that it writes.
    const WRITTEN: usize;

    /// Map the first `READ` vectors to the first `WRITTEN`.
    fn map<S: Simd>(simd: S, line: [S::Vector; POINTS]) -> [S::Vector; POINTS];
}

/// `B^T`: inputs to the points.
pub(crate) struct Inputs;

/// `A^T`: points to `STEP` outputs.
pub(crate) struct Outputs<const STEP: usize>;

/// `A`, the adjoint of [`Outputs`]: `STEP` gradients to the points.
pub(crate) struct Gradients<const STEP: usize>;

/// Where the vectors of a line lie: the first, and from one to the next.
#[derive(Clone, Copy)]
pub(crate) struct Place<P> {
    pub(crate) first: P,
    pub(crate) step: usize,
}

/// Map a line of vectors of which the first `count` lanes are in use, all where `FULL`.
///
/// # Safety
/// So many values can be read and written at each of the line's places.
#[inline(always)]
pub(crate) unsafe fn map_line<L: Line, S: Simd, const FULL: bool>(
    simd: S,
    from: Place<*const f32>,
    to: Place<*mut f32>,
    count: usize,
) {
    let mut line = [simd.splat(0.0); POINTS];
    for (index, vector) in line[..L::READ].iter_mut().enumerate() {
        // SAFETY: the caller's promise.
        *vector = unsafe {
            let from = from.first.add(index * from.step);
            if FULL { simd.load(from) } else { simd.load_first(from, count) }
        };
    }
    let line = L::map(simd, line);
    for (index, &vector) in line[..L::WRITTEN].iter().enumerate() {
        // SAFETY: the caller's promise.
        unsafe {
            let to = to.first.add(index * to.step);
            if FULL { simd.store(vector, to) } else { simd.store_first(vector, to, count) }
        }
    }
}

/// Map lines of which each value has a slice of its own.
pub(crate) struct Slices<'a, L> {
    from: [&'a [f32]; POINTS],
    to: [&'a mut [f32]; POINTS],
    line: PhantomData<L>,
}

impl<'a, L: Line> Slices<'a, L> {
    /// Map the first slices of `from` to the first of `to`, as many as the line reads and writes.
    pub(crate) fn new(from: [&'a [f32]; POINTS], to: [&'a mut [f32]; POINTS]) -> Self {
        Self { from, to, line: PhantomData }
    }
}

impl<L: Line> Kernel for Slices<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let length = self.to[0].len();
        let are_equal = self.from[..L::READ].iter().all(|from| from.len() == length)
            && self.to[..L::WRITTEN].iter().all(|to| to.len() == length);
        assert!(are_equal, "slices of a line differ in length");
        for at in (0..length).step_by(S::LANES) {
            let count = (length - at).min(S::LANES);
            let mut line = [simd.splat(0.0); POINTS];
            for (vector, from) in line[..L::READ].iter_mut().zip(&self.from) {
                // SAFETY: all slices have `count` values from `at` on.
                *vector = unsafe { simd.load_first(from.as_ptr().add(at), count) };
            }
            let line = L::map(simd, line);
            for (&vector, to) in line[..L::WRITTEN].iter().zip(&mut self.to) {
                // SAFETY: see above.
                unsafe { simd.store_first(vector, to.as_mut_ptr().add(at), count) };
            }
        }
    }
}

/// Call a function that is generic over a line's step with the one of this tiling.
macro_rules! with_step {
    ($step:expr, $line:ident => $call:expr) => {
        match $step {
            3 => {
                type Line = $line<3>;
                $call
            }
            4 => {
                type Line = $line<4>;
                $call
            }
            5 => {
                type Line = $line<5>;
                $call
            }
            6 => {
                type Line = $line<6>;
                $call
            }
            7 => {
                type Line = $line<7>;
                $call
            }
            step => unreachable!("tiles are 3 to 7 places apart, not {step}"),
        }
    };
}
pub(crate) use with_step;

impl Line for Inputs {
    const READ: usize = POINTS;
    const WRITTEN: usize = POINTS;

    /// At each point, the polynomial that is zero at all others.
    #[inline(always)]
    fn map<S: Simd>(simd: S, line: [S::Vector; POINTS]) -> [S::Vector; POINTS] {
        let [d0, d1, d2, d3, d4, d5, d6, d7] = line;
        let mut values = line;
        for (pair, &point) in PAIRS.iter().enumerate() {
            let square = point * point;
            let (sum, product) = (SQUARES[0] - square, SQUARES[2] / square);
            let even = three_terms(simd, d6, [-sum, product], [d4, d2]);
            let odd = three_terms(simd, d5, [-sum, product], [d3, d1]);
            values[2 * pair + 1] = simd.mul_add(simd.splat(point), odd, even);
            values[2 * pair + 2] = simd.mul_add(simd.splat(-point), odd, even);
        }
        values[0] = at_zero(simd, [d0, d2, d4, d6]);
        values[POINTS - 1] = at_zero(simd, [d1, d3, d5, d7]);
        values
    }
}

#[inline(always)]
fn three_terms<S: Simd>(
    simd: S,
    first: S::Vector,
    factors: [f32; 2],
    terms: [S::Vector; 2],
) -> S::Vector {
    let sum = simd.mul_add(simd.splat(factors[0]), terms[0], first);
    simd.mul_add(simd.splat(factors[1]), terms[1], sum)
}

/// The polynomial that is zero at all pairs.
#[inline(always)]
fn at_zero<S: Simd>(simd: S, [first, second, third, high]: [S::Vector; 4]) -> S::Vector {
    let sum = three_terms(simd, high, [-SQUARES[0], SQUARES[1]], [third, second]);
    simd.mul_add(simd.splat(-SQUARES[2]), first, sum)
}

impl<const STEP: usize> Line for Outputs<STEP> {
    const READ: usize = POINTS;
    const WRITTEN: usize = STEP;

    #[inline(always)]
    fn map<S: Simd>(simd: S, line: [S::Vector; POINTS]) -> [S::Vector; POINTS] {
        let [zero, a, minus_a, b, minus_b, c, minus_c, infinity] = line;
        let even = [simd.add(a, minus_a), simd.add(b, minus_b), simd.add(c, minus_c)];
        let odd = [simd.sub(a, minus_a), simd.sub(b, minus_b), simd.sub(c, minus_c)];
        let mut outputs = line;
        let mut powers = [1.0f32; 3];
        for (index, output) in outputs[..STEP].iter_mut().enumerate() {
            let terms = if index % 2 == 0 { even } else { odd };
            let mut sum = simd.mul(simd.splat(powers[0]), terms[0]);
            sum = simd.mul_add(simd.splat(powers[1]), terms[1], sum);
            *output = simd.mul_add(simd.splat(powers[2]), terms[2], sum);
            for (power, pair) in powers.iter_mut().zip(PAIRS) {
                *power *= pair;
            }
        }
        outputs[0] = simd.add(outputs[0], zero);
        outputs[STEP - 1] = simd.add(outputs[STEP - 1], infinity);
        outputs
    }
}

impl<const STEP: usize> Line for Gradients<STEP> {
    const READ: usize = STEP;
    const WRITTEN: usize = POINTS;

    #[inline(always)]
    fn map<S: Simd>(simd: S, line: [S::Vector; POINTS]) -> [S::Vector; POINTS] {
        let mut values = line;
        for (pair, &point) in PAIRS.iter().enumerate() {
            let (mut even, mut odd) = (line[0], simd.mul(simd.splat(point), line[1]));
            let mut power = point;
            for (index, &gradient) in line[..STEP].iter().enumerate().skip(2) {
                power *= point;
                let sum = if index % 2 == 0 { &mut even } else { &mut odd };
                *sum = simd.mul_add(simd.splat(power), gradient, *sum);
            }
            values[2 * pair + 1] = simd.add(even, odd);
            values[2 * pair + 2] = simd.sub(even, odd);
        }
        values[POINTS - 1] = line[STEP - 1];
        values
    }
}
