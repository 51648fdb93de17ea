//! The cells of an extraction: a line each, and their outlines.

use std::path::Path;

use serde::Serialize;
use striate_formats::safetensors::TensorFile;
use striate_report::extraction::{Footprint, outline};

use crate::library::file;
use crate::reply::Refusal;

/// Weight at the outline, of the largest.
const LEVEL: f64 = 0.25;

/// A cell.
#[derive(Debug, Serialize)]
pub(crate) struct Cell {
    x: Option<f64>,
    y: Option<f64>,
    peak_snr: Option<f64>,
    area: Option<f64>,
    /// Corners `[x, y]` of its longest border, in pixels.
    contour: Vec<[i32; 2]>,
}

impl Cell {
    pub(crate) fn n_bytes(&self) -> usize {
        size_of::<Self>() + 8 * self.contour.len()
    }
}

/// The cells of the extraction in `folder`, whose frames are `width` pixels wide.
pub(super) fn read(folder: &Path, width: usize) -> Result<Vec<Cell>, Refusal> {
    let text = String::from_utf8(file::read(&folder.join("cells.csv"), 256 << 20)?);
    let text = text.map_err(|_| Refusal::unusable("cells.csv is no text"))?;
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let place = |name: &str| names.iter().position(|found| *found == name);
    let places = ["x_px", "y_px", "peak_snr", "area_px"].map(place);
    let mut contours = contours(&folder.join("cells.safetensors"), width).into_iter();
    let cell = |line: &str| {
        let values: Vec<Option<f64>> = line.split(',').map(|value| value.parse().ok()).collect();
        let [x, y, peak_snr, area] = places.map(|place| *values.get(place?)?);
        Cell { x, y, peak_snr, area, contour: contours.next().unwrap_or_default() }
    };
    Ok(lines.map(cell).collect())
}

/// The outline of each footprint; none where the file is not as it should be.
fn contours(path: &Path, width: usize) -> Vec<Vec<[i32; 2]>> {
    let Ok(file) = TensorFile::open(path) else { return Vec::new() };
    let read = |name: &str| file.read(name).map(|found| found.values).unwrap_or_default();
    let (starts, pixels, weights) = (read("starts"), read("pixels"), read("weights"));
    let footprint = |ends: &[f32]| {
        let at = ends[0] as usize..ends[1] as usize;
        let pixels = pixels.get(at.clone()).unwrap_or_default();
        Footprint {
            pixels: pixels.iter().map(|&pixel| pixel as u32).collect(),
            weights: weights.get(at).unwrap_or_default().to_vec(),
        }
    };
    let footprints = starts.windows(2).map(footprint);
    footprints.map(|footprint| longest_loop(&outline(&footprint, width, LEVEL))).collect()
}

/// The corners of the longest of the loops `M3 1h3v2h-3z`.
fn longest_loop(path: &str) -> Vec<[i32; 2]> {
    let loops = path.split('z').map(corners);
    loops.max_by_key(Vec::len).unwrap_or_default()
}

fn corners(path: &str) -> Vec<[i32; 2]> {
    let Some(path) = path.strip_prefix('M') else { return Vec::new() };
    let end = path.find(['h', 'v']).unwrap_or(path.len());
    let (start, mut rest) = path.split_at(end);
    let mut at = match start.split_once(' ').map(|(x, y)| (x.parse(), y.parse())) {
        Some((Ok(x), Ok(y))) => [x, y],
        _ => return Vec::new(),
    };
    let mut found = vec![at];
    while let Some(direction) = rest.chars().next() {
        let end = rest[1..].find(['h', 'v']).map_or(rest.len(), |end| end + 1);
        let length: i32 = rest[1..end].parse().unwrap_or(0);
        at[usize::from(direction == 'v')] += length;
        found.push(at);
        rest = &rest[end..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_becomes_its_corners() {
        assert_eq!(longest_loop("M3 1h3v2h-3z"), [[3, 1], [6, 1], [6, 3], [3, 3]]);
        assert_eq!(longest_loop("M0 0h1v1h-1zM5 5h2v1h-1v1h-1z").len(), 6);
        assert!(longest_loop("").is_empty());
    }
}
