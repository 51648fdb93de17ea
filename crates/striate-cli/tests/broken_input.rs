//! Broken input of every kind: each is refused with exit code 2, 3 or 4 and a sentence that says
//! what was found, what was expected and where, without a panic and without much memory.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

#[path = "support/broken.rs"]
mod broken;
#[path = "support/command.rs"]
mod command;
#[path = "support/npy.rs"]
mod npy;
#[path = "support/tiny.rs"]
mod tiny;

use std::fs;
use std::path::Path;

use broken::{Bench, Sound, cut, flip, sed};
use command::{striate, striate_within, text};
use npy::{header, write, write_f32, zip_of_zeros};

/// What a call may allocate beyond what the program has when it has done nothing yet, and beyond
/// the size of its files.
const ALLOWED_MIB: u64 = 64;

/// One kind of broken input.
struct Case {
    name: &'static str,
    /// Break the sound files in the folder.
    breaks: fn(&Path),
    /// What is called in that folder.
    call: &'static [&'static str],
    /// Exit code expected.
    code: i32,
    /// What the message must say: the finding, the expectation, the file.
    says: &'static [&'static str],
}

const INSPECT: &[&str] = &["inspect", "data"];
const INSPECT_MANIFEST: &[&str] = &["inspect", "arrays/manifest.toml"];
const FIT: &[&str] = &["fit", "fit.toml", "--out", "new"];
const SCORE: &[&str] = &["score", "run", "--recording", "data", "--no-baseline"];
const RESUME: &[&str] = &["fit", "fit.toml", "--out", "stopped"];

const RESPONSES: &str = "data/simulated-1/data/responses/2.npy";
const FIRST_RESPONSES: &str = "data/simulated-1/data/responses/0.npy";
const VIDEO: &str = "data/simulated-1/data/videos/3.npy";
const BEHAVIOUR: &str = "data/simulated-1/data/behavior/0.npy";
const TIERS: &str = "data/simulated-1/meta/trials/tiers.npy";
const DEVIATION: &str = "data/simulated-1/meta/statistics/responses/all/std.npy";
const MANIFEST: &str = "arrays/manifest.toml";
const STIMULUS: &str = "arrays/stimulus.npy";
const COUNTS: &str = "arrays/counts.npy";

