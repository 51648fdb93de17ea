//! Which twins, sessions and neurons are probed, and where results go.

mod luminance;
mod neurons;
mod probe;
mod work;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;
use striate::fit::config::read_settings;
use striate::insilico::{Origin, TrainingConfig};
use striate::model::Twin;
use striate::recording::Session;

use crate::context::Context;
use crate::failure::Failure;
use crate::run::{OpenedRun, RunArguments};
use luminance::LuminanceRange;
use neurons::NeuronList;
pub(super) use probe::{Probe, Surroundings};
pub(super) use work::Done;
use work::Work;

/// Seed where none is given.
const SEED: u64 = 1;

/// Largest file of settings read.
const LARGEST_FILE: u64 = 1 << 20;

/// What every experiment on single neurons understands.
#[derive(Debug, Args)]
pub(super) struct ProbeSelection {
    #[command(flatten)]
    run: RunArguments,
    /// Run of a further twin of the same recording: all answer as one, and differ by their errors; may be
    /// repeated
    #[arg(long, value_name = "RUN")]
    with: Vec<PathBuf>,
    /// Neurons by their numbers from 0, as 0,5,10-20; default: all
    #[arg(long, value_name = "LIST")]
    neurons: Option<NeuronList>,
    /// Session by its name; default: all
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Settings of the experiment, a TOML file of KEY = VALUE
    #[arg(long, value_name = "FILE.toml")]
    settings: Option<PathBuf>,
    /// Values of luminance 0 and 255 on the scale of the recording's stimulus, for stimuli that do not reach
    /// both; default: the lowest and the highest value among the training stimuli
    #[arg(long, value_name = "LOW,HIGH", allow_hyphen_values = true)]
    luminance_range: Option<LuminanceRange>,
    /// Folder that gets a folder of the experiment's name; default: RUN/probe
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Do it again, and replace the results that are there
    #[arg(long)]
    again: bool,
}

/// Twins before their recording.
pub(super) struct Selected<'a> {
    pub(super) run: OpenedRun,
    others: Vec<Twin>,
    origin: Origin,
    /// What is sampled to know what the twins were trained on.
    training: TrainingConfig,
    selection: &'a ProbeSelection,
}

impl ProbeSelection {
    /// Every neuron of a run, and its usual folder.
    pub(super) fn of_run(run: &Path) -> Self {
        Self {
            run: RunArguments::of_folder(run),
            with: Vec::new(),
            neurons: None,
            session: None,
            settings: None,
            luminance_range: None,
            out: None,
            again: false,
        }
    }

    /// Open the run and the further ones.
    pub(super) fn open(&self, context: &Context) -> Result<Selected<'_>, Failure> {
        let run = OpenedRun::open(&self.run, context)?;
        let mut twins = vec![run.twin_hash.clone()];
        let mut others = Vec::new();
        for folder in &self.with {
            let (twin, hash) = run.further_twin(folder)?;
            if twins.contains(&hash) {
                let message = "--with: found the same twin twice, expected each only once";
                return Err(Failure::usage(message).at(folder));
            }
            twins.push(hash);
            others.push(twin);
        }
        let seed = context.seed.unwrap_or(SEED);
        let origin = Origin { twins, data_hash: run.data_hash.clone(), seed };
        let training = TrainingConfig {
            tier: run.config.fit.train_tier.clone(),
            luminance_range: self.luminance_range.map(|range| range.0),
            ..TrainingConfig::default()
        };
        Ok(Selected { run, others, origin, training, selection: self })
    }

    /// Refuse what an experiment on the core of one twin has no use for.
    pub(super) fn refuse_neurons_and_twins(&self, what: &str) -> Result<(), Failure> {
        if self.neurons.is_none() && self.with.is_empty() {
            return Ok(());
        }
        let message = format!("{what}: found --neurons or --with, expected neither");
        Err(Failure::usage(message))
    }

    /// The experiment's settings, from the file that was named.
    pub(super) fn settings<T: Default + Serialize + DeserializeOwned>(&self) -> Result<T, Failure> {
        let Some(path) = &self.settings else { return Ok(T::default()) };
        let text = read(path)?;
        read_settings(&T::default(), &text, &[], &[]).map_err(|e| Failure::from(e).at(path))
    }
}

