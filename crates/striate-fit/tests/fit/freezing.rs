//! Frozen groups and starting from another twin.

use striate_base::{Classified, ErrorClass};
use striate_model::Twin;

use crate::support::Bench;

/// Values of all parameters of one group by name.
fn group(bench: &Bench, run: &str, group: &str) -> Vec<(String, Vec<f32>)> {
    let twin = Twin::load(&bench.run(run)).unwrap();
    let of_group = twin.parameters().0.iter().filter(|p| p.group == group);
    of_group.map(|p| (p.name.clone(), p.values.clone())).collect()
}

#[test]
fn frozen_core_keeps_its_bits_and_the_readout_learns() {
    let bench = Bench::new();
    bench.fit("first", &[]).unwrap();
    let start = format!("fit.start_from={}", bench.run("first").display());
    bench.fit("second", &["seed=7", "fit.freeze=core", start.as_str()]).unwrap();
    let core = group(&bench, "first", "core");
    assert!(!core.is_empty());
    assert_eq!(group(&bench, "second", "core"), core);
    assert_ne!(group(&bench, "second", "readout"), group(&bench, "first", "readout"));
}

#[test]
fn unknown_group_is_refused_with_the_known_ones() {
    let bench = Bench::new();
    let refused = bench.fit("run", &["fit.freeze=kernel"]).unwrap_err();
    assert_eq!(refused.class(), ErrorClass::Usage);
    let said = refused.to_string();
    assert!(said.contains("`kernel`") && said.contains("`core`"), "{said}");
}

#[test]
fn start_from_a_folder_without_a_twin_is_refused() {
    let bench = Bench::new();
    let start = format!("fit.start_from={}", bench.run("nothing").display());
    assert!(bench.fit("run", &[start.as_str()]).is_err());
}
