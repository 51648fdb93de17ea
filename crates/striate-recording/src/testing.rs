//! Tiny recordings, written file by file, well-formed or not.

use std::fs;
use std::path::{Path, PathBuf};

use ndarray::{Array1, Array2, Array3, ArrayD, IxDyn};
use striate_formats::npy;
use tempfile::TempDir;

use crate::{Recording, RecordingConfig, RecordingError};

/// Pixels, neurons and traces of the sessions here.
pub(crate) const SIZE: [usize; 2] = [3, 4];
pub(crate) const N_NEURONS: usize = 2;

/// Padded length of every video file.
pub(crate) const STORED: usize = 12;

/// How array files are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    C,
    Fortran,
}

/// Write an array as f64 in either order of axes.
pub(crate) fn write(path: &Path, values: &ArrayD<f64>, order: Order) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    if order == Order::C {
        npy::write_f64(path, &values.view()).unwrap();
        return;
    }
    let mut bytes = header("<f8", true, values.shape());
    // The transpose in C order is the array in Fortran order.
    bytes.extend(values.t().iter().flat_map(|value| value.to_le_bytes()));
    fs::write(path, bytes).unwrap();
}

/// A version 1 header.
pub(crate) fn header(dtype: &str, fortran: bool, shape: &[usize]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let shape = format!("{shape:?},").replace(['[', ']'], "");
    let mut text =
        format!("{{'descr': '{dtype}', 'fortran_order': {order}, 'shape': ({shape}), }}");
    while (10 + text.len() + 1) % 64 != 0 {
        text.push(' ');
    }
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes
}

