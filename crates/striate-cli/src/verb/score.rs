//! `striate score`: the twin between its baseline and its ceiling.

mod factors;
mod predictors;

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use striate::base::machine;
use striate::recording::Recording;
use striate::score::{
    Condition, FACTORS_GIVEN, GIVEN, SMOOTH_FACTORS_GIVEN, ScoreConfig, ScoreFile, Scores,
    WITHOUT_LATENTS, baseline_bytes, factor_bytes, leave_one_out_bytes, prediction_bytes,
    render_table, score_all,
};

use crate::context::Context;
use crate::failure::Failure;
use crate::run::{OpenedRun, RunArguments};
use factors::FactorArguments;
use predictors::{Predictors, Twins};

/// Scores with every neuron, in the run folder.
pub(super) const SCORES: &str = "scores.json";

/// The same as a table, in the run folder.
const NEURONS: &str = "neurons.csv";

/// The same of an ensemble.
const ENSEMBLE: [&str; 2] = ["ensemble.json", "ensemble.csv"];

/// Score a fitted twin
///
/// For each tier with responses: single-trial correlation, correlation to the average of repeats,
/// fraction of explainable variance explained, and the fraction of the noise ceiling; the twin beside
/// a baseline fitted to the same trials (linear-nonlinear for video, ridge on a Gabor pyramid for
/// images; none where the recording has no stimulus) and below the ceiling that the repeats allow. Which frames count and how responses are
/// normalised is said below the table. The scores of every neuron are left in the run folder
/// (scores.json, neurons.csv).
///
/// A twin with latents is scored as it predicts when it sees no neuron, beside the twin without latents
/// that it started from, and under each --condition as it predicts neurons when it sees others: half
/// (each half from the other), first-half (the same in the order of the neurons), a share such as 0.25,
/// leave-one-out, or depth:MICROMETRES (those above that depth from those below, and back). With --factors
/// the same is predicted by factor analysis on top of the twin without latents, in closed form: what a twin
/// with latents must be compared with.
///
/// With --with RUN further twins of the same recording answer together with this one: rates are the means of
/// theirs, distributions their mixture. These scores are left in ensemble.json and ensemble.csv.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  striate score runs/rgc
  striate score runs/rgc --tier validation --json
  striate score runs/mouse --recording /data/mouse --no-baseline
  striate score runs/latent --condition half --condition leave-one-out
  striate score runs/latent --condition half --factors 8
  striate score runs/mouse --with runs/mouse-seed-2 --with runs/mouse-seed-3")]
pub(crate) struct ScoreArguments {
    #[command(flatten)]
    run: RunArguments,
    /// Score this tier; may be repeated; default: every tier with responses other than train
    #[arg(long = "tier", value_name = "TIER")]
    tiers: Vec<String>,
    /// Score each trial from this frame on; default: as the recording's benchmark does
    #[arg(long, value_name = "N")]
    from_frame: Option<usize>,
    /// Score also what is predicted of neurons where others are seen; may be repeated
    #[arg(long = "condition", value_name = "CONDITION")]
    conditions: Vec<Condition>,
    #[command(flatten)]
    factors: FactorArguments,
    /// Run of a further twin of the same recording, to answer together; may be repeated
    #[arg(long, value_name = "RUN")]
    with: Vec<PathBuf>,
    /// Do not fit a baseline
    #[arg(long)]
    no_baseline: bool,
}

pub(crate) fn run(arguments: &ScoreArguments, context: &Context) -> Result<(), Failure> {
    let run = OpenedRun::open(&arguments.run, context)?;
    let config = ScoreConfig {
        tiers: (!arguments.tiers.is_empty()).then(|| arguments.tiers.clone()),
        from_frame: arguments.from_frame,
        ..run.score_config()
    };
    let wanted = Wanted {
        baseline: !arguments.no_baseline,
        conditions: &arguments.conditions,
        factors: Some(&arguments.factors),
        with: &arguments.with,
    };
    let scores = scores(&run, &config, &wanted, context)?;
    let [file, table] = wanted.files();
    let path = run.folder.path().join(file);
    let text = format!("{}scores: {}, {table}\n", render_table(&scores), path.display());
    context.result(&text, &value(&scores));
    Ok(())
}

