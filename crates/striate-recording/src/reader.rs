//! Lab layouts, one module each.

mod manifest;
mod sensorium;

use std::path::Path;

use crate::error::RecordingError;
use crate::recording::{Recording, RecordingConfig};

const EXPECTED: &str = "a session folder with data/videos (Sensorium 2023) or data/images \
    (Sensorium 2022), a folder of such folders, or a recording manifest (.toml)";

/// Open what lies at the configured path.
pub(crate) fn open(config: &RecordingConfig) -> Result<Recording, RecordingError> {
    let path = &config.path;
    let metadata = std::fs::metadata(path).map_err(RecordingError::file("open", path))?;
    if metadata.is_dir() {
        if let Some(root) = &config.root {
            let expected = "none: it is for manifests, and a folder has all of its files";
            return Err(RecordingError::setting("recording.root", root.display(), expected, path));
        }
        return sensorium::open(config);
    }
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
        return manifest::open(config);
    }
    Err(not_a_recording("a file that is no manifest", path))
}

fn not_a_recording(found: impl Into<String>, path: &Path) -> RecordingError {
    RecordingError::NotARecording { found: found.into(), expected: EXPECTED, path: path.to_owned() }
}

/// The chosen sessions of `ids`, as places in it.
fn chosen(ids: &[String], config: &RecordingConfig) -> Result<Vec<usize>, RecordingError> {
    let Some(wanted) = &config.sessions else { return Ok((0..ids.len()).collect()) };
    let place = |id: &String| {
        ids.iter().position(|known| known == id).ok_or_else(|| {
            let expected = format!("one of {}", ids.join(", "));
            RecordingError::setting("recording.sessions", format!("`{id}`"), expected, &config.path)
        })
    };
    let places = wanted.iter().map(place).collect::<Result<Vec<_>, _>>()?;
    if places.is_empty() {
        let expected = format!("one or more of {}", ids.join(", "));
        return Err(RecordingError::setting("recording.sessions", "[]", expected, &config.path));
    }
    Ok(places)
}

/// A folder's name, for sessions and recordings.
fn name_of(path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let name = absolute.file_name().map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "recording".to_owned())
}
