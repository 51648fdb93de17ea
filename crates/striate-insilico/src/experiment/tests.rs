use striate_formats::safetensors;

use super::*;

fn example() -> Experiment {
    let mut found = Experiment {
        kind: "tuning".into(),
        session: "mouse, \"left\"".into(),
        origin: Origin { twins: vec!["a".into()], data_hash: "b".into(), seed: 3 },
        config: serde_json::json!({ "n": 1 }),
        neurons: vec![4, 7],
        ..Experiment::default()
    };
    found.summary.insert("n_neurons".into(), 2.0);
    found.column("width", "px", "How wide.", [1.5, f64::NAN]);
    found.scale("angle_deg", [0.0, 90.0, 180.0]);
    let curve = vec![1.0, 2.0, 3.0, 4.0, 5.0, f32::NAN];
    found.array(("curve", "", "A curve."), &[("neuron", 2), ("angle_deg", 3)], curve).unwrap();
    found
}

#[test]
fn files_hold_what_the_experiment_found() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("probe/tuning");
    example().write(&inside, "session-0").unwrap();
    let text = std::fs::read_to_string(inside.join("session-0.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["session"], "mouse, \"left\"");
    assert_eq!(json["columns"][0]["values"], serde_json::json!([1.5, null]));
    assert_eq!(json["arrays"][0]["axes"], serde_json::json!(["angle_deg"]));
    assert_eq!(json["arrays"][1]["axes"], serde_json::json!(["neuron", "angle_deg"]));
    assert_eq!(json["provenance"]["seed"], 3);
    let (tensors, _) = safetensors::read(&inside.join("session-0.safetensors")).unwrap();
    assert_eq!(tensors[0].values, [0.0, 90.0, 180.0]);
    assert_eq!((&tensors[1].shape[..], tensors[1].values[3]), (&[2, 3][..], 4.0));
    let table = std::fs::read_to_string(inside.join("session-0.csv")).unwrap();
    assert_eq!(table, "neuron,width\n4,1.5\n7,\n");
}

#[test]
fn values_that_do_not_fill_their_shape_are_refused() {
    let error = example().array(("curve", "", ""), &[("neuron", 2)], vec![0.0]).unwrap_err();
    assert!(error.to_string().contains("found 1, expected [2]"), "{error}");
}

#[test]
fn what_was_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrote = example();
    wrote.columns[0].values = vec![Some(0.1), None];
    wrote.arrays[0].values.fill(0.1);
    wrote.write(folder.path(), "session-0").unwrap();
    assert_eq!(Experiment::read(folder.path(), "session-0").unwrap(), wrote);
    let path = folder.path().join("session-0.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"format_version\":1", "\"format_version\":9")).unwrap();
    let error = Experiment::read(folder.path(), "session-0").unwrap_err().to_string();
    assert!(error.contains("session-0.json: found 9, expected 1"), "{error}");
    std::fs::write(&path, &text[..text.len() / 2]).unwrap();
    assert!(Experiment::read(folder.path(), "session-0").is_err());
}

#[test]
fn results_that_are_replaced_in_part_are_none() {
    let folder = tempfile::tempdir().unwrap();
    example().write(folder.path(), "session-0").unwrap();
    // The table cannot be replaced.
    let table = folder.path().join("session-0.csv");
    std::fs::remove_file(&table).unwrap();
    std::fs::create_dir(&table).unwrap();
    assert!(example().write(folder.path(), "session-0").is_err());
    assert!(!folder.path().join("session-0.json").exists());
}
