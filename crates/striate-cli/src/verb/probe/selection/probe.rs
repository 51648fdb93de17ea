//! What an experiment is to those who have it done.

use std::path::Path;

use serde_json::Value;
use striate::insilico::{Experiment, Origin, Parts, Subject, TrainingConfig};
use striate::recording::Session;

use crate::context::Context;
use crate::failure::Failure;

/// An experiment on one session.
pub(in crate::verb::probe) trait Probe {
    /// Name of the experiment and of its folder.
    fn kind(&self) -> &'static str;

    /// What decides the results, besides twins, recording, training stimuli, seed and neurons.
    fn config(&self) -> Value;

    /// What is told beside the results and can be added to those that are there: its key in the
    /// configuration, and its value, null where it is not wanted.
    fn addition(&self) -> Option<(&'static str, Value)> {
        None
    }

    /// Bytes that it holds, besides what the twins and the training clips need.
    fn bytes(&self, subject: &Subject<'_>, neurons: &[usize]) -> Result<u64, Failure>;

    /// Do it.
    fn run(
        &self,
        subject: &Subject<'_>,
        neurons: &[usize],
        surroundings: &Surroundings<'_>,
    ) -> Result<Experiment, Failure>;

    /// Add to results without it what [`Probe::addition`] names.
    fn add(
        &self,
        _found: &mut Experiment,
        _surroundings: &Surroundings<'_>,
    ) -> Result<(), Failure> {
        Ok(())
    }

    /// Whether results on the neurons `found` are those for the neurons `wanted`.
    fn fits(&self, wanted: &[usize], found: &[usize]) -> bool {
        wanted == found
    }

    /// Draw what was found, into files that begin with `path`.
    fn draw(&self, _found: &Experiment, _path: &Path) -> Result<(), Failure> {
        Ok(())
    }
}

/// What an experiment may need beside its subject.
pub(in crate::verb::probe) struct Surroundings<'a> {
    pub(in crate::verb::probe) session: &'a Session,
    pub(in crate::verb::probe) training: &'a TrainingConfig,
    pub(in crate::verb::probe) origin: &'a Origin,
    /// What is kept until all is written.
    pub(in crate::verb::probe) parts: &'a Parts,
    pub(in crate::verb::probe) context: &'a Context,
}
