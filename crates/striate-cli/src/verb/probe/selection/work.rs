//! An experiment on one session, from what is there already to files.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;
use striate::base::lock::FolderLock;
use striate::base::machine;
use striate::insilico::{Experiment, InsilicoError, Parts, Subject};
use striate::recording::Session;
use striate::score::prediction_bytes;

use super::Selected;
use super::probe::{Probe, Surroundings};
use crate::context::Context;
use crate::failure::Failure;

/// The results of one session.
#[derive(Debug, Serialize)]
pub(in crate::verb::probe) struct Done {
    pub(super) session: String,
    /// Path of the files without their endings.
    pub(super) path: PathBuf,
    /// Whether they were there already.
    pub(super) kept: bool,
    pub(super) summary: Value,
}

/// An experiment to be done on a session.
pub(super) struct Work<'a, P> {
    selected: &'a Selected<'a>,
    probe: &'a P,
    session: &'a Session,
    neurons: Vec<usize>,
    folder: PathBuf,
    stem: String,
    /// What decides the results.
    config: Value,
}

/// What is there already.
enum There {
    Nothing,
    /// All but what can be added.
    Most(Box<Experiment>),
    /// All that is wanted.
    All(Box<Experiment>),
}

impl Done {
    /// The results themselves.
    pub(in crate::verb::probe) fn read(&self) -> Result<Experiment, Failure> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let stem = self.path.file_name().unwrap_or_default().to_string_lossy();
        Ok(Experiment::read(folder, &stem)?)
    }
}

impl<'a, P: Probe> Work<'a, P> {
    /// `place` is the session's number in the twin.
    pub(super) fn new(
        selected: &'a Selected<'a>,
        probe: &'a P,
        (place, session): (usize, &'a Session),
    ) -> Result<Self, Failure> {
        let n_neurons = session.info.n_neurons;
        let neurons = match &selected.selection.neurons {
            Some(list) => list.below(n_neurons)?,
            None => (0..n_neurons).collect(),
        };
        let out = selected.selection.out.clone();
        let out = out.unwrap_or_else(|| selected.run.folder.path().join("probe"));
        let mut config = probe.config();
        config["training"] = serde_json::json!(selected.training);
        let (folder, stem) = (out.join(probe.kind()), format!("session-{place}"));
        Ok(Self { selected, probe, session, neurons, folder, stem, config })
    }

    /// Do what is not there already.
    pub(super) fn perform(&self, context: &Context) -> Result<Done, Failure> {
        if let There::All(there) = self.there()? {
            return Ok(self.done(&there, true));
        }
        std::fs::create_dir_all(&self.folder)
            .map_err(|e| Failure::io("cannot make the folder", &e, &self.folder))?;
        let _lock = FolderLock::acquire(&self.folder)?;
        // Another process may have done it before it gave the lock back.
        let there = match self.there()? {
            There::All(there) => return Ok(self.done(&there, true)),
            There::Most(there) => Some(*there),
            There::Nothing => None,
        };
        let found = self.find(there, context)?;
        Ok(self.done(&found, false))
    }

    fn path(&self) -> PathBuf {
        self.folder.join(&self.stem)
    }

    fn done(&self, found: &Experiment, kept: bool) -> Done {
        let summary = serde_json::to_value(&found.summary).unwrap_or_default();
        Done { session: self.session.info.id.clone(), path: self.path(), kept, summary }
    }

    /// Results that are there already, where they are of the same twins, recording, training stimuli, seed,
    /// settings and neurons; others are not replaced unasked.
    fn there(&self) -> Result<There, Failure> {
        let description = self.path().with_extension("json");
        if self.selected.selection.again || !description.is_file() {
            return Ok(There::Nothing);
        }
        let there = match Experiment::read(&self.folder, &self.stem) {
            Ok(there) => there,
            // What is broken is no loss; what another version wrote, or may not be read, is.
            Err(InsilicoError::Corrupt { .. } | InsilicoError::Format(_)) => {
                return Ok(There::Nothing);
            }
            Err(error) => return Err(error.into()),
        };
        let (mut config, mut added, mut wanted) = (there.config.clone(), Value::Null, Value::Null);
        if let Some((key, value)) = self.probe.addition() {
            wanted = value;
            added = config.as_object_mut().and_then(|c| c.remove(key)).unwrap_or_default();
        }
        let same = there.origin == self.selected.origin
            && written(&config) == written(&self.config)
            && self.probe.fits(&self.neurons, &there.neurons);
        if same && (wanted.is_null() || wanted == added) {
            return Ok(There::All(Box::new(there)));
        }
        if same && added.is_null() {
            return Ok(There::Most(Box::new(there)));
        }
        let message = "found results of other twins, settings, luminance range, seed or neurons, which would \
                       be lost; expected none, or --again to replace them, or --out FOLDER";
        Err(Failure::usage(message).at(&description))
    }

    /// Find what is not there, and write all.
    fn find(&self, there: Option<Experiment>, context: &Context) -> Result<Experiment, Failure> {
        let Selected { origin, training, .. } = self.selected;
        let subject = self.subject(context)?;
        let made_by = (&self.config, origin, &self.neurons);
        let parts = Parts::in_folder(&self.path().with_extension("parts"), &made_by);
        let session = self.session;
        let surroundings = Surroundings { session, training, origin, parts: &parts, context };
        let mut found = match there {
            Some(there) => there,
            None => self.probe.run(&subject, &self.neurons, &surroundings)?,
        };
        drop(subject);
        found.origin = origin.clone();
        found.config = self.config.clone();
        if let Some((key, value)) = self.probe.addition() {
            found.config[key] = value;
            if !found.config[key].is_null() {
                self.probe.add(&mut found, &surroundings)?;
            }
        }
        // The description comes last: with it everything is there, and without it nothing is.
        Experiment::forget(&self.folder, &self.stem)?;
        self.probe.draw(&found, &self.path())?;
        found.write(&self.folder, &self.stem)?;
        parts.remove()?;
        Ok(found)
    }

    /// The twins before the session, if there is memory for them and the experiment.
    fn subject(&self, context: &Context) -> Result<Subject<'a>, Failure> {
        let Selected { run, training, .. } = self.selected;
        let twins = self.selected.twins().into_iter();
        let predictions = twins.map(|twin| prediction_bytes(twin, &run.recording));
        let before = predictions.max().unwrap_or(0)
            + training.needed_bytes(&self.session.info, self.selected.n_lags());
        context.check_memory(before)?;
        let subject = Subject::new(&self.selected.twins(), self.session, training)?;
        let needed = before + self.probe.bytes(&subject, &self.neurons)?;
        context.remark(&format!("this needs about {} of memory", machine::format_bytes(needed)));
        context.check_memory(needed)?;
        Ok(subject)
    }
}

/// Settings as they are compared: keys in order, numbers as they are written.
fn written(config: &Value) -> String {
    let Value::Object(settings) = config else { return config.to_string() };
    let sorted: std::collections::BTreeMap<_, _> = settings.iter().collect();
    serde_json::to_string(&sorted).unwrap_or_default()
}
