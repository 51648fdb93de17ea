//! `striate demo probe`: experiments inside a twin, against the truth of every neuron.

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use striate::base::machine;
use striate::fit::fit;
use striate::insilico::TruthComparison;
use striate::recording::simulate::SimulationConfig;

use super::super::fit::finished;
use super::super::{probe, report, score};
use super::{SEED, config, simulated};
use crate::context::Context;
use crate::failure::Failure;
use crate::progress::duration;
use crate::run::OpenedRun;
use crate::table::Table;

/// What is fitted.
const CONFIG: &str = include_str!("probe/demo.toml");

/// The tier whose noise ceilings count.
const TIER: &str = "live_test_main";

pub(super) fn run(out: &Path, context: &Context) -> Result<(), Failure> {
    let clock = Instant::now();
    let (recording, folder) = (out.join("simulated"), out.join("run"));
    let seed = context.seed.unwrap_or(SEED);
    let simulation = SimulationConfig { seed, ..SimulationConfig::demo_probe() }.check()?;

    context.remark("1/5 simulate: simple, complex and direction-selective cells of known tuning");
    let truth = simulated(&simulation, &recording, context)?;
    context.remark("2/5 fit: a twin of all neurons");
    let config = config(CONFIG, &recording, seed, context)?;
    finished(fit(&config, &folder, &mut context.progress(), &context.cancel)?)?;
    context.remark("3/5 score: the twin and the noise ceiling");
    let run = OpenedRun::of_folder(&folder, context)?;
    let scores = score::scores(&run, &run.score_config(), &score::Wanted::default(), context)?;
    context.remark("4/5 probe: receptive fields, tuning, most exciting inputs");
    let [tuning, exciting] = probe::neurons(&folder, context)?;
    let Some(session) = truth.sessions.first() else {
        return Err(Failure::other("found no session, expected one".to_owned()));
    };
    let comparison = TruthComparison::of(&tuning, &exciting, session, TIER)?;
    context.remark("5/5 report");
    let page = folder.join(report::REPORT);
    report::write(&run, &scores, Some(&truth), &page, context)?;

    let seconds = clock.elapsed().as_secs_f64();
    context.result(&text(&comparison, out, seconds), &value(&comparison, seconds));
    Ok(())
}

fn text(found: &TruthComparison, out: &Path, seconds: f64) -> String {
    let mut table = Table::new(&["experiment in the twin, against the truth", "", "neurons"], 1);
    let percent = |share: f64| format!("{:.0} %", 100.0 * share);
    let judged = found.n_judged.to_string();
    for (name, value, n) in [
        ("preferred orientation within 10 deg", percent(found.orientation_within_10deg), &judged),
        ("preferred spatial frequency within 20 %", percent(found.sf_within_20pct), &judged),
        ("simple or complex", percent(found.simple_complex_accuracy), &"all".to_owned()),
        (
            "direction of direction-selective cells",
            percent(found.direction_accuracy),
            &found.n_direction_selective.to_string(),
        ),
        (
            "most exciting input and optimal stimulus, median correlation",
            format!("{:.2}", found.mei_correlation_median),
            &"simple".to_owned(),
        ),
    ] {
        table.row(vec![name.to_owned(), value, n.clone()]);
    }
    format!(
        "\n{}\ntime:        {}, peak memory {}\nto look at it: striate serve {}\n",
        table.render(),
        duration(seconds),
        machine::format_bytes(machine::peak_memory()),
        out.display()
    )
}

fn value(found: &TruthComparison, seconds: f64) -> Value {
    let mut value = json!(found);
    value["peak_mb"] = json!(machine::peak_memory() as f64 / 1e6);
    value["seconds"] = json!(seconds);
    value
}
