//! The shifter of the Sensorium baselines: a small network, 2-5-5-2, with tanh after every layer.
//! (Sinz et al. 2018, "Stimulus domain transfer in recurrent models for large scale cortical
//! population prediction on video", Advances in Neural Information Processing Systems 31, section 3,
//! for the idea; sizes as in Willeke et al. 2022, arXiv 2206.08666.)

use serde::{Deserialize, Serialize};
use striate_ops::Var;

use super::{Shifter, ShifterSettings};
use crate::config::{count, in_range};
use crate::error::ModelError;
use crate::network::{Activation, Activations, Network};
use crate::parameters::ParameterBuilder;
use crate::pass::Pass;

/// Settings of the shifter network; the defaults are the Sensorium baselines'.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PerceptronConfig {
    /// Units of each hidden layer, 1 to 4096. Default 5.
    pub units: usize,
    /// Hidden layers, 0 to 8. Default 2.
    pub hidden_layers: usize,
}

impl Default for PerceptronConfig {
    fn default() -> Self {
        Self { units: 5, hidden_layers: 2 }
    }
}

impl ShifterSettings for PerceptronConfig {
    fn check(&self) -> Result<(), ModelError> {
        count("model.shifter.units", self.units)?;
        let layers = self.hidden_layers;
        in_range("model.shifter.hidden_layers", layers, layers <= 8, "0 to 8")
    }

    fn build(&self, builder: &mut ParameterBuilder<'_>) -> Box<dyn Shifter> {
        let mut sizes = vec![2];
        sizes.resize(1 + self.hidden_layers, self.units);
        sizes.push(2);
        let activations = Activations { hidden: Activation::Tanh, output: Activation::Tanh };
        Box::new(PerceptronShifter(Network::new(builder, "network", &sizes, activations)))
    }
}

struct PerceptronShifter(Network);

impl Shifter for PerceptronShifter {
    fn forward(&self, pass: &mut Pass<'_>, pupil_center: &Var) -> Result<Var, ModelError> {
        self.0.forward(pass, pupil_center)
    }
}
