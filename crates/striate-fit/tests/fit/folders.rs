//! The run folder: what is in it, and who may work in it.

use striate_base::lock::FolderLock;
use striate_base::{CancelToken, Classified, ErrorClass, NoProgress};
use striate_fit::{FitError, RunFolder, RunStatus, resume};
use striate_model::Twin;

use crate::support::{Bench, N_STEPS, results};

#[test]
fn finished_run_holds_what_the_design_lists() {
    let bench = Bench::new();
    bench.fit("run", &["fit.stopping.patience=0"]).unwrap();
    let run = bench.run("run");
    for file in ["config.toml", "provenance.json", "metrics.jsonl", "twin.safetensors", "twin.json"]
    {
        assert!(run.join(file).is_file(), "no {file}");
    }
    let names: Vec<String> = std::fs::read_dir(&run)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert!(names.iter().any(|name| name.starts_with("events.out.tfevents.")), "{names:?}");
    let folder = RunFolder::open(&run).unwrap();
    assert!(matches!(folder.status().unwrap(), RunStatus::Finished { .. }));
    let metrics = folder.metrics().unwrap();
    assert_eq!(metrics.iter().map(|m| m.epoch).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(metrics.last().unwrap().step, N_STEPS);
    let config = folder.config().unwrap();
    assert_eq!(config, *bench.config(&["fit.stopping.patience=0"]));
}

#[test]
fn folder_in_use_is_refused() {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.run("run")).unwrap();
    let lock = FolderLock::acquire(&bench.run("run")).unwrap();
    let refused = bench.fit("run", &[]).unwrap_err();
    assert!(matches!(refused, FitError::Lock(_)), "{refused:?}");
    assert!(refused.to_string().contains("locked by pid"), "{refused}");
    drop(lock);
    bench.fit("run", &[]).unwrap();
}

#[test]
fn folder_of_somebody_elses_twin_is_left_alone() {
    let bench = Bench::new();
    let shared = bench.run("shared");
    std::fs::create_dir_all(&shared).unwrap();
    std::fs::write(shared.join("twin.json"), "{}").unwrap();
    let refused = bench.fit("shared", &[]).unwrap_err();
    assert!(matches!(refused, FitError::NotEmpty { .. }), "{refused:?}");
    assert_eq!(std::fs::read_dir(&shared).unwrap().count(), 1);
    // Files that a fit does not write may be there before it, such as the log of a batch system.
    std::fs::remove_file(shared.join("twin.json")).unwrap();
    std::fs::write(shared.join("log.txt"), "job 1\n").unwrap();
    bench.fit("shared", &[]).unwrap();
}

#[test]
fn another_configuration_is_refused_and_the_difference_named() {
    let bench = Bench::new();
    bench.fit_for("run", &[], 2).unwrap();
    let refused = bench.fit("run", &["fit.learning_rate=0.03"]).unwrap_err();
    assert_eq!(refused.class(), ErrorClass::Usage);
    let said = refused.to_string();
    assert!(said.contains("`fit.learning_rate` was 0.02 and is now 0.03"), "{said}");
    // What does not decide the result may change.
    bench.fit("run", &["threads=1", "fit.checkpoint.every_steps=3"]).unwrap();
}

#[test]
fn resume_needs_nothing_but_the_folder() {
    let bench = Bench::new();
    bench.fit("whole", &[]).unwrap();
    bench.fit_for("run", &[], 7).unwrap();
    resume(&bench.run("run"), &mut NoProgress, &CancelToken::new()).unwrap();
    assert_eq!(results(&bench.run("run")), results(&bench.run("whole")));
    let empty = bench.run("nothing");
    let refused = resume(&empty, &mut NoProgress, &CancelToken::new()).unwrap_err();
    assert!(matches!(refused, FitError::NotARun { .. }), "{refused:?}");
}

#[test]
fn too_little_memory_is_refused_before_the_start() {
    let bench = Bench::new();
    let refused = bench.fit("run", &["fit.memory_limit=1MiB"]).unwrap_err();
    assert_eq!(refused.class(), ErrorClass::Resources);
    assert!(refused.to_string().contains("memory"), "{refused}");
}

#[test]
fn missing_validation_tier_names_those_there_are() {
    let bench = Bench::new();
    let refused = bench.fit("run", &["fit.validation.tier=holdout"]).unwrap_err();
    assert_eq!(refused.class(), ErrorClass::InputData);
    let said = refused.to_string();
    assert!(said.contains("`holdout`") && said.contains("`train`"), "{said}");
}

#[test]
fn loss_that_is_no_number_stops_with_a_reason() {
    let bench = Bench::new();
    bench.fit("source", &[]).unwrap();
    let mut twin = Twin::load(&bench.run("source")).unwrap();
    for parameter in &mut twin.parameters_mut().0 {
        if parameter.group == "readout" {
            parameter.values.fill(f32::INFINITY);
        }
    }
    let broken = bench.run("broken");
    std::fs::create_dir_all(&broken).unwrap();
    twin.save(&broken).unwrap();
    let start = format!("fit.start_from={}", broken.display());
    let refused = bench.fit("run", &[start.as_str()]).unwrap_err();
    assert!(matches!(refused, FitError::NonFinite { step: 0, .. }), "{refused:?}");
    let said = refused.to_string();
    assert!(said.contains("learning rate 0.02") && said.contains("fit.gradient_clip"), "{said}");
}
