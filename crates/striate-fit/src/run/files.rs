//! Reading and writing the small files of a run folder.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;
use serde::de::DeserializeOwned;
use striate_base::files::write_atomic_bytes;
use striate_base::provenance::Provenance;

use super::{CONFIG_FILE, PROVENANCE_FILE, RunStatus, STATUS_FILE, TIMING_FILE};
use crate::config::FitConfig;
use crate::error::FitError;

/// Write what a new run begins with. `config.toml` comes last: it is what makes a folder a run.
pub(crate) fn write_new(
    run: &Path,
    config: &FitConfig,
    provenance: &Provenance,
) -> Result<(), FitError> {
    write_json(&run.join(PROVENANCE_FILE), provenance)?;
    write_status(run, &RunStatus::Running)?;
    write(&run.join(CONFIG_FILE), config.to_toml()?.as_bytes())
}

/// Say where the run stands.
pub(crate) fn write_status(run: &Path, status: &RunStatus) -> Result<(), FitError> {
    write_json(&run.join(STATUS_FILE), status)
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), FitError> {
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|e| FitError::Corrupt { reason: e.to_string(), path: path.to_owned() })?;
    text.push(b'\n');
    write(path, &text)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), FitError> {
    write_atomic_bytes(path, bytes).map_err(|e| FitError::io("cannot write", e, path))
}

pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, FitError> {
    let bytes = fs::read(path).map_err(|e| FitError::io("cannot read", e, path))?;
    serde_json::from_slice(&bytes)
        .map_err(|e| FitError::Corrupt { reason: e.to_string(), path: path.to_owned() })
}

/// Every complete line of a file of JSON lines.
pub(super) fn read_lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, FitError> {
    let text = fs::read_to_string(path).map_err(|e| FitError::io("cannot read", e, path))?;
    let complete = text.rfind('\n').map_or("", |end| &text[..end]);
    let read = |(i, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|e| FitError::Corrupt {
            reason: format!("line {}: {e}", i + 1),
            path: path.to_owned(),
        })
    };
    complete.lines().enumerate().map(read).collect()
}

/// A path as a shell takes it.
pub(super) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,=:@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Wall-clock times, kept apart from everything that is equal in equal runs.
#[derive(Debug)]
pub(crate) struct TimingLog {
    file: File,
    path: PathBuf,
    start: Instant,
}

#[derive(Serialize)]
struct Timing {
    epoch: u64,
    step: u64,
    /// Seconds since this process began or went on with the run.
    seconds: f64,
}

impl TimingLog {
    pub(crate) fn open(run: &Path) -> Result<Self, FitError> {
        let path = run.join(TIMING_FILE);
        let file = OpenOptions::new().append(true).create(true).open(&path);
        let file = file.map_err(|e| FitError::io("cannot open", e, &path))?;
        Ok(Self { file, path, start: Instant::now() })
    }

    pub(crate) fn epoch(&mut self, epoch: u64, step: u64) -> Result<(), FitError> {
        let timing = Timing { epoch, step, seconds: self.start.elapsed().as_secs_f64() };
        let line = serde_json::to_string(&timing).unwrap_or_default();
        writeln!(self.file, "{line}").map_err(|e| FitError::io("cannot write", e, &self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_where_a_shell_needs_it() {
        assert_eq!(quoted(Path::new("runs/a-1.b")), "runs/a-1.b");
        assert_eq!(quoted(Path::new("my runs/it's")), r"'my runs/it'\''s'");
    }

    #[test]
    fn half_a_last_line_is_left_out_and_a_broken_one_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.jsonl");
        fs::write(&path, "1\n2\n3").unwrap();
        assert_eq!(read_lines::<u8>(&path).unwrap(), [1, 2]);
        fs::write(&path, "1\nx\n").unwrap();
        let refused = read_lines::<u8>(&path).unwrap_err().to_string();
        assert!(refused.contains("line 2"), "{refused}");
    }
}
