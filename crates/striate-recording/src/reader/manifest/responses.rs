//! The responses of a manifest: counts per frame, means per image, or single trials per image.

use std::ops::Range;
use std::path::Path;

use ndarray::{Array2, ArrayD, Axis as At, Ix2, Ix3};

use super::array::ArrayFile;
use super::axes::{self, Axis, in_words, places};
use super::config::{ArrayEntry, ResponsesEntry};
use super::stimulus::Stimulus;
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
    axes: Vec<Axis>,
    /// What the stimulus runs over: frames or images.
    unit: Axis,
    missing: Option<f64>,
    scale: f32,
}

/// Which of the single trials of an image exist: `[repeat]`.
pub(super) type Present = Vec<bool>;

impl Responses {
    /// Open the responses to `stimulus`; `own` replaces the file.
    pub(super) fn open(
        folder: &Path,
        entry: &ResponsesEntry,
        own: Option<&ArrayEntry>,
        (session, stimulus): (&str, &Stimulus),
        manifest: &Path,
    ) -> Result<Self, RecordingError> {
        let unit = stimulus.unit();
        let by_unit = [Axis::Neuron, unit];
        let with_repeats = [Axis::Neuron, unit, Axis::Repeat];
        let permitted: &[&[Axis]] =
            if unit == Axis::Image { &[&by_unit, &with_repeats] } else { &[&by_unit] };
        axes::check("responses", &entry.axes, permitted, manifest)?;
        let file = own.cloned().unwrap_or_else(|| ArrayEntry {
            path: entry.path.clone(),
            member: entry.member.clone(),
        });
        let file = ArrayFile::open(folder, &file, session, unit == Axis::Image)?;
        check_shape(&file, "responses", &entry.axes, (unit, stimulus.n))?;
        let place = places(&entry.axes, &[unit])[0];
        if !file.has_parts_along(place) {
            let expected = format!("`{unit}` first or last: the array is too large to keep");
            let found = in_words(&entry.axes);
            return Err(RecordingError::setting("responses.axes", found, expected, manifest));
        }
        let length = |axis| entry.axes.iter().position(|a| *a == axis).map(|i| file.shape()[i]);
        let (n_neurons, n_repeats) = (length(Axis::Neuron).unwrap_or(0), length(Axis::Repeat));
        if n_neurons == 0 || n_repeats == Some(0) {
            let expected = "one or more neurons and repeats";
            return Err(RecordingError::shape("responses", file.shape(), expected, file.path()));
        }
        let (axes, missing, scale) = (entry.axes.clone(), entry.missing, entry.scale);
        Ok(Self { n_neurons, n_repeats, file, axes, unit, missing, scale })
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
        let part = self.file.part(places(&self.axes, &[self.unit])[0], images)?;
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
        let part: ArrayD<f32> = self.file.part(places(&self.axes, &[self.unit])[0], range)?;
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

/// Refuse an array whose number of axes, or whose length along the stimulus, does not fit.
pub(super) fn check_shape(
    file: &ArrayFile,
    what: &str,
    axes: &[Axis],
    (unit, n): (Axis, usize),
) -> Result<(), RecordingError> {
    let shape = file.shape();
    if shape.len() != axes.len() {
        let expected = format!("{} axes, {}", axes.len(), in_words(axes));
        return Err(RecordingError::shape(what, shape, expected, file.path()));
    }
    if shape[places(axes, &[unit])[0]] == n {
        return Ok(());
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
