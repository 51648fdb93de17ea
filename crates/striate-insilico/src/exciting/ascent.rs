//! One step of all inputs of a batch.

use rayon::prelude::*;

use super::constraint::{Constraint, Preconditioner, norm, similarity};

/// How inputs move.
pub(crate) struct Ascent {
    pub(crate) constraint: Constraint,
    pub(crate) preconditioner: Preconditioner,
    pub(crate) copies: Copies,
}

/// Distinct inputs that push each other apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Copies {
    /// How many there are.
    pub(crate) n: usize,
    /// Weight of their mean squared similarity beside the response.
    pub(crate) repulsion: f64,
}

impl Ascent {
    /// Move every input along its gradient by `step_size` times the norm, and back to what is allowed.
    /// Both hold `per_clip` values for each input, distinct inputs of one start beside each other.
    pub(crate) fn step(
        &self,
        inputs: &mut [f32],
        mut gradient: Vec<f32>,
        per_clip: usize,
        step_size: f64,
    ) {
        let per_group = self.copies.n * per_clip;
        let groups = inputs.par_chunks_exact_mut(per_group);
        groups.zip(gradient.par_chunks_exact_mut(per_group)).for_each(|(inputs, gradient)| {
            for gradient in gradient.chunks_exact_mut(per_clip) {
                self.preconditioner.apply(gradient);
                to_unit_norm(gradient);
            }
            self.repel(inputs, gradient, per_clip);
            for (input, gradient) in
                inputs.chunks_exact_mut(per_clip).zip(gradient.chunks_exact(per_clip))
            {
                let length = (step_size * self.constraint.norm) as f32;
                input.iter_mut().zip(gradient).for_each(|(input, slope)| *input += length * slope);
                self.constraint.project(input);
            }
        });
    }

    /// Add to the unit gradients what lowers the mean square of each pair's similarity.
    fn repel(&self, inputs: &[f32], gradient: &mut [f32], per_clip: usize) {
        let mean = self.constraint.mean;
        let others = self.copies.n.saturating_sub(1) as f64;
        let inputs: Vec<&[f32]> = inputs.chunks_exact(per_clip).collect();
        for (own, gradient) in gradient.chunks_exact_mut(per_clip).enumerate() {
            for (other, input) in inputs.iter().enumerate().filter(|&(other, _)| other != own) {
                let alike = similarity(inputs[own], inputs[other], mean);
                let factor = -2.0 * self.copies.repulsion * alike / others;
                let factor = (factor / norm(input, mean).max(f64::MIN_POSITIVE)) as f32;
                for (slope, value) in gradient.iter_mut().zip(*input) {
                    *slope += factor * (value - mean);
                }
            }
        }
    }
}

/// Scale to norm 1; what is 0 stays 0.
fn to_unit_norm(values: &mut [f32]) {
    let length = norm(values, 0.0);
    if length > 0.0 && length.is_finite() {
        values.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
    } else {
        values.fill(0.0);
    }
}
