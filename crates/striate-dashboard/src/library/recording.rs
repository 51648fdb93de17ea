//! What a list of recordings says of each, without opening them.

use std::fs;
use std::path::Path;

use serde::Serialize;
use striate_formats::npy::NpyFile;

use super::file;

/// A line of the list; null is what is not known before the recording is opened.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct RecordingSummary {
    pub(crate) kind: Option<&'static str>,
    pub(crate) n_sessions: Option<usize>,
    pub(crate) n_neurons: Option<usize>,
    pub(crate) n_trials: Option<usize>,
}

/// Of the recording at `path`; `None` where there is none.
pub(super) fn summary(path: &Path) -> Option<RecordingSummary> {
    if path.is_dir() { of_folder(path) } else { of_manifest(path) }
}

fn of_manifest(path: &Path) -> Option<RecordingSummary> {
    let text = String::from_utf8(file::read(path, 16 << 20).ok()?).ok()?;
    let table: toml::Table = text.parse().ok()?;
    table.get("responses")?;
    let sessions = table.get("sessions").and_then(toml::Value::as_array);
    Some(RecordingSummary {
        n_sessions: Some(sessions.map_or(1, Vec::len)),
        ..RecordingSummary::default()
    })
}

fn of_folder(path: &Path) -> Option<RecordingSummary> {
    if let Some(session) = session(path) {
        return Some(session);
    }
    let entries = fs::read_dir(path).ok()?.flatten();
    let sessions: Vec<_> =
        entries.take(10_000).filter_map(|entry| session(&entry.path())).collect();
    let sum = |of: fn(&RecordingSummary) -> Option<usize>| sessions.iter().map(of).sum();
    Some(RecordingSummary {
        kind: sessions.first()?.kind,
        n_sessions: Some(sessions.len()),
        n_neurons: sum(|session| session.n_neurons),
        n_trials: sum(|session| session.n_trials),
    })
}

/// A session in one of the Sensorium layouts.
fn session(path: &Path) -> Option<RecordingSummary> {
    let kinds = [("videos", "video"), ("images", "image")];
    let (_, kind) =
        kinds.into_iter().find(|(folder, _)| path.join("data").join(folder).is_dir())?;
    let length = |file: &str| {
        let file = NpyFile::open(&path.join("meta").join(file)).ok()?;
        Some(file.shape().iter().product())
    };
    Some(RecordingSummary {
        kind: Some(kind),
        n_sessions: Some(1),
        n_neurons: length("neurons/unit_ids.npy"),
        n_trials: length("trials/tiers.npy"),
    })
}