/// A session folder whose files are broken.
const FOLDERS: &[Case] = &[
    Case {
        name: "truncated array",
        breaks: |f| cut(&f.join(RESPONSES), 200),
        call: INSPECT,
        code: 3,
        says: &["found 200 bytes", "expected 3728", RESPONSES],
    },
    Case {
        name: "empty file",
        breaks: |f| cut(&f.join(VIDEO), 0),
        call: INSPECT,
        code: 3,
        says: &["found an empty file", "expected a NumPy array", VIDEO],
    },
    Case {
        name: "header that claims 8 PiB",
        breaks: |f| write(&f.join(VIDEO), &header("<f8", false, "1048576, 1048576, 1024")),
        call: INSPECT,
        code: 3,
        says: &["found 128 bytes", "expected 9007199254741120", VIDEO],
    },
    Case {
        name: "header that claims more elements than numbers can count",
        breaks: |f| write(&f.join(VIDEO), &header("<f8", false, "4294967296, 4294967296, 8")),
        call: INSPECT,
        code: 3,
        says: &["found [4294967296, 4294967296, 8]", "expected fewer elements", VIDEO],
    },
    Case {
        name: "array of Python objects",
        breaks: |f| write(&f.join(BEHAVIOUR), &header("|O", false, "2, 75")),
        call: INSPECT,
        code: 3,
        says: &["found an array of Python objects", "expected an array of numbers", BEHAVIOUR],
    },
    Case {
        name: "pickle",
        breaks: |f| write(&f.join(BEHAVIOUR), b"\x80\x04\x95\x00\x00and so on"),
        call: INSPECT,
        code: 3,
        says: &["found a Python pickle", "convert it", BEHAVIOUR],
    },
    Case {
        name: "file of another kind",
        breaks: |f| write(&f.join(RESPONSES), b"\xff\xd8\xff\xe0\x00\x10JFIF\x00 and so on"),
        call: INSPECT,
        code: 3,
        says: &["found a JPEG image", "expected a NumPy array", RESPONSES],
    },
    Case {
        name: "pointer of Git LFS instead of the file",
        breaks: |f| write(&f.join(VIDEO), b"version https://git-lfs.github.com/spec/v1\n"),
        call: INSPECT,
        code: 3,
        says: &["found a Git LFS pointer", "expected a NumPy array", VIDEO],
    },
    Case {
        name: "elements of an unknown type",
        breaks: |f| write(&f.join(RESPONSES), &header("<c16", false, "0, 75")),
        call: INSPECT,
        code: 3,
        says: &["found", "<c16", "expected booleans, integers, floats", RESPONSES],
    },
    Case {
        name: "NaN inside a trial",
        breaks: |f| {
            let values = (0..6 * 75).map(|i| if i == 75 + 3 { f32::NAN } else { 1.0 });
            write_f32(&f.join(RESPONSES), &[6, 75], values);
        },
        call: FIT,
        code: 3,
        says: &["found NaN at neuron 1, frame 3", "expected", RESPONSES],
    },
    Case {
        name: "responses of another number of neurons",
        breaks: |f| write_f32(&f.join(RESPONSES), &[7, 75], vec![1.0; 7 * 75]),
        call: INSPECT,
        code: 3,
        says: &["found [7, 75]", "expected [6, frame]", RESPONSES],
    },
    Case {
        name: "responses with their axes exchanged",
        breaks: |f| write_f32(&f.join(RESPONSES), &[75, 6], vec![1.0; 6 * 75]),
        call: INSPECT,
        code: 3,
        says: &["found [75, 6]", "expected [6, frame]", "transpose it", RESPONSES],
    },
    Case {
        name: "one trial without its responses",
        breaks: |f| fs::remove_file(f.join(RESPONSES)).unwrap(),
        call: INSPECT,
        code: 3,
        says: &["responses of trial 2", "found no file", "expected", RESPONSES],
    },
    Case {
        name: "tiers of fewer trials than there are",
        breaks: |f| {
            let mut bytes = header("<U5", false, "2, ");
            bytes.extend("traintrain".chars().flat_map(|c| u32::from(c).to_le_bytes()));
            write(&f.join(TIERS), &bytes);
        },
        call: INSPECT,
        code: 3,
        says: &["found [2]", "expected [13]", TIERS],
    },
    Case {
        name: "no statistics",
        breaks: |f| fs::remove_file(f.join(DEVIATION)).unwrap(),
        call: INSPECT,
        code: 3,
        says: &["std of responses", "found no file", "expected", DEVIATION],
    },
    Case {
        name: "statistics of another session",
        breaks: |f| write_f32(&f.join(DEVIATION), &[9, 70], vec![1.0; 9 * 70]),
        call: INSPECT,
        code: 3,
        says: &["found [9, 70]", "expected", DEVIATION],
    },
    Case {
        name: "folder where a file is expected",
        breaks: |f| {
            fs::remove_file(f.join(RESPONSES)).unwrap();
            fs::create_dir(f.join(RESPONSES)).unwrap();
        },
        call: INSPECT,
        code: 3,
        says: &["found a folder", "expected a file", RESPONSES],
    },
    Case {
        name: "folder that holds no recording",
        breaks: |f| fs::create_dir(f.join("empty")).unwrap(),
        call: &["inspect", "empty"],
        code: 3,
        says: &["found a folder of neither layout", "expected a session folder", "empty"],
    },
    Case {
        name: "file that is no recording",
        breaks: |f| write(&f.join("notes.txt"), b"to do"),
        call: &["inspect", "notes.txt"],
        code: 3,
        says: &["found a file that is no manifest", "expected a session folder", "notes.txt"],
    },
];