/// A session to be written in the layout of Sensorium 2023.
pub(crate) struct VideoSession {
    pub(crate) order: Order,
    /// Tier, number of the video, and frames of video, responses, behaviour and pupil before NaN.
    pub(crate) trials: Vec<(&'static str, usize, [usize; 4])>,
    /// Standard deviation of responses.
    pub(crate) response_std: ArrayD<f64>,
}

impl VideoSession {
    pub(crate) fn new(tiers: &[&'static str]) -> Self {
        let trials = tiers.iter().enumerate().map(|(i, tier)| (*tier, i, [10; 4])).collect();
        Self { order: Order::C, trials, response_std: ArrayD::ones(IxDyn(&[N_NEURONS])) }
    }

    /// Pixel of a video before normalisation.
    pub(crate) fn pixel(video: usize, [row, column]: [usize; 2], frame: usize) -> f64 {
        (1000 * video + 100 * row + 10 * column) as f64 + frame as f64 / 16.0
    }

    /// Response before normalisation.
    pub(crate) fn response(trial: usize, neuron: usize, frame: usize) -> f64 {
        1.0 + 100.0 * trial as f64 + 20.0 * neuron as f64 + frame as f64
    }

    /// Write it into `folder`. The stimulus has mean 8 and standard deviation 2, behaviour standard
    /// deviations 2 and 4, the pupil means 1 and 3 and standard deviation 0.5.
    pub(crate) fn write(&self, folder: &Path) {
        for (trial, &(_, video, lengths)) in self.trials.iter().enumerate() {
            let file = |variable: &str| folder.join(format!("data/{variable}/{trial}.npy"));
            let padded = |frame: usize, length: usize, value: f64| {
                if frame < length { value } else { f64::NAN }
            };
            let [height, width] = SIZE;
            let pixels = Array3::from_shape_fn((height, width, STORED), |(row, column, frame)| {
                padded(frame, lengths[0], Self::pixel(video, [row, column], frame))
            });
            write(&file("videos"), &pixels.into_dyn(), self.order);
            let rows = |length: usize, value: &dyn Fn(usize, usize) -> f64| {
                let values = Array2::from_shape_fn((2, STORED), |(row, frame)| {
                    padded(frame, length, value(row, frame))
                });
                values.into_dyn()
            };
            let responses = rows(lengths[1], &|neuron, frame| Self::response(trial, neuron, frame));
            write(&file("responses"), &responses, self.order);
            let traces = rows(lengths[2], &|row, frame| (row + 1) as f64 * (frame + 1) as f64);
            write(&file("behavior"), &traces, self.order);
            let pupil = rows(lengths[3], &|row, frame| (row + frame) as f64);
            write(&file("pupil_center"), &pupil, self.order);
        }
        let tiers: Vec<&str> = self.trials.iter().map(|(tier, ..)| *tier).collect();
        write_meta(folder, &tiers);
        write_statistics(folder, "videos", &[8.0], &[2.0]);
        write_statistics(folder, "behavior", &[0.0, 0.0], &[2.0, 4.0]);
        write_statistics(folder, "pupil_center", &[1.0, 3.0], &[0.5, 0.5]);
        let path = folder.join("meta/statistics/responses/all/std.npy");
        write(&path, &self.response_std, Order::C);
    }
}

/// Write `meta/neurons` and `meta/trials`.
pub(crate) fn write_meta(folder: &Path, tiers: &[&str]) {
    fs::create_dir_all(folder.join("meta/neurons")).unwrap();
    fs::create_dir_all(folder.join("meta/trials")).unwrap();
    let ids = Array1::from_iter((0..N_NEURONS as i64).map(|i| 70 + i)).into_dyn();
    npy::write_i64(&folder.join("meta/neurons/unit_ids.npy"), &ids.view()).unwrap();
    let coordinates = Array2::from_shape_fn((N_NEURONS, 3), |(n, axis)| (10 * n + axis) as f64);
    let path = folder.join("meta/neurons/cell_motor_coordinates.npy");
    write(&path, &coordinates.into_dyn(), Order::C);
    let tiers: Vec<String> = tiers.iter().map(ToString::to_string).collect();
    npy::write_strings(&folder.join("meta/trials/tiers.npy"), &tiers).unwrap();
}

/// Write mean and standard deviation of a variable.
pub(crate) fn write_statistics(folder: &Path, variable: &str, mean: &[f64], std: &[f64]) {
    for (name, values) in [("mean", mean), ("std", std)] {
        let path = folder.join(format!("meta/statistics/{variable}/all/{name}.npy"));
        write(&path, &Array1::from(values.to_vec()).into_dyn(), Order::C);
    }
}

/// A temporary folder with one session in the layout of Sensorium 2023.
pub(crate) fn video_folder(session: &VideoSession) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dynamic1-2-3-Video-a");
    session.write(&path);
    (folder, path)
}

/// Open what lies there with the usual settings.
pub(crate) fn open(path: &Path) -> Result<Recording, RecordingError> {
    Recording::open(&RecordingConfig::at(path))
}

/// The message with which opening, or reading every trial, is refused.
pub(crate) fn refusal(path: &Path) -> String {
    let read = |recording: Recording| {
        for session in &recording.sessions {
            for trial in 0..session.info.trials.len() {
                session.load_whole(trial)?;
            }
        }
        Ok::<(), RecordingError>(())
    };
    open(path).and_then(read).expect_err("refused").to_string()
}

/// A session of one video in a manifest: `n_frames` of 2 x 3 pixels, three neurons, responses that
/// grow by 1 a frame; cut as `tiers` says.
pub(crate) fn manifest_video(n_frames: usize, tiers: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let pixels = Array3::from_shape_fn((n_frames, 2, 3), |(frame, row, column)| {
        frame as f64 + 0.25 * row as f64 + 0.0625 * column as f64
    });
    write(&folder.path().join("video.npy"), &pixels.into_dyn(), Order::C);
    let counts = Array2::from_shape_fn((3, n_frames), |(n, frame)| (100 * n + frame) as f64);
    write(&folder.path().join("counts.npy"), &counts.into_dyn(), Order::C);
    let text = format!(
        "name = \"film\"\nframe_rate_hz = 10.0\n\
         [stimulus]\npath = \"video.npy\"\naxes = [\"frame\", \"y\", \"x\"]\n\
         [responses]\npath = \"counts.npy\"\naxes = [\"neuron\", \"frame\"]\n{tiers}"
    );
    let path = folder.path().join("film.toml");
    fs::write(&path, text).unwrap();
    (folder, path)
}
