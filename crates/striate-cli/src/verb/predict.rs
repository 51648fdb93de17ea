//! `striate predict`: predicted responses as arrays.

mod given;
mod output;

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use striate::base::machine;
use striate::recording::Recording;
use striate::score::{
    ConditionedPredictor, PredictConfig, Predictor, TwinPredictor, predict_trials, prediction_bytes,
};

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
///
/// With --samples N there are N draws from the predicted distribution of all neurons together instead,
/// [sample, frame, neuron], the latents of each frame drawn for themselves. A twin with latents predicts as if it saw no neuron; with --given FILE it sees
/// the recorded responses of those named there (what is predicted of these then knows their own responses), one a line: NEURON, or SESSION,NEURON where there are
/// several sessions, counted from 0.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  striate predict runs/rgc --out predictions.npz
  striate predict runs/mouse --tier live_test_main --out predictions/
  striate predict runs/latent --samples 100 --given neurons.txt --out samples.npz")]
pub(crate) struct PredictArguments {
    #[command(flatten)]
    run: RunArguments,
    /// Predict this tier; may be repeated; default: every tier
    #[arg(long = "tier", value_name = "TIER")]
    tiers: Vec<String>,
    /// Draw so many samples of every trial instead of its mean
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    samples: u32,
    /// Neurons whose recorded responses are seen, one a line
    #[arg(long, value_name = "FILE")]
    given: Option<PathBuf>,
    /// FILE.npz, FILE.safetensors, or a folder
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &PredictArguments, context: &Context) -> Result<(), Failure> {
    let format = Format::of(&arguments.out)?;
    let run = OpenedRun::open(&arguments.run, context)?;
    let tiers = (!arguments.tiers.is_empty()).then_some(arguments.tiers.as_slice());
    let n_samples = arguments.samples as usize;
    let mut needed = prediction_bytes(&run.twin, &run.recording)
        + n_samples as u64 * longest_trial_bytes(&run.recording);
    if format == Format::Safetensors {
        needed += n_samples.max(1) as u64 * predicted_bytes(&run.recording, tiers);
    }
    context.remark(&format!("predicting needs about {} of memory", machine::format_bytes(needed)));
    context.check_memory(needed)?;
    let predictor: Box<dyn Predictor> = match &arguments.given {
        None => Box::new(TwinPredictor::new(&run.twin, &run.recording)?),
        Some(file) => {
            let visible = given::read(file, &run.recording)?;
            Box::new(ConditionedPredictor::given(&run.twin, &run.recording, visible)?)
        }
    };
    let mut output = Output::create(format, &arguments.out)?;
    let mut n_trials = 0;
    let mut progress = context.progress();
    let seed = context.seed.unwrap_or(run.config.seed);
    let config = PredictConfig { tiers, n_samples, seed };
    let surroundings = (&mut progress as &mut dyn striate::base::Progress, &context.cancel);
    predict_trials(&*predictor, &run.recording, &config, surroundings, &mut |predicted| {
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
    let axes = if arguments.samples > 0 {
        &["sample", "frame", "neuron"][..]
    } else {
        &["frame", "neuron"]
    };
    let text = format!(
        "predicted: {n_trials} trials, each [{}], the first {consumed} frames NaN: {out}\n",
        axes.join(", ")
    );
    let value = json!({
        "predictions": arguments.out,
        "n_trials": n_trials,
        "axes": axes,
        "name": "SESSION/TRIAL",
        "frames_without_prediction": consumed,
        "data_hash": run.data_hash,
    });
    context.result(&text, &value);
}

/// Bytes of the predictions of the longest trial.
fn longest_trial_bytes(recording: &Recording) -> u64 {
    let trials = recording.sessions.iter().flat_map(|session| {
        let n_neurons = session.info.n_neurons as u64;
        session.info.trials.iter().map(move |trial| 4 * n_neurons * trial.n_frames as u64)
    });
    trials.max().unwrap_or(0)
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
