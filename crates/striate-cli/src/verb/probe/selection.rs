//! Which twins, sessions and neurons are probed, and where results go.

mod neurons;

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;
use striate::base::machine;
use striate::fit::config::read_settings;
use striate::insilico::{Experiment, Origin, Subject, TrainingConfig};
use striate::model::Twin;
use striate::recording::Session;
use striate::score::prediction_bytes;

use crate::context::Context;
use crate::failure::Failure;
use crate::run::{OpenedRun, RunArguments};
use neurons::NeuronList;

/// Seed where none is given.
const SEED: u64 = 1;

/// Largest file of settings or description read.
const LARGEST_FILE: u64 = 64 << 20;

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
    selection: &'a ProbeSelection,
}

/// The results of one session.
#[derive(Debug, Serialize)]
pub(super) struct Done {
    pub(super) session: String,
    /// Path of the files without their endings.
    pub(super) path: PathBuf,
    /// Whether they were there already.
    pub(super) kept: bool,
    pub(super) summary: serde_json::Value,
}

/// An experiment on one session.
pub(super) trait Probe {
    /// Name of the experiment and of its folder.
    fn kind(&self) -> &'static str;

    /// What decides the results, besides twins, recording, seed and neurons.
    fn config(&self) -> serde_json::Value;

    /// Bytes that it holds, besides what the twins need.
    fn bytes(&self, subject: &Subject<'_>, neurons: &[usize]) -> Result<u64, Failure>;

    /// Do it.
    fn run(
        &self,
        subject: &Subject<'_>,
        neurons: &[usize],
        surroundings: &Surroundings<'_>,
    ) -> Result<Experiment, Failure>;

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
pub(super) struct Surroundings<'a> {
    pub(super) session: &'a Session,
    /// Path of the session's files without their endings.
    pub(super) path: &'a Path,
    pub(super) origin: &'a Origin,
    pub(super) context: &'a Context,
}

impl Done {
    /// The results themselves.
    pub(super) fn read(&self) -> Result<Experiment, Failure> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let stem = self.path.file_name().unwrap_or_default().to_string_lossy();
        Ok(Experiment::read(folder, &stem)?)
    }
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
        Ok(Selected { run, others, origin, selection: self })
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

/// What is sampled of a tier to know what twins were trained on.
pub(super) fn training(tier: &str) -> TrainingConfig {
    TrainingConfig { tier: tier.to_owned(), ..TrainingConfig::default() }
}

impl Selected<'_> {
    /// Frames that a response of the twins depends on.
    pub(super) fn n_lags(&self) -> usize {
        let twins = std::iter::once(&self.run.twin).chain(&self.others);
        twins.map(|twin| twin.output_grid().n_lags).max().unwrap_or(1)
    }

    /// Do an experiment on every session that was chosen.
    pub(super) fn perform<P: Probe>(
        &self,
        probe: &P,
        context: &Context,
    ) -> Result<Vec<Done>, Failure> {
        let sessions = self.sessions()?.into_iter();
        sessions.map(|session| self.probe_session(probe, session, context)).collect()
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

    fn probe_session<P: Probe>(
        &self,
        probe: &P,
        (place, session): (usize, &Session),
        context: &Context,
    ) -> Result<Done, Failure> {
        let info = &session.info;
        let neurons = match &self.selection.neurons {
            Some(list) => list.below(info.n_neurons)?,
            None => (0..info.n_neurons).collect(),
        };
        let out = self.selection.out.clone();
        let folder = out.unwrap_or_else(|| self.run.folder.path().join("probe")).join(probe.kind());
        let stem = format!("session-{place}");
        let path = folder.join(&stem);
        let config = probe.config();
        let description = path.with_extension("json");
        if !self.selection.again && description.is_file() {
            let kept = Experiment::read(&folder, &stem).ok();
            // What cannot be read is no loss.
            if let Some(kept) = kept {
                return self.keep(probe, kept, (&config, &neurons), (&info.id, path));
            }
        }
        std::fs::create_dir_all(&folder)
            .map_err(|e| Failure::io("cannot make the folder", &e, &folder))?;
        let training = training(&self.run.config.fit.train_tier);
        let twins: Vec<&Twin> = std::iter::once(&self.run.twin).chain(&self.others).collect();
        let subject = Subject::new(&twins, session, &training)?;
        let needed = probe.bytes(&subject, &neurons)?
            + prediction_bytes(&self.run.twin, &self.run.recording);
        context.remark(&format!("this needs about {} of memory", machine::format_bytes(needed)));
        context.check_memory(needed)?;
        let surroundings = Surroundings { session, path: &path, origin: &self.origin, context };
        let mut found = probe.run(&subject, &neurons, &surroundings)?;
        found.origin = self.origin.clone();
        found.config = config;
        // The description comes last: with it everything is there.
        probe.draw(&found, &path)?;
        found.write(&folder, &stem)?;
        let summary = serde_json::to_value(&found.summary).unwrap_or_default();
        Ok(Done { session: info.id.clone(), path, kept: false, summary })
    }

    /// Results that are there already, where they are of the same twins, recording, seed, settings and
    /// neurons; others are not replaced unasked.
    fn keep<P: Probe>(
        &self,
        probe: &P,
        there: Experiment,
        (config, neurons): (&serde_json::Value, &[usize]),
        (session, path): (&str, PathBuf),
    ) -> Result<Done, Failure> {
        // Numbers are compared as they are written.
        let written = serde_json::Value::to_string;
        let same = there.origin == self.origin
            && written(&there.config) == written(config)
            && probe.fits(neurons, &there.neurons);
        if !same {
            let message = "found results of other twins, settings, seed or neurons, which would be \
                           lost; expected none, or --again to replace them, or --out FOLDER";
            return Err(Failure::usage(message).at(&path.with_extension("json")));
        }
        let summary = serde_json::to_value(&there.summary).unwrap_or_default();
        Ok(Done { session: session.to_owned(), path, kept: true, summary })
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    let cannot = |error| Failure::io("cannot read the file", &error, path);
    let length = std::fs::metadata(path).map_err(cannot)?.len();
    if length > LARGEST_FILE {
        let expected = format!("found {length} bytes, expected at most {LARGEST_FILE}");
        return Err(Failure::usage(expected).at(path));
    }
    std::fs::read_to_string(path).map_err(cannot)
}
