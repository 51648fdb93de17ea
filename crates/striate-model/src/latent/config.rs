//! Settings of the latent part.

use serde::{Deserialize, Serialize};

use crate::config::{count, in_range, not_negative};
use crate::error::ModelError;

/// Latent factors that no stimulus explains: `model.latent`. Sizes default to those of Schmidt et al.
/// 2024; where their released code and a proper variational bound part, the default is the bound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LatentConfig {
    /// Latent dimensions, 1 to 256. Default 12.
    pub dim: usize,
    /// Units of the encoder's first layer, 1 to 4096. Default 42.
    pub hidden: usize,
    /// Units of the encoder's recurrent layer, 1 to 4096. Default 20.
    pub state: usize,
    /// Where loadings come from. Default `"free"`.
    pub loadings: LoadingsKind,
    /// Hidden units of the networks that make loadings of positions, 1 to 4096. Default 6.
    pub position_units: usize,
    /// How the posterior's standard deviation is shared. Default `"shared"`.
    pub posterior_scale: PosteriorScale,
    /// What the posterior's standard deviation starts from, above 0, at most 10. Default 1, as released; with
    /// less, loadings learn faster from the posterior's mean.
    pub init_scale: f64,
    /// Distribution of the latents before anything is seen. Default `"independent"`.
    pub prior: PriorKind,
    /// Monte-Carlo samples of the latents in a training step, 1 to 10 000. Default 10 (published: 100):
    /// any number gives an unbiased gradient.
    pub n_samples: usize,
    /// Samples in evaluation, 1 to 100 000: the logarithm of a mean is biased low where they are few.
    /// Default 100.
    pub n_evaluation_samples: usize,
    /// What is hidden from the encoder in training. Default `"per-entry"`.
    pub masking: Masking,
    /// Share of responses that is hidden, 0 to 0.99. Only what is hidden is scored; with 0 all is seen and
    /// scored. Default 0.5.
    pub hidden_fraction: f64,
    /// What is minimised. Default `"elbo"`.
    pub objective: LatentObjective,
    /// Direction of the Kullback-Leibler divergence. Default `"proper"`.
    pub kl: KlKind,
    /// How likelihood, divergence and regularisers are weighed. Default `"elbo"`.
    pub weights: WeightsKind,
    /// Factor of the divergence, at least 0. Default 1 (released: 5).
    pub kl_weight: f64,
    /// Whether the encoder's input is scaled up by the share of hidden neurons in evaluation, as it is in
    /// training. Default true (released: false).
    pub rescale_at_test: bool,
    /// What a prediction is averaged over. Default `"means"`.
    pub prediction: PredictionKind,
    /// Which neurons are hidden where half of them are. Default `"random"`.
    pub hidden_half: HiddenHalf,
}

/// Where loadings come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoadingsKind {
    /// One number per latent, output and neuron, zero at the start.
    #[default]
    Free,
    /// A network of the neuron's position in the cortex, which serves neurons never seen.
    FromPositions,
}

/// How the posterior's standard deviation is shared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PosteriorScale {
    /// One number for all, as published.
    #[default]
    Shared,
    /// One number for each latent dimension: dimensions that are not needed can go back to the prior.
    PerDimension,
}

/// Distribution of the latents before anything is seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PriorKind {
    /// Standard normal, each frame for itself, as published.
    #[default]
    Independent,
    /// A stationary first-order autoregression of variance 1, its coefficients learned.
    Autoregressive,
}

/// What is hidden from the encoder in training.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Masking {
    /// Each clip, frame and neuron for itself.
    #[default]
    PerEntry,
    /// Each clip and neuron, for all frames.
    EntireTrial,
}

/// What is minimised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LatentObjective {
    /// The evidence lower bound: average over samples of the log-likelihood, less the divergence.
    #[default]
    Elbo,
    /// The importance-weighted bound of each frame (Burda et al. 2016, arXiv 1509.00519, equation 8); it
    /// has no divergence of its own.
    Importance,
}

/// Direction of the Kullback-Leibler divergence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KlKind {
    /// From posterior to prior, as in the bound.
    #[default]
    Proper,
    /// From prior to posterior, as in the released code.
    Reversed,
}

