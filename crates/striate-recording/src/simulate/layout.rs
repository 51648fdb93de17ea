//! Writing the folder layout of Sensorium 2023.

use std::fs;
use std::path::{Path, PathBuf};

use ndarray::{Array, Array1, Array2, Array3, ArrayView, ArrayView1, Axis, Dimension};
use striate_formats::npy;

use super::config::{NumberFormat, SimulationConfig};
use super::error::{SimulationError, file_error};
use super::plan::Showing;
use super::statistics::PlaceStatistics;
use super::truth::{NeuronTruth, TrialTruth};

/// The per-trial folders of a session.
const TRIAL_FOLDERS: [&str; 8] = [
    "data/videos",
    "data/responses",
    "data/behavior",
    "data/pupil_center",
    "truth/rates",
    "truth/stimulus_rates",
    "truth/latents",
    "truth/eye",
];

/// Writes the files of one session.
pub(super) struct LayoutWriter {
    root: PathBuf,
    number_format: NumberFormat,
    n_padding_frames: usize,
}

impl LayoutWriter {
    /// Make the folders of a session under `root`, which must not exist.
    pub(super) fn create(
        root: PathBuf,
        config: &SimulationConfig,
    ) -> Result<Self, SimulationError> {
        let make = |folder: PathBuf| {
            fs::create_dir_all(&folder).map_err(file_error("make the folder", &folder))
        };
        for folder in TRIAL_FOLDERS.into_iter().chain(["meta/neurons", "meta/trials"]) {
            make(root.join(folder))?;
        }
        for variable in ["videos", "responses", "behavior", "pupil_center"] {
            make(root.join("meta/statistics").join(variable).join("all"))?;
        }
        Ok(Self {
            root,
            number_format: config.number_format,
            n_padding_frames: config.n_padding_frames,
        })
    }

    /// The session's folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Write a video `[frame, height, width]` as `[height, width, frame]`.
    pub(super) fn write_video(
        &self,
        trial: usize,
        video: &Array3<f32>,
    ) -> Result<(), SimulationError> {
        let time_last = video.view().permuted_axes([1, 2, 0]);
        self.write_padded("data/videos", trial, time_last)
    }

    /// Write a recorded variable `[row, frame]`.
    pub(super) fn write_recorded(
        &self,
        variable: &str,
        trial: usize,
        values: &Array2<f32>,
    ) -> Result<(), SimulationError> {
        self.write_padded(variable, trial, values.view())
    }

    /// Write a true variable `[row, frame]`, neither padded nor widened.
    pub(super) fn write_true(
        &self,
        variable: &str,
        trial: usize,
        values: &Array2<f32>,
    ) -> Result<(), SimulationError> {
        npy::write_f32(&self.trial_file(variable, trial), &values.view().into_dyn())?;
        Ok(())
    }

    fn write_padded<D: Dimension>(
        &self,
        variable: &str,
        trial: usize,
        values: ArrayView<f32, D>,
    ) -> Result<(), SimulationError> {
        let path = self.trial_file(variable, trial);
        let values = values.into_dyn();
        let time = Axis(values.ndim() - 1);
        let n_frames = values.len_of(time);
        let mut shape = values.shape().to_vec();
        shape[time.0] += self.n_padding_frames;
        match self.number_format {
            NumberFormat::Float32 => {
                let mut padded = Array::from_elem(shape, f32::NAN);
                padded.slice_axis_mut(time, (..n_frames).into()).assign(&values);
                npy::write_f32(&path, &padded.view())?;
            }
            NumberFormat::Float64 => {
                let mut padded = Array::from_elem(shape, f64::NAN);
                padded
                    .slice_axis_mut(time, (..n_frames).into())
                    .zip_mut_with(&values, |wide, &value| *wide = f64::from(value));
                npy::write_f64(&path, &padded.view())?;
            }
        }
        Ok(())
    }

    /// Give the repeats of a showing its video, or its copies all of the first trial's files.
    pub(super) fn link_showing(&self, showing: &Showing) -> Result<(), SimulationError> {
        let Some((first, others)) = showing.trials.split_first() else { return Ok(()) };
        let variables = if showing.copies { &TRIAL_FOLDERS[..] } else { &TRIAL_FOLDERS[..1] };
        for variable in variables {
            let source = self.trial_file(variable, *first);
            for trial in others {
                link(&source, &self.trial_file(variable, *trial))?;
            }
        }
        Ok(())
    }

    /// Write `meta/statistics/VARIABLE/all`; `shape` of each statistic as given.
    pub(super) fn write_statistics(
        &self,
        variable: &str,
        statistics: &PlaceStatistics,
    ) -> Result<(), SimulationError> {
        let folder = self.root.join("meta/statistics").join(variable).join("all");
        for (name, values) in [
            ("mean", &statistics.mean),
            ("std", &statistics.std),
            ("min", &statistics.min),
            ("max", &statistics.max),
        ] {
            npy::write_f64(&folder.join(format!("{name}.npy")), &values.view().into_dyn())?;
        }
        Ok(())
    }

    /// Write `meta/neurons`.
    pub(super) fn write_neurons(&self, neurons: &[NeuronTruth]) -> Result<(), SimulationError> {
        let folder = self.root.join("meta/neurons");
        let ids: Array1<i64> = neurons.iter().map(|neuron| neuron.unit_id).collect();
        npy::write_i64(&folder.join("unit_ids.npy"), &ids.view().into_dyn())?;
        let ones = Array1::<i64>::ones(neurons.len());
        for name in ["animal_ids", "sessions", "scan_idx"] {
            npy::write_i64(&folder.join(format!("{name}.npy")), &ones.view().into_dyn())?;
        }
        let mut coordinates = Array2::zeros((neurons.len(), 3));
        for (neuron, mut row) in neurons.iter().zip(coordinates.rows_mut()) {
            row.assign(&ArrayView1::from(&neuron.coordinates_um));
        }
        let path = folder.join("cell_motor_coordinates.npy");
        npy::write_f64(&path, &coordinates.view().into_dyn())?;
        npy::write_strings(&folder.join("area.npy"), &vec!["V1".to_owned(); neurons.len()])?;
        npy::write_strings(&folder.join("layer.npy"), &vec!["L2/3".to_owned(); neurons.len()])?;
        Ok(())
    }

    /// Write `meta/trials`.
    pub(super) fn write_trials(&self, trials: &[TrialTruth]) -> Result<(), SimulationError> {
        let folder = self.root.join("meta/trials");
        let tiers: Vec<String> = trials.iter().map(|trial| trial.tier.clone()).collect();
        npy::write_strings(&folder.join("tiers.npy"), &tiers)?;
        let numbers: Array1<i64> = (0..trials.len() as i64).collect();
        npy::write_i64(&folder.join("trial_idx.npy"), &numbers.view().into_dyn())?;
        Ok(())
    }

    fn trial_file(&self, variable: &str, trial: usize) -> PathBuf {
        self.root.join(variable).join(format!("{trial}.npy"))
    }
}

/// Another name for a file, or a copy where the file system has no hard links or no more of them.
fn link(source: &Path, target: &Path) -> Result<(), SimulationError> {
    if fs::hard_link(source, target).is_ok() {
        return Ok(());
    }
    fs::copy(source, target).map(|_| ()).map_err(file_error("copy the file", target))
}
