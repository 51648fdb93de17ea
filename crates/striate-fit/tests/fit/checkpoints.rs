//! Damaged and foreign checkpoints.

use std::fs;
use std::path::PathBuf;

use striate_base::{CancelToken, Classified, ErrorClass, Progress};
use striate_fit::{FitError, fit};

use crate::support::{Bench, results};

const EVERY_4: [&str; 1] = ["fit.checkpoint.every_steps=4"];

fn checkpoint(bench: &Bench, step: u64) -> PathBuf {
    bench.run("run").join(format!("checkpoints/step-{step:08}.safetensors"))
}

/// A run stopped at step 9 with checkpoints of steps 4, 8 and 9.
fn stopped() -> Bench {
    let bench = Bench::new();
    bench.fit("whole", &EVERY_4).unwrap();
    bench.fit_for("run", &EVERY_4, 9).unwrap();
    for step in [4, 8, 9] {
        assert!(checkpoint(&bench, step).exists(), "no checkpoint of step {step}");
    }
    bench
}

struct Notes(Vec<String>);

impl Progress for Notes {
    fn start(&mut self, _stage: &str, _total: Option<u64>) {}
    fn advance(&mut self, _units: u64) {}
    fn note(&mut self, message: &str) {
        self.0.push(message.to_owned());
    }
    fn finish(&mut self) {}
}

#[test]
fn damaged_newest_checkpoint_is_set_aside_for_the_one_before() {
    let bench = stopped();
    let newest = checkpoint(&bench, 9);
    let intact = fs::read(&newest).unwrap();
    let mut flipped = intact.clone();
    flipped[intact.len() - 5] ^= 0x10;
    for (damage, bytes) in [("a bit flipped", flipped), ("torn", intact[..900].to_vec())] {
        let before = checkpoint(&bench, 8);
        let kept = fs::read(&before).unwrap();
        fs::write(&newest, bytes).unwrap();
        let mut notes = Notes(Vec::new());
        fit(&bench.config(&EVERY_4), &bench.run("run"), &mut notes, &CancelToken::new()).unwrap();
        let said = notes.0.join("\n");
        assert!(said.contains("set aside"), "{damage}: {said}");
        assert!(said.contains("going on from step 8"), "{damage}: {said}");
        assert_eq!(results(&bench.run("run")), results(&bench.run("whole")), "{damage}");
        // Back to the stopped state for the next kind of damage.
        fs::write(&before, kept).unwrap();
        for later in [12, 16] {
            let _ = fs::remove_file(checkpoint(&bench, later));
        }
        let status = r#"{"state": "running"}"#;
        fs::write(bench.run("run").join("status.json"), status).unwrap();
    }
}

#[test]
fn run_whose_checkpoints_are_all_damaged_is_refused() {
    let bench = stopped();
    for step in [4, 8, 9] {
        fs::write(checkpoint(&bench, step), b"garbage").unwrap();
    }
    let refused = bench.fit("run", &EVERY_4).unwrap_err();
    assert_eq!(refused.class(), ErrorClass::InputData);
    assert!(refused.to_string().contains("none of the 3"), "{refused}");
    // Asking again gives the same answer instead of a fresh start over the old metrics.
    assert!(bench.fit("run", &EVERY_4).is_err());
}

#[test]
fn only_the_configured_number_is_kept() {
    let bench = Bench::new();
    let changes = ["fit.checkpoint.every_steps=1", "fit.checkpoint.keep=2"];
    bench.fit("run", &changes).unwrap();
    let kept = fs::read_dir(bench.run("run").join("checkpoints")).unwrap().count();
    assert_eq!(kept, 2);
}

#[test]
fn metrics_shorter_than_the_checkpoint_knows_are_refused() {
    let bench = stopped();
    fs::write(bench.run("run").join("metrics.jsonl"), b"").unwrap();
    let refused = bench.fit("run", &EVERY_4).unwrap_err();
    assert!(matches!(refused, FitError::Io { .. }), "{refused:?}");
    assert!(refused.to_string().contains("metrics"), "{refused}");
}
