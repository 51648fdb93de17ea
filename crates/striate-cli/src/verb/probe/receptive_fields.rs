//! `striate probe receptive-fields`: what the twin's neurons see.

pub(super) mod picture;

use std::path::Path;

use clap::Args;
use serde_json::{Value, json};
use striate::base::{Progress, Streams};
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
/// significance. Stopped at any moment, the same command goes on where it stood.
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
    let compared = arguments.compare_recorded.then(|| selected.train_tier().to_owned());
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
        json!(self.config)
    }

    fn addition(&self) -> Option<(&'static str, Value)> {
        Some(("compared_tier", json!(self.compared)))
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
        let Surroundings { origin, parts, context, .. } = surroundings;
        let streams = Streams::new(origin.seed);
        let work: (&mut dyn Progress, _) = (&mut context.progress(), &context.cancel);
        Ok(receptive_fields(subject, neurons, &self.config, &streams, parts, work)?)
    }

    fn add(&self, found: &mut Experiment, surroundings: &Surroundings<'_>) -> Result<(), Failure> {
        let Some(tier) = &self.compared else { return Ok(()) };
        let how = (tier.as_str(), self.config.false_alarms);
        let cancel = &surroundings.context.cancel;
        Ok(compare_recorded(found, surroundings.session, how, cancel)?)
    }

    fn draw(&self, found: &Experiment, path: &Path) -> Result<(), Failure> {
        picture::write(found, path)
    }
}
