//! What is found in folders, and what is not.

use std::fs;
use std::path::Path;

use super::scan::scan;
use super::*;

fn run(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("config.toml"), "").unwrap();
    fs::write(folder.join("metrics.jsonl"), "").unwrap();
}

fn names(places: &[Place]) -> Vec<&str> {
    places.iter().map(|place| place.name.as_str()).collect()
}

#[test]
fn runs_are_found_four_folders_deep_and_not_within_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for name in ["b", "a/b/c/d", "a/b/c/d/within", "x/b/c/d/too-deep", ".hidden/run"] {
        run(&root.join(name));
    }
    fs::create_dir_all(root.join("b/without-latents")).unwrap();
    fs::write(root.join("b/without-latents/twin.json"), "{}").unwrap();
    fs::create_dir_all(root.join("shared")).unwrap();
    fs::write(root.join("shared/twin.json"), "{}").unwrap();
    let found = scan(root);
    assert_eq!(names(&found.runs), ["a/b/c/d", "b", "shared"]);
    assert!(!found.is_cut);
    run(root);
    assert_eq!(scan(root).runs.len(), 1, "a run is not looked into");
}

#[test]
fn sessions_beside_each_other_are_one_recording() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for name in ["lab/mouse-1", "lab/mouse-2", "alone"] {
        fs::create_dir_all(root.join(name).join("data/videos")).unwrap();
    }
    fs::write(root.join("rgc.toml"), "[responses]\npath = \"r.npy\"").unwrap();
    fs::write(root.join("fit.toml"), "[recording]\npath = \"x\"").unwrap();
    fs::write(root.join("broken.toml"), "[responses").unwrap();
    let found = scan(root);
    let last = root.file_name().unwrap().to_str().unwrap();
    assert_eq!(names(&found.recordings), [last, "lab", "rgc.toml"]);
}

#[test]
fn ids_say_nothing_and_stay_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    run(&folder.path().join("secret-name"));
    let id = |folder: &Path| Library::of(folder).survey().runs[0].place.id.clone();
    let first = id(folder.path());
    assert_eq!((first.len(), &first), (16, &id(&folder.path().join("."))));
    assert!(first.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let other = Place::new("recording", String::new(), folder.path().join("secret-name"));
    assert_ne!(other.id, first, "what is a run is no recording");
    let library = Library::of(folder.path());
    assert!(library.run(&first).is_ok() && library.recording(&first).is_err());
    assert!(
        library.run(&first.to_uppercase()).is_err() || first.bytes().all(|b| b.is_ascii_digit())
    );
}

#[test]
fn a_new_run_is_found_after_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let library = Library::of(folder.path());
    assert!(library.survey().runs.is_empty());
    run(&folder.path().join("new"));
    assert!(library.survey().runs.is_empty(), "not looked at again so soon");
    let mut n_looks = 0;
    while library.survey().runs.is_empty() && n_looks < 100 {
        n_looks += 1;
        std::thread::sleep(SURVEY_INTERVAL / 10);
    }
    assert_eq!(library.survey().runs.len(), 1);
}

#[test]
fn a_list_of_a_broken_run_says_what_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    run(&path);
    for name in
        ["config.toml", "status.json", "metrics.jsonl", "twin.json", "scores.json", "latents.json"]
    {
        fs::write(path.join(name), "{\"state\": [[[[").unwrap();
    }
    let survey = Library::of(folder.path()).survey();
    let summary = &survey.runs[0].summary;
    assert_eq!((summary.epoch, summary.score, summary.n_neurons), (None, None, None));
    assert!(summary.has_latents && summary.modified_s.is_some());
}

#[test]
fn the_recording_of_a_run_is_listed_wherever_it_lies() {
    let folder = tempfile::tempdir().unwrap();
    let (served, data) = (folder.path().join("runs"), folder.path().join("data/mouse"));
    fs::create_dir_all(data.join("data/images")).unwrap();
    for name in ["a", "b"] {
        run(&served.join(name));
        let text = format!("[recording]\npath = {:?}", folder.path().join("data"));
        fs::write(served.join(name).join("config.toml"), text).unwrap();
    }
    let survey = Library::of(&served).survey();
    assert_eq!(survey.recordings.len(), 1);
    assert_eq!(survey.recordings[0].summary.kind, Some("image"));
    assert_eq!(survey.recordings[0].run, Some(survey.runs[0].place.path.clone()));
    let ids: Vec<_> = survey.runs.iter().map(|run| run.recording.clone()).collect();
    assert_eq!(
        ids,
        [Some(survey.recordings[0].place.id.clone()), Some(survey.recordings[0].place.id.clone())]
    );
}
