//! Cores: from the stimulus to feature maps, shared by all sessions.

mod factorised;
mod identity;
mod layers;
mod static_image;

use striate_ops::Var;

pub use factorised::{FactorisedConfig, Precision};
pub use identity::IdentityConfig;
pub use layers::Padding;
pub use static_image::StaticConfig;

use crate::error::ModelError;
use crate::grid::OutputGrid;
use crate::parameters::ParameterBuilder;
use crate::pass::Pass;
use crate::registry::registry;

registry! {
    /// Which core, and its settings.
    CoreConfig, dyn CoreSettings:
    "factorised-3d" => Factorised(FactorisedConfig),
    "static-2d" => Static(StaticConfig),
    "identity" => Identity(IdentityConfig),
}

/// What a core sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoreInput {
    /// Rows in pixels.
    pub height: usize,
    /// Columns in pixels.
    pub width: usize,
    /// The stimulus, and behaviour traces appended to it.
    pub channels: usize,
}

/// Settings from which a core is built.
pub trait CoreSettings {
    /// Check every value against its range.
    ///
    /// # Errors
    /// [`ModelError::OutOfRange`].
    fn check(&self) -> Result<(), ModelError>;

    /// Make the core's parameters.
    ///
    /// # Errors
    /// [`ModelError::Mismatch`] for an input too small for the kernels.
    fn build(
        &self,
        input: CoreInput,
        builder: &mut ParameterBuilder<'_>,
    ) -> Result<Box<dyn Core>, ModelError>;
}

/// A core whose parameters are built.
pub trait Core: Send + Sync {
    /// Where the output pixels lie on the stimulus; `n_lags - 1` frames are consumed.
    fn grid(&self) -> OutputGrid;

    /// Channels of the output.
    fn channels(&self) -> usize;

    /// Feature maps `[clip, frame - frames consumed, height, width, channel]` of an input
    /// `[clip, frame, height, width, channel]`.
    ///
    /// # Errors
    /// [`ModelError::Operation`] for an input that does not fit.
    fn forward(&self, pass: &mut Pass<'_>, input: Var) -> Result<Var, ModelError>;

    /// What is added to the loss.
    ///
    /// # Errors
    /// As [`Core::forward`].
    fn penalties(&self, pass: &mut Pass<'_>) -> Result<Vec<Penalty>, ModelError>;

    /// Sizes of the activations of a batch.
    fn activations(&self, n_clips: usize, n_frames: usize) -> Activations;
}

/// A scalar that is added to the loss with a weight.
#[derive(Debug, Clone)]
pub struct Penalty {
    /// The scalar.
    pub value: Var,
    /// Its factor.
    pub weight: f64,
}

/// Values that a forward pass makes, to predict memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Activations {
    /// Values kept for the gradients.
    pub saved: usize,
    /// Values of the largest activation.
    pub largest: usize,
}

impl Activations {
    /// Count one more kept activation.
    pub(crate) fn add(&mut self, length: usize) {
        self.saved += length;
        self.largest = self.largest.max(length);
    }
}

#[cfg(test)]
mod tests;
