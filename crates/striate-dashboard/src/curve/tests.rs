//! Curves from files that grow, break off and are cut back.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use super::downsample::extremes;
use super::*;

/// Longer than a file is not looked at again.
const PAUSE: Duration = Duration::from_millis(40);

fn line(step: u64, loss: &str, score: &str) -> String {
    format!(
        r#"{{"epoch":{step},"step":{step},"stage":"all","learning_rate":0.5,"train_loss":{loss},"divergence":0.0,"regulariser":1.0,"validation_score":{score},"session_scores":{{"a":0.5}},"best_score":null,"round":0}}"#
    ) + "\n"
}

fn append(folder: &Path, text: &str) {
    let path = folder.join("metrics.jsonl");
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn curve(curves: &Curves, folder: &Path, key: Key) -> (Vec<u32>, Vec<f32>) {
    sleep(PAUSE);
    let curve = curves.with(folder, |points| points.curve(key, 1000)).unwrap();
    (curve.x, curve.y)
}

#[test]
fn a_line_counts_once_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, curves) = (folder.path(), Curves::default());
    assert_eq!(curve(&curves, folder, Key::Loss), (vec![], vec![]), "not begun");
    append(folder, &line(10, "2.0", "null"));
    let second = line(20, "1.5", "0.25");
    append(folder, &second[..30]);
    assert_eq!(curve(&curves, folder, Key::Loss), (vec![10], vec![2.0]));
    append(folder, &second[30..]);
    assert_eq!(curve(&curves, folder, Key::Loss), (vec![10, 20], vec![2.0, 1.5]));
    assert_eq!(
        curve(&curves, folder, Key::Validation),
        (vec![20], vec![0.25]),
        "where there was one"
    );
    assert_eq!(curve(&curves, folder, Key::LearningRate), (vec![10, 20], vec![0.5, 0.5]));
}

#[test]
fn a_loss_that_is_no_number_and_a_strange_line_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    append(folder.path(), &(line(1, "null", "null") + "nonsense\n{}\n" + &line(2, "1.0", "null")));
    let (x, y) = curve(&Curves::default(), folder.path(), Key::Loss);
    assert_eq!(x, [1, 2]);
    assert!(y[0].is_nan() && y[1] == 1.0);
}

#[test]
fn a_file_that_is_cut_back_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, curves) = (folder.path(), Curves::default());
    let path = folder.join("metrics.jsonl");
    append(folder, &(line(1, "1.0", "null") + &line(2, "2.0", "null")));
    let mut cursor = Cursor::default();
    let news = |cursor: &mut Cursor| {
        sleep(PAUSE);
        curves.with(folder, |points| points.news(Key::Loss, cursor, 100)).unwrap()
    };
    assert_eq!(news(&mut cursor).0.x, [1, 2]);
    assert_eq!(news(&mut cursor), (Curve::default(), false));
    append(folder, &line(3, "3.0", "null"));
    let (curve, is_void) = news(&mut cursor);
    assert_eq!((curve.x, is_void), (vec![3], false), "only what is new");
    // As `striate fit` does when it goes on from a checkpoint: shorter, then longer than before.
    let kept = line(1, "1.0", "null");
    fs::write(
        &path,
        kept.clone() + &(2..9).map(|step| line(step, "7.5", "null")).collect::<String>(),
    )
    .unwrap();
    let (curve, is_void) = news(&mut cursor);
    assert!(is_void);
    assert_eq!(curve.x, [1, 2, 3, 4, 5, 6, 7, 8]);
    fs::remove_file(&path).unwrap();
    assert_eq!(news(&mut cursor).0.n, 0);
}

#[test]
fn the_records_of_a_fit_are_understood() {
    let record = striate_fit::MetricsRecord {
        epoch: 3,
        step: 90,
        stage: striate_fit::StageKind::All,
        learning_rate: 0.25,
        train_loss: 1.75,
        divergence: 0.0,
        regulariser: 2.0,
        validation_score: Some(0.5),
        session_scores: std::collections::BTreeMap::new(),
        best_score: Some(0.5),
        round: 0,
    };
    let folder = tempfile::tempdir().unwrap();
    append(folder.path(), &(serde_json::to_string(&record).unwrap() + "\n"));
    let curves = Curves::default();
    assert_eq!(curve(&curves, folder.path(), Key::Loss), (vec![90], vec![1.75]));
    assert_eq!(curve(&curves, folder.path(), Key::Validation), (vec![90], vec![0.5]));
}

#[test]
fn fewer_points_keep_the_extremes_and_the_end() {
    let mut values: Vec<f32> = (0..100_000u32).map(|i| (i % 17) as f32).collect();
    values[31_415] = -100.0;
    values[92_653] = 100.0;
    let places = extremes(&values, 1000);
    assert!(places.len() <= 1000, "{}", places.len());
    assert!(places.is_sorted_by(|a, b| a < b));
    for place in [31_415, 92_653, 99_999] {
        assert!(places.contains(&place), "{place}");
    }
}

#[test]
fn few_points_stay_as_they_are_and_gaps_stay_gaps() {
    assert_eq!(extremes(&[1.0, f32::NAN, 3.0], 3), [0, 1, 2]);
    assert!(extremes(&[], 3).is_empty());
    let mut values = vec![f32::NAN; 100];
    values[70] = 1.0;
    let places = extremes(&values, 9);
    assert!(places.contains(&70) && places.contains(&0), "{places:?}");
    for most in 3..200 {
        assert!(extremes(&values, most).len() <= most, "{most}");
    }
}

#[test]
fn runs_that_nobody_looks_at_are_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let curves = Curves::default();
    let mut text = String::new();
    (0..50).for_each(|step| write!(text, "{}", line(step, "1.0", "null")).unwrap());
    append(folder.path(), &text);
    curves.with(folder.path(), |_| ()).unwrap();
    curves.make_room(Path::new("other"), 0);
    assert_eq!(lock(&curves.runs).by_folder.len(), 1);
    lock(&curves.runs).by_folder.get_mut(folder.path()).unwrap().n_bytes = MOST_BYTES + 1;
    curves.make_room(Path::new("other"), 0);
    assert!(lock(&curves.runs).by_folder.is_empty());
}