/// A manifest, or the arrays it names.
const MANIFESTS: &[Case] = &[
    Case {
        name: "manifest with an unknown key",
        breaks: |f| sed(&f.join(MANIFEST), "frame_rate_hz", "frame_rate_hertz"),
        call: INSPECT_MANIFEST,
        code: 2,
        says: &["unknown key `frame_rate_hertz`", "nearest known key is `frame_rate_hz`", MANIFEST],
    },
    Case {
        name: "manifest with an unknown axis",
        breaks: |f| sed(&f.join(MANIFEST), "\"neuron\", \"frame\"", "\"cell\", \"frame\""),
        call: INSPECT_MANIFEST,
        code: 2,
        says: &["cell", "expected", "neuron", MANIFEST],
    },
    Case {
        name: "manifest with axes in another order than the array's",
        breaks: |f| sed(&f.join(MANIFEST), "\"neuron\", \"frame\"", "\"frame\", \"neuron\""),
        call: INSPECT_MANIFEST,
        code: 3,
        says: &["found", "3", "expected", "40", COUNTS],
    },
    Case {
        name: "manifest with an axis too few",
        breaks: |f| sed(&f.join(MANIFEST), "\"frame\", \"y\", \"x\"", "\"frame\", \"y\""),
        call: INSPECT_MANIFEST,
        code: 2,
        says: &["stimulus.axes", "expected", MANIFEST],
    },
    Case {
        name: "responses to fewer frames than were shown",
        breaks: |f| write_f32(&f.join(COUNTS), &[3, 39], vec![1.0; 3 * 39]),
        call: INSPECT_MANIFEST,
        code: 3,
        says: &["39", "expected", "40", COUNTS],
    },
    Case {
        name: "overlapping tiers",
        breaks: |f| sed(&f.join(MANIFEST), "[30, 40]", "[25, 40]"),
        call: INSPECT_MANIFEST,
        code: 2,
        says: &["`train` (20 to 30) and `validation` (25 to 40)", "do not overlap", MANIFEST],
    },
    Case {
        name: "tier beyond the end",
        breaks: |f| sed(&f.join(MANIFEST), "[30, 40]", "[30, 50]"),
        call: INSPECT_MANIFEST,
        code: 2,
        says: &["[30, 50]", "within 0 to 40", MANIFEST],
    },
    Case {
        name: "manifest that is no TOML",
        breaks: |f| write(&f.join(MANIFEST), b"name = \"a\"\n[stimulus\n"),
        call: INSPECT_MANIFEST,
        code: 2,
        says: &["line 2", MANIFEST],
    },
    Case {
        name: "manifest that is no text",
        breaks: |f| write(&f.join(MANIFEST), b"\x93NUMPY\xff\xfe"),
        call: INSPECT_MANIFEST,
        code: 3,
        says: &["UTF-8", MANIFEST],
    },
    Case {
        name: "array that is not there",
        breaks: |f| fs::remove_file(f.join(STIMULUS)).unwrap(),
        call: INSPECT_MANIFEST,
        code: 3,
        says: &["No such file", STIMULUS],
    },
    Case {
        name: "archive that unpacks to a thousand times its size",
        breaks: |f| {
            sed(&f.join(MANIFEST), "stimulus.npy\"", "bomb.npz\"\nmember = \"stimulus\"");
            let n = 40 * 1024 * 1024;
            let start = header("<f4", false, "40, 1024, 1024");
            write(&f.join("arrays/bomb.npz"), &zip_of_zeros("stimulus.npy", &start, 4 * n));
        },
        call: INSPECT_MANIFEST,
        code: 3,
        says: &["found 167772288", "expected at most", "arrays/bomb.npz"],
    },
    Case {
        name: "archive without the member",
        breaks: |f| {
            sed(&f.join(MANIFEST), "counts.npy\"", "counts.npz\"\nmember = \"spikes\"");
            let start = header("<f4", false, "3, 40");
            write(&f.join("arrays/counts.npz"), &zip_of_zeros("counts.npy", &start, 4 * 3 * 40));
        },
        call: INSPECT_MANIFEST,
        code: 3,
        says: &["array `spikes`: found none", "expected one of counts", "arrays/counts.npz"],
    },
    Case {
        name: "archive that was cut",
        breaks: |f| {
            sed(&f.join(MANIFEST), "counts.npy\"", "counts.npz\"\nmember = \"counts\"");
            let start = header("<f4", false, "3, 40");
            let archive = zip_of_zeros("counts.npy", &start, 4 * 3 * 40);
            write(&f.join("arrays/counts.npz"), &archive[..archive.len() / 2]);
        },
        call: INSPECT_MANIFEST,
        code: 3,
        says: &["found", "expected a complete ZIP archive", "arrays/counts.npz"],
    },
];

