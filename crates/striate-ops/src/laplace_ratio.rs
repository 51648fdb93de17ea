//! Roughness of kernels: the energy of a kernel's Laplacian over the energy of the kernel.
//!
//! The penalty of the Sensorium baselines' cores (Willeke et al. 2022, arXiv 2206.08666; Turishcheva
//! et al. 2023, arXiv 2305.19654), a normalised form of the Laplace penalty of Klindt et al. 2017,
//! "Neural system identification for large populations separating 'what' and 'where'", eq. 5.

use crate::error::OpError;
use crate::tape::{Tape, Var};

/// Ratio for spatial kernels `[row, column, in, out]`: the Laplacian is the stencil `[0 -1 0; -1 4
/// -1; 0 -1 0]` with zeros outside the kernel. A scalar of shape `[]`.
///
/// ```
/// use striate_ops::{Pool, Tape, laplace_ratio_spatial};
///
/// let mut tape = Tape::forward_only(&Pool::new());
/// let mut kernel = vec![0.0; 121];
/// kernel[60] = 1.0;
/// let centre = tape.constant(vec![11, 11, 1, 1], &kernel)?;
/// assert_eq!(laplace_ratio_spatial(&mut tape, &centre)?.scalar(), 20.0);
/// # Ok::<(), striate_ops::OpError>(())
/// ```
///
/// # Errors
/// [`OpError::Shape`] for another number of axes.
pub fn laplace_ratio_spatial(tape: &mut Tape, weight: &Var) -> Result<Var, OpError> {
    let &[rows, columns, ins, outs] = weight.shape() else {
        let expected = "[row, column, in, out]";
        return Err(OpError::shape("laplace ratio", "weight", weight.shape(), expected));
    };
    Ok(ratio(tape, weight, Stencil { axes: vec![rows, columns], channels: ins * outs }))
}

/// Ratio for temporal kernels `[tap, in, out]`: the stencil is `[-1, 4, -1]`, with 4 and not 2, as
/// the baselines have it, and zeros outside the kernel. A scalar of shape `[]`.
///
/// # Errors
/// [`OpError::Shape`] for another number of axes.
pub fn laplace_ratio_temporal(tape: &mut Tape, weight: &Var) -> Result<Var, OpError> {
    let &[taps, ins, outs] = weight.shape() else {
        return Err(OpError::shape("laplace ratio", "weight", weight.shape(), "[tap, in, out]"));
    };
    Ok(ratio(tape, weight, Stencil { axes: vec![taps], channels: ins * outs }))
}

/// `4 w - (sum of the neighbours)` along the leading axes; symmetric, so its own transpose.
struct Stencil {
    axes: Vec<usize>,
    channels: usize,
}

impl Stencil {
    fn apply(&self, weight: &[f64]) -> Vec<f64> {
        let mut result: Vec<f64> = weight.iter().map(|w| 4.0 * w).collect();
        let mut stride = self.channels;
        for &length in self.axes.iter().rev() {
            for (index, result) in result.iter_mut().enumerate() {
                let along = index / stride % length;
                if along > 0 {
                    *result -= weight[index - stride];
                }
                if along + 1 < length {
                    *result -= weight[index + stride];
                }
            }
            stride *= length;
        }
        result
    }
}

/// The ratio; 0 for a kernel of zeros, which is as smooth as can be.
fn ratio(tape: &mut Tape, weight: &Var, stencil: Stencil) -> Var {
    let energy = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>();
    let values: Vec<f64> = weight.values().iter().map(|&w| f64::from(w)).collect();
    let rough = stencil.apply(&values);
    let whole = energy(&values);
    let ratio = if whole > 0.0 { energy(&rough) / whole } else { 0.0 };
    let result = tape.pool().copy(&[ratio as f32]);
    let target = weight.target();
    tape.record(Vec::new(), result, &[weight], move |gradient, flow| {
        flow.add(target, |out| {
            // d (E/W) = (2 L^T L w - 2 (E/W) w) / W
            let twice = stencil.apply(&rough);
            let factor = if whole > 0.0 { 2.0 * f64::from(gradient[0]) / whole } else { 0.0 };
            for ((out, &r), &w) in out.iter_mut().zip(&twice).zip(&values) {
                *out = (factor * (r - ratio * w)) as f32;
            }
        });
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, check};

    fn spatial(kernel: &[f32]) -> f32 {
        let mut tape = Tape::forward_only(&crate::Pool::new());
        let weight = tape.constant(vec![11, 11, 1, 1], kernel).unwrap();
        laplace_ratio_spatial(&mut tape, &weight).unwrap().scalar()
    }

    #[test]
    fn golden_values_of_the_spatial_ratio() {
        let mut corner = vec![0.0; 121];
        corner[0] = 1.0;
        assert_eq!(spatial(&corner), 18.0);
        // One rounding to f32.
        assert!((spatial(&[0.7; 121]) - 52.0 / 121.0).abs() < 1e-7);
        assert_eq!(spatial(&[0.0; 121]), 0.0);
    }

    #[test]
    fn temporal_stencil_has_four_in_the_middle() {
        let mut tape = Tape::forward_only(&crate::Pool::new());
        let weight = tape.constant(vec![5, 1, 1], &[0.0, 0.0, 1.0, 0.0, 0.0]).unwrap();
        assert_eq!(laplace_ratio_temporal(&mut tape, &weight).unwrap().scalar(), 18.0);
    }

    #[test]
    fn gradients_agree_with_differences() {
        let case = Case::new().random(&[3, 4, 2, 2], 1);
        check(
            &case,
            |t, v| laplace_ratio_spatial(t, &v[0]),
            |x| {
                let at = |r: usize, c: usize, k: usize| x[0][(r * 4 + c) * 4 + k];
                let (mut rough, mut whole) = (0.0, 0.0);
                for (r, c, k) in (0..48).map(|i| (i / 16, i / 4 % 4, i % 4)) {
                    let mut value = 4.0 * at(r, c, k);
                    value -= if r > 0 { at(r - 1, c, k) } else { 0.0 };
                    value -= if r < 2 { at(r + 1, c, k) } else { 0.0 };
                    value -= if c > 0 { at(r, c - 1, k) } else { 0.0 };
                    value -= if c < 3 { at(r, c + 1, k) } else { 0.0 };
                    rough += value * value;
                    whole += at(r, c, k).powi(2);
                }
                vec![rough / whole]
            },
        );
        let case = Case::new().random(&[5, 2, 3], 2);
        check(
            &case,
            |t, v| laplace_ratio_temporal(t, &v[0]),
            |x| {
                let at = |t: usize, k: usize| x[0][t * 6 + k];
                let (mut rough, mut whole) = (0.0, 0.0);
                for (t, k) in (0..30).map(|i| (i / 6, i % 6)) {
                    let mut value = 4.0 * at(t, k);
                    value -= if t > 0 { at(t - 1, k) } else { 0.0 };
                    value -= if t < 4 { at(t + 1, k) } else { 0.0 };
                    rough += value * value;
                    whole += at(t, k).powi(2);
                }
                vec![rough / whole]
            },
        );
    }
}
