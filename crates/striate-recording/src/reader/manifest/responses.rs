//! The responses of a manifest: counts per frame, of one stretch or of trials; means per image, or
//! single trials per image.

use std::ops::Range;
use std::path::Path;

use ndarray::{Array2, ArrayD, Axis as At, Ix2, Ix3};

use super::array::ArrayFile;
use super::axes::{self, Axis, in_words, places};
use super::config::{ArrayEntry, ResponsesEntry};
use super::stimulus::Stimulus;
use super::time::{Pooling, Time};
use crate::error::RecordingError;
use crate::source::{Missing, frames_first, refuse_missing};

/// Images whose single trials are looked at together.
const IMAGES_PER_PIECE: usize = 256;

/// Responses, read in parts.
pub(super) struct Responses {
    pub(super) n_neurons: usize,
    /// Repeats of an image; `None` for means and for frames.
    pub(super) n_repeats: Option<usize>,
    file: ArrayFile,
    /// In the file's order, but for that of trials.
    axes: Vec<Axis>,
    time: Time,
    /// What the stimulus runs over: frames or images.
    unit: Axis,
    missing: Option<f64>,
    scale: f32,
}

/// Which of the single trials of an image exist: `[repeat]`.
pub(super) type Present = Vec<bool>;

impl Responses {
    /// Open the responses to `stimulus`, or to nothing; `own` replaces the file.
    pub(super) fn open(
        folder: &Path,
        entry: &ResponsesEntry,
        own: Option<&ArrayEntry>,
        (session, stimulus): (&str, Option<&Stimulus>),
        manifest: &Path,
    ) -> Result<Self, RecordingError> {
        let unit = stimulus.map_or(Axis::Frame, Stimulus::unit);
        let by_unit = [Axis::Neuron, unit];
        let with_repeats = [Axis::Neuron, unit, Axis::Repeat];
        let by_trial = [Axis::Trial, Axis::Neuron, unit];
        let permitted: &[&[Axis]] = match (unit, stimulus) {
            (Axis::Image, _) => &[&by_unit, &with_repeats],
            (_, None) => &[&by_unit, &by_trial],
            _ => &[&by_unit],
        };
        axes::check("responses", &entry.axes, permitted, manifest)?;
        let has_trials = entry.axes.contains(&Axis::Trial);
        let file = own.cloned().unwrap_or_else(|| ArrayEntry {
            path: entry.path.clone(),
            member: entry.member.clone(),
        });
        let file = ArrayFile::open(folder, &file, session, unit == Axis::Image || has_trials)?;
        let time = (entry.bin_frames, Pooling::Sum);
        let time = Time::of(&file, ("responses", &entry.axes, unit), time, manifest)?;
        if let Some(stimulus) = stimulus {
            check_length(&file, ("responses", &entry.axes), &time, (unit, stimulus.n))?;
        }
        if !file.has_parts_along(time.read_axis()) {
            let axis = entry.axes[time.read_axis()];
            let expected = format!("`{axis}` first or last: the array is too large to keep");
            let found = in_words(&entry.axes);
            return Err(RecordingError::setting("responses.axes", found, expected, manifest));
        }
        let length = |axis| entry.axes.iter().position(|a| *a == axis).map(|i| file.shape()[i]);
        let (n_neurons, n_repeats) = (length(Axis::Neuron).unwrap_or(0), length(Axis::Repeat));
        if n_neurons == 0 || n_repeats == Some(0) {
            let expected = "one or more neurons and repeats";
            return Err(RecordingError::shape("responses", file.shape(), expected, file.path()));
        }
        let axes = without_trials(&entry.axes);
        let (missing, scale) = (entry.missing, entry.scale);
        Ok(Self { n_neurons, n_repeats, file, axes, time, unit, missing, scale })
    }

    /// Frames, of all trials together, or images.
    pub(super) fn n_frames(&self) -> usize {
        self.time.n_frames()
    }

    /// Frames of each trial, where the array has an axis of trials.
    pub(super) fn trial_frames(&self) -> Option<usize> {
        self.time.trial_frames()
    }

