//! One evaluation of a twin: the tape, the parameters on it, randomness, and new statistics.

use std::collections::BTreeMap;

use striate_base::RandomStream;
use striate_kernels::noise;
use striate_ops::{self as ops, LeafGradients, OpError, Tape, Var};

use crate::parameters::{Gradients, ParameterId, Parameters};

/// Whether batch statistics and sampled positions are used, or running statistics and centres.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Batch statistics, sampled positions.
    Training,
    /// Running statistics, positions at their centres.
    Evaluation,
}

/// Where the random numbers of a pass come from.
pub(crate) enum Noise<'a> {
    /// Evaluation: none are drawn.
    Absent,
    /// Drawn.
    Stream(&'a mut RandomStream),
    /// Given, to compare with a reference.
    #[cfg(test)]
    Given(GivenNoise<'a>),
}

/// Numbers in the place of random ones.
#[cfg(test)]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct GivenNoise<'a> {
    /// Of sampled positions.
    pub(crate) positions: &'a [f32],
    /// 1 where a response is hidden, `[clip, frame, neuron]`.
    pub(crate) hidden: &'a [f32],
    /// Of the latents, `[row, sample, dim]`.
    pub(crate) latents: &'a [f32],
}

/// One evaluation of a twin.
pub struct Pass<'a> {
    /// Records the operations.
    pub tape: Tape,
    parameters: &'a Parameters,
    mode: Mode,
    noise: Noise<'a>,
    leaves: BTreeMap<ParameterId, Var>,
    statistics: Vec<(ParameterId, Vec<f32>)>,
}

impl<'a> Pass<'a> {
    pub(crate) fn new(tape: Tape, parameters: &'a Parameters, noise: Noise<'a>) -> Self {
        let is_evaluation = matches!(noise, Noise::Absent);
        let mode = if is_evaluation { Mode::Evaluation } else { Mode::Training };
        Self { tape, parameters, mode, noise, leaves: BTreeMap::new(), statistics: Vec::new() }
    }

    /// The mode of this pass.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Evaluate what follows in another mode; gives the mode before.
    pub(crate) fn switch(&mut self, mode: Mode) -> Mode {
        std::mem::replace(&mut self.mode, mode)
    }

    /// A parameter as a variable, the same one each time. It gets a gradient in training where it
    /// is neither frozen nor a statistic.
    ///
    /// # Errors
    /// [`OpError::Shape`] for a parameter whose shape is not that of its values.
    pub fn parameter(&mut self, id: ParameterId) -> Result<Var, OpError> {
        if let Some(var) = self.leaves.get(&id) {
            return Ok(var.clone());
        }
        let parameter = &self.parameters.0[id.0];
        let is_fitted = parameter.needs_gradient() && !matches!(self.noise, Noise::Absent);
        let shape = parameter.shape.clone();
        let var = if is_fitted {
            self.tape.leaf(shape, &parameter.values)?
        } else {
            self.tape.constant(shape, &parameter.values)?
        };
        self.leaves.insert(id, var.clone());
        Ok(var)
    }

    /// The values of a parameter.
    pub fn values(&self, id: ParameterId) -> &'a [f32] {
        &self.parameters.0[id.0].values
    }

    /// Fill with standard normal numbers; they do not depend on the number of threads.
    pub fn fill_normal(&mut self, values: &mut [f32]) {
        match &mut self.noise {
            Noise::Absent => values.fill(0.0),
            Noise::Stream(random) => noise::fill_normal(random.next_u64(), values),
            #[cfg(test)]
            Noise::Given(given) => values.copy_from_slice(given.positions),
        }
    }

    /// Where the latents' samples come from.
    pub(crate) fn sample_noise(&mut self) -> ops::Noise {
        #[cfg(test)]
        if let Noise::Given(given) = &self.noise {
            return ops::Noise::Given(given.latents.into());
        }
        ops::Noise::Key(self.key())
    }

    /// A random number that further ones may be drawn from; 0 in evaluation.
    pub(crate) fn key(&mut self) -> u64 {
        if let Noise::Stream(random) = &mut self.noise { random.next_u64() } else { 0 }
    }

    /// Which responses are hidden, where that is given and not to be drawn.
    pub(crate) fn given_hidden(&self) -> Option<&'a [f32]> {
        match &self.noise {
            #[cfg(test)]
            Noise::Given(given) => Some(given.hidden),
            _ => None,
        }
    }

    /// Replace the values of a statistic once the pass is over.
    pub fn set_statistic(&mut self, id: ParameterId, values: Vec<f32>) {
        self.statistics.push((id, values));
    }

    /// What the pass leaves behind: the tape, the leaves, and the new statistics.
    pub(crate) fn finish(self) -> (Tape, Leaves, Vec<(ParameterId, Vec<f32>)>) {
        (self.tape, Leaves(self.leaves), self.statistics)
    }
}

/// The parameters that were used, as variables.
pub(crate) struct Leaves(BTreeMap<ParameterId, Var>);

impl Leaves {
    /// Add the leaves' gradients to those of the parameters.
    pub(crate) fn add_to(self, gradients: &mut Gradients, mut found: LeafGradients) {
        for (id, leaf) in self.0 {
            let Some(gradient) = found.take(&leaf) else { continue };
            for (sum, &more) in gradients.0[id.0].iter_mut().zip(gradient.iter()) {
                *sum += more;
            }
        }
    }
}
