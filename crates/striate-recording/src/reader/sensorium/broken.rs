//! Every way in which a session folder can be broken, and what is said about it.

use std::fs;
use std::path::Path;

use ndarray::{Array1, ArrayD, IxDyn, array};
use striate_base::{Classified, ErrorClass};
use striate_formats::npy;

use crate::RecordingConfig;
use crate::testing::{Order, VideoSession, header, open, refusal, video_folder, write};

/// Break a fresh session of two trials; what is said must hold `expected` and end with `file`.
fn check(break_it: impl Fn(&Path), expected: &str, file: &str) {
    let (_folder, path) = video_folder(&VideoSession::new(&["train", "oracle"]));
    break_it(&path);
    let said = refusal(&path);
    assert!(said.contains(expected), "{said}");
    assert!(said.ends_with(file), "{said}");
    if let Err(error) = open(&path) {
        assert_eq!(error.class(), ErrorClass::InputData, "{said}");
    }
}

fn cut(path: &Path, to: usize) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..to]).unwrap();
}

#[test]
fn truncated_and_empty_files() {
    let file = "data/responses/1.npy";
    check(|s| cut(&s.join(file), 200), "found 200 bytes, expected 320", file);
    check(|s| cut(&s.join("data/videos/0.npy"), 0), "an empty file", "data/videos/0.npy");
    check(|s| cut(&s.join("meta/trials/tiers.npy"), 130), "not complete", "tiers.npy");
}

#[test]
fn pickles_and_other_kinds_of_files() {
    let file = "data/behavior/0.npy";
    let objects = |s: &Path| fs::write(s.join(file), header("|O", false, &[2, 12])).unwrap();
    check(objects, "np.save(path, array.astype(float))", file);
    let pickle = |s: &Path| fs::write(s.join(file), b"\x80\x04\x95rest of it").unwrap();
    check(pickle, "a Python pickle", file);
    let text = |s: &Path| {
        let tiers = ["train".to_owned(), "oracle".to_owned()];
        npy::write_strings(&s.join(file), &tiers).unwrap();
    };
    check(text, "found text (<U6), expected numbers", file);
}

#[test]
fn header_that_promises_more_than_memory() {
    let file = "data/videos/1.npy";
    let huge = |s: &Path| {
        let shape = [1 << 20, 1 << 20, 1 << 10];
        fs::write(s.join(file), header("<f8", false, &shape)).unwrap();
    };
    check(huge, "not complete", file);
}

#[test]
fn missing_files_are_named_with_their_trial() {
    for (file, expected) in [
        ("data/videos/1.npy", "videos of trial 1 (tier oracle): found no file"),
        ("data/responses/0.npy", "responses of trial 0 (tier train): found no file"),
        ("data/behavior/1.npy", "behavior of trial 1"),
        ("data/pupil_center/0.npy", "pupil_center of trial 0"),
        ("meta/trials/tiers.npy", "tier of each trial: found no file"),
        ("meta/statistics/responses/all/std.npy", "std of responses: found no file"),
        ("meta/statistics/videos/all/mean.npy", "mean of videos: found no file"),
    ] {
        check(|s| fs::remove_file(s.join(file)).unwrap(), expected, file);
    }
}

#[test]
fn folders_where_files_are_expected() {
    let turn = |tier: &'static str| {
        let (_folder, path) = video_folder(&VideoSession::new(&["train", tier]));
        let file = path.join("data/responses/1.npy");
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        refusal(&path)
    };
    // Responses of the second may be withheld, but a folder is no sign of that.
    for tier in ["oracle", "live_test_main"] {
        let said = turn(tier);
        assert!(said.contains("found a folder, expected a file"), "{said}");
    }
}