    /// Which single trials (or means) of each image exist, and how many have some neurons only.
    pub(super) fn present(&self, n_images: usize) -> Result<(Vec<Present>, usize), RecordingError> {
        let n_repeats = self.n_repeats.unwrap_or(1);
        if self.missing.is_none() {
            return Ok((vec![vec![true; n_repeats]; n_images], 0));
        }
        let mut present = Vec::with_capacity(n_images);
        let mut n_partial = 0;
        for start in (0..n_images).step_by(IMAGES_PER_PIECE) {
            let part = self.single_trials(start..(start + IMAGES_PER_PIECE).min(n_images))?;
            for image in part.axis_iter(At(1)) {
                let of_repeat = image.axis_iter(At(1)).map(|neurons| {
                    let n_missing = neurons.iter().filter(|value| self.is_missing(**value)).count();
                    n_partial += usize::from(n_missing > 0 && n_missing < neurons.len());
                    n_missing == 0
                });
                present.push(of_repeat.collect());
            }
        }
        Ok((present, n_partial))
    }

    fn is_missing(&self, value: f32) -> bool {
        self.missing.is_some_and(|missing| {
            if missing.is_nan() { value.is_nan() } else { f64::from(value) == missing }
        })
    }

    /// Images as `[neuron, image, repeat]`, unscaled.
    fn single_trials(&self, images: Range<usize>) -> Result<ndarray::Array3<f32>, RecordingError> {
        let part = self.time.read(&self.file, images)?;
        let mut part = part.permuted_axes(places(&self.axes, &self.order()));
        if self.n_repeats.is_none() {
            part = part.insert_axis(At(2));
        }
        Ok(part.into_dimensionality::<Ix3>().expect("neuron, image and repeat"))
    }

    fn order(&self) -> Vec<Axis> {
        let repeat = self.n_repeats.map(|_| Axis::Repeat);
        [Axis::Neuron, self.unit].into_iter().chain(repeat).collect()
    }

    /// Responses to frames or images `range`, of repeat `repeat` where there are several:
    /// `[frame, neuron]`.
    pub(super) fn read(
        &self,
        range: Range<usize>,
        repeat: Option<usize>,
        missing: Missing,
    ) -> Result<Array2<f32>, RecordingError> {
        let first = range.start;
        let part: ArrayD<f32> = self.time.read(&self.file, range)?;
        let part = part.permuted_axes(places(&self.axes, &self.order()));
        let part = match repeat {
            Some(repeat) => part.index_axis_move(At(2), repeat),
            None => part,
        };
        let mut part = part.into_dimensionality::<Ix2>().expect("neuron and frame or image");
        if missing == Missing::Refuse {
            let (what, axes) = (|| "responses".to_owned(), ["neuron", "frame"]);
            refuse_missing(part.view(), &what, &axes, first, self.file.path())?;
        }
        if self.scale != 1.0 {
            part.mapv_inplace(|value| value * self.scale);
        }
        Ok(frames_first(part))
    }

    pub(super) fn resident_bytes(&self) -> u64 {
        self.file.resident_bytes()
    }
}

/// Axes of what is read, in the file's order: trials are taken out one by one.
pub(super) fn without_trials(axes: &[Axis]) -> Vec<Axis> {
    axes.iter().copied().filter(|axis| *axis != Axis::Trial).collect()
}

/// Refuse an array whose length along the stimulus does not fit.
pub(super) fn check_length(
    file: &ArrayFile,
    (what, axes): (&str, &[Axis]),
    time: &Time,
    (unit, n): (Axis, usize),
) -> Result<(), RecordingError> {
    if time.n_frames() == n {
        return Ok(());
    }
    let shape = file.shape();
    if !time.is_plain() {
        let found = time.n_frames();
        let expected = format!("{n} {unit}s, as all else; with its bins and trials it has {found}");
        return Err(RecordingError::shape(what, shape, expected, file.path()));
    }
    let words: Vec<String> = axes
        .iter()
        .map(|axis| if *axis == unit { format!("{n} {unit}s") } else { axis.to_string() })
        .collect();
    let expected = format!("[{}], as many {unit}s as the stimulus has", words.join(", "));
    let error = RecordingError::shape(what, shape, expected, file.path());
    Err(match axes::exchanged(axes, shape, unit, n) {
        Some(hint) => error.with_hint(hint),
        None => error,
    })
}
