//! `striate demo latent`: latents that no stimulus explains, found again.

mod summary;

use std::path::Path;
use std::time::Instant;

use striate::fit::fit;
use striate::recording::simulate::SimulationConfig;
use striate::score::Condition;
use striate::score::latents::LatentAnalysisConfig;

use super::super::fit::finished;
use super::super::{probe, report, score};
use super::{SEED, config, simulated};
use crate::context::Context;
use crate::failure::Failure;
use crate::run::OpenedRun;
use summary::Summary;

/// What is fitted.
const CONFIG: &str = include_str!("latent/demo.toml");

/// Trials that are judged.
const MAX_TRIALS: usize = 12;

pub(super) fn run(out: &Path, context: &Context) -> Result<(), Failure> {
    let clock = Instant::now();
    let (recording, folder) = (out.join("simulated"), out.join("run"));
    let seed = context.seed.unwrap_or(SEED);
    let simulation = SimulationConfig { seed, ..SimulationConfig::demo_latent() }.check()?;

    context.remark(
        "1/5 simulate: a population with three latents of its own, which behaviour follows",
    );
    let truth = simulated(&simulation, &recording, context)?;
    context.remark("2/5 fit: a twin without latents, then with them");
    let config = config(CONFIG, &recording, seed, context)?;
    finished(fit(&config, &folder, &mut context.progress(), &context.cancel)?)?;
    context.remark("3/5 score: without latents, with them, and given half of the neurons");
    let run = OpenedRun::of_folder(&folder, context)?;
    let wanted = score::Wanted { conditions: &[Condition::Half], ..score::Wanted::default() };
    let scores = score::scores(&run, &run.score_config(), &wanted, context)?;
    context.remark("4/5 probe: the latents themselves");
    let wanted = LatentAnalysisConfig { max_trials: MAX_TRIALS, ..LatentAnalysisConfig::default() };
    let analysis = probe::analyse(&run, &wanted, context)?;
    context.remark("5/5 report");
    let page = folder.join(report::REPORT);
    report::write(&run, &scores, Some(&truth), &page, context)?;

    let summary = Summary::new(&scores, &analysis)?;
    let seconds = clock.elapsed().as_secs_f64();
    context.result(&summary.text(&page, seconds), &summary.json(&page, seconds));
    Ok(())
}