/// A configuration, or one that does not fit the recording.
const CONFIGURATIONS: &[Case] = &[
    Case {
        name: "configuration with an unknown key",
        breaks: |f| sed(&f.join("fit.toml"), "learning_rate", "lerning_rate"),
        call: FIT,
        code: 2,
        says: &["unknown key `fit.lerning_rate`", "`fit.learning_rate`", "fit.toml"],
    },
    Case {
        name: "value out of its range",
        breaks: |f| sed(&f.join("fit.toml"), "learning_rate = 0.01", "learning_rate = -1"),
        call: FIT,
        code: 2,
        says: &["`fit.learning_rate` is -1", "expected above 0, at most 1", "fit.toml"],
    },
    Case {
        name: "value of a wrong type",
        breaks: |f| sed(&f.join("fit.toml"), "max_epochs = 30", "max_epochs = \"many\""),
        call: FIT,
        code: 2,
        says: &["\"many\"", "expected u64", "max_epochs", "fit.toml"],
    },
    Case {
        name: "configuration that is no TOML",
        breaks: |f| write(&f.join("fit.toml"), b"[fit\n"),
        call: FIT,
        code: 2,
        says: &["not valid TOML: line 1: unclosed table, expected `]`: fit.toml"],
    },
    Case {
        name: "folder where the configuration is expected",
        breaks: |f| {
            fs::remove_file(f.join("fit.toml")).unwrap();
            fs::create_dir(f.join("fit.toml")).unwrap();
        },
        call: FIT,
        code: 2,
        says: &["Is a directory", "fit.toml"],
    },
    Case {
        name: "unknown tier to judge by",
        breaks: |_| (),
        call: &["fit", "fit.toml", "--out", "new", "--set", "fit.validation.tier=holdout"],
        code: 3,
        says: &["found tiers", "`oracle`", "expected `holdout`", "fit.validation.tier"],
    },
    Case {
        name: "unknown tier to fit to",
        breaks: |_| (),
        call: &["fit", "fit.toml", "--out", "new", "--set", "fit.train_tier=training"],
        code: 3,
        says: &["found no trials of tier `training`", "expected some", "train"],
    },
    Case {
        name: "clips longer than the trials",
        breaks: |_| (),
        call: &["fit", "fit.toml", "--out", "new", "--set", "fit.clip_frames=1000"],
        code: 2,
        says: &["1000", "expected", "70"],
    },
    Case {
        name: "clips shorter than the twin's memory",
        breaks: |_| (),
        call: &["fit", "fit.toml", "--out", "new", "--set", "fit.clip_frames=8"],
        code: 2,
        says: &["8", "expected", "9"],
    },
    Case {
        name: "too little memory",
        breaks: |_| (),
        call: &["fit", "fit.toml", "--out", "new", "--memory-limit", "1MiB"],
        code: 4,
        says: &["needs about", "expected at most 1.0 MiB"],
    },
    Case {
        name: "folder of a shared twin as run folder",
        breaks: |f| write(&f.join("new/twin.json"), b"{}"),
        call: FIT,
        code: 2,
        says: &["found `twin.json` and no config.toml", "expected an empty folder or a run: new"],
    },
];

