//! What a list of extractions says of each.

use std::path::Path;

use serde::Serialize;
use striate_formats::safetensors::TensorFile;

use super::file;

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
    let table = file::read(&folder.join("cells.csv"), 256 << 20).ok();
    let n_lines = table.map(|bytes| bytes.iter().filter(|&&byte| byte == b'\n').count());
    let factors = TensorFile::open(&folder.join("factors.safetensors")).ok();
    let length = |name: &str, axis: usize| factors.as_ref()?.shape(name).ok()?.get(axis).copied();
    ExtractionSummary {
        n_frames: length("temporal", 0),
        height: length("mean", 0),
        width: length("mean", 1),
        n_cells: n_lines.map(|n| n.saturating_sub(1)),
        has_denoised: factors.is_some(),
    }
}
