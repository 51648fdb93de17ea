//! Sound files of every kind, to be copied and broken.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::command::{Outcome, command_in, striate, striate_within, text};
use crate::npy::write_f32;
use crate::tiny;

const MANIFEST: &str = r#"
name = "arrays"
frame_rate_hz = 30.0

[stimulus]
path = "stimulus.npy"
axes = ["frame", "y", "x"]

[responses]
path = "counts.npy"
axes = ["neuron", "frame"]

[[tiers]]
name = "train"
frames = [0, 30]
trial_frames = 10

[[tiers]]
name = "validation"
frames = [30, 40]
"#;

/// A folder with a recording (`data`), its configuration (`fit.toml`), a finished run (`run`), one
/// that goes on from checkpoints (`stopped`), and arrays with a manifest (`arrays`).
pub(crate) struct Sound(TempDir);

impl Sound {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path();
        let config = text(&tiny::recording_and_config(path));
        let run = text(&path.join("run"));
        let fit = ["fit", &config, "--out", &run, "--set"];
        striate(&[&fit[..], &["fit.max_steps=12"]].concat()).succeeded();
        stop(&config, &path.join("stopped"));
        let arrays = path.join("arrays");
        write_f32(&arrays.join("stimulus.npy"), &[40, 8, 8], (0..40 * 64).map(|i| (i % 7) as f32));
        write_f32(&arrays.join("counts.npy"), &[3, 40], (0..120).map(|i| (i % 3) as f32));
        fs::write(arrays.join("manifest.toml"), MANIFEST).expect("manifest can be written");
        striate(&["inspect", &text(&arrays.join("manifest.toml"))]).succeeded();
        Self(folder)
    }
}

/// Leave in `run` what a kill in the middle of a fit leaves.
fn stop(config: &str, run: &Path) {
    let out = text(run);
    let changes = ["--set", "fit.checkpoint.every_steps=40", "--set", "fit.checkpoint.keep=9"];
    striate(&[&["fit", config, "--out", &out], &changes[..]].concat()).succeeded();
    fs::write(run.join("status.json"), r#"{"state": "running"}"#).expect("status can be written");
    fs::remove_file(run.join("checkpoints/step-00000120.safetensors")).expect("last checkpoint");
}

/// A copy of sound files.
pub(crate) struct Bench(TempDir);

impl Bench {
    pub(crate) fn of(sound: &Sound) -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        copy(sound.0.path(), folder.path());
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Call `striate` in the folder.
    pub(crate) fn call(&self, arguments: &[&str]) -> Outcome {
        command_in(self.path(), arguments).output().expect("striate starts").into()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("folder can be made");
    for entry in fs::read_dir(from).expect("folder can be read") {
        let path = entry.expect("folder can be read").path();
        let target = to.join(path.file_name().expect("entries have names"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("file can be copied");
        }
    }
}

/// Address space, to 8 MiB, in which the program starts and says that there is no recording.
pub(crate) fn least_mib() -> u64 {
    let starts = |mib: u64| {
        let outcome = striate_within(mib, Path::new("."), &["inspect", "no-such-recording"]);
        outcome.code == Some(3)
    };
    let least = (1..=128).map(|n| 8 * n).find(|&mib| starts(mib));
    least.expect("a gibibyte is enough to start")
}

/// Keep the first `n` bytes.
pub(crate) fn cut(path: &Path, n: usize) {
    let bytes = fs::read(path).expect("file to cut");
    fs::write(path, &bytes[..n]).expect("file can be written");
}

/// Change one bit near the end, where no format has its header.
pub(crate) fn flip(path: &Path) {
    let mut bytes = fs::read(path).expect("file to damage");
    let place = bytes.len() - 5;
    bytes[place] ^= 0x10;
    fs::write(path, bytes).expect("file can be written");
}

/// Replace a text that must be there.
pub(crate) fn sed(path: &Path, from: &str, to: &str) {
    let before = fs::read_to_string(path).expect("text file");
    assert!(before.contains(from), "no `{from}` in {before}");
    fs::write(path, before.replacen(from, to, 1)).expect("file can be written");
}