#[test]
fn wrong_shapes() {
    let put = |file: &'static str, shape: &'static [usize]| {
        move |s: &Path| write(&s.join(file), &ArrayD::ones(IxDyn(shape)), Order::C)
    };
    let file = "data/responses/1.npy";
    check(put(file, &[3, 12]), "trial 1 (tier oracle): found [3, 12], expected [2, frame]", file);
    check(put(file, &[12, 2]), "frame must be the last axis: transpose it", file);
    let file = "data/videos/1.npy";
    check(put(file, &[4, 3, 12]), "found [4, 3, 12], expected [3, 4, frame]", file);
    check(put(file, &[3, 4]), "found [3, 4], expected [3, 4, frame]", file);
    let file = "data/pupil_center/0.npy";
    check(put(file, &[3, 12]), "found [3, 12], expected [2, frame]", file);
    let file = "meta/statistics/responses/all/std.npy";
    check(put(file, &[3]), "found [3], expected one that fits trials of [2, 10]", file);
    let file = "meta/neurons/cell_motor_coordinates.npy";
    check(put(file, &[3, 2]), "found [3, 2], expected [2, 3] (neuron, axis); transpose it", file);
    let file = "meta/neurons/unit_ids.npy";
    check(put(file, &[3]), "found [3], expected [2], as responses have neurons", file);
}

#[test]
fn tiers_of_another_session() {
    let file = "meta/trials/tiers.npy";
    let fewer = |s: &Path| npy::write_strings(&s.join(file), &["train".to_owned()]).unwrap();
    check(fewer, "found [1], expected [2], as data/videos has trials", file);
    let more = |s: &Path| {
        npy::write_strings(&s.join(file), &vec!["train".to_owned(); 3]).unwrap();
    };
    check(more, "videos of trial 2 (tier train): found no file", "data/videos/2.npy");
    let numbers = |s: &Path| {
        npy::write_i64(&s.join(file), &Array1::from(vec![1, 2]).into_dyn().view()).unwrap();
    };
    check(numbers, "found int64", file);
}

#[test]
fn values_that_cannot_be_used() {
    let spoil = |file: &'static str, index: &'static [usize], value: f64| {
        move |s: &Path| {
            let path = s.join(file);
            let mut values = npy::NpyFile::open(&path).unwrap().read_f64().unwrap();
            values[index] = value;
            write(&path, &values, Order::C);
        }
    };
    let file = "data/responses/0.npy";
    check(spoil(file, &[1, 4], f64::NAN), "responses: found NaN at neuron 1, frame 4", file);
    let file = "data/videos/1.npy";
    let expected = "stimulus: found inf at row 2, column 3, frame 9";
    check(spoil(file, &[2, 3, 9], f64::INFINITY), expected, file);
    let file = "data/behavior/0.npy";
    check(spoil(file, &[1, 2], f64::NAN), "behavior: found NaN at row 1, frame 2", file);
    let file = "meta/statistics/videos/all/std.npy";
    check(spoil(file, &[0], 0.0), "std of videos: found 0 at place 0", file);
    let file = "meta/statistics/responses/all/std.npy";
    check(spoil(file, &[1], f64::NAN), "std of responses: found NaN at place 1", file);
    let all_nan = |s: &Path| {
        write(
            &s.join("data/responses/0.npy"),
            &ArrayD::from_elem(IxDyn(&[2, 12]), f64::NAN),
            Order::C,
        );
    };
    check(all_nan, "length of trial 0: found no frame that is not NaN", "data/responses/0.npy");
}

#[test]
fn file_that_changes_after_opening() {
    let (_folder, path) = video_folder(&VideoSession::new(&["train"]));
    let recording = open(&path).unwrap();
    write(&path.join("data/responses/0.npy"), &array![[1.0]].into_dyn(), Order::C);
    let said = recording.sessions[0].load(0, 0..2).unwrap_err().to_string();
    assert!(said.contains("the file changed after it was opened"), "{said}");
}

#[test]
fn folders_that_hold_no_recording() {
    let folder = tempfile::tempdir().unwrap();
    let said = refusal(folder.path());
    assert!(
        said.starts_with("found a folder of neither layout, expected a session folder"),
        "{said}"
    );
    assert!(refusal(&folder.path().join("nothing")).ends_with("nothing"));
    let config = RecordingConfig::default();
    assert!(crate::Recording::open(&config).is_err());
}