/// What is scored beside the twin.
#[derive(Default)]
pub(super) struct Wanted<'a> {
    /// A baseline of the stimulus.
    pub(super) baseline: bool,
    /// The twin where it sees neurons.
    pub(super) conditions: &'a [Condition],
    /// Factor analysis under the same conditions.
    pub(super) factors: Option<&'a FactorArguments>,
    /// Runs of twins that answer together with this one.
    pub(super) with: &'a [PathBuf],
}

impl Wanted<'_> {
    /// Where scores are left, and their table.
    fn files(&self) -> [&'static str; 2] {
        if self.with.is_empty() { [SCORES, NEURONS] } else { ENSEMBLE }
    }

    /// Whether there is a baseline: it has nothing to go by where a stimulus has no more than one pixel.
    fn has_baseline(&self, recording: &Recording) -> bool {
        let mut sessions = recording.sessions.iter();
        self.baseline && sessions.any(|session| session.info.height * session.info.width > 1)
    }

    fn factors(&self) -> Option<&FactorArguments> {
        self.factors.filter(|factors| factors.are_wanted())
    }

    /// A baseline of the stimulus and nothing else.
    pub(super) fn baseline() -> Self {
        Self { baseline: true, ..Self::default() }
    }
}

/// Score the twin last, before it a baseline where one is wanted, the twin it started from, and factor
/// analysis and itself under conditions; and leave the scores in the run folder.
pub(super) fn scores(
    run: &OpenedRun,
    config: &ScoreConfig,
    wanted: &Wanted<'_>,
    context: &Context,
) -> Result<Vec<Scores>, Failure> {
    let (baseline, factors) = (wanted.has_baseline(&run.recording), wanted.factors().is_some());
    let needed = needed_bytes(run, wanted, baseline, factors);
    context.remark(&format!("scoring needs about {} of memory", machine::format_bytes(needed)));
    context.check_memory(needed)?;
    let (mut progress, cancel) = (context.progress(), &context.cancel);
    let twins = Twins::of(run, wanted)?;
    let predictors = Predictors::of(&twins, wanted, (&mut progress, cancel))?;
    let scores = score_all(&predictors.all(), &run.recording, config, &mut progress, cancel)?;
    let file = ScoreFile::new(run.twin_hash.clone(), scores);
    let [path, table] = wanted.files().map(|name| run.folder.path().join(name));
    file.write(&path)?;
    file.write_table(&table)?;
    Ok(file.scores)
}

/// Predicted peak of scoring.
fn needed_bytes(run: &OpenedRun, wanted: &Wanted<'_>, baseline: bool, factors: bool) -> u64 {
    let train = &run.config.fit.train_tier;
    let mut needed = prediction_bytes(&run.twin, &run.recording);
    if baseline {
        needed += baseline_bytes(&run.recording, train);
    }
    if factors {
        needed += factor_bytes(&run.recording, train);
    }
    if wanted.conditions.contains(&Condition::LeaveOneOut) {
        needed += leave_one_out_bytes(&run.twin, &run.recording);
    }
    needed
}

/// The twin's scores, and the others' beside them: the baseline's, the twin's without latents, and those
/// of the twin and of factor analysis under conditions by the condition.
fn value(scores: &[Scores]) -> serde_json::Value {
    let Some((twin, others)) = scores.split_last() else { return json!({}) };
    let mut value = twin.to_json();
    let Some(object) = value.as_object_mut() else { return value };
    let (mut conditioned, mut factors) = (serde_json::Map::new(), serde_json::Map::new());
    for of in others {
        let of_factors = of.predictor.strip_prefix(FACTORS_GIVEN);
        if let Some(condition) =
            of_factors.or_else(|| of.predictor.strip_prefix(SMOOTH_FACTORS_GIVEN))
        {
            factors.insert(condition.to_owned(), of.to_json());
        } else if let Some(condition) = of.predictor.strip_prefix(GIVEN) {
            conditioned.insert(condition.to_owned(), of.to_json());
        } else if of.predictor == WITHOUT_LATENTS {
            object.insert("without_latents".into(), of.to_json());
        } else if of.predictor == "twin" {
            object.insert("one_twin".into(), of.to_json());
        } else {
            object.insert("baseline".into(), of.to_json());
        }
    }
    object.entry("baseline").or_insert_with(|| json!(null));
    object.insert("conditioned".into(), conditioned.into());
    object.insert("factor_analysis".into(), factors.into());
    value
}