/// How likelihood, divergence and regularisers are weighed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightsKind {
    /// `c (NLL + kl_weight KL) + regularisers`, with `c` of `fit.reduction`.
    #[default]
    Elbo,
    /// `[c NLL + regularisers / n_samples + kl_weight KL] / (clips frames)`, as released.
    Released,
}

/// What a prediction is averaged over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PredictionKind {
    /// The mean response at each sample of the latents: the mean of the predicted distribution.
    #[default]
    Means,
    /// The distribution's parameters at each sample, and the mean response of a distribution that has
    /// their averages. At the posterior mean where neurons are seen. As released.
    Parameters,
    /// At the latents' mean: the posterior mean where neurons are seen, 0 where none are. Cheap.
    AtMean,
}

/// Which neurons are hidden where half of them are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HiddenHalf {
    /// Drawn by seed.
    #[default]
    Random,
    /// The first half in the order of the neurons, as released, which scores that half alone; then the
    /// second one.
    First,
}

impl Default for LatentConfig {
    fn default() -> Self {
        Self {
            dim: 12,
            hidden: 42,
            state: 20,
            loadings: LoadingsKind::Free,
            position_units: 6,
            posterior_scale: PosteriorScale::Shared,
            init_scale: 1.0,
            prior: PriorKind::Independent,
            n_samples: 10,
            n_evaluation_samples: 100,
            masking: Masking::PerEntry,
            hidden_fraction: 0.5,
            objective: LatentObjective::Elbo,
            kl: KlKind::Proper,
            weights: WeightsKind::Elbo,
            kl_weight: 1.0,
            rescale_at_test: true,
            prediction: PredictionKind::Means,
            hidden_half: HiddenHalf::Random,
        }
    }
}

impl LatentConfig {
    /// Check every value against its range.
    ///
    /// # Errors
    /// [`ModelError::OutOfRange`].
    pub fn check(&self) -> Result<(), ModelError> {
        let within = |key: &str, value: usize, most: usize| {
            let expected = format!("1 to {most}");
            in_range(&format!("model.latent.{key}"), value, (1..=most).contains(&value), &expected)
        };
        within("dim", self.dim, 256)?;
        within("n_samples", self.n_samples, 10_000)?;
        within("n_evaluation_samples", self.n_evaluation_samples, 100_000)?;
        count("model.latent.hidden", self.hidden)?;
        count("model.latent.state", self.state)?;
        count("model.latent.position_units", self.position_units)?;
        let (key, hidden) = ("model.latent.hidden_fraction", self.hidden_fraction);
        in_range(key, hidden, (0.0..=0.99).contains(&hidden), "0 to 0.99")?;
        let (key, scale) = ("model.latent.init_scale", self.init_scale);
        in_range(key, scale, scale > 0.0 && scale <= 10.0, "above 0, at most 10")?;
        not_negative("model.latent.kl_weight", self.kl_weight)?;
        self.check_objective()
    }

    /// The importance-weighted bound holds frame by frame and weighs by itself.
    fn check_objective(&self) -> Result<(), ModelError> {
        let is_importance = self.objective == LatentObjective::Importance;
        let fits = self.prior == PriorKind::Independent
            && self.kl == KlKind::Proper
            && self.weights == WeightsKind::Elbo
            && self.kl_weight == 1.0;
        let expected =
            "elbo, or prior = \"independent\", kl = \"proper\", weights = \"elbo\", kl_weight = 1";
        in_range("model.latent.objective", "importance", !is_importance || fits, expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_within_their_ranges_and_odd_values_are_not() {
        assert!(LatentConfig::default().check().is_ok());
        let refused = |change: &dyn Fn(&mut LatentConfig), key: &str| {
            let mut config = LatentConfig::default();
            change(&mut config);
            let message = config.check().unwrap_err().to_string();
            assert!(message.contains(key), "{message}");
        };
        refused(&|c| c.dim = 0, "model.latent.dim");
        refused(&|c| c.hidden_fraction = 1.0, "model.latent.hidden_fraction");
        refused(&|c| c.hidden_fraction = f64::NAN, "model.latent.hidden_fraction");
        refused(&|c| c.kl_weight = -1.0, "model.latent.kl_weight");
        let importance = |c: &mut LatentConfig| {
            c.objective = LatentObjective::Importance;
            c.prior = PriorKind::Autoregressive;
        };
        refused(&importance, "model.latent.objective");
    }
}
