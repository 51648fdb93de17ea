//! `striate probe latents`: what the latents of a twin are and what they buy.

mod arrays;
mod text;

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use striate::base::machine;
use striate::score::latents::{LatentAnalysis, LatentAnalysisConfig, analyse_latents};
use striate::score::prediction_bytes;

use crate::context::Context;
use crate::failure::Failure;
use crate::run::{LATENTS, OpenedRun, RunArguments};

/// Predictions of a trial that are held at once, about.
const PREDICTIONS: u64 = 30;

/// What a twin's latents are and what they buy
///
/// Infers the latents of every trial of a tier from the recorded responses and tells: how far each latent
/// is from its prior; how well behaviour can be read from the latents, which never saw it (canonical
/// correlation with folds of frames and of whole trials, beside trials paired wrongly on purpose); how well
/// a quarter of the neurons is predicted the more of the others are seen; whether the predicted
/// distributions are calibrated; noise correlations recorded and in the twin; the joint likelihood; and
/// how well the true latents of a simulated recording were found. The whole analysis is left in the run
/// folder (latents.json), where `striate report` shows it.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  striate probe latents runs/latent
  striate probe latents runs/latent --tier oracle --out latents.npz --json")]
pub(crate) struct LatentsArguments {
    #[command(flatten)]
    run: RunArguments,
    /// Tier to look at; default: the test tier, else the validation tier
    #[arg(long, value_name = "TIER")]
    tier: Option<String>,
    /// Trials of each session for everything but behaviour
    #[arg(long, value_name = "N", default_value_t = LatentAnalysisConfig::default().max_trials)]
    max_trials: usize,
    /// Write the latents too: FILE.npz with an array SESSION/TRIAL [frame, latent] of posterior means for
    /// each trial of the tier
    #[arg(long, value_name = "FILE.npz")]
    out: Option<PathBuf>,
}

pub(crate) fn run(arguments: &LatentsArguments, context: &Context) -> Result<(), Failure> {
    if let Some(out) = &arguments.out {
        arrays::refuse_other_ending(out)?;
    }
    let run = OpenedRun::open(&arguments.run, context)?;
    let config = LatentAnalysisConfig {
        tier: arguments.tier.clone(),
        max_trials: arguments.max_trials,
        ..LatentAnalysisConfig::default()
    };
    let analysis = analyse(&run, &config, context)?;
    if let Some(out) = &arguments.out {
        arrays::write(&run, &analysis.tier, out, context)?;
    }
    let path = run.folder.path().join(LATENTS);
    let text = format!("{}\nlatents: {}\n", text::of(&analysis), path.display());
    context.result(&text, &json!({"latents": path, "arrays": arguments.out, "analysis": analysis}));
    Ok(())
}

/// Analyse the latents of a run and leave the analysis in its folder.
pub(in crate::verb) fn analyse(
    run: &OpenedRun,
    config: &LatentAnalysisConfig,
    context: &Context,
) -> Result<LatentAnalysis, Failure> {
    let longest = run.recording.sessions.iter().flat_map(|session| {
        let n_neurons = session.info.n_neurons as u64;
        session.info.trials.iter().map(move |trial| 4 * n_neurons * trial.n_frames as u64)
    });
    let needed =
        prediction_bytes(&run.twin, &run.recording) + PREDICTIONS * longest.max().unwrap_or(0);
    context.remark(&format!("this needs about {} of memory", machine::format_bytes(needed)));
    context.check_memory(needed)?;
    let twins = (&run.twin, run.without_latents.as_ref());
    let mut progress = context.progress();
    let mut analysis =
        analyse_latents(twins, &run.recording, config, &mut progress, &context.cancel)?;
    if let Some(truth) = run.truth()? {
        analysis.compare_with_truth(&run.twin, &run.recording, &truth)?;
    }
    analysis.write(&run.twin_hash, &run.folder.path().join(LATENTS))?;
    Ok(analysis)
}
