//! The folder layouts of the Sensorium benchmarks.
//!
//! 2023, video (Turishcheva et al., arXiv 2305.19654): `data/videos/i.npy` `[height, width, frame]`
//! with `data/responses/i.npy` `[neuron, frame]`; 2022, images (Willeke et al., arXiv 2206.08666):
//! `data/images/i.npy` `[1, height, width]` with `data/responses/i.npy` `[neuron]`. Beside them
//! `data/behavior`, `data/pupil_center`, `meta/neurons`, `meta/statistics` and `meta/trials`.

mod length;
mod meta;
mod normaliser;
mod repeats;
mod rescale;
mod session;
mod tiers;
mod trials;

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use super::{chosen, name_of, not_a_recording};
use crate::error::RecordingError;
use crate::recording::{Recording, RecordingConfig};
use crate::session::StimulusKind;

/// Open a session folder, or a folder of session folders.
pub(super) fn open(config: &RecordingConfig) -> Result<Recording, RecordingError> {
    let path = &config.path;
    let folders = match kind_of(path) {
        Some(_) => vec![path.clone()],
        None => session_folders(path)?,
    };
    let ids: Vec<String> = folders.iter().map(|folder| name_of(folder)).collect();
    let sessions = chosen(&ids, config)?
        .into_iter()
        .map(|place| {
            let kind = kind_of(&folders[place]).unwrap_or(StimulusKind::Video);
            session::open(&folders[place], ids[place].clone(), kind, config)
        })
        .collect::<Result<_, _>>()?;
    Ok(Recording { name: name_of(path), sessions })
}

/// Folder of the stimulus files.
fn stimulus_folder(kind: StimulusKind) -> &'static str {
    match kind {
        StimulusKind::Image => "images",
        StimulusKind::Video => "videos",
    }
}

/// Which layout a folder has, if any.
fn kind_of(folder: &Path) -> Option<StimulusKind> {
    [StimulusKind::Video, StimulusKind::Image]
        .into_iter()
        .find(|&kind| folder.join("data").join(stimulus_folder(kind)).is_dir())
}

/// The session folders in a folder, in natural order; hidden ones are unfinished and passed over.
fn session_folders(path: &Path) -> Result<Vec<PathBuf>, RecordingError> {
    let list = || RecordingError::file("list the folder", path);
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(path).map_err(list())? {
        let folder = entry.map_err(list())?.path();
        let hidden = folder.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
        if !hidden && kind_of(&folder).is_some() {
            folders.push(folder);
        }
    }
    if folders.is_empty() {
        return Err(not_a_recording("a folder of neither layout", path));
    }
    folders.sort_by(|a, b| natural(&name_of(a), &name_of(b)));
    Ok(folders)
}

/// Compare names so that numbers in them count as numbers.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut rest_a, mut rest_b) = (a, b);
    while !rest_a.is_empty() && !rest_b.is_empty() {
        let (part_a, part_b) = (first_part(rest_a), first_part(rest_b));
        let number = |part: &str| part.parse::<u128>().ok();
        let order = match (number(part_a), number(part_b)) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => part_a.cmp(part_b),
        };
        if order != Ordering::Equal {
            return order;
        }
        (rest_a, rest_b) = (&rest_a[part_a.len()..], &rest_b[part_b.len()..]);
    }
    // Equal as numbers, as `01` and `1`: any fixed order will do.
    rest_a.len().cmp(&rest_b.len()).then_with(|| a.cmp(b))
}

/// The digits, or the other characters, a text begins with.
fn first_part(text: &str) -> &str {
    let digit = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != digit).unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod broken;
#[cfg(test)]
mod tests;
