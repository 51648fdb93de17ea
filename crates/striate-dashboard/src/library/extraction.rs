//! What a list of extractions says of each.

use std::path::Path;

use serde::Serialize;
use striate_formats::safetensors::TensorFile;

/// A line of the list.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct ExtractionSummary {
    pub(crate) n_frames: Option<usize>,
    pub(crate) height: Option<usize>,
    pub(crate) width: Option<usize>,
    pub(crate) n_cells: Option<usize>,
    pub(crate) has_denoised: bool,
}

/// Of the extraction in `folder`.
pub(super) fn summary(folder: &Path) -> ExtractionSummary {
    let factors = TensorFile::open(&folder.join("factors.safetensors")).ok();
    let cells = TensorFile::open(&folder.join("cells.safetensors")).ok();
    let length = |name: &str, axis: usize| factors.as_ref()?.shape(name).ok()?.get(axis).copied();
    let n_starts = cells.as_ref().and_then(|file| file.shape("starts").ok()?.first().copied());
    ExtractionSummary {
        n_frames: length("temporal", 0),
        height: length("mean", 0),
        width: length("mean", 1),
        n_cells: n_starts.map(|n| n.saturating_sub(1)),
        has_denoised: factors.is_some(),
    }
}