/// A run whose files are broken.
const RUNS: &[Case] = &[
    Case {
        name: "twin whose weights have a flipped bit",
        breaks: |f| flip(&f.join("run/twin.safetensors")),
        call: SCORE,
        code: 3,
        says: &["BLAKE3 hash", "found", "expected", "run/twin.safetensors"],
    },
    Case {
        name: "twin whose weights were cut",
        breaks: |f| cut(&f.join("run/twin.safetensors"), 100),
        call: SCORE,
        code: 3,
        says: &["found", "expected", "run/twin.safetensors"],
    },
    Case {
        name: "twin of a newer version",
        breaks: |f| sed(&f.join("run/twin.json"), "\"version\": 1", "\"version\": 2"),
        call: SCORE,
        code: 3,
        says: &["version 2", "expected at most 1", "run/twin.json"],
    },
    Case {
        name: "description of a twin that is no JSON",
        breaks: |f| cut(&f.join("run/twin.json"), 50),
        call: SCORE,
        code: 3,
        says: &["EOF while parsing", "run/twin.json"],
    },
    Case {
        name: "twin without its weights",
        breaks: |f| fs::remove_file(f.join("run/twin.safetensors")).unwrap(),
        call: SCORE,
        code: 3,
        says: &["No such file", "run/twin.safetensors"],
    },
    Case {
        name: "folder that is no run",
        breaks: |_| (),
        call: &["score", "data"],
        code: 2,
        says: &["found no run", "expected a folder with a config.toml", "data"],
    },
    Case {
        name: "run whose configuration is broken",
        breaks: |f| sed(&f.join("run/config.toml"), "seed = 42", "seed = \"often\""),
        call: SCORE,
        code: 2,
        says: &["\"often\"", "expected u64", "run/config.toml"],
    },
    Case {
        name: "twin of other neurons than were recorded",
        breaks: |f| {
            fs::remove_dir_all(f.join("data")).unwrap();
            let data = text(&f.join("data"));
            let words = ["simulate", "--preset", "tiny", "--set", "n_neurons=5", "--out", &data];
            striate(&words).succeeded();
        },
        call: SCORE,
        code: 2,
        says: &["found 5", "expected 6", "simulated-1"],
    },
    Case {
        name: "run whose checkpoints are all damaged",
        breaks: |f| {
            for file in command::files_under(&f.join("stopped/checkpoints")) {
                flip(&file);
            }
        },
        call: RESUME,
        code: 3,
        says: &["none of the", "checkpoints is intact", "stopped/checkpoints"],
    },
    Case {
        name: "run whose learning curve was cut",
        breaks: |f| cut(&f.join("stopped/metrics.jsonl"), 10),
        call: RESUME,
        code: 3,
        says: &["found 10 bytes", "expected at least", "written: stopped/metrics.jsonl"],
    },
    Case {
        name: "run whose status is no JSON",
        breaks: |f| write(&f.join("stopped/status.json"), b"{"),
        call: RESUME,
        code: 3,
        says: &["EOF while parsing", "stopped/status.json"],
    },
    Case {
        name: "run gone on with on other data",
        breaks: |f| write_f32(&f.join(FIRST_RESPONSES), &[6, 75], vec![1.0; 6 * 75]),
        call: RESUME,
        code: 3,
        says: &["made on other data", "expected", "stopped"],
    },
    Case {
        name: "submission that is no Parquet file",
        breaks: |f| write(&f.join("predictions.parquet.brotli"), b"PK\x03\x04 and so on"),
        call: &["submit", "run", "--recording", "data", "--check", "predictions.parquet.brotli"],
        code: 3,
        says: &["found", "expected", "predictions.parquet.brotli"],
    },
];

#[test]
fn broken_session_folders_are_refused() {
    check_all(FOLDERS);
}

#[test]
fn broken_manifests_are_refused() {
    check_all(MANIFESTS);
}

#[test]
fn broken_configurations_are_refused() {
    check_all(CONFIGURATIONS);
}

#[test]
fn broken_runs_are_refused() {
    check_all(RUNS);
}

#[test]
fn damaged_newest_checkpoint_is_set_aside() {
    let sound = Sound::new();
    let bench = Bench::of(&sound);
    let checkpoints = command::files_under(&bench.path().join("stopped/checkpoints"));
    flip(checkpoints.last().expect("a checkpoint"));
    let gone_on = bench.call(&["fit", "fit.toml", "--out", "stopped"]).succeeded();
    for expected in ["set aside", "checksum", "going on from step"] {
        assert!(gone_on.stderr.contains(expected), "no `{expected}`: {gone_on:?}");
    }
}

/// Break a fresh copy of sound files in each way; all complaints together.
fn check_all(cases: &[Case]) {
    let sound = Sound::new();
    let least_mib = broken::least_mib();
    let complaints: Vec<String> =
        cases.iter().filter_map(|case| complaint(case, &sound, least_mib)).collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// What is wrong with how a case is answered.
fn complaint(case: &Case, sound: &Sound, least_mib: u64) -> Option<String> {
    let bench = Bench::of(sound);
    (case.breaks)(bench.path());
    let outcome = striate_within(least_mib + ALLOWED_MIB, bench.path(), case.call);
    let message = outcome.stderr.lines().find(|line| line.starts_with("striate: "));
    let missing: Vec<&&str> =
        case.says.iter().filter(|word| !message.is_some_and(|m| m.contains(**word))).collect();
    let refused = outcome.code == Some(case.code) && matches!(case.code, 2..=4);
    let panicked = outcome.stderr.contains("internal error");
    (!refused || panicked || !missing.is_empty()).then(|| {
        format!(
            "{}: exit code {:?}, expected {}; not said: {missing:?}\n  {}",
            case.name,
            outcome.code,
            case.code,
            outcome.stderr.trim_end().replace('\n', "\n  ")
        )
    })
}
