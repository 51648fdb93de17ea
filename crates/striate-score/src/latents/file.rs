//! An analysis as a file.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use striate_base::files::write_atomic_bytes;

use super::LatentAnalysis;
use crate::error::ScoreError;

/// Name of the format.
const FORMAT: &str = "striate-latents";

/// Version of the format this build writes and reads.
const VERSION: u32 = 1;

/// Largest file read.
const LARGEST_FILE: u64 = 1 << 30;

#[derive(Serialize, Deserialize)]
struct LatentFile {
    format: String,
    version: u32,
    producer: String,
    /// Hash of the twin's description, which holds that of its weights.
    twin_hash: String,
    analysis: LatentAnalysis,
}

impl LatentAnalysis {
    /// Write as JSON, whole or not at all, with the hash of the twin it is about.
    ///
    /// # Errors
    /// Whatever the file system reports.
    pub fn write(&self, twin_hash: &str, path: &Path) -> Result<(), ScoreError> {
        let file = LatentFile {
            format: FORMAT.to_owned(),
            version: VERSION,
            producer: format!("striate {}", env!("CARGO_PKG_VERSION")),
            twin_hash: twin_hash.to_owned(),
            analysis: self.clone(),
        };
        let text = serde_json::to_vec(&file).map_err(|e| corrupt(e.to_string(), path))?;
        write_atomic_bytes(path, &text).map_err(|source| ScoreError::Io {
            doing: "write",
            source,
            path: path.to_owned(),
        })
    }

    /// Read what [`LatentAnalysis::write`] wrote; `None` where it is about another twin.
    ///
    /// # Errors
    /// A file that cannot be read, is too large, of another kind or version.
    pub fn read(twin_hash: &str, path: &Path) -> Result<Option<Self>, ScoreError> {
        let io = |source| ScoreError::Io { doing: "read", source, path: path.to_owned() };
        let length = fs::metadata(path).map_err(io)?.len();
        if length > LARGEST_FILE {
            let reason = format!("found {length} bytes, expected at most {LARGEST_FILE}");
            return Err(corrupt(reason, path));
        }
        let file: LatentFile = serde_json::from_slice(&fs::read(path).map_err(io)?)
            .map_err(|e| corrupt(e.to_string(), path))?;
        if file.format != FORMAT || file.version != VERSION {
            let found = format!("{} version {}", file.format, file.version);
            return Err(corrupt(
                format!("found {found}, expected {FORMAT} version {VERSION}"),
                path,
            ));
        }
        Ok((file.twin_hash == twin_hash).then_some(file.analysis))
    }
}

fn corrupt(reason: String, path: &Path) -> ScoreError {
    ScoreError::Corrupt { reason, path: path.to_owned() }
}
