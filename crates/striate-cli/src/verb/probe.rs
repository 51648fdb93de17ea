//! `striate probe`: experiments on a fitted twin.

mod latents;

use clap::{Args, Subcommand};

use crate::context::Context;
use crate::failure::Failure;

pub(super) use latents::analyse;

/// Experiment on a fitted twin
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  striate probe latents runs/latent")]
pub(crate) struct ProbeArguments {
    #[command(subcommand)]
    experiment: Experiment,
}

/// What to find out.
#[derive(Debug, Subcommand)]
enum Experiment {
    Latents(latents::LatentsArguments),
}

pub(crate) fn run(arguments: &ProbeArguments, context: &Context) -> Result<(), Failure> {
    match &arguments.experiment {
        Experiment::Latents(arguments) => latents::run(arguments, context),
    }
}
