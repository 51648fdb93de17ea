//! Likelihoods: from what the readout gives to a rate, and to the loss.

mod poisson;

use striate_ops::{Tape, Var};

pub use poisson::PoissonConfig;

use crate::error::ModelError;
use crate::registry::registry;

registry! {
    /// Which likelihood, and its settings.
    LikelihoodConfig, dyn LikelihoodSettings:
    "poisson" => Poisson(PoissonConfig),
}

/// Settings from which a likelihood is built.
pub trait LikelihoodSettings {
    /// Check every value against its range.
    ///
    /// # Errors
    /// [`ModelError::OutOfRange`].
    fn check(&self) -> Result<(), ModelError>;

    /// The likelihood.
    fn build(&self) -> Box<dyn Likelihood>;
}

/// A likelihood.
pub trait Likelihood: Send + Sync {
    /// Predicted mean response, of any shape, from what was read.
    fn rate(&self, tape: &mut Tape, read: &Var) -> Var;

    /// Negative log-likelihood summed over all values (up to what does not depend on the rate), as
    /// a scalar variable and in double precision. `responses` have the shape of the rate. Straight
    /// from what was read, so that rate, loss and gradient can be found in one go.
    ///
    /// # Errors
    /// [`ModelError::Operation`] where the shapes differ.
    fn loss(&self, tape: &mut Tape, read: &Var, responses: &Var) -> Result<(Var, f64), ModelError>;
}
