//! Where a result comes from, and hashes by which data are known again.

use std::fs::File;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{machine, time};

/// What is written beside a result so that it can be made again.
///
/// ```
/// use striate_base::provenance::{Provenance, hash_bytes};
///
/// let made = Provenance::new(7, 2, hash_bytes(b"data"), hash_bytes(b"config"));
/// let text = serde_json::to_string(&made).unwrap();
/// assert_eq!(serde_json::from_str::<Provenance>(&text).unwrap(), made);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of Striate.
    pub striate: String,
    /// The command line, program first.
    pub command: Vec<String>,
    /// The seed of all randomness.
    pub seed: u64,
    /// Threads that work.
    pub threads: usize,
    /// Model name of the processor.
    pub cpu: String,
    /// Operating system and its version.
    pub os: String,
    /// BLAKE3 hash of the data, in hexadecimal digits.
    pub data_hash: String,
    /// BLAKE3 hash of the configuration, in hexadecimal digits.
    pub config_hash: String,
    /// When it began: UTC, ISO 8601.
    pub started: String,
}

impl Provenance {
    /// What is true of this process now.
    pub fn new(
        seed: u64,
        threads: usize,
        data_hash: impl Into<String>,
        config_hash: impl Into<String>,
    ) -> Self {
        Self {
            striate: env!("CARGO_PKG_VERSION").to_owned(),
            command: std::env::args_os().map(|part| part.to_string_lossy().into_owned()).collect(),
            seed,
            threads,
            cpu: machine::cpu_model(),
            os: machine::operating_system(),
            data_hash: data_hash.into(),
            config_hash: config_hash.into(),
            started: time::now(),
        }
    }
}

/// BLAKE3 hash in 64 hexadecimal digits.
///
/// ```
/// let hash = striate_base::provenance::hash_bytes(b"");
/// assert!(hash.starts_with("af1349b9f5f9a1a6") && hash.len() == 64);
/// ```
pub fn hash_bytes(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// [`hash_bytes`] of a file's contents, read piece by piece.
///
/// # Errors
/// Whatever the file system reports.
pub fn hash_file(path: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hasher.finalize().to_hex().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_and_bytes_hash_alike() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        let bytes: Vec<u8> = (0..200_000u32).map(|i| (i % 251) as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(hash_file(&path).unwrap(), hash_bytes(&bytes));
        assert!(hash_file(&folder.path().join("none")).is_err());
    }

    #[test]
    fn provenance_names_program_and_machine() {
        let made = Provenance::new(1, 2, "a", "b");
        assert!(!made.command.is_empty() && !made.cpu.is_empty() && !made.os.is_empty());
        assert!(made.started.ends_with('Z') && made.started.len() == 20, "{}", made.started);
    }
}
