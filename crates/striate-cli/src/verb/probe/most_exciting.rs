//! `striate probe most-exciting`: the stimuli that neurons respond to most, or least.

pub(super) mod picture;

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use striate::base::{Progress, Streams};
use striate::insilico::exciting::{
    ExcitingConfig, Form, Goal, TrainingStimuli, most_exciting, verify_inputs,
};
use striate::insilico::{Experiment, Subject};
use striate::model::Twin;

use super::selection::{Probe, ProbeSelection, Surroundings};
use crate::context::Context;
use crate::failure::Failure;

/// The stimuli that a twin's neurons respond to most, or least
///
/// Every neuron gets an image or a video of its own, of the contrast that training stimuli have, found by
/// climbing the gradient of its response from several starts. Told are the response beside that to the best
/// training stimulus, how far the starts agree, and how far the input is from training stimuli; with --verify
/// what a twin that was fitted for itself says to the same inputs. Stopped at any moment, the same command
/// goes on where it stood.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  striate probe most-exciting runs/demo
  striate probe most-exciting runs/demo --least --neurons 0-9
  striate probe most-exciting runs/demo --diverse 4 --image
  striate probe most-exciting runs/demo --verify runs/demo-2 --json")]
pub(crate) struct MostExcitingArguments {
    #[command(flatten)]
    selection: ProbeSelection,
    /// The least exciting inputs instead
    #[arg(long)]
    least: bool,
    /// Still images, also for twins that see videos
    #[arg(long)]
    image: bool,
    /// Contrast in units of that of the training stimuli, above 0, at most 10
    #[arg(long, value_name = "FACTOR")]
    contrast: Option<f64>,
    /// Steps of the ascent
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Starts for each input
    #[arg(long, value_name = "N")]
    starts: Option<usize>,
    /// Distinct inputs of each neuron that push each other apart
    #[arg(long, value_name = "N")]
    diverse: Option<usize>,
    /// Run of a twin of the same recording, fitted for itself, that is shown the inputs too; also those that
    /// are there already
    #[arg(long, value_name = "RUN")]
    verify: Option<PathBuf>,
}

impl MostExcitingArguments {
    fn config(&self) -> Result<ExcitingConfig, Failure> {
        let mut config: ExcitingConfig = self.selection.settings()?;
        if self.least {
            config.goal = Goal::Least;
        }
        if self.image {
            config.form = Some(Form::Image);
        }
        config.contrast = self.contrast.unwrap_or(config.contrast);
        config.steps = self.steps.unwrap_or(config.steps);
        config.n_starts = self.starts.unwrap_or(config.n_starts);
        config.n_diverse = self.diverse.unwrap_or(config.n_diverse);
        Ok(config)
    }
}

/// The twin that verifies, and the hash of its description.
struct Judge {
    twin: Twin,
    hash: String,
}

struct MostExciting {
    config: ExcitingConfig,
    judge: Option<Judge>,
}

pub(crate) fn run(arguments: &MostExcitingArguments, context: &Context) -> Result<(), Failure> {
    let config = arguments.config()?;
    let selected = arguments.selection.open(context)?;
    let judge = arguments.verify.as_deref().map(|folder| selected.run.further_twin(folder));
    let judge = judge.transpose()?.map(|(twin, hash)| Judge { twin, hash });
    config.check(selected.n_lags())?;
    if let Some(judge) = &judge {
        if selected.has_twin(&judge.hash) {
            let message =
                "--verify: found one of the twins that the inputs are of, expected another one";
            return Err(Failure::usage(message));
        }
        judge.refuse_longer_lags(config.n_frames.unwrap_or(selected.n_lags()))?;
    }
    selected.probe(&MostExciting { config, judge }, context)
}

impl Judge {
    /// Refuse a twin whose responses depend on more frames than an input has.
    fn refuse_longer_lags(&self, n_frames: usize) -> Result<(), Failure> {
        let found = self.twin.output_grid().n_lags;
        if found <= n_frames {
            return Ok(());
        }
        let message = format!(
            "--verify: found a twin whose responses depend on {found} frames, expected at most the \
             {n_frames} of an input; set n_frames (--settings)"
        );
        Err(Failure::usage(message))
    }
}

/// The experiment with its usual settings.
pub(super) fn usual() -> impl Probe {
    MostExciting { config: ExcitingConfig::default(), judge: None }
}

impl Probe for MostExciting {
    fn kind(&self) -> &'static str {
        self.config.goal.kind()
    }

    fn config(&self) -> Value {
        json!(self.config)
    }

    fn addition(&self) -> Option<(&'static str, Value)> {
        Some(("verified_by", json!(self.judge.as_ref().map(|judge| &judge.hash))))
    }

    fn bytes(&self, subject: &Subject<'_>, neurons: &[usize]) -> Result<u64, Failure> {
        Ok(self.config.needed_bytes(subject, neurons)?)
    }

    fn run(
        &self,
        subject: &Subject<'_>,
        neurons: &[usize],
        surroundings: &Surroundings<'_>,
    ) -> Result<Experiment, Failure> {
        let Surroundings { session, training, origin, parts, context } = surroundings;
        let shown = (subject, TrainingStimuli::Tier(session, &training.tier));
        let streams = Streams::new(origin.seed);
        let work: (&mut dyn Progress, _) = (&mut context.progress(), &context.cancel);
        Ok(most_exciting(shown, neurons, &self.config, &streams, parts, work)?)
    }

    fn add(&self, found: &mut Experiment, surroundings: &Surroundings<'_>) -> Result<(), Failure> {
        let Some(judge) = &self.judge else { return Ok(()) };
        let Surroundings { session, training, context, .. } = surroundings;
        let subject = Subject::new(&[&judge.twin], session, training)?;
        let shown = (&subject, TrainingStimuli::Tier(session, &training.tier));
        let work: (&mut dyn Progress, _) = (&mut context.progress(), &context.cancel);
        Ok(verify_inputs(found, self.config.goal, shown, work)?)
    }

    fn draw(&self, found: &Experiment, path: &Path) -> Result<(), Failure> {
        picture::write(found, path)
    }
}
