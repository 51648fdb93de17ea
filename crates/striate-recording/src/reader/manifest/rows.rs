//! Behaviour and the pupil's position of a manifest.

use std::ops::Range;
use std::path::Path;

use ndarray::{Array2, Ix2};

use super::array::ArrayFile;
use super::axes::{self, Axis, in_words, places};
use super::config::{ArrayEntry, RowsEntry};
use super::responses::{Responses, check_length, without_trials};
use super::stimulus::Stimulus;
use super::time::{Pooling, Time};
use crate::error::RecordingError;
use crate::source::{Missing, refuse_missing};

/// Traces beside the stimulus, read in parts.
pub(super) struct Rows {
    pub(super) n_channels: usize,
    name: &'static str,
    file: ArrayFile,
    /// In the file's order, but for that of trials.
    axes: Vec<Axis>,
    time: Time,
    unit: Axis,
    scale: f32,
    offset: f32,
}

impl Rows {
    pub(super) fn open(
        folder: &Path,
        name: &'static str,
        entry: &RowsEntry,
        (session, stimulus, responses): (&str, &Stimulus, &Responses),
        manifest: &Path,
    ) -> Result<Self, RecordingError> {
        let unit = stimulus.unit();
        // Trials lie in an axis of their own in all arrays, or in none.
        let by_trial = [Axis::Trial, Axis::Channel, unit];
        let n_axes_left_out = usize::from(responses.trial_frames().is_none());
        axes::check(name, &entry.axes, &[&by_trial[n_axes_left_out..]], manifest)?;
        let file = ArrayEntry { path: entry.path.clone(), member: entry.member.clone() };
        let file = ArrayFile::open(folder, &file, session, true)?;
        let time = (entry.bin_frames, Pooling::Mean);
        let time = Time::of(&file, (name, &entry.axes, unit), time, manifest)?;
        check_length(&file, (name, &entry.axes), &time, (unit, stimulus.n))?;
        if !file.has_parts_along(time.read_axis()) {
            let axis = entry.axes[time.read_axis()];
            let expected = format!("`{axis}` first or last: the array is too large to keep");
            let (key, found) = (format!("{name}.axes"), in_words(&entry.axes));
            return Err(RecordingError::setting(key, found, expected, manifest));
        }
        let n_channels = file.shape()[places(&entry.axes, &[Axis::Channel])[0]];
        let (axes, scale, offset) = (without_trials(&entry.axes), entry.scale, entry.offset);
        if n_channels == 0 || (name == "pupil_center" && n_channels != 2) {
            let expected =
                if n_channels == 0 { "one or more channels" } else { "2 channels, x and y" };
            return Err(RecordingError::shape(name, file.shape(), expected, file.path()));
        }
        Ok(Self { n_channels, name, file, axes, time, unit, scale, offset })
    }

    /// Frames or images `range`: `[frame, channel]`.
    pub(super) fn read(
        &self,
        range: Range<usize>,
        missing: Missing,
    ) -> Result<Array2<f32>, RecordingError> {
        let first = range.start;
        let part = self.time.read(&self.file, range)?;
        let part = part.permuted_axes(places(&self.axes, &[self.unit, Axis::Channel]));
        let part = part.into_dimensionality::<Ix2>().expect("two axes, as checked on opening");
        if missing == Missing::Refuse {
            let (what, axes) = (|| self.name.to_owned(), ["frame", "channel"]);
            refuse_missing(part.view(), &what, &axes, first, self.file.path())?;
        }
        let mapped = part.mapv(|value| value * self.scale + self.offset);
        Ok(mapped.as_standard_layout().into_owned())
    }

    pub(super) fn resident_bytes(&self) -> u64 {
        self.file.resident_bytes()
    }
}
