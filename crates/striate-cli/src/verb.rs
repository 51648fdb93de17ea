//! The verbs, one file each, in the order of the work.

mod demo;
mod extract;
mod fit;
mod inspect;
mod predict;
mod probe;
mod report;
mod score;
mod serve;
mod simulate;
mod submit;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Demo(demo::DemoArguments),
    Simulate(simulate::SimulateArguments),
    Inspect(inspect::InspectArguments),
    Extract(extract::ExtractArguments),
    Fit(fit::FitArguments),
    Score(score::ScoreArguments),
    Predict(predict::PredictArguments),
    Submit(submit::SubmitArguments),
    Probe(probe::ProbeArguments),
    Report(report::ReportArguments),
    Serve(serve::ServeArguments),
}

/// Do it.
pub(crate) fn run(verb: &Verb, context: &Context) -> Result<(), Failure> {
    match verb {
        Verb::Demo(arguments) => demo::run(arguments, context),
        Verb::Simulate(arguments) => simulate::run(arguments, context),
        Verb::Inspect(arguments) => inspect::run(arguments, context),
        Verb::Extract(arguments) => extract::run(arguments, context),
        Verb::Fit(arguments) => fit::run(arguments, context),
        Verb::Score(arguments) => score::run(arguments, context),
        Verb::Predict(arguments) => predict::run(arguments, context),
        Verb::Submit(arguments) => submit::run(arguments, context),
        Verb::Probe(arguments) => probe::run(arguments, context),
        Verb::Report(arguments) => report::run(arguments, context),
        Verb::Serve(arguments) => serve::run(arguments, context),
    }
}
