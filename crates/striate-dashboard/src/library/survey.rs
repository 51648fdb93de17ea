//! Everything in the folder, each with a line about it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::thread;

use striate_base::machine;

use super::Place;
use super::extraction::{self, ExtractionSummary};
use super::recording::{self, RecordingSummary};
use super::run::{self, RunSummary};
use super::scan::{self, scan};
use crate::cache::Cache;

/// A run.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) place: Place,
    pub(crate) summary: RunSummary,
    /// Id of the recording it was fitted on, where that is there.
    pub(crate) recording: Option<String>,
}

/// A recording.
#[derive(Debug, Clone)]
pub(crate) struct Recording {
    pub(crate) place: Place,
    pub(crate) summary: RecordingSummary,
    /// A run that was fitted on it, whose configuration may say more of how it is read.
    pub(crate) run: Option<PathBuf>,
}

/// An extraction.
#[derive(Debug, Clone)]
pub(crate) struct Extraction {
    pub(crate) place: Place,
    pub(crate) summary: ExtractionSummary,
}

/// What the folder holds.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    pub(crate) folder: String,
    pub(crate) runs: Vec<Run>,
    pub(crate) recordings: Vec<Recording>,
    pub(crate) extractions: Vec<Extraction>,
    /// Whether there is more than is listed.
    pub(crate) is_cut: bool,
}

impl Survey {
    /// Look through `root`. Recordings elsewhere that its runs were fitted on are listed too.
    pub(super) fn of(root: &Path, summaries: &Cache<RunSummary>) -> Self {
        let found = scan(root);
        let with_summary = |place: Place| {
            let summary = run::summary(&place.path, summaries).ok()?;
            Some(Run { place, summary, recording: None })
        };
        let runs = in_parallel(found.runs, with_summary);
        let mut survey = Self {
            folder: root
                .file_name()
                .map_or("/".to_owned(), |name| name.to_string_lossy().into_owned()),
            runs: runs.into_iter().flatten().collect(),
            recordings: found.recordings.into_iter().filter_map(described).collect(),
            extractions: found
                .extractions
                .into_iter()
                .map(|place| Extraction { summary: extraction::summary(&place.path), place })
                .collect(),
            is_cut: found.is_cut,
        };
        survey.find_recordings(root);
        survey
    }

    /// Say of every run which recording it was fitted on.
    fn find_recordings(&mut self, root: &Path) {
        let known =
            self.recordings.iter().map(|of| (of.place.path.clone(), Some(of.place.id.clone())));
        let mut ids: BTreeMap<PathBuf, Option<String>> = known.collect();
        for run in &mut self.runs {
            let Some(path) = &run.summary.recording else { continue };
            let path = run.place.path.join(path);
            if !ids.contains_key(&path) {
                let real = path.canonicalize().ok();
                let known = real.as_ref().and_then(|real| ids.get(real).cloned());
                let id = known.unwrap_or_else(|| {
                    let elsewhere = described(scan::recording(root, real?))?;
                    let id = elsewhere.place.id.clone();
                    self.recordings.push(elsewhere);
                    Some(id)
                });
                ids.insert(path.clone(), id);
            }
            run.recording = ids.get(&path).cloned().flatten();
            let mut recordings = self.recordings.iter_mut();
            if let Some(found) = recordings.find(|of| Some(&of.place.id) == run.recording.as_ref())
            {
                found.run.get_or_insert_with(|| run.place.path.clone());
            }
        }
    }
}

fn described(place: Place) -> Option<Recording> {
    let summary = recording::summary(&place.path)?;
    Some(Recording { place, summary, run: None })
}

/// `f` of every item, in order, on a few threads.
fn in_parallel<T: Send, U: Send>(items: Vec<T>, f: impl Fn(T) -> U + Sync) -> Vec<U> {
    let n_threads = machine::threads().clamp(1, 8);
    let per_thread = items.len().div_ceil(n_threads).max(1);
    let mut rest = items.into_iter();
    thread::scope(|scope| {
        let mut workers = Vec::new();
        for _ in 0..n_threads {
            let part: Vec<T> = rest.by_ref().take(per_thread).collect();
            let f = &f;
            workers.push(scope.spawn(move || part.into_iter().map(f).collect::<Vec<U>>()));
        }
        // A panic of one part leaves its items out.
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    })
}
