//! `striate report`: a fitted twin on one page.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use striate::recording::simulate::Truth;
use striate::report::{ReportSources, gather, write_report};
use striate::score::latents::LatentAnalysis;
use striate::score::{ScoreFile, Scores, prediction_bytes};

use super::score::{SCORES, Wanted, scores};
use crate::context::Context;
use crate::failure::Failure;
use crate::run::{LATENTS, OpenedRun, RunArguments};

/// The page, in the run folder.
pub(super) const REPORT: &str = "report.html";

/// Write a report of a fitted twin
///
/// One HTML file that needs neither network nor scripts: scores between baseline and noise ceiling,
/// learning curves, every neuron against its ceiling, receptive-field positions, recorded and predicted
/// responses of the best, median and worst neurons, what the latents are and what they buy, the
/// configuration and where everything came from.
/// Scores that `striate score` left in the run folder are shown as they are; where there are none for
/// this twin and these data, they are computed first.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  striate report runs/rgc
  striate report runs/mouse --recording /data/mouse --out mouse.html")]
pub(crate) struct ReportArguments {
    #[command(flatten)]
    run: RunArguments,
    /// File to write; default: report.html in the run folder
    #[arg(long, value_name = "FILE.html")]
    out: Option<PathBuf>,
}

pub(crate) fn run(arguments: &ReportArguments, context: &Context) -> Result<(), Failure> {
    let run = OpenedRun::open(&arguments.run, context)?;
    let scores = match saved(&run)? {
        Some(scores) => scores,
        None => scores(&run, &run.score_config(), &Wanted::baseline(), context)?,
    };
    context.check_memory(prediction_bytes(&run.twin, &run.recording))?;
    let out = arguments.out.clone().unwrap_or_else(|| run.folder.path().join(REPORT));
    let truth = run.truth()?;
    write(&run, &scores, truth.as_ref(), &out, context)?;
    let text = format!("report: {}\n", out.display());
    context.result(&text, &json!({"report": out}));
    Ok(())
}

/// Write the page to `out`.
pub(super) fn write(
    run: &OpenedRun,
    scores: &[Scores],
    truth: Option<&Truth>,
    out: &Path,
    context: &Context,
) -> Result<(), Failure> {
    let latents = latents(run)?;
    let sources = ReportSources {
        run: &run.folder,
        config: &run.config,
        recording: &run.recording,
        twin: &run.twin,
        scores,
        latents: latents.as_ref(),
        truth,
    };
    write_report(&gather(&sources, &context.cancel)?, out)?;
    Ok(())
}

/// The scores in the run folder, if they are of this twin on these data.
fn saved(run: &OpenedRun) -> Result<Option<Vec<Scores>>, Failure> {
    let path = run.folder.path().join(SCORES);
    if !path.is_file() {
        return Ok(None);
    }
    let file = ScoreFile::read(&path)?;
    let same_data = |scores: &Scores| scores.statement.data_hash.as_ref() == Some(&run.data_hash);
    let is_current = file.twin_hash == run.twin_hash
        && file.scores.iter().all(|scores| same_data(scores) && fits(scores, run));
    Ok(is_current.then_some(file.scores))
}

/// The analysis of latents in the run folder, if it is of this twin.
fn latents(run: &OpenedRun) -> Result<Option<LatentAnalysis>, Failure> {
    let path = run.folder.path().join(LATENTS);
    if !path.is_file() {
        return Ok(None);
    }
    Ok(LatentAnalysis::read(&run.twin_hash, &path)?)
}

/// Whether the scores are of sessions of the recording, one value a neuron.
fn fits(scores: &Scores, run: &OpenedRun) -> bool {
    let n_neurons = |id: &String| {
        let found = run.recording.sessions.iter().find(|session| session.info.id == *id);
        found.map(|session| session.info.n_neurons)
    };
    let mut sessions = scores.tiers.values().flat_map(|tier| &tier.sessions);
    sessions.all(|(id, of)| n_neurons(id) == Some(of.single_trial_correlation.len()))
}
