//! The named axes of arrays.

use std::fmt;
use std::path::Path;

use serde::Deserialize;

use crate::error::RecordingError;

/// What an axis of an array runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Axis {
    /// Frames of a continuous stimulus.
    Frame,
    /// Images of a set.
    Image,
    /// Rows of pixels.
    #[serde(alias = "y", alias = "row")]
    Height,
    /// Columns of pixels.
    #[serde(alias = "x", alias = "column")]
    Width,
    /// Neurons.
    Neuron,
    /// Repeats of an image.
    Repeat,
    /// Traces of behaviour, or x and y of the pupil.
    Channel,
    /// Trials of equal length.
    Trial,
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Frame => "frame",
            Self::Image => "image",
            Self::Height => "height",
            Self::Width => "width",
            Self::Neuron => "neuron",
            Self::Repeat => "repeat",
            Self::Channel => "channel",
            Self::Trial => "trial",
        })
    }
}

/// Axes as in a manifest, `["frame", "height", "width"]`.
pub(super) fn in_words(axes: &[Axis]) -> String {
    let words: Vec<String> = axes.iter().map(|axis| format!("\"{axis}\"")).collect();
    format!("[{}]", words.join(", "))
}

/// For each of `wanted` its place in `axes`.
pub(super) fn places(axes: &[Axis], wanted: &[Axis]) -> Vec<usize> {
    wanted.iter().filter_map(|axis| axes.iter().position(|a| a == axis)).collect()
}

/// Refuse axes other than one of `permitted`, in whatever order.
pub(super) fn check(
    key: &str,
    axes: &[Axis],
    permitted: &[&[Axis]],
    path: &Path,
) -> Result<(), RecordingError> {
    let sorted = |axes: &[Axis]| {
        let mut axes = axes.to_vec();
        axes.sort_unstable();
        axes
    };
    if permitted.iter().any(|permitted| sorted(permitted) == sorted(axes)) {
        return Ok(());
    }
    let permitted: Vec<String> = permitted.iter().map(|axes| in_words(axes)).collect();
    let expected = format!("{}, in the order of the file", permitted.join(" or "));
    Err(RecordingError::setting(format!("{key}.axes"), in_words(axes), expected, path))
}

/// The axis order with which `axis` would have length `expected`: two axes of `axes` exchanged.
pub(super) fn exchanged(
    axes: &[Axis],
    shape: &[usize],
    axis: Axis,
    expected: usize,
) -> Option<String> {
    let from = axes.iter().position(|a| *a == axis)?;
    let to = shape.iter().position(|&length| length == expected)?;
    let mut other = axes.to_vec();
    (from != to && to < other.len()).then(|| {
        other.swap(from, to);
        format!("axes = {} would fit", in_words(&other))
    })
}
