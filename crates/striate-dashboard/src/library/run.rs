//! What a list of runs says of each.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use striate_base::machine;
use striate_fit::{MetricsRecord, RunStatus};

use super::file::{self, Stamp};
use super::score::headline;
use crate::cache::Cache;
use crate::reply::Refusal;

/// Bytes at the end of the metrics among which the last line lies: sessions by the hundred.
const LAST_LINES: u64 = 64 << 10;

/// Largest description of a twin that is read for a list.
const LARGEST_TEXT: u64 = 16 << 20;

/// Experiments on a twin, each a folder in `probe`.
pub(crate) const EXPERIMENTS: [&str; 6] =
    ["receptive-fields", "tuning", "most-exciting", "least-exciting", "geometry", "features"];

/// Where a run stands, as far as its files say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Status {
    Running,
    Finished,
    Interrupted,
    Unknown,
}

/// A session of a twin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SessionLine {
    pub(crate) id: String,
    pub(crate) n_neurons: usize,
}

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct RunSummary {
    pub(crate) status: Status,
    pub(crate) epoch: Option<u64>,
    pub(crate) step: Option<u64>,
    pub(crate) n_sessions: Option<usize>,
    pub(crate) n_neurons: Option<usize>,
    pub(crate) core: Option<String>,
    pub(crate) likelihood: Option<String>,
    pub(crate) best_validation: Option<f64>,
    pub(crate) score: Option<f64>,
    pub(crate) ceiling: Option<f64>,
    pub(crate) modified_s: Option<u64>,
    pub(crate) experiments: Vec<&'static str>,
    pub(crate) has_latents: bool,
    pub(crate) has_report: bool,
    /// The twin's sessions, in its order.
    #[serde(skip)]
    pub(crate) sessions: Vec<SessionLine>,
    /// Where the recording lay when the run was started.
    #[serde(skip)]
    pub(crate) recording: Option<PathBuf>,
}

/// Of the run in `folder`, read anew where its files changed.
pub(super) fn summary(folder: &Path, cache: &Cache<RunSummary>) -> Result<RunSummary, Refusal> {
    let names = ["metrics.jsonl", "status.json", "twin.json", "scores.json", "config.toml"];
    let stamp = Stamp::of(&names.map(|name| folder.join(name)));
    let read = || Ok((read(folder, &stamp), 1000));
    let mut summary = RunSummary::clone(&*cache.get(folder, &stamp, read)?);
    // What changes without a change of those files.
    summary.status = status(folder);
    summary.experiments = experiments(folder);
    summary.has_latents = file::is_file(&folder.join("latents.json"));
    summary.has_report = file::is_file(&folder.join("report.html"));
    Ok(summary)
}

fn read(folder: &Path, stamp: &Stamp) -> RunSummary {
    let last = last_record(&folder.join("metrics.jsonl"));
    let end = match saved_status(folder) {
        Some(RunStatus::Finished { summary }) => Some(summary),
        _ => None,
    };
    let config = Config::read(folder);
    let twin = Description::read(folder);
    let sessions = twin.as_ref().map(|twin| &twin.twin.sessions);
    let headline = headline(&folder.join("scores.json"));
    let best = last.as_ref().and_then(|record| record.best_score);
    RunSummary {
        status: Status::Unknown,
        epoch: last.as_ref().map(|last| last.epoch).or(end.as_ref().map(|end| end.epochs)),
        step: last.as_ref().map(|last| last.step).or(end.as_ref().map(|end| end.steps)),
        n_sessions: sessions.map(Vec::len),
        n_neurons: sessions.map(|of| of.iter().map(|session| session.n_neurons).sum()),
        core: config.kind("core").or(twin.as_ref().map(|twin| twin.twin.model.core.kind.clone())),
        likelihood: config
            .kind("likelihood")
            .or(twin.as_ref().map(|twin| twin.twin.model.likelihood.kind.clone())),
        best_validation: end.as_ref().and_then(|end| end.best_score).or(best),
        score: headline.score,
        ceiling: headline.ceiling,
        modified_s: stamp.newest_s(),
        experiments: Vec::new(),
        has_latents: false,
        has_report: false,
        sessions: twin.map(|twin| twin.twin.sessions).unwrap_or_default(),
        recording: config.recording(),
    }
}

/// The last whole line of the metrics.
fn last_record(path: &Path) -> Option<MetricsRecord> {
    let bytes = file::read_end(path, LAST_LINES).ok()?;
    let end = bytes.iter().rposition(|&byte| byte == b'\n')?;
    let start = bytes[..end].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    serde_json::from_slice(&bytes[start..end]).ok()
}

fn saved_status(folder: &Path) -> Option<RunStatus> {
    file::read_json(&folder.join("status.json")).ok()
}

/// Where the run stands now.
pub(crate) fn status(folder: &Path) -> Status {
    match saved_status(folder) {
        Some(RunStatus::Finished { .. }) => Status::Finished,
        Some(RunStatus::Interrupted { .. }) => Status::Interrupted,
        Some(RunStatus::Running) if is_abandoned(folder) => Status::Interrupted,
        Some(RunStatus::Running) => Status::Running,
        // A twin that was handed on without its run.
        None if file::is_file(&folder.join("twin.json")) => Status::Finished,
        None => Status::Unknown,
    }
}

/// Whether the process that works in the folder is known to have gone: it said `pid 17 on HOST since ..`, and this
/// machine has no such process. The lock itself is left alone: to try it could stop a fit that begins.
fn is_abandoned(folder: &Path) -> bool {
    let Ok(text) = file::read(&folder.join(".lock"), 4096) else { return false };
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut words = text.split_whitespace();
    let (Some("pid"), Some(pid), Some("on"), Some(host)) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return false;
    };
    let processes = Path::new("/proc");
    let is_number = pid.bytes().all(|byte| byte.is_ascii_digit());
    let is_here = host == machine::host() && processes.join("self").exists();
    is_number && is_here && !processes.join(pid).exists()
}

/// Experiments that were made with the twin.
fn experiments(folder: &Path) -> Vec<&'static str> {
    let Ok(entries) = fs::read_dir(folder.join("probe")) else { return Vec::new() };
    let names: Vec<_> =
        entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    EXPERIMENTS.into_iter().filter(|kind| names.iter().any(|name| name == kind)).collect()
}

/// The parts of `config.toml` that a list shows, whatever version wrote it.
struct Config(toml::Table);

impl Config {
    fn read(folder: &Path) -> Self {
        let text = file::read(&folder.join("config.toml"), LARGEST_TEXT).ok();
        let text = text.and_then(|text| String::from_utf8(text).ok());
        Self(text.and_then(|text| text.parse().ok()).unwrap_or_default())
    }

    fn kind(&self, part: &str) -> Option<String> {
        Some(self.0.get("model")?.get(part)?.get("kind")?.as_str()?.to_owned())
    }

    fn recording(&self) -> Option<PathBuf> {
        Some(self.0.get("recording")?.get("path")?.as_str()?.into())
    }
}

/// The parts of `twin.json` that a list shows.
#[derive(Deserialize)]
struct Description {
    twin: DescribedTwin,
}

#[derive(Deserialize)]
struct DescribedTwin {
    model: DescribedModel,
    sessions: Vec<SessionLine>,
}

#[derive(Deserialize)]
struct DescribedModel {
    core: Part,
    likelihood: Part,
}

#[derive(Deserialize)]
struct Part {
    kind: String,
}

impl Description {
    fn read(folder: &Path) -> Option<Self> {
        file::read_json(&folder.join("twin.json")).ok()
    }
}
