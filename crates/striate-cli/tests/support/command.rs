//! Running the built `striate` and reading what it says.

#![allow(dead_code)] // Every test file uses its part of this.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// How one call ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Exit code; `None` where a signal ended it.
    pub(crate) code: Option<i32>,
    /// Everything on stdout.
    pub(crate) stdout: String,
    /// Everything on stderr.
    pub(crate) stderr: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Outcome {
    /// The one JSON object on stdout.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("stdout is not one JSON object ({e}): {self:?}"))
    }

    /// The same call, which must have succeeded.
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }
}

/// A call of `striate` that has not begun.
pub(crate) fn command<A: AsRef<OsStr>>(arguments: &[A]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_striate"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Call `striate` and wait.
pub(crate) fn striate<A: AsRef<OsStr>>(arguments: &[A]) -> Outcome {
    command(arguments).output().expect("striate starts").into()
}

/// A call of `striate` in a folder.
pub(crate) fn command_in<A: AsRef<OsStr>>(folder: &Path, arguments: &[A]) -> Command {
    let mut command = command(arguments);
    command.current_dir(folder);
    command
}

/// Call `striate` in a folder with at most `mebibytes` of address space, on one thread and one heap,
/// so that address space follows what is allocated.
pub(crate) fn striate_within<A: AsRef<OsStr>>(
    mebibytes: u64,
    folder: &Path,
    arguments: &[A],
) -> Outcome {
    Command::new("sh")
        .args(["-c", &format!("ulimit -v {} && exec \"$0\" \"$@\"", mebibytes * 1024)])
        .arg(env!("CARGO_BIN_EXE_striate"))
        .args(["--threads", "1"])
        .args(arguments)
        .current_dir(folder)
        .env("MALLOC_ARENA_MAX", "1")
        .stdin(Stdio::null())
        .output()
        .expect("sh starts")
        .into()
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> String {
    path.to_str().expect("temporary folders have names in UTF-8").to_owned()
}

/// Every file under `folder`, sorted.
pub(crate) fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("folder can be read") {
        let path = entry.expect("folder can be read").path();
        if path.is_dir() {
            files.extend(files_under(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}
