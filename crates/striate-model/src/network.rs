//! Small fully connected networks: of positions and of shifts.

use striate_ops::{Tape, Var, affine, elu, tanh};

use crate::error::ModelError;
use crate::parameters::{ParameterBuilder, ParameterId, uniform};
use crate::pass::Pass;

/// What follows a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activation {
    Elu,
    Tanh,
}

impl Activation {
    fn apply(self, tape: &mut Tape, values: &Var) -> Var {
        match self {
            Self::Elu => elu(tape, values),
            Self::Tanh => tanh(tape, values),
        }
    }
}

/// What follows the layers of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Activations {
    /// Every layer but the last.
    pub(crate) hidden: Activation,
    /// The last layer.
    pub(crate) output: Activation,
}

/// Fully connected layers, `[row, in]` to `[row, out]`.
pub(crate) struct Network {
    layers: Vec<(ParameterId, ParameterId)>,
    activations: Activations,
}

impl Network {
    /// Layers between the given sizes. Weights `[in, out]` and biases are drawn uniformly within
    /// `1 / sqrt(in)`.
    pub(crate) fn new(
        builder: &mut ParameterBuilder<'_>,
        name: &str,
        sizes: &[usize],
        activations: Activations,
    ) -> Self {
        let layer = |(index, ends): (usize, &[usize])| {
            let bound = 1.0 / (ends[0].max(1) as f64).sqrt();
            let name = format!("{name}.layer{index}");
            let weight = builder.random(&format!("{name}.weight"), ends, uniform(bound));
            let bias = builder.random(&format!("{name}.bias"), &ends[1..], uniform(bound));
            (weight, bias)
        };
        Self { layers: sizes.windows(2).enumerate().map(layer).collect(), activations }
    }

    pub(crate) fn forward(&self, pass: &mut Pass<'_>, input: &Var) -> Result<Var, ModelError> {
        let mut values = input.clone();
        for (index, &(weight, bias)) in self.layers.iter().enumerate() {
            let (weight, bias) = (pass.parameter(weight)?, pass.parameter(bias)?);
            values = affine(&mut pass.tape, &values, &weight, &bias)?;
            let is_last = index + 1 == self.layers.len();
            let Activations { hidden, output } = self.activations;
            let activation = if is_last { output } else { hidden };
            values = activation.apply(&mut pass.tape, &values);
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use striate_base::Streams;
    use striate_ops::Pool;

    use super::*;
    use crate::parameters::Parameters;
    use crate::pass::Noise;

    /// By definition.
    fn naive(parameters: &Parameters, input: &[f32], functions: [fn(f32) -> f32; 2]) -> Vec<f32> {
        let mut values = input.to_vec();
        for (layer, function) in parameters.0.chunks_exact(2).zip(functions) {
            let (weight, bias) = (&layer[0].values, &layer[1].values);
            let output = |o: usize| {
                let terms = values.iter().enumerate().map(|(i, x)| x * weight[i * bias.len() + o]);
                function(bias[o] + terms.sum::<f32>())
            };
            values = (0..bias.len()).map(output).collect();
        }
        values
    }

    #[test]
    fn the_last_layer_has_an_activation_of_its_own() {
        let elu = |x: f32| if x > 0.0 { x } else { x.exp_m1() };
        for (output, function) in
            [(Activation::Elu, elu as fn(f32) -> f32), (Activation::Tanh, f32::tanh)]
        {
            let (mut parameters, streams) = (Parameters::default(), Streams::new(1));
            let mut builder =
                ParameterBuilder::new(&mut parameters, &streams, "readout", "session".into());
            let activations = Activations { hidden: Activation::Elu, output };
            let network = Network::new(&mut builder, "loadings", &[3, 6, 12], activations);
            let tape = Tape::forward_only(&Pool::new());
            let mut pass = Pass::new(tape, &parameters, Noise::Absent);
            let position = [0.5, -1.0, 2.0];
            let input = pass.tape.constant(vec![1, 3], &position).unwrap();
            let found = network.forward(&mut pass, &input).unwrap();
            assert_eq!(found.shape(), [1, 12]);
            let expected = naive(&parameters, &position, [elu, function]);
            for (found, expected) in found.values().iter().zip(expected) {
                assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
            }
        }
    }
}
