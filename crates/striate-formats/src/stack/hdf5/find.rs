//! Finding the movie among the datasets of a file.

use std::collections::BTreeSet;
use std::path::Path;

use hdf5_reader::group::Group;
use hdf5_reader::{Dataset, Hdf5File};

use super::{error, pixel_type};
use crate::error::FormatError;
use crate::stack::options::{Axis, AxisOrder, StackOptions};
use crate::stack::pixel::PixelType;
use crate::stack::{listed, only_one};

/// Deepest group looked into.
const DEEPEST: usize = 8;

/// Most groups and datasets looked at.
const MOST_OBJECTS: usize = 10_000;

/// Series of NWB that hold movies.
const SERIES: [&str; 2] = ["TwoPhotonSeries", "OnePhotonSeries"];

/// A dataset that can be a movie.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// Its full name.
    pub(super) name: String,
    /// As the file has it.
    pub(super) shape: [usize; 3],
    pub(super) chunks: Option<[usize; 3]>,
    pub(super) pixel: PixelType,
    /// Order of its axes, unless the caller knows better.
    pub(super) order: AxisOrder,
    pub(super) is_nwb: bool,
    pub(super) frame_rate_hz: Option<f64>,
}

impl Found {
    /// Bytes of the chunks that one frame touches, the axes being in `order`.
    pub(super) fn row_of_chunks_bytes(&self, order: AxisOrder) -> u64 {
        let Some(chunks) = self.chunks else { return 0 };
        let mut of_row = self.shape;
        let frames = order.axes().into_iter().zip(&mut of_row).zip(chunks);
        frames.filter(|((axis, _), _)| *axis == Axis::T).for_each(|((_, n), chunk)| *n = chunk);
        of_row.iter().fold(self.pixel.bytes() as u64, |n, &m| n.saturating_mul(m as u64))
    }

    fn of(dataset: &Dataset, group: &Group, name: String) -> Option<Self> {
        let lengths = |of: &[u64]| -> Option<[usize; 3]> {
            let lengths: Option<Vec<usize>> = of.iter().map(|&n| usize::try_from(n).ok()).collect();
            lengths?.try_into().ok()
        };
        let chunks = dataset.chunks().unwrap_or_default();
        let chunks: Vec<u64> = chunks.into_iter().take(3).map(u64::from).collect();
        let is_nwb = name.ends_with("/data") && is_series(group);
        Some(Self {
            shape: lengths(dataset.shape())?,
            chunks: lengths(&chunks),
            pixel: pixel_type(dataset.dtype())?,
            order: if is_nwb { AxisOrder::Txy } else { AxisOrder::Tyx },
            is_nwb,
            frame_rate_hz: if is_nwb { rate(group) } else { None },
            name,
        })
    }
}

/// Whether a group is a movie of NWB, whose columns come before its rows.
fn is_series(group: &Group) -> bool {
    let kind = group.attribute("neurodata_type").and_then(|attribute| attribute.read_string());
    kind.is_ok_and(|kind| SERIES.contains(&kind.trim_end_matches('\0')))
}

/// Frames a second of a series of NWB.
fn rate(group: &Group) -> Option<f64> {
    let start = group.dataset("starting_time").ok()?;
    let rate = start.attribute("rate").ok()?.read_as_f64().ok()?;
    (rate.is_finite() && rate > 0.0).then_some(rate)
}

/// The dataset asked for, or the only one that can be a movie.
pub(super) fn choose(
    file: &Hdf5File,
    options: &StackOptions,
    path: &Path,
) -> Result<Found, FormatError> {
    if let Some(name) = &options.dataset {
        return named(file, name, path);
    }
    let mut candidates = candidates(file).map_err(|e| error(e, path))?;
    if candidates.iter().filter(|found| found.is_nwb).count() == 1 {
        candidates.retain(|found| found.is_nwb);
    }
    only_one(candidates.iter().map(|f| format!("{} {:?}", f.name, f.shape)).collect(), path)?;
    Ok(candidates.swap_remove(0))
}

fn named(file: &Hdf5File, name: &str, path: &Path) -> Result<Found, FormatError> {
    let name = format!("/{}", name.trim_matches('/'));
    let (parent, own) = name.rsplit_once('/').unwrap_or(("", &name));
    let opened = file.group(parent).and_then(|group| Ok((group.dataset(own)?, group)));
    let Ok((dataset, group)) = opened else {
        let known = candidates(file).map_err(|e| error(e, path))?;
        let known = listed(known.into_iter().map(|found| found.name));
        return Err(FormatError::NoMember { name, known, path: path.to_owned() });
    };
    Found::of(&dataset, &group, name.clone()).ok_or_else(|| {
        let found = format!("shape {:?} of {:?}", dataset.shape(), dataset.dtype());
        let expected = "three axes of integers or of floats of 32 or 64 bits";
        FormatError::malformed(format!("dataset `{name}`"), found, expected, path)
    })
}

/// All datasets that can be movies, each once.
fn candidates(file: &Hdf5File) -> hdf5_reader::error::Result<Vec<Found>> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    let root = file.root_group()?;
    seen.insert(root.address());
    let mut waiting = vec![(root, String::new(), 0)];
    while let Some((group, name, depth)) = waiting.pop() {
        let (groups, datasets) = group.members()?;
        for dataset in datasets {
            if seen.insert(dataset.address()) && seen.len() <= MOST_OBJECTS {
                let full_name = format!("{name}/{}", dataset.name());
                found.extend(Found::of(&dataset, &group, full_name));
            }
        }
        for child in groups {
            let is_new = depth < DEEPEST && seen.insert(child.address());
            if is_new && seen.len() <= MOST_OBJECTS {
                let name = format!("{name}/{}", child.name());
                waiting.push((child, name, depth + 1));
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}
