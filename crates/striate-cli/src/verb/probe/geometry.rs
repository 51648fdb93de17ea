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
    /// Tier whose trials are the stimuli; default: the first with responses of the main live test, test,
    /// oracle, validation and train
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
        self.config.looked_at(wanted) == found
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_fewer_neurons_are_others() {
        let config = GeometryConfig { max_neurons: 3, ..GeometryConfig::default() };
        let probe = Geometry { config };
        assert!(probe.fits(&[2, 4], &[2, 4]) && !probe.fits(&[2, 4, 5], &[2, 4]));
        // Of more than are looked at some are chosen.
        assert!(probe.fits(&[0, 1, 2, 3, 4, 5], &[1, 3, 5]));
    }
}
