//! `striate simulate`: a recording or a calcium movie whose truth is known.

pub(super) mod movie;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;
use striate::base::machine;
use striate::fit::config::read_settings;
use striate::recording::simulate::{SimulationConfig, Truth, ValidSimulation, simulate};

use crate::context::Context;
use crate::failure::Failure;
use crate::table::{Table, score};

/// Simulate a recording of model V1 neurons with known truth
///
/// Writes a folder in the layout of the Sensorium 2023 recordings: natural-like video, responses,
/// running, pupil; and beside them the truth: every neuron's receptive field, the rates behind the
/// responses, the shared states, the movements of the eye. The same settings and seed always give the
/// same files. What is there already is never overwritten; a stopped simulation begins the unfinished
/// session anew.
///
/// `striate simulate movie` writes a two-photon calcium movie instead, `movie.tif`, with its truth in `truth/`: cells,
/// light, spikes, shifts, neuropil and noise.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  striate simulate --out data/simulated
  striate simulate --preset tiny --set n_neurons=20 --out /tmp/tiny
  striate simulate --config sim.toml --set trials.train=500 --seed 3 --out data/large
  striate simulate movie --out data/movie
  striate simulate movie --preset acceptance --set cells.peak_snr=2 --out data/faint")]
pub(crate) struct SimulateArguments {
    /// What to simulate
    #[arg(value_enum, default_value_t = Kind::Recording)]
    kind: Kind,
    /// Folder to write into, one sub-folder a session
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Settings (TOML) that differ from the preset's
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What the settings start from
    #[arg(long, value_enum, default_value_t = Preset::Default)]
    preset: Preset,
    /// Override a setting, as `n_neurons=500` or `eye.fixation_px=0`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
}

/// What is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Video and responses of model V1 neurons
    Recording,
    /// A calcium movie
    Movie,
}

/// A set of settings.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Preset {
    /// A small real session: 36 x 64 pixels, 120 neurons; of movies: as demo
    Default,
    /// What `striate demo` uses; of movies: 1500 frames of 128 x 128, 40 cells, with motion
    Demo,
    /// What `striate demo latent` uses: many neurons that share three latents
    DemoLatent,
    /// For tests: a fraction of a second
    Tiny,
    /// Movies only: 3000 frames of 256 x 256, 100 cells, no motion
    Acceptance,
}

impl Preset {
    fn config(self) -> Result<SimulationConfig, Failure> {
        Ok(match self {
            Self::Default => SimulationConfig::default(),
            Self::Demo => SimulationConfig::demo(),
            Self::DemoLatent => SimulationConfig::demo_latent(),
            Self::Tiny => SimulationConfig::tiny(),
            Self::Acceptance => {
                return Err(Failure::usage(
                    "--preset: found `acceptance`, which is for `striate simulate movie`, expected another",
                ));
            }
        })
    }
}

pub(crate) fn run(arguments: &SimulateArguments, context: &Context) -> Result<(), Failure> {
    if arguments.kind == Kind::Movie {
        return movie::run(arguments, context);
    }
    let config = settings(arguments, context)?;
    let truth = simulate_into(&config, &arguments.out, context)?;
    let value = json!({
        "recording": arguments.out,
        "seed": config.seed,
        "sessions": truth.sessions.iter().map(|session| json!({
            "id": session.id,
            "n_neurons": session.neurons.len(),
            "n_trials": session.trials.len(),
            "folder": session.folder,
        })).collect::<Vec<_>>(),
        "disk_bytes": config.disk_bytes(),
    });
    context.result(&describe(&truth, &arguments.out), &value);
    Ok(())
}

/// Simulate, after saying what it will take.
pub(super) fn simulate_into(
    config: &ValidSimulation,
    out: &Path,
    context: &Context,
) -> Result<Truth, Failure> {
    let (disk, memory) = (config.disk_bytes(), config.memory_bytes());
    let [disk, in_words] = [disk, memory].map(machine::format_bytes);
    context.remark(&format!("the recording needs about {disk} of disk and {in_words} of memory"));
    context.check_memory(memory)?;
    std::fs::create_dir_all(out).map_err(|e| Failure::io("cannot make the folder", &e, out))?;
    let mut progress = context.progress();
    let truth = simulate(config, out, &mut progress, &context.cancel);
    truth.map_err(|error| match Failure::from(error) {
        failure if context.cancel.is_cancelled() => {
            failure.while_doing("stopped; the same command begins the unfinished session anew")
        }
        failure => failure,
    })
}

/// The text of the settings' file; empty where there is none.
fn config_text(arguments: &SimulateArguments) -> Result<String, Failure> {
    let Some(path) = &arguments.config else { return Ok(String::new()) };
    std::fs::read_to_string(path)
        .map_err(|e| Failure::usage(format!("cannot read the settings: {e}: {}", path.display())))
}

fn settings(arguments: &SimulateArguments, context: &Context) -> Result<ValidSimulation, Failure> {
    let text = config_text(arguments)?;
    let mut overrides = arguments.overrides.clone();
    overrides.extend(context.seed.map(|seed| format!("seed={seed}")));
    let optional = ["trials.distinct_train", "state.strength"];
    let config = read_settings(&arguments.preset.config()?, &text, &overrides, &optional)
        .map_err(Failure::from)
        .and_then(|config: SimulationConfig| Ok(config.check()?));
    match &arguments.config {
        Some(path) => config.map_err(|failure| failure.at(path)),
        None => config,
    }
}

fn describe(truth: &Truth, out: &Path) -> String {
    let mut table = Table::new(&["session", "neurons", "trials", "ceiling", "of stimulus"], 1);
    for session in &truth.sessions {
        let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len().max(1) as f64;
        let ceilings = session.ceilings.get("live_test_main").or(session.ceilings.get("train"));
        table.row(vec![
            session.id.clone(),
            session.neurons.len().to_string(),
            session.trials.len().to_string(),
            score(ceilings.map(|ceilings| mean(&ceilings.full))),
            score(ceilings.map(|ceilings| mean(&ceilings.stimulus))),
        ]);
    }
    let out = out.display();
    format!(
        "{}\nceiling: mean correlation of single trials with their true expectation, given everything \
         and given the stimulus\nrecording: {out}\nnext:      striate inspect {out}\n",
        table.render()
    )
}
