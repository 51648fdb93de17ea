use ndarray::{Array2, Array3, Axis, array, s};
use striate_base::{CancelToken, NoProgress};
use striate_formats::csv;
use striate_formats::parquet::{SubmissionReader, SubmissionRow, SubmissionWriter};

use super::*;
use crate::predictor::{Predictor, TrialInput};
use crate::scores::Metric;
use crate::testing::{TestRecording, TestTrial, images, noise, row_sums, videos};

/// Sums rows of the stimulus; consumes 10 frames.
struct RowSums;

impl Predictor for RowSums {
    fn name(&self) -> &'static str {
        "row sums"
    }

    fn frames_consumed(&self) -> usize {
        10
    }

    fn predict(&self, input: TrialInput<'_>) -> Result<Array2<f32>, ScoreError> {
        Ok(input.data.stimulus.sum_axis(Axis(2)).slice(s![10.., ..2]).to_owned())
    }
}

fn video_trial(tier: &'static str, video: u64) -> TestTrial {
    let stimulus = noise(video, 80, 4, 5);
    let responses = row_sums(&stimulus, 2, 1.0, video + 50);
    TestTrial { tier, stimulus, responses }
}

fn mice() -> TestRecording {
    let trials = |first: u64| {
        let tiers = ["train", "oracle", "live_test_main", "oracle", "live_test_main"];
        tiers.into_iter().zip(first..).map(|(tier, video)| video_trial(tier, video)).collect()
    };
    videos(&[("dynamic1-2-3-Video-a", trials(0)), ("dynamic4-5-6-Video-b", trials(20))])
}

fn write(
    written: &TestRecording,
    predictor: &dyn Predictor,
    tier: Option<&str>,
) -> Result<Vec<PathBuf>, ScoreError> {
    let config = SubmissionConfig {
        folder: written.folder.path().to_owned(),
        tiers: tier.map(|tier| vec![tier.to_owned()]),
        names: NameScheme::Server,
    };
    let cancel = CancelToken::new();
    write_submission(predictor, &written.recording, &config, &mut NoProgress, &cancel)
}

fn score_file(path: &Path, recording: &Recording) -> Result<Scores, ScoreError> {
    score_submission(path, recording, &ScoreConfig::default(), &mut NoProgress, &CancelToken::new())
}

#[test]
fn videos_come_back_row_by_row_without_their_first_frames() {
    let written = mice();
    let paths = write(&written, &RowSums, None).unwrap();
    assert_eq!(paths, [written.folder.path().join("predictions_live_main.parquet.brotli")]);
    let rows: Vec<_> = SubmissionReader::open(&paths[0]).unwrap().map(Result::unwrap).collect();
    let found: Vec<(&str, i64)> = rows.iter().map(|r| (r.mouse.as_str(), r.trial_index)).collect();
    let (a, b) = ("dynamic1-2-3-Video-a", "dynamic4-5-6-Video-b");
    assert_eq!(found, [(a, 2), (a, 4), (b, 2), (b, 4)]);
    for row in &rows {
        assert_eq!(row.prediction.dim(), (2, 80 - 50));
        assert_eq!(row.neuron_ids, [1000, 1001]);
    }
    let sums = noise(22, 80, 4, 5).sum_axis(Axis(2));
    assert_eq!(rows[2].prediction.row(1), sums.slice(s![50.., 1]));
}

#[test]
fn scoring_the_file_equals_scoring_the_predictor() {
    let written = mice();
    let paths = write(&written, &RowSums, Some("oracle")).unwrap();
    let from_file = score_file(&paths[0], &written.recording).unwrap();
    let config = ScoreConfig { tiers: Some(vec!["oracle".to_owned()]), ..ScoreConfig::default() };
    let cancel = CancelToken::new();
    let direct = score(&RowSums, &written.recording, &config, &mut NoProgress, &cancel).unwrap();
    assert_eq!(from_file.tiers, direct.tiers);
    assert_eq!(from_file.predictor, "predictions_oracle_main.parquet.brotli");
    assert!(from_file.tiers["oracle"].pooled(Metric::SingleTrialCorrelation).unwrap().mean > 0.5);
}

