//! Reading small files that anybody may have written.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::SystemTime;

use serde::de::DeserializeOwned;

use crate::reply::Refusal;

/// Largest JSON file read: scores of a hundred thousand neurons.
pub(crate) const LARGEST_JSON: u64 = 1 << 30;

/// Lengths and times of some files, by which a change is noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp(Vec<Option<(u64, Option<SystemTime>)>>);

impl Stamp {
    /// Of files, which need not be there.
    pub(crate) fn of<P: AsRef<Path>>(paths: &[P]) -> Self {
        Self(paths.iter().map(|path| look(path.as_ref())).collect())
    }

    /// When the newest of them was changed, in seconds since 1970.
    pub(crate) fn newest_s(&self) -> Option<u64> {
        let times = self.0.iter().flatten().filter_map(|(_, time)| *time);
        let since = times.max()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(since.as_secs())
    }

    /// Whether the file at that place is there.
    pub(crate) fn has(&self, place: usize) -> bool {
        self.0.get(place).is_some_and(Option::is_some)
    }

    /// Their lengths together.
    pub(crate) fn n_bytes(&self) -> u64 {
        self.0.iter().flatten().map(|(length, _)| length).sum()
    }

    #[cfg(test)]
    pub(crate) fn number(n: u64) -> Self {
        Self(vec![Some((n, None))])
    }
}

/// Length and time of a regular file; a link is none, since it may lead anywhere.
fn look(path: &Path) -> Option<(u64, Option<SystemTime>)> {
    let metadata = fs::symlink_metadata(path).ok()?;
    metadata.is_file().then(|| (metadata.len(), metadata.modified().ok()))
}

/// Whether a regular file lies there.
pub(crate) fn is_file(path: &Path) -> bool {
    look(path).is_some()
}

/// All of a regular file.
pub(crate) fn read(path: &Path, most: u64) -> Result<Vec<u8>, Refusal> {
    let (length, _) = look(path).ok_or_else(|| Refusal::no("file"))?;
    if length > most {
        let message = format!("found {length} bytes, expected at most {most}: {}", path.display());
        return Err(Refusal::unusable(message));
    }
    let mut bytes = Vec::with_capacity(length as usize);
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    read.map_err(|error| unreadable(path, &error))?;
    Ok(bytes)
}

/// All of a JSON file.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Refusal> {
    parse(&read(path, LARGEST_JSON)?, path)
}

/// The JSON that was read from `path`.
pub(crate) fn parse<T: DeserializeOwned>(text: &[u8], path: &Path) -> Result<T, Refusal> {
    serde_json::from_slice(text)
        .map_err(|error| Refusal::unusable(format!("not as expected: {error}: {}", path.display())))
}

/// The last `most` bytes of a file, or all of it.
pub(crate) fn read_end(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    if !is_file(path) {
        return Err(io::ErrorKind::NotFound.into());
    }
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Refusal {
    Refusal::unusable(format!("cannot read: {error}: {}", path.display()))
}
