//! What lies in the folder that is served, and where.

mod extraction;
pub(crate) mod file;
mod recording;
mod run;
mod scan;
mod score;
mod survey;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use striate_base::provenance::hash_bytes;

use crate::cache::{Cache, lock};
use crate::reply::Refusal;
pub(crate) use extraction::ExtractionSummary;
pub(crate) use recording::RecordingSummary;
pub(crate) use run::{EXPERIMENTS, RunSummary, SessionLine, Status, status};
pub(crate) use survey::{Recording, Run, Survey};

/// How long the folder is not looked at again, at least.
const SURVEY_INTERVAL: Duration = Duration::from_secs(1);

/// The same as a multiple of the time that looking took: a whole home takes its time.
const SURVEY_REST: u32 = 5;

/// Where something lies, and what it is called where paths are not spoken of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Sixteen hexadecimal digits: a hash of kind and path.
    pub(crate) id: String,
    /// The path below the folder, or the folder's own name.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

impl Place {
    fn new(kind: &str, name: String, path: PathBuf) -> Self {
        let mut id = hash_bytes(format!("{kind} {}", path.display()).as_bytes());
        id.truncate(16);
        Self { id, name, path }
    }
}

/// The folder, looked through when somebody asks.
#[derive(Debug)]
pub(crate) struct Library {
    folder: PathBuf,
    summaries: Cache<RunSummary>,
    /// The last one, and until when it will do.
    survey: Mutex<Option<(Instant, Arc<Survey>)>>,
}

impl Library {
    pub(crate) fn of(folder: &Path) -> Self {
        // Absolute, so that ids do not depend on where the server was started.
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        Self { folder, summaries: Cache::new(64 << 20), survey: Mutex::new(None) }
    }

    /// What is there now.
    pub(crate) fn survey(&self) -> Arc<Survey> {
        let mut last = lock(&self.survey);
        let begin = Instant::now();
        if let Some((_, survey)) = last.as_ref().filter(|(until, _)| begin < *until) {
            return survey.clone();
        }
        let survey = Arc::new(Survey::of(&self.folder, &self.summaries));
        let rest = SURVEY_INTERVAL.max(SURVEY_REST * begin.elapsed());
        *last = Some((Instant::now() + rest, survey.clone()));
        survey
    }

    /// A run by its id.
    pub(crate) fn run(&self, id: &str) -> Result<Place, Refusal> {
        self.find("run", |survey| {
            survey.runs.iter().map(|run| &run.place).find(|place| place.id == id).cloned()
        })
    }

    /// A recording by its id.
    pub(crate) fn recording(&self, id: &str) -> Result<Recording, Refusal> {
        self.find("recording", |survey| {
            survey.recordings.iter().find(|recording| recording.place.id == id).cloned()
        })
    }

    /// An extraction by its id.
    pub(crate) fn extraction(&self, id: &str) -> Result<Place, Refusal> {
        self.find("extraction", |survey| {
            survey
                .extractions
                .iter()
                .map(|found| &found.place)
                .find(|place| place.id == id)
                .cloned()
        })
    }

    /// What the last survey knows, however old it is, or else a new one.
    fn find<T>(&self, what: &str, find: impl Fn(&Survey) -> Option<T>) -> Result<T, Refusal> {
        let last = lock(&self.survey).as_ref().map(|(_, survey)| survey.clone());
        let known = last.and_then(|survey| find(&survey));
        known.or_else(|| find(&self.survey())).ok_or_else(|| Refusal::no(what))
    }
}
