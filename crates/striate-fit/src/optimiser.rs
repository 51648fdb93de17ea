//! Adam and `AdamW` over all parameters of a twin.

use striate_kernels::optimiser::{AdamWStep, adamw_step};
use striate_model::{Gradients, Parameter, Twin};

use crate::config::{FitSection, OptimiserKind};
use crate::error::FitError;
use crate::stage::StageKind;

/// First and second moments of every parameter, and which parameters stay as they are.
#[derive(Debug, Clone)]
pub(crate) struct Optimiser {
    settings: Settings,
    /// One per parameter, in the twin's order.
    pub(crate) moments: Vec<Moments>,
    /// Of each parameter's learning rate, in the twin's order.
    rate_factors: Vec<f64>,
}

#[derive(Debug, Clone)]
struct Settings {
    is_decoupled: bool,
    betas: [f64; 2],
    eps: f64,
    weight_decay: f64,
    gradient_clip: Option<f64>,
}

/// The moments of one parameter; empty where it is frozen or no parameter but a statistic.
#[derive(Debug, Clone)]
pub(crate) struct Moments {
    pub(crate) first: Vec<f32>,
    pub(crate) second: Vec<f32>,
}

/// Whether the fit leaves a parameter, or a running statistic, as it is in a stage.
pub(crate) fn is_frozen(fit: &FitSection, stage: StageKind, parameter: &Parameter) -> bool {
    stage.leaves(parameter)
        || fit.freeze.iter().any(|frozen| is_in(frozen, &parameter.group, &parameter.name))
}

impl Optimiser {
    /// The optimiser of `fit` for the parameters of `twin` in a stage, moments at zero.
    ///
    /// # Errors
    /// [`FitError::Mismatch`] for a frozen group that the twin does not have.
    pub(crate) fn new(fit: &FitSection, stage: StageKind, twin: &Twin) -> Result<Self, FitError> {
        for frozen in &fit.freeze {
            refuse_unknown_group(frozen, twin)?;
        }
        let moments = |p: &Parameter| {
            let length = if p.trainable && !is_frozen(fit, stage, p) { p.values.len() } else { 0 };
            Moments { first: vec![0.0; length], second: vec![0.0; length] }
        };
        let rate_factor =
            |p: &Parameter| if p.group == "positions" { fit.position_rate } else { 1.0 };
        Ok(Self {
            rate_factors: twin.parameters().0.iter().map(rate_factor).collect(),
            settings: Settings {
                is_decoupled: fit.optimiser == OptimiserKind::Adamw,
                betas: fit.betas,
                eps: fit.eps,
                weight_decay: fit.weight_decay,
                gradient_clip: fit.gradient_clip,
            },
            moments: twin.parameters().0.iter().map(moments).collect(),
        })
    }

    /// Move every parameter that is not frozen; `step` counts from 1.
    pub(crate) fn step(
        &mut self,
        twin: &mut Twin,
        gradients: &mut Gradients,
        learning_rate: f64,
        step: u64,
    ) {
        if let Some(longest) = self.settings.gradient_clip {
            self.clip(gradients, longest);
        }
        let settings = AdamWStep {
            learning_rate,
            beta1: self.settings.betas[0],
            beta2: self.settings.betas[1],
            eps: self.settings.eps,
            weight_decay: self.settings.weight_decay,
            decoupled: self.settings.is_decoupled,
            step,
        };
        let parameters = twin.parameters_mut().0.iter_mut().zip(&self.rate_factors);
        for (((parameter, factor), gradient), moments) in
            parameters.zip(&gradients.0).zip(&mut self.moments)
        {
            if !moments.first.is_empty() {
                let settings = AdamWStep { learning_rate: factor * learning_rate, ..settings };
                adamw_step(
                    &settings,
                    &mut parameter.values,
                    gradient,
                    &mut moments.first,
                    &mut moments.second,
                );
            }
        }
    }

    /// Scale the gradient down to the length `longest` where it is longer; frozen parameters do
    /// not count.
    fn clip(&self, gradients: &mut Gradients, longest: f64) {
        let moving = |moments: &Moments| !moments.first.is_empty();
        let squares: f64 = gradients
            .0
            .iter()
            .zip(&self.moments)
            .filter(|(_, moments)| moving(moments))
            .map(|(gradient, _)| gradient.iter().map(|&g| f64::from(g).powi(2)).sum::<f64>())
            .sum();
        let length = squares.sqrt();
        if length > longest {
            let factor = (longest / length) as f32;
            for gradient in &mut gradients.0 {
                gradient.iter_mut().for_each(|g| *g *= factor);
            }
        }
    }
}

/// Whether a parameter belongs to what `wanted` names: its group, its name, or its name's prefix
/// up to a dot.
fn is_in(wanted: &str, group: &str, name: &str) -> bool {
    group == wanted
        || name.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn refuse_unknown_group(frozen: &str, twin: &Twin) -> Result<(), FitError> {
    let parameters = &twin.parameters().0;
    if parameters.iter().any(|p| is_in(frozen, &p.group, &p.name)) {
        return Ok(());
    }
    let groups: std::collections::BTreeSet<&str> =
        parameters.iter().map(|p| p.group.as_str()).collect();
    let groups = groups.into_iter().collect::<Vec<_>>().join("`, `");
    Err(FitError::Mismatch(format!(
        "`fit.freeze` is `{frozen}`, expected a group of this twin (`{groups}`) or the beginning \
         of a parameter's name"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_match_whole_words_of_names() {
        assert!(is_in("core", "core", "anything"));
        assert!(is_in("core.layer0", "core", "core.layer0.weight"));
        assert!(is_in("core.layer0.weight", "core", "core.layer0.weight"));
        assert!(!is_in("core.layer", "core", "core.layer0.weight"));
    }
}
