//! Looking through folders.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::Place;

/// Folders below the first that are looked into.
const DEEPEST: usize = 4;

/// Folders looked into at most.
const MOST_FOLDERS: usize = 5000;

/// Names looked at in one folder at most.
const MOST_NAMES: usize = 20_000;

/// Largest file that may be a recording's manifest.
const LARGEST_MANIFEST: u64 = 1 << 20;

/// What was found, each in the order of its path.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) runs: Vec<Place>,
    pub(super) recordings: Vec<Place>,
    pub(super) extractions: Vec<Place>,
    /// Whether there was more than is looked at.
    pub(super) is_cut: bool,
}

/// Look through a folder. Links are not followed, and runs, sessions and extractions are not looked into.
pub(super) fn scan(root: &Path) -> Scan {
    let mut scan = Scan::default();
    let mut recordings = BTreeSet::new();
    let mut waiting = vec![(root.to_owned(), 0)];
    let mut n_folders = 0;
    while let Some((path, depth)) = waiting.pop() {
        n_folders += 1;
        if n_folders > MOST_FOLDERS {
            scan.is_cut = true;
            break;
        }
        let Some(folder) = Folder::list(&path) else { continue };
        scan.is_cut |= folder.is_cut;
        let name = || name_below(root, &path);
        if folder.is_session() {
            // Sessions beside each other are one recording.
            let parent = path.parent().filter(|_| depth > 0).unwrap_or(&path);
            recordings.insert(parent.to_owned());
            continue;
        }
        recordings.extend(folder.manifests().map(|name| path.join(name)));
        if folder.is_extraction() {
            scan.extractions.push(Place::new("extraction", name(), path));
        } else if folder.is_run() {
            scan.runs.push(Place::new("run", name(), path));
        } else if depth < DEEPEST {
            waiting.extend(folder.folders.iter().map(|name| (path.join(name), depth + 1)));
        }
    }
    scan.runs.sort_by(|a, b| a.path.cmp(&b.path));
    scan.extractions.sort_by(|a, b| a.path.cmp(&b.path));
    scan.recordings = recordings.into_iter().map(|path| recording(root, path)).collect();
    scan
}

/// A recording, found here or named by a run.
pub(super) fn recording(root: &Path, path: PathBuf) -> Place {
    Place::new("recording", name_below(root, &path), path)
}

/// The path below the folder that is served; elsewhere, and for that folder, the last part alone.
fn name_below(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).ok().filter(|below| !below.as_os_str().is_empty());
    let last = || path.file_name().map_or(path, Path::new);
    let text = below.unwrap_or_else(last).to_string_lossy().into_owned();
    text.replace(std::path::MAIN_SEPARATOR, "/")
}

/// Names in a folder.
struct Folder<'a> {
    path: &'a Path,
    files: BTreeSet<String>,
    folders: BTreeSet<String>,
    is_cut: bool,
}

impl<'a> Folder<'a> {
    fn list(path: &'a Path) -> Option<Self> {
        let (mut files, mut folders) = (BTreeSet::new(), BTreeSet::new());
        let mut entries = fs::read_dir(path).ok()?;
        for entry in entries.by_ref().take(MOST_NAMES).flatten() {
            let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else {
                continue;
            };
            if kind.is_file() {
                files.insert(name);
            } else if kind.is_dir() && !name.starts_with('.') {
                folders.insert(name);
            }
        }
        Some(Self { path, files, folders, is_cut: entries.next().is_some() })
    }

    /// A session in one of the Sensorium layouts.
    fn is_session(&self) -> bool {
        let data = || self.path.join("data");
        self.folders.contains("data")
            && ["videos", "images"].iter().any(|name| data().join(name).is_dir())
    }

    fn is_run(&self) -> bool {
        let has = |name: &str| self.files.contains(name);
        has("twin.json") || (has("config.toml") && (has("status.json") || has("metrics.jsonl")))
    }

    fn is_extraction(&self) -> bool {
        self.files.contains("cells.csv") && self.files.contains("factors.safetensors")
    }

    /// Files that describe a recording: TOML with a table `responses`.
    fn manifests(&self) -> impl Iterator<Item = &String> {
        let is_manifest = |name: &&String| {
            let bytes = super::file::read(&self.path.join(name), LARGEST_MANIFEST).ok();
            let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
            let table = text.and_then(|text| text.parse::<toml::Table>().ok());
            table.is_some_and(|table| table.get("responses").is_some_and(toml::Value::is_table))
        };
        let is_toml = |name: &&String| name.ends_with(".toml") && *name != "config.toml";
        self.files.iter().filter(is_toml).filter(is_manifest)
    }
}
