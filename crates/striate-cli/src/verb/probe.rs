//! `striate probe`: experiments on a fitted twin.

mod captions;
mod features;
mod gallery;
mod geometry;
mod latents;
mod most_exciting;
mod receptive_fields;
mod selection;
mod sheet;
#[cfg(test)]
mod tests;
mod tuning;

use std::path::Path;

use clap::{Args, Subcommand};
use striate::insilico::Experiment as Found;

use crate::context::Context;
use crate::failure::Failure;

pub(super) use latents::analyse;
use selection::{Done, ProbeSelection};

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

/// The experiments on single neurons, as a demo does them: what was found of the first session's tuning and
/// most exciting inputs. Results are left in the run folder.
pub(super) fn neurons(run: &Path, context: &Context) -> Result<[Found; 2], Failure> {
    let selection = ProbeSelection::of_run(run);
    let selected = selection.open(context)?;
    selected.perform(&receptive_fields::usual(), context)?;
    let tuning = selected.perform(&tuning::usual(), context)?;
    let exciting = selected.perform(&most_exciting::usual(), context)?;
    let first = |done: &[Done]| {
        let none = || Failure::other("found no session, expected one".to_owned());
        done.first().ok_or_else(none)?.read()
    };
    Ok([first(&tuning)?, first(&exciting)?])
}
