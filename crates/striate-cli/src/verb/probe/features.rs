//! `striate probe features`: what excites each channel of the core.

pub(super) mod picture;

use std::path::Path;

use clap::Args;
use serde_json::Value;
use striate::base::Streams;
use striate::insilico::{Experiment, FeatureConfig, Subject, feature_visualisation};

use super::selection::{Probe, ProbeSelection, Surroundings};
use crate::context::Context;
use crate::failure::Failure;

/// What excites each channel of a twin's core
///
/// Climbs, for each channel of the core, from noise to the stimulus of given contrast that the channel answers
/// most at the middle of its map, and tells how that compares with the training stimuli. All sessions share
/// the core: their results differ only by their displays.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  striate probe features runs/demo")]
pub(crate) struct FeaturesArguments {
    #[command(flatten)]
    selection: ProbeSelection,
    /// Steps of the ascent
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
}

struct Features {
    config: FeatureConfig,
}

pub(crate) fn run(arguments: &FeaturesArguments, context: &Context) -> Result<(), Failure> {
    let mut config: FeatureConfig = arguments.selection.settings()?;
    config.steps = arguments.steps.unwrap_or(config.steps);
    config.check()?;
    arguments.selection.refuse_neurons_and_twins("features of the core")?;
    arguments.selection.open(context)?.probe(&Features { config }, context)
}

impl Probe for Features {
    fn kind(&self) -> &'static str {
        "features"
    }

    fn config(&self) -> Value {
        serde_json::json!(self.config)
    }

    fn fits(&self, _wanted: &[usize], _found: &[usize]) -> bool {
        true
    }

    fn bytes(&self, subject: &Subject<'_>, _neurons: &[usize]) -> Result<u64, Failure> {
        // Training clips, as they are and cut.
        Ok(8 * subject.training.clips.len() as u64)
    }

    fn run(
        &self,
        subject: &Subject<'_>,
        _neurons: &[usize],
        surroundings: &Surroundings<'_>,
    ) -> Result<Experiment, Failure> {
        let Surroundings { origin, context, .. } = surroundings;
        let work: (&mut dyn striate::base::Progress, _) =
            (&mut context.progress(), &context.cancel);
        let streams = Streams::new(origin.seed);
        Ok(feature_visualisation(subject, &self.config, &streams, work)?)
    }

    fn draw(&self, found: &Experiment, path: &Path) -> Result<(), Failure> {
        picture::write(found, path)
    }
}
