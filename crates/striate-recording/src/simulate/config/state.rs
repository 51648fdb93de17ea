//! The shared state of a simulated population and the behaviour that shows it.

use serde::{Deserialize, Serialize};

use super::check::{number, require, whole};
use crate::simulate::SimulationError;

/// Shared low-dimensional state: latents of mean 0 and variance 1 that multiply the rates of all
/// neurons which load on them, and behaviour that may show them.
///
/// The default is one slow state of arousal and one more, both weak, seen in pupil and running.
/// For latents that can be found again, take more loading and no preferred latent:
///
/// ```
/// use striate_recording::simulate::{BehaviourLaw, LoadingLaw, SimulationConfig, StateLaw};
///
/// let state = StateLaw {
///     n_latents: 4,
///     arousal_loading: 0.0,
///     loadings: LoadingLaw::Smooth,
///     strength: Some(0.6),
///     behaviour: BehaviourLaw::Linear,
///     ..StateLaw::default()
/// };
/// assert!(SimulationConfig { state, ..SimulationConfig::tiny() }.check().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StateLaw {
    /// Number of independent latent states, 0..=100; 0 for neurons that share nothing beside
    /// stimulus and eye.
    pub n_latents: usize,
    /// How latents go on from frame to frame.
    #[serde(alias = "kind")]
    pub dynamics: LatentKind,
    /// Correlation time of autoregressive latents: after it the correlation has fallen to 1/e;
    /// above 0.
    pub time_constant_s: f64,
    /// Mean loading of the first latent (arousal); loadings act on the logarithm of the rate.
    pub arousal_loading: f64,
    /// Standard deviation of all loadings, >= 0.
    pub loading_spread: f64,
    /// How loadings differ between neurons.
    pub loadings: LoadingLaw,
    /// Distance in the cortex over which smooth loadings change, above 0.
    pub loading_scale_um: f64,
    /// Share of neurons that load on the latents, 0..=1; the others have loadings of 0.
    pub loaded_share: f64,
    /// Where given, all loadings of a session are scaled by one factor so that the root mean square,
    /// over the neurons that load, of the standard deviation of the logarithm of the rate is this;
    /// within 0..=2. Loadings are as drawn otherwise.
    pub strength: Option<f64>,
    /// What behaviour follows.
    pub behaviour: BehaviourLaw,
    /// Latents, counted from 0, of which pupil dilation is a mixture in equal parts, unless
    /// behaviour is `arousal`.
    pub pupil_latents: Vec<usize>,
    /// Latents of which running is a mixture, likewise.
    pub running_latents: Vec<usize>,
    /// Standard deviation of behaviour around its regression on the latents, as a share, 0..=10.
    pub behaviour_noise: f64,
}

/// How latents go on from frame to frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LatentKind {
    /// A stationary first-order autoregression.
    Autoregressive,
    /// Drawn anew in every frame.
    Independent,
}

/// How loadings differ between neurons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoadingLaw {
    /// Normal, each neuron for itself.
    Independent,
    /// A smooth random map over the cortex, one for each latent.
    Smooth,
}

/// What pupil dilation and running follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BehaviourLaw {
    /// Pupil dilation the first latent; running the first and the second, at rest half the time.
    Arousal,
    /// Each trace a linear mixture of the latents named for it, plus noise.
    Linear,
    /// The same mixtures of states of their own, of which the neurons know nothing: a control.
    Unrelated,
}

impl Default for StateLaw {
    fn default() -> Self {
        Self {
            n_latents: 2,
            dynamics: LatentKind::Autoregressive,
            time_constant_s: 2.0,
            arousal_loading: 0.2,
            loading_spread: 0.1,
            loadings: LoadingLaw::Independent,
            loading_scale_um: 200.0,
            loaded_share: 1.0,
            strength: None,
            behaviour: BehaviourLaw::Arousal,
            pupil_latents: vec![0],
            running_latents: vec![0, 1],
            behaviour_noise: 0.3,
        }
    }
}

impl StateLaw {
    /// Latents that can be named for a trace of behaviour.
    const MOST_LATENTS: usize = 100;

    pub(super) fn check(&self) -> Result<(), SimulationError> {
        whole("state.n_latents", self.n_latents, 0, Self::MOST_LATENTS, "0 to 100")?;
        number("state.time_constant_s", self.time_constant_s, 1e-6, 1e6, "1e-6 to 1e6")?;
        number("state.arousal_loading", self.arousal_loading, -3.0, 3.0, "-3 to 3")?;
        number("state.loading_spread", self.loading_spread, 0.0, 3.0, "0 to 3")?;
        number("state.loading_scale_um", self.loading_scale_um, 1.0, 1e6, "1 to 1e6")?;
        number("state.loaded_share", self.loaded_share, 0.0, 1.0, "0 to 1")?;
        number("state.behaviour_noise", self.behaviour_noise, 0.0, 10.0, "0 to 10")?;
        self.check_strength()?;
        self.check_behaviour()
    }

    fn check_strength(&self) -> Result<(), SimulationError> {
        let Some(strength) = self.strength else {
            // Beyond that the gain of single frames leaves the range of 32-bit numbers.
            let variance = self.n_latents as f64 * self.loading_spread.powi(2);
            let expected = self.arousal_loading.hypot(variance.sqrt());
            let name =
                "state.loading_spread (with arousal_loading, root mean square of all loadings)";
            return number(name, expected, 0.0, 6.0, "0 to 6");
        };
        number("state.strength", strength, 0.0, 2.0, "0 to 2")?;
        let can_be_scaled = self.loading_spread > 0.0 || self.arousal_loading != 0.0;
        let expected = "none where loading_spread and arousal_loading are both 0";
        require(strength == 0.0 || can_be_scaled, "state.strength", strength, expected)
    }

    fn check_behaviour(&self) -> Result<(), SimulationError> {
        let followed = match self.behaviour {
            BehaviourLaw::Arousal => {
                let expected = "linear or unrelated where n_latents is 0";
                return require(self.n_latents > 0, "state.behaviour", "arousal", expected);
            }
            BehaviourLaw::Linear => self.n_latents,
            BehaviourLaw::Unrelated => Self::MOST_LATENTS,
        };
        for (name, latents) in [
            ("state.pupil_latents", &self.pupil_latents),
            ("state.running_latents", &self.running_latents),
        ] {
            let distinct: std::collections::BTreeSet<_> = latents.iter().collect();
            let holds =
                distinct.len() == latents.len() && latents.iter().all(|&latent| latent < followed);
            let expected = "different latents, each from 0 to below n_latents (100 if unrelated)";
            require(holds, name, format!("{latents:?}"), expected)?;
        }
        Ok(())
    }
}
