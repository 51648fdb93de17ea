//! `striate probe tuning`: what gratings the twin's neurons prefer.

pub(super) mod picture;

use std::path::Path;

use clap::Args;
use serde_json::Value;
use striate::base::Progress;
use striate::insilico::{Experiment, Subject, TuningConfig, tuning, tuning_bytes};

use super::selection::{Probe, ProbeSelection, Surroundings};
use crate::context::Context;
use crate::failure::Failure;

/// Tuning of a twin's neurons to gratings
///
/// Shows gratings of all directions, spatial and temporal frequencies, then each neuron's best one in several
/// contrasts and sizes, and tells preferences, selectivity, contrast saturation, suppression by size and
/// whether the cell is simple or complex. Several twins (--with) give errors. Stopped at any moment, the same
/// command goes on where it stood.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  striate probe tuning runs/demo
  striate probe tuning runs/demo --with runs/demo-2 --with runs/demo-3 --json")]
pub(crate) struct TuningArguments {
    #[command(flatten)]
    selection: ProbeSelection,
    /// Contrast of the gratings, above 0 to 1
    #[arg(long, value_name = "SHARE")]
    contrast: Option<f64>,
}

struct Tuning {
    config: TuningConfig,
}

pub(crate) fn run(arguments: &TuningArguments, context: &Context) -> Result<(), Failure> {
    let mut config: TuningConfig = arguments.selection.settings()?;
    config.contrast = arguments.contrast.unwrap_or(config.contrast);
    config.check()?;
    arguments.selection.open(context)?.probe(&Tuning { config }, context)
}

/// The experiment with its usual settings.
pub(super) fn usual() -> impl Probe {
    Tuning { config: TuningConfig::default() }
}

impl Probe for Tuning {
    fn kind(&self) -> &'static str {
        "tuning"
    }

    fn config(&self) -> Value {
        serde_json::json!(self.config)
    }

    fn bytes(&self, subject: &Subject<'_>, neurons: &[usize]) -> Result<u64, Failure> {
        Ok(tuning_bytes(subject, neurons.len(), &self.config))
    }

    fn run(
        &self,
        subject: &Subject<'_>,
        neurons: &[usize],
        surroundings: &Surroundings<'_>,
    ) -> Result<Experiment, Failure> {
        let Surroundings { parts, context, .. } = surroundings;
        if subject.n_twins() == 1 {
            context.remark("one twin: its tuning has no errors; --with RUN adds twins that differ");
        }
        let work: (&mut dyn Progress, _) = (&mut context.progress(), &context.cancel);
        Ok(tuning(subject, neurons, &self.config, parts, work)?)
    }

    fn draw(&self, found: &Experiment, path: &Path) -> Result<(), Failure> {
        picture::write(found, path)
    }
}
