//! A tiny recording, a tiny configuration, and a progress that pulls the plug.

use std::path::{Path, PathBuf};

use striate_base::provenance::hash_bytes;
use striate_base::{CancelToken, NoProgress, Progress};
use striate_fit::{FitConfig, FitError, FitOutcome, ValidFitConfig, fit};
use tempfile::TempDir;

/// Steps of one fit as configured here: 4 epochs of 4 steps.
pub const N_STEPS: u64 = 16;

/// A folder with a recording in `data`, to hold runs.
pub struct Bench {
    folder: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    pub fn run(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The usual configuration with changes.
    pub fn config(&self, changes: &[&str]) -> ValidFitConfig {
        let text = "
            [recording]
            path = \"data\"
            [fit]
            learning_rate = 0.02
            clip_frames = 12
            clips_per_batch = 2
            max_epochs = 4
            steps_per_epoch = 4
            checkpoint.every_s = 1e9
            stopping.patience = 1
        ";
        let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
        FitConfig::from_toml(text, self.folder.path(), &changes).unwrap().check().unwrap()
    }

    pub fn fit(&self, name: &str, changes: &[&str]) -> Result<FitOutcome, FitError> {
        let token = CancelToken::new();
        fit(&self.config(changes), &self.run(name), &mut NoProgress, &token)
    }

    /// Fit until `steps` steps are done by this call, then ask to stop.
    pub fn fit_for(
        &self,
        name: &str,
        changes: &[&str],
        steps: u64,
    ) -> Result<FitOutcome, FitError> {
        let token = CancelToken::new();
        let mut plug = Plug { token: token.clone(), left: steps, fitting: false };
        fit(&self.config(changes), &self.run(name), &mut plug, &token)
    }
}

/// Everything of a finished run that must be equal in equal runs: hashes of the weights and of the
/// status, and the metrics as text.
#[derive(Debug, PartialEq)]
pub struct Results {
    pub twin: String,
    pub description: String,
    pub status: String,
    pub metrics: String,
}

pub fn results(run: &Path) -> Results {
    let read = |name: &str| std::fs::read(run.join(name)).unwrap();
    Results {
        twin: hash_bytes(&read("twin.safetensors")),
        description: hash_bytes(&read("twin.json")),
        status: hash_bytes(&read("status.json")),
        metrics: String::from_utf8(read("metrics.jsonl")).unwrap(),
    }
}

/// Cancels after some steps of the fitting stage.
struct Plug {
    token: CancelToken,
    left: u64,
    fitting: bool,
}

impl Progress for Plug {
    fn start(&mut self, stage: &str, _total: Option<u64>) {
        self.fitting = stage == "fitting";
    }

    fn advance(&mut self, units: u64) {
        // The first report of a stage may be the steps of earlier calls.
        if self.fitting && units == 1 {
            self.left = self.left.saturating_sub(1);
            if self.left == 0 {
                self.token.cancel();
            }
        }
    }

    fn note(&mut self, _message: &str) {}

    fn finish(&mut self) {
        self.fitting = false;
    }
}