#[test]
fn images_come_back_with_their_ids() {
    let trial = |tier, brightness: f32| TestTrial {
        tier,
        stimulus: Array3::from_elem((1, 8, 8), brightness),
        responses: array![[brightness, 1.0 - brightness]],
    };
    let trials = [trial("train", 0.1), trial("test", 0.2), trial("test", 0.3), trial("test", 0.2)];
    let written = images("static1-2-3-GrayImageNet-a", &trials);
    let paths = write(&written, &Brightness, None).unwrap();
    assert_eq!(paths, [written.folder.path().join("submission_file_live_test.csv")]);
    let rows: Vec<_> =
        csv::SubmissionReader::open(&paths[0]).unwrap().map(Result::unwrap).collect();
    let ids: Vec<(i64, i64)> = rows.iter().map(|row| (row.trial_index, row.image_id)).collect();
    assert_eq!(ids, [(1, 101), (2, 102), (3, 101)]);
    assert!(rows.iter().all(|row| row.neuron_ids == [1000, 1001] && row.prediction.len() == 2));
    let scores = score_file(&paths[0], &written.recording).unwrap();
    let correlations =
        &scores.tiers["test"].sessions.values().next().unwrap().single_trial_correlation;
    assert!(correlations[0] > 0.999 && correlations[1] < -0.999, "{correlations:?}");
}

/// Predicts the mean of the image for both neurons.
struct Brightness;

impl Predictor for Brightness {
    fn name(&self) -> &'static str {
        "brightness"
    }

    fn frames_consumed(&self) -> usize {
        0
    }

    fn predict(&self, input: TrialInput<'_>) -> Result<Array2<f32>, ScoreError> {
        Ok(Array2::from_elem((1, 2), input.data.stimulus.mean().unwrap_or(0.0)))
    }
}

/// Rewrites a submission with each row changed; `None` leaves a row out.
fn tamper(
    path: &Path,
    change: impl Fn(usize, striate_formats::parquet::SubmissionRow) -> Option<SubmissionRow>,
) {
    let rows: Vec<_> = SubmissionReader::open(path).unwrap().map(Result::unwrap).collect();
    let mut writer = SubmissionWriter::create(path).unwrap();
    for row in rows.into_iter().enumerate().filter_map(|(i, row)| change(i, row)) {
        writer.write(&row).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn files_that_do_not_fit_are_refused_with_a_reason() {
    type Change = fn(usize, striate_formats::parquet::SubmissionRow) -> Option<SubmissionRow>;
    let changes: [(Change, &str); 6] = [
        (|i, row| (i != 1).then_some(row), "rows of tier `oracle`: found 3, expected 4"),
        (|_, row| Some(SubmissionRow { mouse: "tom".to_owned(), ..row }), "mouse: found `tom`"),
        (|_, row| Some(SubmissionRow { trial_index: 99, ..row }), "trial index: found 99"),
        (
            |_, mut row| {
                row.neuron_ids.reverse();
                Some(row)
            },
            "neuron ids of trial 1",
        ),
        (
            |_, mut row| {
                row.prediction[[0, 3]] = f32::NAN;
                Some(row)
            },
            "values that are not finite",
        ),
        (
            |i, row| (i == 0).then(|| SubmissionRow { prediction: Array2::zeros((2, 80)), ..row }),
            "found [2, 80], expected [2, 30] (neuron, frame)",
        ),
    ];
    for (change, reason) in changes {
        let written = mice();
        let path = write(&written, &RowSums, Some("oracle")).unwrap().remove(0);
        tamper(&path, change);
        let error = score_file(&path, &written.recording).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
        assert!(error.ends_with("predictions_oracle_main.parquet.brotli"), "{error}");
    }
}

#[test]
fn without_a_test_tier_one_must_be_named() {
    let written = videos(&[("dynamic1-2-3-Video-a", vec![video_trial("train", 1)])]);
    let error = write(&written, &RowSums, None).unwrap_err().to_string();
    assert_eq!(error, "submission: found tiers train, expected a test tier, or tiers named");
    assert!(write(&written, &RowSums, Some("train")).is_ok());
}
