//! Shifters: from the pupil's centre to a common shift of all receptive fields, one per session.

mod perceptron;

use striate_ops::Var;

pub use perceptron::PerceptronConfig;

use crate::error::ModelError;
use crate::parameters::ParameterBuilder;
use crate::pass::Pass;
use crate::registry::registry;

registry! {
    /// Which shifter, and its settings.
    ShifterConfig, dyn ShifterSettings:
    "perceptron" => Perceptron(PerceptronConfig),
}

/// Settings from which shifters are built.
pub trait ShifterSettings {
    /// Check every value against its range.
    ///
    /// # Errors
    /// [`ModelError::OutOfRange`].
    fn check(&self) -> Result<(), ModelError>;

    /// Make one session's parameters.
    fn build(&self, builder: &mut ParameterBuilder<'_>) -> Box<dyn Shifter>;
}

/// A shifter whose parameters are built.
pub trait Shifter: Send + Sync {
    /// Shift `[frame, 2]`, (x, y) in units of readout positions, for pupil centres `[frame, 2]`.
    ///
    /// # Errors
    /// [`ModelError::Operation`] for an input that does not fit.
    fn forward(&self, pass: &mut Pass<'_>, pupil_center: &Var) -> Result<Var, ModelError>;
}
