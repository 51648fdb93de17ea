//! Likelihoods: from what the readout gives to a rate, to the loss, and to the distribution of a
//! response.

mod active;
mod gaussian;
mod poisson;
mod special;
mod zero_inflated_gamma;

use striate_base::RandomStream;
use striate_ops::{MonteCarloLaw, Var};

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

    /// How silent frames count in the loss; where none are told apart, as a density.
    pub fn silent_frames(&self) -> SilentFrames {
        match self {
            Self::Poisson(_) | Self::Gaussian(_) => SilentFrames::Density,
            Self::ZeroInflatedGamma(config) => config.silent,
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

    /// [`Likelihood::rate`] of some neurons, given by their numbers: `read` holds what was read of these.
    ///
    /// # Errors
    /// As [`Likelihood::rate`].
    fn rate_of(
        &self,
        pass: &mut Pass<'_>,
        read: &[Var],
        _neurons: &[usize],
    ) -> Result<Var, ModelError> {
        self.rate(pass, read)
    }

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

    /// The same law for operations that average over samples of latents.
    ///
    /// # Errors
    /// [`ModelError::Operation`] where its constants do not fit.
    fn law(&self, pass: &mut Pass<'_>) -> Result<MonteCarloLaw, ModelError>;

    /// What the law of [`Likelihood::law`] leaves out of the logarithm of a density because it depends on
    /// the response alone. NaN for a response that has none.
    fn constant(&self, _response: f32) -> f64 {
        0.0
    }

    /// Parameters of the distributions, each in the shape of the rate.
    ///
    /// # Errors
    /// As [`Likelihood::rate`].
    fn parameters(&self, pass: &mut Pass<'_>, read: &[Var]) -> Result<Vec<Vec<f32>>, ModelError>;

    /// Means of distributions with these parameters.
    ///
    /// # Errors
    /// [`ModelError::Mismatch`] for another number of parameters.
    fn mean_of(&self, pass: &Pass<'_>, parameters: &[Vec<f32>]) -> Result<Vec<f32>, ModelError>;

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

    /// Probability of a response up to the recorded one, in the shape of the rate; within a response that
    /// has a probability of its own, at the share of it that `within` says (0 to 1, one for each
    /// response). With uniform shares these are uniform where the distribution is right (Smith 1985,
    /// "Diagnostic checks of non-standard time series models", for randomised residuals). NaN for a
    /// response that the distribution does not know.
    ///
    /// # Errors
    /// As [`Likelihood::rate`].
    fn cumulative(
        &self,
        pass: &mut Pass<'_>,
        read: &[Var],
        responses: &[f32],
        within: &[f32],
    ) -> Result<Vec<f32>, ModelError>;

    /// Natural logarithm of the probability density of each response (its probability, where responses
    /// are counts), complete, in the shape of the rate: one array for each convention of
    /// [`SilentFrames::ALL`]. NaN for a response without one: under a Poisson law all that are no counts.
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

/// One array for each of `N` parameters.
fn exactly<const N: usize>(parameters: &[Vec<f32>]) -> Result<&[Vec<f32>; N], ModelError> {
    parameters
        .try_into()
        .map_err(|_| ModelError::mismatch("parameters of a distribution", parameters.len(), N))
}

/// Refuse responses that are not one for each value read.
fn same_length(read: &[Var], responses: &[f32]) -> Result<(), ModelError> {
    let n_read = read.first().map_or(0, |var| var.values().len());
    if responses.len() == n_read {
        return Ok(());
    }
    Err(ModelError::mismatch("responses to judge", responses.len(), n_read))
}

/// The variables of `N` outputs.
fn outputs<const N: usize>(read: &[Var]) -> Result<&[Var; N], ModelError> {
    read.try_into().map_err(|_| ModelError::mismatch("outputs of the readout", read.len(), N))
}
