//! The `striate` command: argument parsing, progress on the terminal and exit codes. The work is
//! done by the libraries.

mod arguments;
mod context;
mod failure;
mod interrupt;
mod output;
mod panic;
mod progress;
mod run;
mod table;
mod verb;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::Arguments;
use crate::context::Context;
use crate::failure::Failure;

fn main() -> ExitCode {
    panic::report_in_one_line();
    let arguments = Arguments::parse();
    match panic::caught(|| start(&arguments)) {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(failure)) => {
            failure.report(arguments.shared.json);
            ExitCode::from(failure.class().exit_code())
        }
        None => ExitCode::from(1),
    }
}

fn start(arguments: &Arguments) -> Result<(), Failure> {
    let cancel = interrupt::listen()?;
    let context = Context::new(&arguments.shared, cancel)?;
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(context.threads).build().map_err(|e| {
            Failure::resources(format!("cannot start {} threads: {e}", context.threads))
        })?;
    pool.install(|| verb::run(&arguments.verb, &context))
}
