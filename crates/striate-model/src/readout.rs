//! Readouts: from feature maps to neurons, one per session.

mod gaussian;
mod mixing;

use striate_ops::Var;

pub use gaussian::{GaussianConfig, InitialBias};
pub use mixing::MixingConfig;

use crate::core::Penalty;
use crate::error::ModelError;
use crate::parameters::ParameterBuilder;
use crate::pass::Pass;
use crate::registry::registry;
use crate::twin::SessionStart;

registry! {
    /// Which readout, and its settings.
    ReadoutConfig, dyn ReadoutSettings:
    "gaussian" => Gaussian(GaussianConfig),
}

/// What a readout is built for.
#[derive(Debug, Clone, Copy)]
pub struct ReadoutInput<'a> {
    /// Channels of the core's output.
    pub channels: usize,
    /// Neurons of the session.
    pub n_neurons: usize,
    /// What the session's data say.
    pub start: &'a SessionStart,
    /// Names of what is to be read for each neuron; one or more.
    pub outputs: &'static [&'static str],
    /// For each output and neuron the value that suits the session's responses on average.
    pub matching: &'a [Vec<f32>],
}

/// Settings from which readouts are built.
pub trait ReadoutSettings {
    /// Check every value against its range.
    ///
    /// # Errors
    /// [`ModelError::OutOfRange`].
    fn check(&self) -> Result<(), ModelError>;

    /// Make one session's parameters.
    ///
    /// # Errors
    /// [`ModelError::Mismatch`] for starts that do not fit the session.
    fn build(
        &self,
        input: ReadoutInput<'_>,
        builder: &mut ParameterBuilder<'_>,
    ) -> Result<Box<dyn Readout>, ModelError>;
}

/// A readout whose parameters are built.
pub trait Readout: Send + Sync {
    /// What is read `[clip, frame, neuron]`, for each output, from features `[clip, frame, height,
    /// width, channel]`, positions moved by `shift` `[clip * frame, 2]` where there is one.
    ///
    /// # Errors
    /// [`ModelError::Operation`] for an input that does not fit.
    fn forward(
        &self,
        pass: &mut Pass<'_>,
        features: Var,
        shift: Option<Var>,
    ) -> Result<Vec<Var>, ModelError>;

    /// The same for some neurons, given by their numbers, each with a centre given instead of its
    /// own: `[neuron, 2]`. Features alone get a gradient.
    ///
    /// # Errors
    /// As [`Readout::forward`].
    fn forward_at(
        &self,
        pass: &mut Pass<'_>,
        features: Var,
        neurons: (&[usize], &[[f32; 2]]),
        shift: Option<Var>,
    ) -> Result<Vec<Var>, ModelError>;

    /// What is added to the loss.
    ///
    /// # Errors
    /// As [`Readout::forward`].
    fn penalties(&self, pass: &mut Pass<'_>) -> Result<Vec<Penalty>, ModelError>;

    /// Frames of features to either side of its own, within the clip, that what is read in a frame depends on.
    fn frames_ahead(&self) -> usize;

    /// Receptive-field centres `[neuron, 2]`, (x, y) in [-1, 1] over the core's output.
    ///
    /// # Errors
    /// As [`Readout::forward`].
    fn centres(&self, pass: &mut Pass<'_>) -> Result<Var, ModelError>;
}
