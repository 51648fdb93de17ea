//! Every value of the `[fit]` table against its range.

use std::fmt::Display;

use super::{FitSection, PlateauConfig, ScheduleConfig};
use crate::error::ConfigError;

/// Check the `[fit]` table.
pub(super) fn check(fit: &FitSection) -> Result<(), ConfigError> {
    check_optimiser(fit)?;
    check_lengths(fit)?;
    match &fit.schedule {
        ScheduleConfig::Plateau(plateau) => check_plateau(plateau, fit.learning_rate)?,
        ScheduleConfig::Cosine(cosine) => {
            let fraction = cosine.final_fraction;
            require(
                (0.0..=1.0).contains(&fraction),
                "fit.schedule.final_fraction",
                fraction,
                "0 to 1",
            )?;
        }
        ScheduleConfig::Constant => {}
    }
    let threshold = fit.stopping.threshold;
    require(threshold >= 0.0, "fit.stopping.threshold", threshold, "0 or more")?;
    let seconds = fit.checkpoint.every_s;
    require(seconds > 0.0, "fit.checkpoint.every_s", seconds, "a number above 0")?;
    let keep = fit.checkpoint.keep;
    require(keep >= 2, "fit.checkpoint.keep", keep, "2 or more, so that one may be damaged")?;
    check_joint(fit)?;
    if let Some(limit) = &fit.memory_limit {
        let parsed = striate_base::machine::parse_bytes(limit);
        require(parsed.is_ok(), "fit.memory_limit", limit, "a size such as \"8GiB\"")?;
    }
    Ok(())
}

/// What the second stage changes, as if it were the first.
fn check_joint(fit: &FitSection) -> Result<(), ConfigError> {
    let joint = &fit.joint;
    let rate = joint.learning_rate.unwrap_or(fit.learning_rate);
    require(rate > 0.0 && rate <= 1.0, "fit.joint.learning_rate", rate, "above 0, at most 1")?;
    require_one("fit.joint.max_epochs", joint.max_epochs.unwrap_or(1))?;
    require_one("fit.joint.max_steps", joint.max_steps.unwrap_or(1))?;
    // The schedule of the first stage, where there is no other, must suit the rate of the second.
    if let ScheduleConfig::Plateau(plateau) = joint.schedule.as_ref().unwrap_or(&fit.schedule) {
        let least = plateau.min_learning_rate;
        let range = format!("at least fit.schedule.min_learning_rate = {least}");
        require(rate >= least, "fit.joint.learning_rate", rate, &range)?;
        check_plateau(plateau, rate)?;
    }
    let (warmup, epochs) =
        (joint.divergence_warmup_epochs, joint.max_epochs.unwrap_or(fit.max_epochs));
    let range = format!("less than the {epochs} epochs of the stage");
    require(warmup < epochs, "fit.joint.divergence_warmup_epochs", warmup, &range)?;
    let threshold = joint.stopping.as_ref().map_or(0.0, |stopping| stopping.threshold);
    require(threshold >= 0.0, "fit.joint.stopping.threshold", threshold, "0 or more")
}

fn check_optimiser(fit: &FitSection) -> Result<(), ConfigError> {
    let rate = fit.learning_rate;
    require(rate > 0.0 && rate <= 1.0, "fit.learning_rate", rate, "above 0, at most 1")?;
    let factor = fit.position_rate;
    require((0.0..=10.0).contains(&factor), "fit.position_rate", factor, "0 to 10")?;
    let decay = fit.weight_decay;
    require((0.0..=1.0).contains(&decay), "fit.weight_decay", decay, "0 to 1")?;
    for beta in fit.betas {
        require((0.0..1.0).contains(&beta), "fit.betas", beta, "0 to below 1")?;
    }
    require(fit.eps > 0.0 && fit.eps.is_finite(), "fit.eps", fit.eps, "a number above 0")?;
    if let Some(clip) = fit.gradient_clip {
        require(clip > 0.0, "fit.gradient_clip", clip, "a number above 0")?;
    }
    Ok(())
}

fn check_lengths(fit: &FitSection) -> Result<(), ConfigError> {
    require_one("fit.clip_frames", fit.clip_frames as u64)?;
    require_one("fit.clips_per_batch", fit.clips_per_batch as u64)?;
    require_one("fit.max_epochs", fit.max_epochs)?;
    require_one("fit.max_steps", fit.max_steps.unwrap_or(1))?;
    require_one("fit.steps_per_epoch", fit.steps_per_epoch.unwrap_or(1) as u64)?;
    require_one("fit.validation.every_epochs", fit.validation.every_epochs)?;
    require_one("fit.validation.crop_frames", fit.validation.crop_frames.unwrap_or(1) as u64)?;
    require_one("fit.validation.max_trials", fit.validation.max_trials.unwrap_or(1) as u64)?;
    require_one("fit.checkpoint.every_steps", fit.checkpoint.every_steps.unwrap_or(1))
}

fn check_plateau(plateau: &PlateauConfig, learning_rate: f64) -> Result<(), ConfigError> {
    let factor = plateau.factor;
    require(factor > 0.0 && factor < 1.0, "fit.schedule.factor", factor, "above 0, below 1")?;
    let least = plateau.min_learning_rate;
    let key = "fit.schedule.min_learning_rate";
    let range = format!("0 to fit.learning_rate = {learning_rate}");
    require((0.0..=learning_rate).contains(&least), key, least, &range)?;
    require_one("fit.schedule.decay_rounds", plateau.decay_rounds)?;
    let threshold = plateau.threshold;
    require(threshold >= 0.0, "fit.schedule.threshold", threshold, "0 or more")
}

fn require_one(key: &str, found: u64) -> Result<(), ConfigError> {
    require(found >= 1, key, found, "1 or more")
}

fn require(holds: bool, key: &str, found: impl Display, expected: &str) -> Result<(), ConfigError> {
    if holds {
        return Ok(());
    }
    let (found, expected) = (found.to_string(), expected.to_owned());
    Err(ConfigError::OutOfRange { key: key.to_owned(), found, expected })
}
