//! Likelihoods: from what the readout gives to a rate, to the loss, and to the distribution of a
//! response.

mod active;
mod gaussian;
mod poisson;
mod special;
mod zero_inflated_gamma;

use striate_base::RandomStream;
use striate_ops::Var;

pub use active::{ActiveResponses, ResponseStatistics};
pub use gaussian::GaussianConfig;
pub use poisson::PoissonConfig;
pub use zero_inflated_gamma::{
    ShapeTiers, SilentFrames, ZeroInflatedGamma, ZeroInflatedGammaConfig,
};

use crate::error::ModelError;
use crate::parameters::ParameterBuilder;
use crate::pass::Pass;
use crate::registry::registry;
use crate::twin::SessionStart;

registry! {
    /// Which likelihood, and its settings.
    LikelihoodConfig, dyn LikelihoodSettings:
    "poisson" => Poisson(PoissonConfig),
    "gaussian" => Gaussian(GaussianConfig),
    "zero-inflated-gamma" => ZeroInflatedGamma(ZeroInflatedGammaConfig),
}

impl LikelihoodConfig {
    /// What the likelihood must know of each session's active responses before it is built
    /// ([`SessionStart::active`]); `None` where nothing.
    pub fn wants_active(&self) -> Option<WantsActive> {
        match self {
            Self::Poisson(_) | Self::Gaussian(_) => None,
            Self::ZeroInflatedGamma(config) => {
                Some(WantsActive { above: config.rho as f32, tiers: config.shape_tiers })
            }
        }
    }
}

/// Which responses [`ResponseStatistics`] are wanted of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WantsActive {
    /// A response above this is active.
    pub above: f32,
    /// Of which tiers.
    pub tiers: ShapeTiers,
}

/// Settings from which a likelihood is built.
pub trait LikelihoodSettings {
    /// Check every value against its range.
    ///
    /// # Errors
    /// [`ModelError::OutOfRange`].
    fn check(&self) -> Result<(), ModelError>;

    /// What the readout is to give for each neuron, by name.
    fn outputs(&self) -> &'static [&'static str];

    /// For each output and neuron what the readout would have to give, so that the distribution is
    /// that of the session's responses whatever the stimulus.
    fn matching(&self, start: &SessionStart) -> Vec<Vec<f32>>;

    /// One session's likelihood; statistics of its neurons are kept with the twin.
    ///
    /// # Errors
    /// [`ModelError::Mismatch`] for a start that does not fit the session.
    fn build(
        &self,
        start: &SessionStart,
        builder: &mut ParameterBuilder<'_>,
    ) -> Result<Box<dyn Likelihood>, ModelError>;
}

/// The likelihood of one session's responses. `read` holds what the readout gave, one variable
/// `[clip, frame, neuron]` for each of [`LikelihoodSettings::outputs`].
pub trait Likelihood: Send + Sync {
    /// Predicted mean response `[clip, frame, neuron]`.
    ///
    /// # Errors
    /// [`ModelError::Operation`] where shapes do not fit.
    fn rate(&self, pass: &mut Pass<'_>, read: &[Var]) -> Result<Var, ModelError>;

    /// Negative log-likelihood summed over all values (up to what does not depend on what was read),
    /// as a scalar variable and in double precision. `responses` have the shape of the rate. Straight
    /// from what was read, so that loss and gradients can be found in one go.
    ///
    /// # Errors
    /// [`ModelError::Operation`] where the shapes differ.
    fn loss(
        &self,
        pass: &mut Pass<'_>,
        read: &[Var],
        responses: &Var,
    ) -> Result<(Var, f64), ModelError>;

    /// Variance of the responses around the rate, in its shape.
    ///
    /// # Errors
    /// As [`Likelihood::rate`].
    fn variance(&self, pass: &mut Pass<'_>, read: &[Var]) -> Result<Vec<f32>, ModelError>;

    /// Responses drawn from the distribution, in the shape of the rate.
    ///
    /// # Errors
    /// As [`Likelihood::rate`].
    fn sample(
        &self,
        pass: &mut Pass<'_>,
        read: &[Var],
        random: &mut RandomStream,
    ) -> Result<Vec<f32>, ModelError>;

    /// Natural logarithm of the probability density of each response, complete, in the shape of the
    /// rate: one array for each convention of [`SilentFrames::ALL`], which differ for zero-inflated laws
    /// only. Empty where responses need not
    /// have a density under this likelihood (normalised responses have none under a Poisson law).
    ///
    /// # Errors
    /// As [`Likelihood::rate`].
    fn log_densities(
        &self,
        pass: &mut Pass<'_>,
        read: &[Var],
        responses: &[f32],
    ) -> Result<Vec<Vec<f32>>, ModelError>;
}

/// The variables of `N` outputs.
fn outputs<const N: usize>(read: &[Var]) -> Result<&[Var; N], ModelError> {
    read.try_into().map_err(|_| ModelError::mismatch("outputs of the readout", read.len(), N))
}
