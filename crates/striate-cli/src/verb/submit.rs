//! `striate submit`: benchmark submissions, written, checked and scored.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use striate::base::machine;
use striate::recording::StimulusKind;
use striate::score::submission::{
    NameScheme, SubmissionConfig, score_submission, write_submission,
};
use striate::score::{Scores, TwinPredictor, prediction_bytes, render_table};

use crate::context::Context;
use crate::failure::Failure;
use crate::run::{OpenedRun, RunArguments};

/// Write a benchmark submission, or check and score one
///
/// Sensorium 2022 takes a CSV file for each test tier, Sensorium 2023 a Parquet file (brotli) without
/// the first 50 frames of each trial. Each file is read back and checked before it counts as written.
/// With --check nothing is written: the files, whoever wrote them, are checked against the recording
/// and scored on this machine where it has responses.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  striate submit runs/mouse --track 2023 --out submission
  striate submit runs/mouse --track 2023 --names official-writer --tier live_test_main --out sub
  striate submit runs/mouse --check submission/predictions_live_main.parquet.brotli")]
pub(crate) struct SubmitArguments {
    #[command(flatten)]
    run: RunArguments,
    /// Which benchmark
    #[arg(long, value_enum, required_unless_present = "check")]
    track: Option<Track>,
    /// Folder for the files
    #[arg(long, value_name = "FOLDER", required_unless_present = "check")]
    out: Option<PathBuf>,
    /// Submit this tier; may be repeated; default: every test tier
    #[arg(long = "tier", value_name = "TIER")]
    tiers: Vec<String>,
    /// Names of the 2023 files: its server and its official writer disagree
    #[arg(long, value_enum, default_value_t = Names::Server)]
    names: Names,
    /// Check and score these files instead
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["track", "out"])]
    check: Vec<PathBuf>,
}

/// A benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Track {
    /// Still images
    #[value(name = "2022")]
    Sensorium2022,
    /// Video
    #[value(name = "2023")]
    Sensorium2023,
}

/// How files are named.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Names {
    /// `predictions_live_main.parquet.brotli`
    Server,
    /// `predictions_file_live_test_main_track.parquet.brotli`
    OfficialWriter,
}

pub(crate) fn run(arguments: &SubmitArguments, context: &Context) -> Result<(), Failure> {
    let run = OpenedRun::open(&arguments.run, context)?;
    let needed = prediction_bytes(&run.twin, &run.recording);
    context.remark(&format!("needs about {} of memory", machine::format_bytes(needed)));
    context.check_memory(needed)?;
    match (arguments.track, &arguments.out) {
        (Some(track), Some(out)) => write(&run, track, out, arguments, context),
        _ => check(&run, &arguments.check, context),
    }
}

fn write(
    run: &OpenedRun,
    track: Track,
    out: &std::path::Path,
    arguments: &SubmitArguments,
    context: &Context,
) -> Result<(), Failure> {
    refuse_other_kind(run, track)?;
    std::fs::create_dir_all(out).map_err(|e| Failure::io("cannot make the folder", &e, out))?;
    let config = SubmissionConfig {
        folder: out.to_owned(),
        tiers: (!arguments.tiers.is_empty()).then(|| arguments.tiers.clone()),
        names: match arguments.names {
            Names::Server => NameScheme::Server,
            Names::OfficialWriter => NameScheme::OfficialWriter,
        },
    };
    let twin = TwinPredictor::new(&run.twin, &run.recording)?;
    let mut progress = context.progress();
    let files = write_submission(&twin, &run.recording, &config, &mut progress, &context.cancel)?;
    let lines: Vec<String> =
        files.iter().map(|file| format!("written and checked: {}\n", file.display())).collect();
    let hint = format!("next: striate submit {} --check FILE\n", run.folder.path().display());
    context.result(&(lines.concat() + &hint), &json!({"files": files}));
    Ok(())
}

/// A track takes images or videos.
fn refuse_other_kind(run: &OpenedRun, track: Track) -> Result<(), Failure> {
    let (expected, in_words) = match track {
        Track::Sensorium2022 => (StimulusKind::Image, "images for the track 2022"),
        Track::Sensorium2023 => (StimulusKind::Video, "videos for the track 2023"),
    };
    match run.recording.sessions.iter().find(|session| session.info.kind != expected) {
        None => Ok(()),
        Some(session) => {
            let id = &session.info.id;
            Err(Failure::usage(format!(
                "session `{id}` shows the other kind of stimulus, expected {in_words}"
            )))
        }
    }
}

fn check(run: &OpenedRun, files: &[PathBuf], context: &Context) -> Result<(), Failure> {
    let (mut text, mut values) = (String::new(), Map::new());
    let config = run.score_config();
    for path in files {
        let mut progress = context.progress();
        let scores =
            score_submission(path, &run.recording, &config, &mut progress, &context.cancel)
                .map_err(|e| Failure::from(e).at(path))?;
        let scores = vec![scores];
        text += &format!("{}:\n{}\n", path.display(), render_table(&scores));
        let value = scores.first().map_or(Value::Null, Scores::to_json);
        values.insert(path.display().to_string(), value);
    }
    context.result(&text, &json!({"files": values}));
    Ok(())
}
