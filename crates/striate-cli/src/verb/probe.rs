//! `striate probe`: experiments on a fitted twin.

mod features;
mod gallery;
mod geometry;
mod latents;
mod most_exciting;
mod receptive_fields;
mod selection;
mod sheet;
mod tuning;

use clap::{Args, Subcommand};

use crate::context::Context;
use crate::failure::Failure;

pub(super) use latents::analyse;

/// Experiment on a fitted twin
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  striate probe receptive-fields runs/demo
  striate probe tuning runs/demo
  striate probe most-exciting runs/demo
  striate probe geometry runs/demo
  striate probe features runs/demo
  striate probe latents runs/latent")]
pub(crate) struct ProbeArguments {
    #[command(subcommand)]
    experiment: Experiment,
}

/// What to find out.
#[derive(Debug, Subcommand)]
enum Experiment {
    ReceptiveFields(receptive_fields::ReceptiveFieldArguments),
    Tuning(tuning::TuningArguments),
    MostExciting(most_exciting::MostExcitingArguments),
    Geometry(geometry::GeometryArguments),
    Features(features::FeaturesArguments),
    Latents(latents::LatentsArguments),
}

pub(crate) fn run(arguments: &ProbeArguments, context: &Context) -> Result<(), Failure> {
    match &arguments.experiment {
        Experiment::ReceptiveFields(arguments) => receptive_fields::run(arguments, context),
        Experiment::Tuning(arguments) => tuning::run(arguments, context),
        Experiment::MostExciting(arguments) => most_exciting::run(arguments, context),
        Experiment::Geometry(arguments) => geometry::run(arguments, context),
        Experiment::Features(arguments) => features::run(arguments, context),
        Experiment::Latents(arguments) => latents::run(arguments, context),
    }
}
