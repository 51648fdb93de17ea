//! A tiny simulated recording and a configuration that fits it in a second or two.

#![allow(dead_code)] // Every test file uses its part of this.

use std::path::{Path, PathBuf};

use crate::command::{striate, text};

/// The session that [`recording`] writes.
pub(crate) const SESSION: &str = "simulated-1";

/// Neurons of that session.
pub(crate) const N_NEURONS: usize = 6;

/// A fit of 120 steps whose receptive fields start from the responses.
const CONFIG: &str = r#"
[recording]
path = "data"

[model.core]
kind = "factorised-3d"
channels = [6, 8]
spatial_kernels = [5, 3]
temporal_kernels = [7, 3]
spatial_padding = "same"

[model.shifter]

[fit]
init_positions = "response-average"
learning_rate = 0.01
clip_frames = 30
clips_per_batch = 2
max_epochs = 30
steps_per_epoch = 4
stopping.patience = 0
"#;

/// Simulate a recording in `folder/data` and write `folder/fit.toml`, whose path is returned.
pub(crate) fn recording_and_config(folder: &Path) -> PathBuf {
    recording(&folder.join("data"));
    let config = folder.join("fit.toml");
    std::fs::write(&config, CONFIG).expect("configuration can be written");
    config
}

/// Simulate a recording of one session in `folder`; the session's folder is returned.
pub(crate) fn recording(folder: &Path) -> PathBuf {
    striate(&["simulate", "--preset", "tiny", "--quiet", "--out", &text(folder)]).succeeded();
    folder.join(SESSION)
}
