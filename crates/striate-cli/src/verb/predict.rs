//! `striate predict`: predicted responses as arrays.

mod output;

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use striate::base::machine;
use striate::recording::Recording;
use striate::score::{TwinPredictor, predict_trials, prediction_bytes};

use crate::context::Context;
use crate::failure::Failure;
use crate::run::{OpenedRun, RunArguments};
use output::{Format, Output};

/// Write the responses that a twin predicts
///
/// One array [frame, neuron] of 32-bit floats for each trial, in the recording's units of normalised
/// responses; the first frames, which the twin needs and cannot predict, are NaN, so that rows are the
/// trial's frames. The ending of --out says what is written: FILE.npz (arrays SESSION/TRIAL, as
/// numpy.load takes them), FILE.safetensors (tensors of the same names; held in memory first), or a
/// folder of SESSION/TRIAL.npy.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  striate predict runs/rgc --out predictions.npz
  striate predict runs/mouse --tier live_test_main --out predictions/")]
pub(crate) struct PredictArguments {
    #[command(flatten)]
    run: RunArguments,
    /// Predict this tier; may be repeated; default: every tier
    #[arg(long = "tier", value_name = "TIER")]
    tiers: Vec<String>,
    /// FILE.npz, FILE.safetensors, or a folder
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &PredictArguments, context: &Context) -> Result<(), Failure> {
    let format = Format::of(&arguments.out)?;
    let run = OpenedRun::open(&arguments.run, context)?;
    let tiers = (!arguments.tiers.is_empty()).then_some(arguments.tiers.as_slice());
    let mut needed = prediction_bytes(&run.twin, &run.recording);
    if format == Format::Safetensors {
        needed += predicted_bytes(&run.recording, tiers);
    }
    context.remark(&format!("predicting needs about {} of memory", machine::format_bytes(needed)));
    context.check_memory(needed)?;
    let predictor = TwinPredictor::new(&run.twin, &run.recording)?;
    let mut output = Output::create(format, &arguments.out)?;
    let mut n_trials = 0;
    let mut progress = context.progress();
    let surroundings = (&mut progress as &mut dyn striate::base::Progress, &context.cancel);
    predict_trials(&predictor, &run.recording, tiers, surroundings, &mut |predicted| {
        n_trials += 1;
        output.write(&predicted)
    })?;
    output.finish()?;
    tell(arguments, &run, n_trials, context);
    Ok(())
}

fn tell(arguments: &PredictArguments, run: &OpenedRun, n_trials: usize, context: &Context) {
    let consumed = run.twin.frames_consumed();
    let out = arguments.out.display();
    let text = format!(
        "predicted: {n_trials} trials, each [frame, neuron], the first {consumed} frames NaN: {out}\n"
    );
    let value = json!({
        "predictions": arguments.out,
        "n_trials": n_trials,
        "axes": ["frame", "neuron"],
        "name": "SESSION/TRIAL",
        "frames_without_prediction": consumed,
        "data_hash": run.data_hash,
    });
    context.result(&text, &value);
}

/// Bytes of all predictions together.
fn predicted_bytes(recording: &Recording, tiers: Option<&[String]>) -> u64 {
    let of_session = |session: &striate::recording::Session| {
        let trials = session.info.trials.iter();
        let wanted = trials.filter(|trial| tiers.is_none_or(|tiers| tiers.contains(&trial.tier)));
        4 * session.info.n_neurons as u64 * wanted.map(|trial| trial.n_frames as u64).sum::<u64>()
    };
    recording.sessions.iter().map(of_session).sum()
}
