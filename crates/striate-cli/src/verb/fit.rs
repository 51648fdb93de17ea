//! `striate fit`: a recording in, a fitted twin out.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use striate::base::machine;
use striate::fit::{FitConfig, FitEnd, FitOutcome, FitSummary, fit, resume};

use crate::context::Context;
use crate::failure::Failure;

/// Fit a twin to a recording
///
/// Reads one TOML file (see configs/ for complete ones), checks every key and value, states the
/// memory it will need, and fits. Everything is left in the run folder: the resolved
/// configuration, provenance, learning curves as JSON lines and for TensorBoard, checkpoints, and
/// the twin. Ctrl-C, a kill or a power cut lose at most the work since the last checkpoint: the
/// same command goes on where the run stood, and ends with the same bits as an uninterrupted run.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  striate fit configs/rgc-whitenoise.toml --set recording.root=DATA --out runs/rgc
  striate fit configs/v4-images.toml --set fit.max_epochs=5 --set model.core.channels=[16,32] --out runs/try
  striate fit --resume --out runs/rgc")]
pub(crate) struct FitArguments {
    /// Configuration file
    #[arg(value_name = "CONFIG", required_unless_present = "resume")]
    config: Option<PathBuf>,
    /// Override a key of the configuration, as `fit.learning_rate=0.002`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "config")]
    overrides: Vec<String>,
    /// Run folder
    #[arg(long, value_name = "RUN")]
    out: PathBuf,
    /// Go on with the run in the folder with the configuration saved there
    #[arg(long, conflicts_with = "config")]
    resume: bool,
}

pub(crate) fn run(arguments: &FitArguments, context: &Context) -> Result<(), Failure> {
    let mut progress = context.progress();
    let out = &arguments.out;
    context.remark(&format!("run folder: {}", out.display()));
    let outcome = match &arguments.config {
        Some(path) => {
            let overrides = with_shared(&arguments.overrides, context);
            let config = FitConfig::open(path, &overrides)
                .and_then(FitConfig::check)
                .map_err(|e| Failure::from(e).at(path))?;
            fit(&config, out, &mut progress, &context.cancel)?
        }
        None => resume(out, &mut progress, &context.cancel)?,
    };
    let summary = finished(outcome)?;
    let text = describe(&summary, out);
    context.result(&text, &json!({"run": out, "summary": summary}));
    Ok(())
}

/// The overrides with what the shared arguments say, which wins.
pub(super) fn with_shared(overrides: &[String], context: &Context) -> Vec<String> {
    let mut all = overrides.to_vec();
    all.extend(context.seed.map(|seed| format!("seed={seed}")));
    all.extend(context.threads_asked.map(|threads| format!("threads={threads}")));
    all.extend(context.memory_limit.map(|bytes| format!("fit.memory_limit=\"{bytes}B\"")));
    all
}

/// The summary of a finished fit; an interrupted one is a failure that says how to go on.
pub(super) fn finished(outcome: FitOutcome) -> Result<FitSummary, Failure> {
    match outcome {
        FitOutcome::Finished(summary) | FitOutcome::AlreadyFinished(summary) => Ok(summary),
        FitOutcome::Interrupted { step, resume_command } => Err(Failure::interrupted(format!(
            "interrupted after step {step}; go on with: {resume_command}"
        ))),
    }
}

fn describe(summary: &FitSummary, out: &std::path::Path) -> String {
    let reason = match summary.ended_by {
        FitEnd::MaxEpochs => "all epochs done",
        FitEnd::MaxSteps => "all steps done",
        FitEnd::EarlyStopping => "validation score stopped rising",
    };
    let best = match summary.best_score {
        Some(score) => format!("best validation score {score:.4} at step {}", summary.best_step),
        None => "no validation".into(),
    };
    let peak = machine::format_bytes(machine::peak_memory());
    let out = out.display();
    format!(
        "fitted: {reason} after {} steps ({} epochs), {best}, {} parameters, peak memory {peak}\n\
         twin:   {out}\n\
         next:   striate score {out}\n",
        summary.steps, summary.epochs, summary.n_parameters
    )
}
