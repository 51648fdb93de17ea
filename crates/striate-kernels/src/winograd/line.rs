//! The maps of inputs, outputs and gradients along one line, a vector of channels at a time.
//!
//! Points are in the order 0, 1, -1, 2, -2, 1/2, -1/2, infinity.

use super::{PAIRS, POINTS};
use crate::simd::Simd;

/// Squares of the pairs: sum, sum of products of two, product.
const SQUARES: [f32; 3] = {
    let [a, b, c] = [PAIRS[0] * PAIRS[0], PAIRS[1] * PAIRS[1], PAIRS[2] * PAIRS[2]];
    [a + b + c, a * b + b * c + c * a, a * b * c]
};

/// `B^T`: coefficients of the polynomial that is zero at all other points.
#[inline(always)]
pub(crate) fn inputs_to_points<S: Simd>(
    simd: S,
    inputs: [S::Vector; POINTS],
) -> [S::Vector; POINTS] {
    let [d0, d1, d2, d3, d4, d5, d6, d7] = inputs;
    let mut values = inputs;
    for (pair, &point) in PAIRS.iter().enumerate() {
        let square = point * point;
        let (sum, product) = (SQUARES[0] - square, SQUARES[2] / square);
        let even = three_terms(simd, d6, [-sum, product], [d4, d2]);
        let odd = three_terms(simd, d5, [-sum, product], [d3, d1]);
        values[2 * pair + 1] = simd.mul_add(simd.splat(point), odd, even);
        values[2 * pair + 2] = simd.mul_add(simd.splat(-point), odd, even);
    }
    let [sum, pairs, product] = SQUARES.map(|x| simd.splat(x));
    let alternating = |high, [third, second, first]: [S::Vector; 3]| {
        let rest = simd.sub(simd.mul(pairs, second), simd.mul(product, first));
        simd.sub(simd.add(high, rest), simd.mul(sum, third))
    };
    values[0] = alternating(d6, [d4, d2, d0]);
    values[POINTS - 1] = alternating(d7, [d5, d3, d1]);
    values
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

/// `A^T`: the first `n` outputs of `step`, from the values at the points.
#[inline(always)]
pub(crate) fn points_to_outputs<S: Simd>(
    simd: S,
    values: [S::Vector; POINTS],
    step: usize,
) -> [S::Vector; POINTS] {
    let mut even = [values[0]; 3];
    let mut odd = even;
    for pair in 0..3 {
        even[pair] = simd.add(values[2 * pair + 1], values[2 * pair + 2]);
        odd[pair] = simd.sub(values[2 * pair + 1], values[2 * pair + 2]);
    }
    let mut outputs = [simd.splat(0.0); POINTS];
    let mut powers = [1.0f32; 3];
    for (index, output) in outputs[..step].iter_mut().enumerate() {
        let terms = if index % 2 == 0 { even } else { odd };
        let mut sum = simd.mul(simd.splat(powers[0]), terms[0]);
        sum = simd.mul_add(simd.splat(powers[1]), terms[1], sum);
        *output = simd.mul_add(simd.splat(powers[2]), terms[2], sum);
        for (power, pair) in powers.iter_mut().zip(PAIRS) {
            *power *= pair;
        }
    }
    outputs[0] = simd.add(outputs[0], values[0]);
    outputs[step - 1] = simd.add(outputs[step - 1], values[POINTS - 1]);
    outputs
}

/// `A`, the adjoint of [`points_to_outputs`]: what `step` gradients of outputs add at the points.
#[inline(always)]
pub(crate) fn gradient_to_points<S: Simd>(
    simd: S,
    gradient: [S::Vector; POINTS],
    step: usize,
) -> [S::Vector; POINTS] {
    let mut values = [gradient[0]; POINTS];
    for (pair, &point) in PAIRS.iter().enumerate() {
        let zero = simd.splat(0.0);
        let (mut sums, mut power) = ([zero; 2], 1.0f32);
        for (index, &gradient) in gradient[..step].iter().enumerate() {
            let sum = &mut sums[index % 2];
            *sum = simd.mul_add(simd.splat(power), gradient, *sum);
            power *= point;
        }
        values[2 * pair + 1] = simd.add(sums[0], sums[1]);
        values[2 * pair + 2] = simd.sub(sums[0], sums[1]);
    }
    values[POINTS - 1] = gradient[step - 1];
    values
}