impl Selected<'_> {
    /// Frames that a response of the twins depends on.
    pub(super) fn n_lags(&self) -> usize {
        let twins = self.twins().into_iter();
        twins.map(|twin| twin.output_grid().n_lags).max().unwrap_or(1)
    }

    /// The tier that the twins were trained on.
    pub(super) fn train_tier(&self) -> &str {
        &self.training.tier
    }

    /// Whether the twin whose description has that hash is one of those probed.
    pub(super) fn has_twin(&self, hash: &str) -> bool {
        self.origin.twins.iter().any(|twin| twin == hash)
    }

    fn twins(&self) -> Vec<&Twin> {
        std::iter::once(&self.run.twin).chain(&self.others).collect()
    }

    /// Do an experiment on every session that was chosen.
    pub(super) fn perform<P: Probe>(
        &self,
        probe: &P,
        context: &Context,
    ) -> Result<Vec<Done>, Failure> {
        let sessions = self.sessions()?.into_iter();
        sessions.map(|session| Work::new(self, probe, session)?.perform(context)).collect()
    }

    /// Do an experiment on every session that was chosen, and tell.
    pub(super) fn probe<P: Probe>(&self, probe: &P, context: &Context) -> Result<(), Failure> {
        let done = self.perform(probe, context)?;
        let mut text = String::new();
        for done in &done {
            let kept = if done.kept { " (kept; --again does it anew)" } else { "" };
            text += &format!("session {}{kept}\n", done.session);
            for (name, value) in done.summary.as_object().into_iter().flatten() {
                let value = value.as_f64().map_or("-".into(), |value| format!("{value:.4}"));
                text +=
                    &format!("  {name}: {}\n", value.trim_end_matches('0').trim_end_matches('.'));
            }
            text += &format!("  files: {}.*\n", done.path.display());
        }
        let value = serde_json::json!({ "experiment": probe.kind(), "sessions": done });
        context.result(&text, &value);
        Ok(())
    }

    /// The sessions, each with its number in the twin.
    fn sessions(&self) -> Result<Vec<(usize, &Session)>, Failure> {
        let wanted = self.selection.session.as_deref();
        let mut found = Vec::new();
        for session in &self.run.recording.sessions {
            let id = &session.info.id;
            if wanted.is_some_and(|wanted| wanted != id) {
                continue;
            }
            let place = self.run.twin.spec().sessions.iter().position(|shape| &shape.id == id);
            found.extend(place.map(|place| (place, session)));
        }
        if found.is_empty() {
            let known: Vec<&str> =
                self.run.twin.spec().sessions.iter().map(|shape| shape.id.as_str()).collect();
            let (found, known) = (wanted.unwrap_or("none"), known.join(", "));
            let message = format!("session: found {found}, expected one of the twin's: {known}");
            return Err(Failure::usage(message));
        }
        Ok(found)
    }
}

/// The text of a file that is not larger than allowed, whatever its length is said to be.
fn read(path: &Path) -> Result<String, Failure> {
    let cannot = |error| Failure::io("cannot read the file", &error, path);
    let mut text = Vec::new();
    let file = File::open(path).map_err(cannot)?;
    file.take(LARGEST_FILE + 1).read_to_end(&mut text).map_err(cannot)?;
    if text.len() as u64 > LARGEST_FILE {
        let message = format!("settings: found more than {LARGEST_FILE} bytes, expected fewer");
        return Err(Failure::usage(message).at(path));
    }
    String::from_utf8(text).map_err(|_| {
        Failure::usage("settings: found bytes that are not UTF-8, expected text").at(path)
    })
}
