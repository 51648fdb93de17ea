//! Learning curves: the parts of `metrics.jsonl` that are drawn, read as the files grow.

mod downsample;
mod points;
mod record;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use crate::cache::lock;
use crate::reply::Refusal;
pub(crate) use points::{Cursor, Points};

/// Bytes of curves kept in memory: 16 million records.
const MOST_BYTES: usize = 256 << 20;

/// What is drawn over steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Key {
    /// Training loss per scored value.
    Loss,
    /// Validation score, where there was one.
    Validation,
    /// Learning rate.
    LearningRate,
}

/// A stretch of a curve as it is sent.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Curve {
    /// Points before those that say little were left out.
    pub(crate) n: usize,
    /// Optimiser steps.
    pub(crate) x: Vec<u32>,
    /// Values; NaN, which is sent as null, where there is none.
    pub(crate) y: Vec<f32>,
}

/// The curves of many runs.
#[derive(Debug, Default)]
pub(crate) struct Curves {
    runs: Mutex<Runs>,
}

#[derive(Debug, Default)]
struct Runs {
    by_folder: HashMap<PathBuf, Entry>,
    /// Counts uses.
    clock: u64,
}

#[derive(Debug)]
struct Entry {
    points: Arc<Mutex<Points>>,
    n_bytes: usize,
    used: u64,
}

impl Curves {
    /// Look at the curves of the run in `folder` as they are now.
    pub(crate) fn with<T>(
        &self,
        folder: &Path,
        look: impl FnOnce(&Points) -> T,
    ) -> Result<T, Refusal> {
        let points = self.entry(folder);
        let (seen, n_bytes) = {
            let mut points = lock(&points);
            points.refresh(&folder.join("metrics.jsonl"))?;
            (look(&points), points.n_bytes())
        };
        self.make_room(folder, n_bytes);
        Ok(seen)
    }

    fn entry(&self, folder: &Path) -> Arc<Mutex<Points>> {
        let mut runs = lock(&self.runs);
        runs.clock += 1;
        let used = runs.clock;
        let new = || Entry { points: Arc::default(), n_bytes: 0, used };
        let entry = runs.by_folder.entry(folder.to_owned()).or_insert_with(new);
        entry.used = used;
        entry.points.clone()
    }

    /// Forget the runs that were not looked at for longest.
    fn make_room(&self, folder: &Path, n_bytes: usize) {
        let mut runs = lock(&self.runs);
        if let Some(entry) = runs.by_folder.get_mut(folder) {
            entry.n_bytes = n_bytes;
        }
        let mut total: usize = runs.by_folder.values().map(|entry| entry.n_bytes).sum();
        while total > MOST_BYTES {
            let others = runs.by_folder.iter().filter(|(key, _)| *key != folder);
            let oldest = others.min_by_key(|(_, entry)| entry.used).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { break };
            total -= runs.by_folder.remove(&oldest).map_or(0, |entry| entry.n_bytes);
        }
    }
}
