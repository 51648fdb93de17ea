//! Where the learning curves go while a fit runs: a line of JSON and TensorBoard events.
//!
//! Both files only grow. A checkpoint remembers how long they were; going on from it cuts them back
//! to that length, so that the lines after it are written once.

mod appender;
mod crc32c;
mod tensorboard;

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub(crate) use appender::Appender;
use tensorboard::EventWriter;

use crate::error::FitError;
use crate::run::MetricsRecord;

/// Name of the file of [`MetricsRecord`]s in a run folder.
pub(crate) const METRICS_FILE: &str = "metrics.jsonl";

/// How long the trackers' files are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TrackerLengths {
    metrics_bytes: u64,
    events_bytes: u64,
}

/// Everything that is written down about a fit while it runs.
#[derive(Debug)]
pub(crate) struct Trackers {
    metrics: Appender,
    events: EventWriter,
}

impl Trackers {
    /// Open the trackers of the run in `folder`, cut back to `lengths`.
    ///
    /// # Errors
    /// [`FitError::Io`] with what the file system reports, or for files shorter than `lengths`.
    pub(crate) fn open(folder: &Path, lengths: TrackerLengths) -> Result<Self, FitError> {
        let refused = |path: &Path| {
            let path = path.to_owned();
            move |error| FitError::io("cannot go on with the metrics", error, &path)
        };
        let metrics = folder.join(METRICS_FILE);
        let events = events_path(folder).map_err(refused(folder))?;
        Ok(Self {
            metrics: Appender::open(&metrics, lengths.metrics_bytes).map_err(refused(&metrics))?,
            events: EventWriter::open(&events, lengths.events_bytes).map_err(refused(&events))?,
        })
    }

    /// Write down the end of one epoch.
    pub(crate) fn record(&mut self, record: &MetricsRecord) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        self.metrics.append(&line)?;
        let mut scalars = vec![
            ("learning_rate", record.learning_rate),
            ("train/loss", record.train_loss),
            ("train/regulariser", record.regulariser),
        ];
        if record.divergence != 0.0 {
            scalars.push(("train/divergence", record.divergence));
        }
        scalars.extend(record.validation_score.map(|score| ("validation/score", score)));
        self.events.scalars(record.step, &scalars)?;
        for (session, score) in &record.session_scores {
            let tag = format!("validation/sessions/{session}");
            self.events.scalars(record.step, &[(tag.as_str(), *score)])?;
        }
        Ok(())
    }

    /// Write down the loss of one step (TensorBoard only).
    pub(crate) fn step(&mut self, step: u64, loss: f64) -> io::Result<()> {
        self.events.scalars(step, &[("train/step_loss", loss)])
    }

    /// Flush to the disk and say how long the files now are.
    pub(crate) fn sync(&mut self) -> io::Result<TrackerLengths> {
        Ok(TrackerLengths {
            metrics_bytes: self.metrics.sync()?,
            events_bytes: self.events.sync()?,
        })
    }
}

/// The run's one events file: the one already there, else a new name.
fn events_path(folder: &Path) -> io::Result<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(tensorboard::FILE_PREFIX) {
            found.push(entry.path());
        }
    }
    found.sort();
    let fresh = || folder.join(format!("{}{}.striate", tensorboard::FILE_PREFIX, seconds_now()));
    Ok(found.into_iter().next().unwrap_or_else(fresh))
}

fn seconds_now() -> u64 {
    use std::time::{SystemTime, UNIX_EPOCH};
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
