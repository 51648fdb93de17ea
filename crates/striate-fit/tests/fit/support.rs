//! A tiny recording, a tiny configuration, and a progress that pulls the plug.

use std::path::{Path, PathBuf};

use striate_base::provenance::hash_bytes;
use striate_base::{CancelToken, NoProgress, Progress};
use striate_fit::{FitConfig, FitError, FitOutcome, ValidFitConfig, fit};
use striate_recording::simulate::{SimulationConfig, simulate};
use tempfile::TempDir;

/// Steps of one fit as configured here: 4 epochs of 4 steps.
pub(crate) const N_STEPS: u64 = 16;

/// A folder with a recording in `data`, to hold runs.
pub(crate) struct Bench {
    folder: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(SimulationConfig::tiny())
    }

    /// Two sessions.
    pub(crate) fn two_sessions() -> Self {
        Self::with(SimulationConfig { n_sessions: 2, ..SimulationConfig::tiny() })
    }

    /// A few trials that are longer than what is predicted at a time.
    pub(crate) fn long() -> Self {
        let mut config = SimulationConfig::tiny();
        config.canvas.n_frames = 365;
        config.trials.train = 2;
        config.trials.oracle.n_videos = 1;
        config.trials.oracle.n_repeats = 1;
        config.trials.live_test_main.n_repeats = 1;
        Self::with(config)
    }

    /// A recording from which much can be learnt: simple cells, little noise, a still eye.
    pub(crate) fn clear() -> Self {
        let mut config = SimulationConfig { n_neurons: 12, ..SimulationConfig::tiny() };
        config.trials.train = 60;
        config.population.complex_fraction = 0.0;
        config.state.arousal_loading = 0.0;
        config.state.loading_spread = 0.0;
        config.eye.fixation_px = 0.0;
        config.response.ceiling = [0.9, 0.98];
        Self::with(config)
    }

    fn with(config: SimulationConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        simulate(&config.check().unwrap(), &data, &mut NoProgress, &CancelToken::new()).unwrap();
        Self { folder }
    }

    pub(crate) fn run(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The usual configuration with changes.
    pub(crate) fn config(&self, changes: &[&str]) -> ValidFitConfig {
        let text = "
            [recording]
            path = \"data\"
            [model.core]
            kind = \"factorised-3d\"
            channels = [6, 8]
            spatial_kernels = [5, 3]
            temporal_kernels = [7, 3]
            spatial_padding = \"same\"
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

    pub(crate) fn fit(&self, name: &str, changes: &[&str]) -> Result<FitOutcome, FitError> {
        let token = CancelToken::new();
        fit(&self.config(changes), &self.run(name), &mut NoProgress, &token)
    }

    /// Fit until `steps` steps are done by this call, then ask to stop.
    pub(crate) fn fit_for(
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
pub(crate) struct Results {
    pub(crate) twin: String,
    pub(crate) description: String,
    pub(crate) status: String,
    pub(crate) metrics: String,
}

pub(crate) fn results(run: &Path) -> Results {
    let read = |name: &str| std::fs::read(run.join(name)).unwrap();
    Results {
        twin: hash_bytes(&read("twin.safetensors")),
        description: hash_bytes(&read("twin.json")),
        status: hash_bytes(&read("status.json")),
        metrics: String::from_utf8(read("metrics.jsonl")).unwrap(),
    }
}

/// Cancels after some steps of fitting, whatever the stage.
struct Plug {
    token: CancelToken,
    left: u64,
    fitting: bool,
}

impl Progress for Plug {
    fn start(&mut self, stage: &str, _total: Option<u64>) {
        self.fitting = stage.starts_with("fitting");
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
