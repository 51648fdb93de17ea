//! Small recordings for tests, written in the layouts of the Sensorium benchmarks and opened like
//! anybody's.

use std::fs;
use std::path::Path;

use ndarray::{Array1, Array2, Array3, ArrayD, Axis};
use striate_base::Streams;
use striate_formats::npy;
use striate_recording::{Recording, RecordingConfig};
use tempfile::TempDir;

/// One trial to be written.
pub(crate) struct TestTrial {
    pub(crate) tier: &'static str,
    /// Shape `[frame, height, width]`; equal stimuli are repeats.
    pub(crate) stimulus: Array3<f32>,
    /// Shape `[frame, neuron]`.
    pub(crate) responses: Array2<f32>,
}

/// A recording and the folder it lies in.
pub(crate) struct TestRecording {
    pub(crate) folder: TempDir,
    pub(crate) recording: Recording,
}

/// Sessions of video trials in the layout of Sensorium 2023. Normalisation changes nothing: mean 0,
/// standard deviation 1.
pub(crate) fn videos(sessions: &[(&str, Vec<TestTrial>)]) -> TestRecording {
    let folder = tempfile::tempdir().unwrap();
    for (name, trials) in sessions {
        let session = folder.path().join(name);
        for (i, trial) in trials.iter().enumerate() {
            let n_frames = trial.responses.nrows();
            let file = |kind: &str| session.join("data").join(kind).join(format!("{i}.npy"));
            let video = trial.stimulus.clone().permuted_axes([1, 2, 0]);
            write(&file("videos"), video.into_dyn());
            write(&file("responses"), trial.responses.t().into_owned().into_dyn());
            write(&file("behavior"), Array2::ones((2, n_frames)).into_dyn());
            write(&file("pupil_center"), Array2::zeros((2, n_frames)).into_dyn());
        }
        write_meta(&session, trials, "videos", 2);
    }
    open(folder)
}

/// A session of image trials in the layout of Sensorium 2022. Equal images get equal ids.
pub(crate) fn images(name: &str, trials: &[TestTrial]) -> TestRecording {
    let folder = tempfile::tempdir().unwrap();
    let session = folder.path().join(name);
    let mut ids: Vec<i64> = Vec::new();
    for (i, trial) in trials.iter().enumerate() {
        let file = |kind: &str| session.join("data").join(kind).join(format!("{i}.npy"));
        write(&file("images"), trial.stimulus.clone().into_dyn());
        write(&file("responses"), trial.responses.row(0).to_owned().into_dyn());
        write(&file("behavior"), Array1::ones(3).into_dyn());
        write(&file("pupil_center"), Array1::zeros(2).into_dyn());
        let same = trials.iter().position(|other| other.stimulus == trial.stimulus);
        ids.push(100 + same.unwrap() as i64);
    }
    write_meta(&session, trials, "images", 3);
    let numbers = |values: Vec<i64>| Array1::from(values).into_dyn();
    let path = session.join("meta/trials/frame_image_id.npy");
    npy::write_i64(&path, &numbers(ids).view()).unwrap();
    let path = session.join("meta/trials/trial_idx.npy");
    npy::write_i64(&path, &numbers((0..trials.len() as i64).collect()).view()).unwrap();
    open(folder)
}

fn write_meta(session: &Path, trials: &[TestTrial], stimulus: &str, n_behaviour: usize) {
    let n_neurons = trials[0].responses.ncols();
    let lengths =
        [(stimulus, 1), ("responses", n_neurons), ("behavior", n_behaviour), ("pupil_center", 2)];
    for (variable, length) in lengths {
        for (statistic, value) in
            [("mean", 0.0), ("std", 1.0), ("median", 0.0), ("min", 0.0), ("max", 1.0)]
        {
            let path = session.join("meta/statistics").join(variable).join("all");
            let values = Array1::from_elem(length, value).into_dyn();
            write(&path.join(format!("{statistic}.npy")), values);
        }
    }
    let neurons = session.join("meta/neurons");
    fs::create_dir_all(&neurons).unwrap();
    let ids = Array1::from_iter((0..n_neurons as i64).map(|i| 1000 + i)).into_dyn();
    npy::write_i64(&neurons.join("unit_ids.npy"), &ids.view()).unwrap();
    write(&neurons.join("cell_motor_coordinates.npy"), Array2::zeros((n_neurons, 3)).into_dyn());
    let tiers: Vec<String> = trials.iter().map(|trial| trial.tier.to_owned()).collect();
    let path = session.join("meta/trials/tiers.npy");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    npy::write_strings(&path, &tiers).unwrap();
}

fn write(path: &Path, values: ArrayD<f32>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    npy::write_f32(path, &values.as_standard_layout().view()).unwrap();
}

fn open(folder: TempDir) -> TestRecording {
    let config = RecordingConfig { path: folder.path().to_owned(), ..RecordingConfig::default() };
    let recording = Recording::open(&config).unwrap();
    TestRecording { folder, recording }
}

/// A video of noise, `[frame, height, width]`, the same for the same seed.
pub(crate) fn noise(seed: u64, n_frames: usize, height: usize, width: usize) -> Array3<f32> {
    let mut random = Streams::new(seed).stream("noise");
    Array3::from_shape_simple_fn((n_frames, height, width), || random.normal() as f32)
}

/// Responses of neurons that sum the row of the frame with their number, plus noise.
pub(crate) fn row_sums(
    stimulus: &Array3<f32>,
    n_neurons: usize,
    noise: f64,
    seed: u64,
) -> Array2<f32> {
    let mut random = Streams::new(seed).stream("responses");
    let sums = stimulus.sum_axis(Axis(2));
    Array2::from_shape_fn((stimulus.dim().0, n_neurons), |(frame, neuron)| {
        sums[[frame, neuron]] + (noise * random.normal()) as f32
    })
}
