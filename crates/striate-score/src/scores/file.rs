//! Scores as files: JSON with everything, and a table of neurons.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use striate_base::files::write_atomic_bytes;

use super::{Metric, NeuronScores, Scores};
use crate::error::ScoreError;

/// Name of the format.
const FORMAT: &str = "striate-scores";

/// Version of the format this build writes, and the newest it reads.
const VERSION: u32 = 1;

/// Largest file read: a hundred thousand neurons of several predictors on several tiers.
const LARGEST_FILE: u64 = 1 << 30;

/// The scores of several predictors on the same frames, baselines first, the twin last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreFile {
    format: String,
    version: u32,
    producer: String,
    /// Hash of the twin's description, which holds that of its weights.
    pub twin_hash: String,
    /// One per predictor.
    pub scores: Vec<Scores>,
}

impl ScoreFile {
    /// Scores to be written.
    pub fn new(twin_hash: String, scores: Vec<Scores>) -> Self {
        let producer = format!("striate {}", env!("CARGO_PKG_VERSION"));
        Self { format: FORMAT.to_owned(), version: VERSION, producer, twin_hash, scores }
    }

    /// Write them as JSON, whole or not at all.
    ///
    /// # Errors
    /// Whatever the file system reports.
    pub fn write(&self, path: &Path) -> Result<(), ScoreError> {
        let text = serde_json::to_vec(self).map_err(|e| corrupt(e.to_string(), path))?;
        write(path, &text)
    }

    /// Write a row for each predictor, tier, session and neuron, whole or not at all: columns
    /// `predictor, tier, session, neuron` (counted from 0) and one for each metric, empty where it is
    /// not defined; log-likelihoods only where a predictor has them.
    ///
    /// # Errors
    /// Whatever the file system reports.
    pub fn write_table(&self, path: &Path) -> Result<(), ScoreError> {
        write(path, self.table().as_bytes())
    }

    /// Read what [`ScoreFile::write`] wrote.
    ///
    /// # Errors
    /// A file that cannot be read, is too large, of another kind or newer than this build.
    pub fn read(path: &Path) -> Result<Self, ScoreError> {
        let io = |source| ScoreError::Io { doing: "read", source, path: path.to_owned() };
        let length = fs::metadata(path).map_err(io)?.len();
        if length > LARGEST_FILE {
            let reason = format!("found {length} bytes, expected at most {LARGEST_FILE}");
            return Err(corrupt(reason, path));
        }
        let text = fs::read(path).map_err(io)?;
        let value: Value =
            serde_json::from_slice(&text).map_err(|e| corrupt(e.to_string(), path))?;
        let version = value.get("version").and_then(Value::as_u64);
        if value.get("format").and_then(Value::as_str) != Some(FORMAT) {
            return Err(corrupt(format!("found another format, expected {FORMAT}"), path));
        }
        if version != Some(u64::from(VERSION)) {
            let found = version.map_or("none".to_owned(), |version| version.to_string());
            return Err(corrupt(format!("found version {found}, expected {VERSION}"), path));
        }
        serde_json::from_value(value).map_err(|e| corrupt(e.to_string(), path))
    }

    fn table(&self) -> String {
        let tiers = || self.scores.iter().flat_map(|scores| scores.tiers.values());
        // Columns of their own only where somebody has something to write there.
        let likelihood = tiers().any(|tier| tier.pooled(Metric::BitsDensity).is_some());
        let likelihood = if likelihood { &Metric::OF_LIKELIHOOD[..] } else { &[] };
        let metrics = || {
            let usual = Metric::OF_PREDICTOR.into_iter().chain(Metric::OF_RECORDING);
            usual.chain(likelihood.iter().copied())
        };
        let mut text = "predictor,tier,session,neuron".to_owned();
        for metric in metrics() {
            let _ = write!(text, ",{}", metric.key());
        }
        text.push('\n');
        for scores in &self.scores {
            for (tier, of_tier) in &scores.tiers {
                for (session, neurons) in &of_tier.sessions {
                    let head = [&scores.predictor, tier, session].map(|cell| quoted(cell));
                    rows(&mut text, &head.join(","), neurons, metrics());
                }
            }
        }
        text
    }
}

fn rows(
    text: &mut String,
    head: &str,
    neurons: &NeuronScores,
    metrics: impl Iterator<Item = Metric>,
) {
    let columns: Vec<Vec<Option<f64>>> = metrics.map(|metric| neurons.values(metric)).collect();
    for neuron in 0..neurons.single_trial_correlation.len() {
        let _ = write!(text, "{head},{neuron}");
        for column in &columns {
            match column.get(neuron) {
                Some(Some(value)) => {
                    let _ = write!(text, ",{value}");
                }
                _ => text.push(','),
            }
        }
        text.push('\n');
    }
}

/// A cell as RFC 4180 wants it.
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), ScoreError> {
    write_atomic_bytes(path, bytes).map_err(|source| ScoreError::Io {
        doing: "write",
        source,
        path: path.to_owned(),
    })
}

fn corrupt(reason: String, path: &Path) -> ScoreError {
    ScoreError::Corrupt { reason, path: path.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scores::{Statement, TierScores};

    fn sample() -> ScoreFile {
        let neurons = NeuronScores {
            single_trial_correlation: vec![0.5, -0.25],
            noise_ceiling: vec![Some(0.75), None],
            ..NeuronScores::default()
        };
        let mut scores = Scores::new("Gabor, ridge", Statement::default());
        scores.tiers.insert("test".into(), TierScores::default());
        scores.insert("test", "mouse", neurons);
        ScoreFile::new("abc".into(), vec![scores])
    }

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.json");
        sample().write(&path).unwrap();
        assert_eq!(ScoreFile::read(&path).unwrap(), sample());
    }

    #[test]
    fn newer_and_foreign_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.json");
        for (text, said) in [
            ("{", "EOF"),
            (r#"{"format": "x"}"#, "another format"),
            (r#"{"format": "striate-scores", "version": 9}"#, "found version 9, expected 1"),
        ] {
            fs::write(&path, text).unwrap();
            let refused = ScoreFile::read(&path).unwrap_err().to_string();
            assert!(refused.contains(said) && refused.ends_with("scores.json"), "{refused}");
        }
    }

    #[test]
    fn table_has_a_row_for_each_neuron() {
        let text = sample().table();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[0].starts_with("predictor,tier,session,neuron,single_trial_correlation,"));
        assert!(lines[1].starts_with("\"Gabor, ridge\",test,mouse,0,0.5,,,"), "{}", lines[1]);
        assert!(lines[1].ends_with(",0.75,"), "{}", lines[1]);
        assert!(lines[2].ends_with(",1,-0.25,,,,,"), "{}", lines[2]);
    }
}
