//! Small fully connected networks: of positions and of shifts.

use striate_ops::{Tape, Var, affine, elu, tanh};

use crate::error::ModelError;
use crate::parameters::{ParameterBuilder, ParameterId, uniform};
use crate::pass::Pass;

/// What follows the layers before the last; after the last comes tanh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hidden {
    Elu,
    Tanh,
}

/// Fully connected layers, `[row, in]` to `[row, out]`, with tanh at the end.
pub(crate) struct Network {
    layers: Vec<(ParameterId, ParameterId)>,
    hidden: Hidden,
}

impl Network {
    /// Layers between the given sizes. Weights `[in, out]` and biases are drawn uniformly within
    /// `1 / sqrt(in)`.
    pub(crate) fn new(
        builder: &mut ParameterBuilder<'_>,
        name: &str,
        sizes: &[usize],
        hidden: Hidden,
    ) -> Self {
        let layer = |(index, ends): (usize, &[usize])| {
            let bound = 1.0 / (ends[0].max(1) as f64).sqrt();
            let name = format!("{name}.layer{index}");
            let weight = builder.random(&format!("{name}.weight"), ends, uniform(bound));
            let bias = builder.random(&format!("{name}.bias"), &ends[1..], uniform(bound));
            (weight, bias)
        };
        Self { layers: sizes.windows(2).enumerate().map(layer).collect(), hidden }
    }

    pub(crate) fn forward(&self, pass: &mut Pass<'_>, input: &Var) -> Result<Var, ModelError> {
        let mut values = input.clone();
        for (index, &(weight, bias)) in self.layers.iter().enumerate() {
            let (weight, bias) = (pass.parameter(weight)?, pass.parameter(bias)?);
            values = affine(&mut pass.tape, &values, &weight, &bias)?;
            let is_last = index + 1 == self.layers.len();
            values = self.activation(is_last)(&mut pass.tape, &values);
        }
        Ok(values)
    }

    fn activation(&self, is_last: bool) -> fn(&mut Tape, &Var) -> Var {
        if is_last || self.hidden == Hidden::Tanh { tanh } else { elu }
    }
}
