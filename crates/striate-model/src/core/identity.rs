//! The core that does nothing: the stimulus itself is the feature map.
//!
//! For recordings without a stimulus, whose one pixel is 0 in every frame: a neuron is then predicted
//! by the bias of its readout alone, and what neurons have in common is left to the latent part of the
//! twin. On a stimulus it makes the readout a linear function of single pixels. It has no parameters
//! and consumes no frames.

use serde::{Deserialize, Serialize};
use striate_ops::Var;

use super::{Activations, Core, CoreInput, CoreSettings, Penalty};
use crate::error::ModelError;
use crate::grid::OutputGrid;
use crate::parameters::ParameterBuilder;
use crate::pass::Pass;

/// Settings of the identity core: there are none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdentityConfig {}

impl CoreSettings for IdentityConfig {
    fn check(&self) -> Result<(), ModelError> {
        Ok(())
    }

    fn build(
        &self,
        input: CoreInput,
        _builder: &mut ParameterBuilder<'_>,
    ) -> Result<Box<dyn Core>, ModelError> {
        let grid = OutputGrid::of_image(input.height, input.width);
        Ok(Box::new(IdentityCore { grid, channels: input.channels }))
    }
}

struct IdentityCore {
    grid: OutputGrid,
    channels: usize,
}

impl Core for IdentityCore {
    fn grid(&self) -> OutputGrid {
        self.grid
    }

    fn channels(&self) -> usize {
        self.channels
    }

    fn forward(&self, _pass: &mut Pass<'_>, input: Var) -> Result<Var, ModelError> {
        Ok(input)
    }

    fn penalties(&self, _pass: &mut Pass<'_>) -> Result<Vec<Penalty>, ModelError> {
        Ok(Vec::new())
    }

    fn activations(&self, n_clips: usize, n_frames: usize) -> Activations {
        // The input is counted where it is made; nothing is kept beside it.
        let largest = n_clips * n_frames * self.grid.size[0] * self.grid.size[1] * self.channels;
        Activations { saved: 0, largest }
    }
}
