//! What can be typed.

use clap::{Args, Parser};

use crate::verb::Verb;

/// Functional digital twins of the visual cortex: from recorded stimuli and responses to a fitted
/// and scored model of the whole population.
///
/// Verbs in the order of the work: demo, simulate, inspect, extract, fit, score, predict, submit, probe,
/// report, serve.
/// `striate demo` shows all of it on simulated data in a few minutes.
///
/// Exit codes: 0 done, 2 wrong usage or configuration, 3 input data that cannot be used, 4 out of
/// memory or disk, 130 interrupted, 1 anything else.
#[derive(Debug, Parser)]
#[command(name = "striate", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) shared: SharedArguments,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What every verb understands.
#[derive(Debug, Args)]
pub(crate) struct SharedArguments {
    /// Print one JSON object on stdout; all text for humans goes to stderr
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub(crate) json: bool,
    /// Root of all randomness; overrides the configuration's
    #[arg(long, global = true, value_name = "NUMBER", help_heading = "Everywhere")]
    pub(crate) seed: Option<u64>,
    /// Threads to use; default: what the machine allows this process
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096), help_heading = "Everywhere")]
    pub(crate) threads: Option<u16>,
    /// Refuse to start what would need more memory than this, as 8GiB
    #[arg(long, global = true, value_name = "BYTES", help_heading = "Everywhere")]
    pub(crate) memory_limit: Option<String>,
    /// Show results and errors only
    #[arg(long, short, global = true, help_heading = "Everywhere")]
    pub(crate) quiet: bool,
}
