//! Twins in folders.

use std::fs;

use super::*;

fn saved() -> (tempfile::TempDir, Twin) {
    let folder = tempfile::tempdir().unwrap();
    let twin = small();
    twin.save(folder.path()).unwrap();
    (folder, twin)
}

/// Replace text in `twin.json`; the error that loading then gives.
fn edited(from: &str, to: &str) -> String {
    let (folder, _) = saved();
    let path = folder.path().join("twin.json");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(&path, text.replace(from, to)).unwrap();
    Twin::load(folder.path()).err().unwrap().to_string()
}

#[test]
fn saved_twin_comes_back_bit_by_bit() {
    let (folder, twin) = saved();
    let loaded = Twin::load(folder.path()).unwrap();
    assert_eq!(loaded.spec(), twin.spec());
    assert_eq!(loaded.parameters(), twin.parameters());
    let clips = Batch::random(&twin, 0, 1, 9);
    let predicted = twin.predict(&clips.input()).unwrap();
    assert_eq!(loaded.predict(&clips.input()).unwrap(), predicted);
}

#[test]
fn twins_of_a_newer_version_are_refused_politely() {
    let message = edited("\"version\": 1", "\"version\": 7");
    assert!(message.contains("version 7") && message.contains("update striate"), "{message}");
}

#[test]
fn descriptions_that_cannot_be_understood_say_why() {
    assert!(edited("striate-twin", "holiday").contains("format is holiday"));
    assert!(edited("\"gamma_spatial\"", "\"gamma_spacial\"").contains("gamma_spacial"));
    assert!(edited("{", "[").contains("cannot be understood"));
}

#[test]
fn weights_that_do_not_belong_to_the_description_are_refused() {
    let (folder, _) = saved();
    let path = folder.path().join("twin.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 3;
    bytes[last] ^= 1;
    fs::write(&path, bytes).unwrap();
    let message = Twin::load(folder.path()).err().unwrap().to_string();
    assert!(message.contains("BLAKE3"), "{message}");
    let message = edited("\"n_neurons\": 3", "\"n_neurons\": 4");
    assert!(message.contains("readout.b") && message.contains("[4, 2]"), "{message}");
    assert!(Twin::load(&folder.path().join("nowhere")).is_err());
}

#[test]
fn new_sessions_take_over_a_core() {
    let (folder, source) = saved();
    let mut spec = small_spec();
    spec.sessions.remove(0);
    spec.sessions[0].id = "new".into();
    let starts = &small_starts()[1..];
    let streams = Streams::new(8);
    let twin = Twin::for_sessions(spec.clone(), starts, &streams, folder.path()).unwrap();
    for parameter in twin.parameters().0.iter().filter(|p| p.group == "core") {
        assert_eq!(source.parameters().find(&parameter.name), Some(parameter));
    }
    assert!(twin.parameters().find("readout.new.features").is_some());
    spec.model.core = serde_json::from_str(r#"{ "kind": "static-2d" }"#).unwrap();
    let refused = Twin::for_sessions(spec, starts, &streams, folder.path()).err().unwrap();
    assert!(refused.to_string().contains("core to take over"), "{refused}");
}
