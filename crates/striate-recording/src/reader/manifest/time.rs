//! How an array runs over time: in one stretch, or in trials of equal length one after another; and
//! how many of its samples make a frame.

use std::ops::Range;
use std::path::Path;

use ndarray::{ArrayD, Axis as At, Slice, concatenate};

use super::array::ArrayFile;
use super::axes::{Axis, in_words};
use crate::error::RecordingError;

/// What becomes of the samples of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pooling {
    /// Their sum, as of counts.
    Sum,
    /// Their mean, as of a trace.
    Mean,
}

/// The axes of an array that run over time.
pub(super) struct Time {
    /// Places in the file of the axis of samples, and of that of trials where there is one.
    sample_axis: usize,
    trial_axis: Option<usize>,
    n_trials: usize,
    /// Frames in each trial; what is left of its samples is dropped.
    n_per_trial: usize,
    bin: usize,
    pooling: Pooling,
}

impl Time {
    /// The time of an array whose axes have been checked; `key` is its table in the manifest, `unit`
    /// what the stimulus runs over.
    pub(super) fn of(
        file: &ArrayFile,
        (key, axes, unit): (&str, &[Axis], Axis),
        (bin, pooling): (usize, Pooling),
        manifest: &Path,
    ) -> Result<Self, RecordingError> {
        let shape = file.shape();
        if shape.len() != axes.len() {
            let expected = format!("{} axes, {}", axes.len(), in_words(axes));
            return Err(RecordingError::shape(key, shape, expected, file.path()));
        }
        let place = |axis| axes.iter().position(|a| *a == axis);
        let (sample_axis, trial_axis) = (place(unit).unwrap_or(0), place(Axis::Trial));
        let (n_samples, n_trials) = (shape[sample_axis], trial_axis.map_or(1, |axis| shape[axis]));
        let expected = match unit {
            Axis::Image if bin != 1 => "1: images are not binned".to_owned(),
            _ if bin == 0 || bin > n_samples => format!("1 to {n_samples}, the samples there are"),
            _ => String::new(),
        };
        if n_samples == 0 || n_trials == 0 {
            return Err(RecordingError::shape(key, shape, "no axis of length 0", file.path()));
        }
        if !expected.is_empty() {
            let key = format!("{key}.bin_frames");
            return Err(RecordingError::setting(key, bin, expected, manifest));
        }
        let n_per_trial = n_samples / bin;
        Ok(Self { sample_axis, trial_axis, n_trials, n_per_trial, bin, pooling })
    }

    /// Frames of all trials together, or images.
    pub(super) fn n_frames(&self) -> usize {
        self.n_trials.saturating_mul(self.n_per_trial)
    }

    /// Frames of each trial, where the array has an axis of trials.
    pub(super) fn trial_frames(&self) -> Option<usize> {
        self.trial_axis.map(|_| self.n_per_trial)
    }

    /// Whether this is one sample after another, a frame each.
    pub(super) fn is_plain(&self) -> bool {
        self.trial_axis.is_none() && self.bin == 1
    }

    /// The axis along which parts are read.
    pub(super) fn read_axis(&self) -> usize {
        self.trial_axis.unwrap_or(self.sample_axis)
    }

    /// Frames or images `range`, counted over all trials: the file's axes without that of trials.
    pub(super) fn read(
        &self,
        file: &ArrayFile,
        range: Range<usize>,
    ) -> Result<ArrayD<f32>, RecordingError> {
        let Some(trial_axis) = self.trial_axis else {
            let samples = range.start * self.bin..range.end * self.bin;
            return Ok(self.binned(file.part(self.sample_axis, samples)?, self.sample_axis));
        };
        // Behind the axis of trials, which is taken out, places move up by one.
        let axis = self.sample_axis - usize::from(trial_axis < self.sample_axis);
        let n = self.n_per_trial;
        let mut parts = Vec::new();
        for trial in range.start / n..range.end.div_ceil(n) {
            let (first, last) = (range.start.max(trial * n), range.end.min((trial + 1) * n));
            let part = file.part(trial_axis, trial..trial + 1)?;
            let mut part = part.index_axis_move(At(trial_axis), 0);
            let samples = (first - trial * n) * self.bin..(last - trial * n) * self.bin;
            part.slice_axis_inplace(At(axis), Slice::from(samples));
            parts.push(self.binned(part, axis));
        }
        if parts.is_empty() {
            // No frames are asked for: none of the first trial.
            let part = file.part(trial_axis, 0..1)?.index_axis_move(At(trial_axis), 0);
            parts.push(part.slice_axis(At(axis), Slice::from(0..0)).to_owned());
        }
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        Ok(concatenate(At(axis), &views).expect("parts differ along the axis of samples only"))
    }

    /// Samples along `axis` as frames.
    fn binned(&self, samples: ArrayD<f32>, axis: usize) -> ArrayD<f32> {
        if self.bin == 1 {
            return samples;
        }
        let mut shape = samples.shape().to_vec();
        shape[axis] /= self.bin;
        let mut frames = ArrayD::zeros(shape);
        let bins = samples.axis_chunks_iter(At(axis), self.bin);
        for (mut frame, bin) in frames.axis_iter_mut(At(axis)).zip(bins) {
            let sum = bin.mapv(f64::from).sum_axis(At(axis));
            let share = if self.pooling == Pooling::Sum { 1.0 } else { 1.0 / self.bin as f64 };
            frame.assign(&sum.mapv(|sum| (sum * share) as f32));
        }
        frames
    }
}
