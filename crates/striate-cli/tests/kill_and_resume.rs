//! A run killed at random moments and gone on with ends with the same bits as one never stopped.
//!
//! `STRIATE_KILLS` sets the number of kills (default 5).

#[path = "support/command.rs"]
mod command;
#[path = "support/tiny.rs"]
mod tiny;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use command::{command, striate, text};

/// Files that must be equal, byte for byte.
const RESULTS: [&str; 4] = ["twin.safetensors", "twin.json", "metrics.jsonl", "status.json"];

#[test]
fn killed_runs_end_with_the_same_bits() {
    let kills = std::env::var("STRIATE_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(5);
    let folder = tempfile::tempdir().expect("temporary folder");
    let config = tiny::recording_and_config(folder.path());
    let whole = folder.path().join("whole");
    let clock = Instant::now();
    striate(&fit(&config, &whole)).succeeded();
    let whole_s = clock.elapsed().as_secs_f64();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let (mut done, mut run_number) = (0, 0);
    let mut log = String::new();
    // A run may end before its kill comes; then another is begun until enough kills have hit.
    while done < kills && run_number < 4 * kills {
        let run = folder.path().join(format!("killed-{run_number}"));
        run_number += 1;
        let mut hits = 0;
        // Three kills at most, each within the time the whole run takes, so that the run ends.
        while hits < 3 && done < kills {
            let after_s = whole_s * uniform(&mut random);
            if !killed(&config, &run, Duration::from_secs_f64(after_s)) {
                break;
            }
            let _ =
                writeln!(log, "run {run_number}: killed after {after_s:.3} s of {whole_s:.3} s");
            hits += 1;
            done += 1;
        }
        striate(&fit(&config, &run)).succeeded();
        compare(&whole, &run, &log);
    }
    let _ = write!(std::io::stderr(), "{log}");
    assert!(done > 0, "no kill hit a run at work");
}

/// `striate fit`, with a checkpoint every other step so that kills meet writers at work.
fn fit(config: &Path, run: &Path) -> Vec<String> {
    let words =
        ["fit", &text(config), "--out", &text(run), "--set", "fit.checkpoint.every_steps=2"];
    words.iter().map(ToString::to_string).chain(["--threads".into(), "2".into()]).collect()
}

/// Begin or go on with the run and kill it; whether the kill came in time.
fn killed(config: &Path, run: &Path, after: Duration) -> bool {
    let mut child = command(&fit(config, run))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("striate starts");
    std::thread::sleep(after);
    let ended = child.try_wait().expect("child can be asked").is_some();
    child.kill().expect("child can be killed");
    child.wait().expect("child can be waited for");
    !ended
}

fn compare(whole: &Path, run: &Path, log: &str) {
    for name in RESULTS {
        let (a, b) = (std::fs::read(whole.join(name)), std::fs::read(run.join(name)));
        let (a, b) = (a.expect("result of the whole run"), b.expect("result of the killed run"));
        assert!(a == b, "{name} differs from the uninterrupted run's\n{log}");
    }
    for file in command::files_under(run) {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        assert!(!name.ends_with(".tmp"), "left behind: {}\n{log}", file.display());
    }
}

/// Marsaglia's xorshift64: moments need no better randomness, and the test no dependency.
fn uniform(state: &mut u64) -> f64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 11) as f64 / (1u64 << 53) as f64
}
