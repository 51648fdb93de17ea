//! `striate probe receptive-fields`: what the twin's neurons see.

use clap::Args;
use serde_json::Value;
use striate::base::Streams;
use striate::insilico::{
    Experiment, ReceptiveFieldConfig, Subject, receptive_field_bytes, receptive_fields,
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
}

struct ReceptiveFields {
    config: ReceptiveFieldConfig,
}

pub(crate) fn run(arguments: &ReceptiveFieldArguments, context: &Context) -> Result<(), Failure> {
    let mut config: ReceptiveFieldConfig = arguments.selection.settings()?;
    config.n_noise_frames = arguments.n_noise_frames.unwrap_or(config.n_noise_frames);
    config.check()?;
    arguments.selection.open(context)?.probe(&ReceptiveFields { config }, context)
}

impl Probe for ReceptiveFields {
    const KIND: &'static str = "receptive-fields";

    fn config(&self) -> Value {
        serde_json::json!(self.config)
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
        Ok(receptive_fields(subject, neurons, &self.config, &streams, progress, cancel)?)
    }
}
