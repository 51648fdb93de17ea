//! What is costly to open, kept open.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use striate_fit::FitConfig;
use striate_model::Twin;
use striate_recording::{Recording, RecordingConfig, TrialData};
use striate_score::ScoreFile;

use crate::cache::Cache;
use crate::experiment::{Experiment, ExperimentFiles};
use crate::library;
use crate::library::file::{LARGEST_JSON, Stamp};
use crate::movie::OpenedExtraction;
use crate::reply::Refusal;
use crate::trace::Traces;

const MIB: usize = 1 << 20;

/// Largest file of weights that is loaded for a prediction.
const LARGEST_TWIN: u64 = 1 << 30;

/// Opened files, each kind with room of its own.
pub(crate) struct Opened {
    scores: Cache<ScoreFile>,
    experiments: Cache<Experiment>,
    recordings: Cache<Recording>,
    trials: Cache<TrialData>,
    twins: Cache<Twin>,
    pub(crate) traces: Cache<Traces>,
    extractions: Cache<OpenedExtraction>,
}

impl Default for Opened {
    fn default() -> Self {
        Self {
            scores: Cache::new(128 * MIB),
            experiments: Cache::new(64 * MIB),
            recordings: Cache::new(128 * MIB),
            trials: Cache::new(128 * MIB),
            twins: Cache::new(256 * MIB),
            traces: Cache::new(64 * MIB),
            extractions: Cache::new(256 * MIB),
        }
    }
}

impl Opened {
    /// The scores of a run.
    pub(crate) fn scores(&self, run: &Path) -> Result<Arc<ScoreFile>, Refusal> {
        let path = run.join("scores.json");
        let stamp = Stamp::of(&[&path]);
        if !stamp.has(0) {
            return Err(Refusal::no("score: `striate score` makes them"));
        }
        let n_bytes = stamp.n_bytes().min(LARGEST_JSON) as usize;
        self.scores.get(&path, &stamp, || Ok((ScoreFile::read(&path)?, n_bytes)))
    }

    /// An experiment.
    pub(crate) fn experiment(
        &self,
        files: &ExperimentFiles<'_>,
    ) -> Result<Arc<Experiment>, Refusal> {
        let path = files.description();
        let stamp = Stamp::of(&[&path]);
        if !stamp.has(0) {
            return Err(Refusal::no("experiment: `striate probe` makes them"));
        }
        let n_bytes = stamp.n_bytes().min(LARGEST_JSON) as usize;
        self.experiments.get(&path, &stamp, || Ok((Experiment::read(&path)?, n_bytes)))
    }

    /// A recording, as its layout has it; as a run read it where it is a manifest, whose files may lie elsewhere.
    pub(crate) fn recording(&self, found: &library::Recording) -> Result<Arc<Recording>, Refusal> {
        let path = &found.place.path;
        match &found.run {
            Some(run) if !path.is_dir() => self.recording_of(run),
            _ => self.recording_as(&RecordingConfig::at(path), path),
        }
    }

    /// The recording that a run was fitted on, as it was read then.
    pub(crate) fn recording_of(&self, run: &Path) -> Result<Arc<Recording>, Refusal> {
        let config = FitConfig::open(&run.join("config.toml"), &[])?;
        self.recording_as(&config.recording, &run.join("recording"))
    }

    fn recording_as(
        &self,
        config: &RecordingConfig,
        key: &Path,
    ) -> Result<Arc<Recording>, Refusal> {
        let open = || {
            let recording = Recording::open(config)?;
            let n_bytes = recording.resident_bytes() as usize;
            Ok((recording, n_bytes))
        };
        self.recordings.get(key, &recording_stamp(&config.path), open)
    }

    /// A trial, by its session's and its own number; its first frames where it is long.
    pub(crate) fn trial(
        &self,
        found: &library::Recording,
        (session, trial): (usize, usize),
        most_values: usize,
    ) -> Result<Arc<TrialData>, Refusal> {
        let recording = self.recording(found)?;
        let path = &found.place.path;
        let session_of = recording.sessions.get(session).ok_or_else(|| Refusal::no("session"))?;
        let info = &session_of.info;
        let n_frames = info.trials.get(trial).ok_or_else(|| Refusal::no("trial"))?.n_frames;
        let per_frame = info.height * info.width + info.n_neurons + info.n_behaviour + 2;
        let n_frames = n_frames.min(most_values / per_frame.max(1));
        let load = || Ok((session_of.load(trial, 0..n_frames)?, n_frames * per_frame * 4));
        let key = path.join(format!("session {session} trial {trial}"));
        self.trials.get(&key, &recording_stamp(path), load)
    }

    /// The twin of a run.
    pub(crate) fn twin(&self, run: &Path) -> Result<Arc<Twin>, Refusal> {
        let stamp = Stamp::of(&[run.join("twin.json"), run.join("twin.safetensors")]);
        if !stamp.has(0) {
            return Err(Refusal::no("twin: the run is not finished"));
        }
        if stamp.n_bytes() > LARGEST_TWIN {
            return Err(Refusal::unusable("the twin is too large to predict with here"));
        }
        // Weights, and their transposed copies.
        let n_bytes = 2 * stamp.n_bytes() as usize;
        self.twins.get(run, &stamp, || Ok((Twin::load(run)?, n_bytes)))
    }

    /// An extraction.
    pub(crate) fn extraction(&self, folder: &Path) -> Result<Arc<OpenedExtraction>, Refusal> {
        let names = ["factors.safetensors", "cells.csv", "cells.safetensors", "config.toml"];
        let stamp = Stamp::of(&names.map(|name| folder.join(name)));
        let open = || {
            let opened = OpenedExtraction::open(folder)?;
            let n_bytes = opened.n_bytes();
            Ok((opened, n_bytes))
        };
        self.extractions.get(folder, &stamp, open)
    }
}

/// By which it is noticed that a recording was made anew.
fn recording_stamp(path: &Path) -> Stamp {
    let tiers = |folder: &Path| folder.join("meta/trials/tiers.npy");
    let mut paths = vec![path.to_owned(), tiers(path)];
    if let Ok(entries) = fs::read_dir(path) {
        let mut sessions: Vec<_> =
            entries.flatten().take(1000).map(|entry| tiers(&entry.path())).collect();
        sessions.sort_unstable();
        paths.extend(sessions);
    }
    Stamp::of(&paths)
}
