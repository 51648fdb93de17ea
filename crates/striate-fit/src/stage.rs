//! The two stages of a fit with latents: first the twin without them, then everything together.

use serde::{Deserialize, Serialize};
use striate_model::Parameter;
use striate_model::latent::is_latent;

use crate::config::{FitConfig, FitSection};

/// A stage, and where it began; part of every checkpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stage {
    pub(crate) kind: StageKind,
    /// Optimiser steps done before it.
    pub(crate) first_step: u64,
    /// Epochs done before it.
    pub(crate) first_epoch: u64,
}

/// What is fitted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageKind {
    /// Everything the twin has. The only stage of a twin without latents.
    #[default]
    All,
    /// A twin with latents, without them.
    WithoutLatents,
}

impl StageKind {
    /// The first stage of a fit.
    pub(crate) fn first(config: &FitConfig) -> Self {
        let has_two = config.model.latent.is_some() && config.fit.without_latents_first;
        if has_two { Self::WithoutLatents } else { Self::All }
    }

    /// Whether a parameter, or a running statistic, stays as it is.
    pub(crate) fn leaves(self, parameter: &Parameter) -> bool {
        self == Self::WithoutLatents && is_latent(parameter)
    }

    /// The settings of this stage: those of the fit, and while latents are fitted what
    /// [`FitSection::joint`] says of that.
    pub(crate) fn settings(self, config: &FitConfig) -> FitSection {
        let mut fit = config.fit.clone();
        if self == Self::All && config.model.latent.is_some() {
            let joint = fit.joint.clone();
            fit.learning_rate = joint.learning_rate.unwrap_or(fit.learning_rate);
            fit.max_epochs = joint.max_epochs.unwrap_or(fit.max_epochs);
            fit.max_steps = joint.max_steps.or(fit.max_steps);
            fit.schedule = joint.schedule.unwrap_or(fit.schedule);
            fit.stopping = joint.stopping.unwrap_or(fit.stopping);
        }
        fit
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn config(text: &str) -> FitConfig {
        let text = format!("[recording]\npath = \"nowhere\"\n{text}");
        FitConfig::from_toml(&text, Path::new("/"), &[]).unwrap()
    }

    #[test]
    fn only_twins_with_latents_have_two_stages() {
        assert_eq!(StageKind::first(&config("")), StageKind::All);
        let two = config(
            "[model.latent]\ndim = 2\n[fit]\nlearning_rate = 0.01\n[fit.joint]\nlearning_rate = 0.002\nmax_epochs = 7",
        );
        assert_eq!(StageKind::first(&two), StageKind::WithoutLatents);
        assert_eq!(StageKind::WithoutLatents.settings(&two).learning_rate, 0.01);
        let joint = StageKind::All.settings(&two);
        assert_eq!((joint.learning_rate, joint.max_epochs), (0.002, 7));
        let one = config("[model.latent]\n[fit]\nwithout_latents_first = false");
        assert_eq!(StageKind::first(&one), StageKind::All);
    }
}
