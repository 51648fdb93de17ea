//! How strongly each latent moves each output of each neuron.

use striate_ops::{Var, transpose};

use super::config::{LatentConfig, LoadingsKind};
use crate::error::ModelError;
use crate::network::{Activation, Activations, Network};
use crate::parameters::{ParameterBuilder, ParameterId};
use crate::pass::Pass;
use crate::twin::SessionStart;

/// A session's loadings.
pub(super) enum Loadings {
    /// `[dim, neuron]` for each output.
    Free(Vec<ParameterId>),
    /// Of positions `[neuron, 3]`, a network for each output.
    FromPositions { source: ParameterId, networks: Vec<Network> },
}

impl Loadings {
    pub(super) fn new(
        config: &LatentConfig,
        (start, n_neurons): (&SessionStart, usize),
        outputs: &[&str],
        builder: &mut ParameterBuilder<'_>,
    ) -> Result<Self, ModelError> {
        match config.loadings {
            LoadingsKind::Free => {
                let shape = [config.dim, n_neurons];
                let of = |name: &&str| builder.constant(name, &shape, 0.0);
                Ok(Self::Free(outputs.iter().map(of).collect()))
            }
            LoadingsKind::FromPositions => {
                let Some(cortex) = &start.cortex else {
                    let what = "`model.latent.loadings = \"from-positions\"`";
                    let expected = "neurons with three coordinates in the cortex";
                    return Err(ModelError::mismatch(what, "no coordinates", expected));
                };
                if cortex.len() != n_neurons {
                    let what = "positions of the neurons";
                    return Err(ModelError::mismatch(what, cortex.len(), n_neurons));
                }
                let source = builder.statistic("positions", &[n_neurons, 3], standardised(cortex));
                let sizes = [3, config.position_units, config.dim];
                let elu = Activations { hidden: Activation::Elu, output: Activation::Elu };
                let network = |name: &&str| Network::new(builder, name, &sizes, elu);
                Ok(Self::FromPositions { source, networks: outputs.iter().map(network).collect() })
            }
        }
    }

    /// `[dim, neuron]` for each output of the readout.
    pub(super) fn values(&self, pass: &mut Pass<'_>) -> Result<Vec<Var>, ModelError> {
        match self {
            Self::Free(ids) => {
                Ok(ids.iter().map(|&id| pass.parameter(id)).collect::<Result<_, _>>()?)
            }
            Self::FromPositions { source, networks } => {
                let positions = pass.parameter(*source)?;
                let of = |network: &Network| {
                    let of_neurons = network.forward(pass, &positions)?;
                    Ok(transpose(&mut pass.tape, &of_neurons)?)
                };
                networks.iter().map(of).collect()
            }
        }
    }
}

/// Each axis less its mean, divided by its standard deviation over neurons (1 where that is 0).
fn standardised(positions: &[[f32; 3]]) -> Vec<f32> {
    let n = positions.len().max(1) as f64;
    let axis = |axis: usize| {
        let values = || positions.iter().map(move |position| f64::from(position[axis]));
        let mean = values().sum::<f64>() / n;
        let deviation = (values().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        (mean, if deviation > 0.0 { deviation } else { 1.0 })
    };
    let axes = [axis(0), axis(1), axis(2)];
    let of = |position: &[f32; 3]| {
        [0, 1, 2].map(|a| ((f64::from(position[a]) - axes[a].0) / axes[a].1) as f32)
    };
    positions.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_standardised_axis_by_axis() {
        let found = standardised(&[[1.0, 5.0, 2.0], [3.0, 5.0, 4.0]]);
        assert_eq!(found, [-1.0, 0.0, -1.0, 1.0, 0.0, 1.0]);
    }
}
