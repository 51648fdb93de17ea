//! `striate probe receptive-fields`: what the twin's neurons see.

pub(super) mod picture;

use std::path::Path;

use clap::Args;
use serde_json::Value;
use striate::base::Streams;
use striate::insilico::{
    Experiment, ReceptiveFieldConfig, Subject, compare_recorded, receptive_field_bytes,
    receptive_fields,
};

use super::selection::{Probe, ProbeSelection, Surroundings};
use crate::context::Context;
use crate::failure::Failure;

/// Receptive fields of a twin's neurons
///
/// Takes the gradient of each neuron's response with respect to the stimulus, at grey and over training
/// clips, and shows white noise to the twin for the average stimulus before its responses, with errors and
/// significance.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  striate probe receptive-fields runs/demo
  striate probe receptive-fields runs/demo --neurons 0-9 --n-noise-frames 100000 --json")]
pub(crate) struct ReceptiveFieldArguments {
    #[command(flatten)]
    selection: ProbeSelection,
    /// Frames of white noise; 0 for none
    #[arg(long, value_name = "N")]
    n_noise_frames: Option<usize>,
    /// Set the recording's own response-triggered averages beside the twin's; for recordings under white
    /// noise
    #[arg(long)]
    compare_recorded: bool,
}

struct ReceptiveFields {
    config: ReceptiveFieldConfig,
    /// The tier whose averages are compared.
    compared: Option<String>,
}

pub(crate) fn run(arguments: &ReceptiveFieldArguments, context: &Context) -> Result<(), Failure> {
    let mut config: ReceptiveFieldConfig = arguments.selection.settings()?;
    config.n_noise_frames = arguments.n_noise_frames.unwrap_or(config.n_noise_frames);
    config.check()?;
    if arguments.compare_recorded && (config.n_noise_frames == 0 || !config.space_time) {
        let message =
            "--compare-recorded: found no noise or no arrays over space and time, expected both";
        return Err(Failure::usage(message));
    }
    let selected = arguments.selection.open(context)?;
    let tier = selected.run.config.fit.train_tier.clone();
    let compared = arguments.compare_recorded.then_some(tier);
    selected.probe(&ReceptiveFields { config, compared }, context)
}

/// The experiment with its usual settings.
pub(super) fn usual() -> impl Probe {
    ReceptiveFields { config: ReceptiveFieldConfig::default(), compared: None }
}

impl Probe for ReceptiveFields {
    fn kind(&self) -> &'static str {
        "receptive-fields"
    }

    fn config(&self) -> Value {
        let mut config = serde_json::json!(self.config);
        config["compared_tier"] = serde_json::json!(self.compared);
        config
    }

    fn bytes(&self, subject: &Subject<'_>, neurons: &[usize]) -> Result<u64, Failure> {
        Ok(receptive_field_bytes(subject, neurons, &self.config)?)
    }

    fn run(
        &self,
        subject: &Subject<'_>,
        neurons: &[usize],
        surroundings: &Surroundings<'_>,
    ) -> Result<Experiment, Failure> {
        let (context, streams) = (surroundings.context, Streams::new(surroundings.origin.seed));
        let (progress, cancel) = (&mut context.progress(), &context.cancel);
        let mut found =
            receptive_fields(subject, neurons, &self.config, &streams, progress, cancel)?;
        if let Some(tier) = &self.compared {
            let how = (tier.as_str(), self.config.false_alarms);
            compare_recorded(&mut found, surroundings.session, how, cancel)?;
        }
        Ok(found)
    }

    fn draw(&self, found: &Experiment, path: &Path) -> Result<(), Failure> {
        picture::write(found, path)
    }
}
