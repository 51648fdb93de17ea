//! What pictures of experiments say beside what they show.

use std::path::Path;

use striate::insilico::Experiment;

use super::{features, geometry, most_exciting, receptive_fields, tuning};
use crate::failure::Failure;

/// Two neurons (or channels), with the columns that are named.
fn experiment(kind: &str, columns: &[(&str, [f64; 2])]) -> Experiment {
    let mut found = Experiment::default();
    (found.kind, found.session) = (kind.into(), "mouse <1>".into());
    found.neurons = vec![4, 7];
    found.origin.twins = vec!["a".into(), "b".into()];
    for (name, values) in columns {
        found.column(name, "", "", *values);
    }
    found
}

fn add(found: &mut Experiment, name: &str, axes: &[(&str, usize)]) {
    let n = axes.iter().map(|axis| axis.1).product::<usize>();
    let values = (0..n).map(|i| (i as f32 * 0.7).sin()).collect();
    found.array((name, "", ""), axes, values).unwrap();
}

fn drawn(
    write: impl Fn(&Experiment, &Path) -> Result<(), Failure>,
    found: &Experiment,
    said: &[&str],
) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("session-0");
    write(found, &path).unwrap();
    let svg = std::fs::read_to_string(path.with_extension("svg")).unwrap();
    for said in said.iter().chain(&["2 twins", "mouse &lt;1&gt;", "seed 0"]) {
        assert!(svg.contains(said), "{said}: {svg}");
    }
    svg
}

#[test]
fn receptive_fields_have_scales_lags_and_errors() {
    let mut found = experiment(
        "receptive-fields",
        &[
            ("filter_size", [2.0877, 3.0]),
            ("filter_size_error", [0.1032, 0.2]),
            ("is_sta_significant", [0.0, 1.0]),
        ],
    );
    found.scale("frame", [-2.0, -1.0, 0.0]);
    for name in ["filter", "sta"] {
        add(&mut found, &format!("{name}_spatial"), &[("neuron", 2), ("y", 4), ("x", 30)]);
        add(&mut found, &format!("{name}_temporal"), &[("neuron", 2), ("frame", 3)]);
    }
    let write = receptive_fields::picture::write;
    let said = [
        "neuron 4",
        "size 2.09 ± 0.10 px",
        "filter ±1.00",
        "lag (frames)",
        "10 px",
        ", chance",
        "+value",
    ];
    let bare = drawn(write, &found, &said);
    assert_eq!(bare.matches("<image").count(), 1 + 4, "the bar, and two fields of each neuron");
    add(&mut found, "filter_temporal_error", &[("neuron", 2), ("frame", 3)]);
    let banded = drawn(write, &found, &said);
    assert!(banded.matches("<path").count() > bare.matches("<path").count(), "a band of errors");
}

#[test]
fn inputs_share_one_grey_scale_and_say_how_far_out_they_are() {
    let columns = [
        ("response", [15.5135, 2.0]),
        ("response_error", [0.83, 0.1]),
        ("best_training_response", [4.82, 1.0]),
        ("share_of_training_farther", [0.0, 0.25]),
    ];
    let mut found = experiment("most-exciting", &columns);
    add(&mut found, "input", &[("neuron", 2), ("frame", 8), ("y", 5), ("x", 6)]);
    let said = [
        "Most exciting inputs",
        "response 15.51 ± 0.83, best in training 4.82",
        "farther out than all training clips",
        "farther out than 75 % of training",
        "the same for all pictures",
        "Of 8 frames",
        "5 px",
    ];
    let svg = drawn(most_exciting::picture::write, &found, &said);
    assert_eq!(svg.matches("<image").count(), 1 + 2 * 5);
    let said = ["channel 7", "best in training 4.82", "2 channels", "5 of 8 frames"];
    let svg = drawn(features::picture::write, &found, &said);
    assert_eq!(svg.matches("<image").count(), 1 + 2 * 5);
}

#[test]
fn tuning_has_labelled_axes_and_bands() {
    let columns = [
        ("preferred_orientation", [102.4, 3.0]),
        ("preferred_orientation_error", [3.0, 1.0]),
        ("is_simple", [0.0, 1.0]),
    ];
    let mut found = experiment("tuning", &columns);
    found.scale("direction_deg", [0.0, 90.0, 180.0]);
    add(&mut found, "direction_curve", &[("neuron", 2), ("direction_deg", 3)]);
    let said =
        ["neuron 4<", "complex, orientation 102.4 ± 3.0°", "direction (deg)", "response over grey"];
    let bare = drawn(tuning::picture::write, &found, &said);
    add(&mut found, "direction_curve_error", &[("neuron", 2), ("direction_deg", 3)]);
    let banded = drawn(tuning::picture::write, &found, &said);
    assert!(banded.matches("<path").count() > bare.matches("<path").count(), "bands of errors");
}

#[test]
fn matrices_are_explained_by_bars() {
    let mut found = experiment("geometry", &[]);
    add(&mut found, "rdm_twin", &[("stimulus", 3), ("other_stimulus", 3)]);
    found.summary.insert("rdm_agreement".into(), 0.5);
    found.summary.insert("rdm_agreement_error".into(), 0.02);
    let said = ["stimulus", "1 \u{2212} correlation", "agreement of the matrices 0.500 ± 0.020"];
    drawn(geometry::picture::write, &found, &said);
}
