//! `striate probe geometry`: the geometry of the population, in the twin and in the recording.

pub(super) mod picture;

use std::path::Path;

use clap::Args;
use serde_json::Value;
use striate::base::Streams;
use striate::insilico::{Experiment, GeometryConfig, Subject, geometry, geometry_bytes};

use super::selection::{Probe, ProbeSelection, Surroundings};
use crate::context::Context;
use crate::failure::Failure;

/// Population geometry of a twin beside its recording
///
/// Tells how far stimuli are from each other in the responses of all neurons (representational dissimilarity),
/// how well the twin's distances agree with the recorded ones and how well they could; signal and noise
/// correlations between neurons; and how many dimensions responses have (participation ratio, eigenspectrum),
/// with standard errors over stimuli.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  striate probe geometry runs/demo
  striate probe geometry runs/demo --tier oracle --bin-frames 30 --json")]
pub(crate) struct GeometryArguments {
    #[command(flatten)]
    selection: ProbeSelection,
    /// Tier whose trials are the stimuli; default: the test tier, else the validation tier
    #[arg(long, value_name = "TIER")]
    tier: Option<String>,
    /// Frames of a video that make a stimulus
    #[arg(long, value_name = "N")]
    bin_frames: Option<usize>,
    /// Stimuli at most, evenly chosen
    #[arg(long, value_name = "N")]
    max_stimuli: Option<usize>,
}

struct Geometry {
    config: GeometryConfig,
}

pub(crate) fn run(arguments: &GeometryArguments, context: &Context) -> Result<(), Failure> {
    let mut config: GeometryConfig = arguments.selection.settings()?;
    config.tier = arguments.tier.clone().or(config.tier);
    config.bin_frames = arguments.bin_frames.unwrap_or(config.bin_frames);
    config.max_stimuli = arguments.max_stimuli.unwrap_or(config.max_stimuli);
    config.check()?;
    arguments.selection.open(context)?.probe(&Geometry { config }, context)
}

impl Probe for Geometry {
    fn kind(&self) -> &'static str {
        "geometry"
    }

    fn config(&self) -> Value {
        serde_json::json!(self.config)
    }

    fn fits(&self, wanted: &[usize], found: &[usize]) -> bool {
        // Of many neurons some are looked at.
        found.len() >= 2 && found.iter().all(|neuron| wanted.contains(neuron))
    }

    fn bytes(&self, _subject: &Subject<'_>, neurons: &[usize]) -> Result<u64, Failure> {
        Ok(geometry_bytes(neurons.len(), &self.config))
    }

    fn run(
        &self,
        subject: &Subject<'_>,
        neurons: &[usize],
        surroundings: &Surroundings<'_>,
    ) -> Result<Experiment, Failure> {
        let Surroundings { session, origin, context, .. } = surroundings;
        let work: (&mut dyn striate::base::Progress, _) =
            (&mut context.progress(), &context.cancel);
        let streams = Streams::new(origin.seed);
        Ok(geometry((subject, session), neurons, &self.config, &streams, work)?)
    }

    fn draw(&self, found: &Experiment, path: &Path) -> Result<(), Failure> {
        picture::write(found, path)
    }
}
