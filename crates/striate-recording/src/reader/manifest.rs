//! Anybody's arrays, described by a manifest: one TOML file (`docs/recordings.md`).

mod array;
mod axes;
mod config;
mod cut;
mod images;
mod keys;
mod responses;
mod rows;
mod session;
mod stimulus;
mod time;

use std::path::{Path, PathBuf};

use super::{chosen, name_of};
use crate::error::RecordingError;
use crate::recording::{Recording, RecordingConfig};
use config::Manifest;

/// Largest manifest read.
const LARGEST_FILE: u64 = 16 << 20;

/// Open the recording that a manifest describes.
pub(super) fn open(config: &RecordingConfig) -> Result<Recording, RecordingError> {
    let path = &config.path;
    let manifest = read(path)?;
    manifest.check(path)?;
    let folder = folder_of(path, &manifest, config.root.as_deref());
    let entries = manifest.session_entries();
    let ids: Vec<String> = entries.iter().map(|entry| entry.id.clone()).collect();
    let places = chosen(&ids, config)?;
    let open = |place: usize| session::open(&manifest, &entries[place], &folder, path);
    let sessions = places.into_iter().map(open).collect::<Result<_, _>>()?;
    Ok(Recording { name: manifest.name.clone().unwrap_or_else(|| stem_of(path)), sessions })
}

fn read(path: &Path) -> Result<Manifest, RecordingError> {
    let n_bytes = std::fs::metadata(path).map_err(RecordingError::file("open", path))?.len();
    if n_bytes > LARGEST_FILE {
        return Err(RecordingError::Manifest {
            reason: format!("found {n_bytes} bytes, expected at most {LARGEST_FILE}"),
            line: None,
            path: path.to_owned(),
        });
    }
    let text = std::fs::read_to_string(path).map_err(RecordingError::file("read", path))?;
    keys::read(&text, path)
}

/// The folder that paths are relative to: what the caller says, else what the manifest says, else
/// its own.
fn folder_of(path: &Path, manifest: &Manifest, root: Option<&Path>) -> PathBuf {
    let own = path.parent().unwrap_or(Path::new(""));
    match (root, &manifest.root) {
        (Some(root), _) => root.to_owned(),
        (None, Some(root)) => own.join(root),
        (None, None) => own.to_owned(),
    }
}

fn stem_of(path: &Path) -> String {
    path.file_stem().map_or_else(|| name_of(path), |stem| stem.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests;
