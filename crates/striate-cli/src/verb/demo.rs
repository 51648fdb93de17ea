//! `striate demo`: all of the tool on simulated data, no files needed.

mod imaging;
mod latent;
mod probe;
mod summary;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};
use striate::fit::{FitConfig, ValidFitConfig, fit};
use striate::recording::simulate::{SimulationConfig, Truth, ValidSimulation};

use super::fit::{finished, with_shared};
use super::{report, score, simulate};
use crate::context::Context;
use crate::failure::Failure;
use crate::run::{OpenedRun, toml_text};
use summary::Summary;

/// What is fitted.
const CONFIG: &str = include_str!("demo/demo.toml");

/// Seed of the simulation and of the fit, where `--seed` gives none.
const SEED: u64 = 42;

/// Simulate, fit, score and report: all of the tool in a few minutes, no files needed
///
/// Simulates the recording of a small population of model V1 neurons whose truth is known, fits a twin
/// to it, scores the twin against a linear-nonlinear baseline and the noise ceiling, compares the
/// receptive-field positions it found with the true ones, and writes a report. Everything is left in
/// the folder --out: simulated/ and run/, which the other verbs take. Stopped at any moment, the same
/// command goes on where it stood.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  striate demo
  striate demo --seed 7 --out /tmp/demo-7 --json
  striate demo latent
  striate demo imaging
  striate demo probe")]
pub(crate) struct DemoArguments {
    /// What to show
    #[arg(value_enum, default_value_t = Show::Twin)]
    show: Show,
    /// Folder to leave everything in; default: striate-demo, striate-demo-latent and so on
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// What a demo shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Show {
    /// A twin between its baseline and its ceiling
    Twin,
    /// Latents that no stimulus explains: found again, linked to behaviour, and what they buy
    Latent,
    /// Cells of a calcium movie, their traces and spikes, against the truth; seconds
    Imaging,
    /// Experiments inside a twin: tuning and most exciting inputs, against the truth of every neuron
    Probe,
}

impl DemoArguments {
    fn out(&self) -> PathBuf {
        let usual = match self.show {
            Show::Twin => "striate-demo",
            Show::Latent => "striate-demo-latent",
            Show::Imaging => "striate-demo-imaging",
            Show::Probe => "striate-demo-probe",
        };
        self.out.clone().unwrap_or_else(|| usual.into())
    }
}

pub(crate) fn run(arguments: &DemoArguments, context: &Context) -> Result<(), Failure> {
    match arguments.show {
        Show::Twin => twin(&arguments.out(), context),
        Show::Latent => latent::run(&arguments.out(), context),
        Show::Imaging => imaging::run(&arguments.out(), context),
        Show::Probe => probe::run(&arguments.out(), context),
    }
}

fn twin(out: &Path, context: &Context) -> Result<(), Failure> {
    let clock = Instant::now();
    let recording = out.join("simulated");
    let folder = out.join("run");
    let seed = context.seed.unwrap_or(SEED);
    let simulation = SimulationConfig { seed, ..SimulationConfig::demo() }.check()?;

    context.remark("1/4 simulate: a recording of model V1 neurons with known truth");
    let truth = simulated(&simulation, &recording, context)?;
    context.remark("2/4 fit: a twin of all neurons");
    let config = config(CONFIG, &recording, seed, context)?;
    finished(fit(&config, &folder, &mut context.progress(), &context.cancel)?)?;
    context.remark("3/4 score: the twin, a linear-nonlinear baseline and the noise ceiling");
    let run = OpenedRun::of_folder(&folder, context)?;
    let scores = score::scores(&run, &run.score_config(), &score::Wanted::baseline(), context)?;
    context.remark("4/4 report");
    let page = folder.join(report::REPORT);
    report::write(&run, &scores, Some(&truth), &page, context)?;

    let summary = Summary::new(&run.twin, &scores, &truth)?;
    let seconds = clock.elapsed().as_secs_f64();
    context.result(&summary.text(&page, seconds), &summary.json(&page, seconds));
    Ok(())
}

/// The recording, simulated unless an earlier call did.
fn simulated(
    simulation: &ValidSimulation,
    folder: &Path,
    context: &Context,
) -> Result<Truth, Failure> {
    if !folder.is_dir() || !Truth::is_beside(folder) {
        return simulate::simulate_into(simulation, folder, context);
    }
    let truth = Truth::read(folder)?;
    if truth.sessions.iter().any(|session| session.config != **simulation) {
        return Err(Failure::usage(format!(
            "found a recording simulated with other settings or another seed, expected none or this \
             demo's; name another folder with --out: {}",
            folder.display()
        )));
    }
    context.remark("the recording is there already");
    Ok(truth)
}

/// A demo's configuration for the recording that it simulated.
fn config(
    text: &str,
    recording: &Path,
    seed: u64,
    context: &Context,
) -> Result<ValidFitConfig, Failure> {
    let recording = std::path::absolute(recording)
        .map_err(|e| Failure::io("cannot find the folder", &e, recording))?;
    let mut overrides =
        vec![format!("recording.path={}", toml_text(&recording)?), format!("seed={seed}")];
    overrides = with_shared(&overrides, context);
    Ok(FitConfig::from_toml(text, &recording, &overrides)?.check()?)
}
