//! Cells as neurofinder keeps them.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use striate_base::files::write_atomic_bytes;
use striate_formats::FormatError;

use crate::{Footprint, ImagingError};

/// Largest file read: some 20 million pixels.
const MAX_BYTES: u64 = 256 << 20;

/// One cell; other keys, such as `id`, are passed over.
#[derive(Serialize, Deserialize)]
struct Region {
    coordinates: Vec<[u32; 2]>,
}

/// Read the cells of a neurofinder `regions.json`, `[{"coordinates": [[row, column], ...]}, ...]`,
/// on frames of `height` x `width`, as footprints of equal weights.
///
/// # Errors
/// A file that cannot be read, is not of this kind, or names a pixel outside the frame.
pub fn read_regions(
    path: &Path,
    (height, width): (usize, usize),
) -> Result<Vec<Footprint>, ImagingError> {
    let regions: Vec<Region> = serde_json::from_str(&text(path)?).map_err(|error| {
        malformed("regions", error, r#"[{"coordinates": [[row, column], ...]}, ...]"#, path)
    })?;
    let mut footprints = Vec::with_capacity(regions.len());
    for (index, region) in regions.into_iter().enumerate() {
        if region.coordinates.is_empty() {
            let what = format!("region {index}");
            return Err(malformed(&what, "no pixel", "one or more", path));
        }
        let outside = |c: &&[u32; 2]| c[0] as usize >= height || c[1] as usize >= width;
        if let Some([row, column]) = region.coordinates.iter().find(outside) {
            let what = format!("pixel of region {index}");
            let expected = format!("row below {height} and column below {width}");
            return Err(malformed(&what, format!("row {row}, column {column}"), &expected, path));
        }
        let pixels = region.coordinates.iter().map(|[row, column]| row * width as u32 + column);
        footprints.push(Footprint::of_mask(pixels.collect()));
    }
    Ok(footprints)
}

/// Write cells as a neurofinder `regions.json`; the weights are lost, pixels of weight 0 left out.
///
/// # Errors
/// Where the file cannot be written.
pub fn write_regions(
    path: &Path,
    footprints: &[Footprint],
    width: usize,
) -> Result<(), ImagingError> {
    let region = |footprint: &Footprint| Region {
        coordinates: footprint
            .pixels
            .iter()
            .zip(&footprint.weights)
            .filter(|(_, weight)| **weight > 0.0)
            .map(|(pixel, _)| [pixel / width as u32, pixel % width as u32])
            .collect(),
    };
    let regions: Vec<Region> = footprints.iter().map(region).collect();
    serde_json::to_vec(&regions)
        .map_err(io::Error::from)
        .and_then(|bytes| write_atomic_bytes(path, &bytes))
        .map_err(|source| ImagingError::Io { action: "write", source, path: path.to_owned() })
}

fn text(path: &Path) -> Result<String, ImagingError> {
    let failed =
        |source: io::Error| ImagingError::Io { action: "read", source, path: path.to_owned() };
    let file = File::open(path).map_err(failed)?;
    let n_bytes = file.metadata().map_err(failed)?.len();
    if n_bytes > MAX_BYTES {
        let expected = format!("at most {MAX_BYTES}");
        return Err(malformed("bytes", n_bytes, &expected, path));
    }
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

fn malformed(what: &str, found: impl ToString, expected: &str, path: &Path) -> ImagingError {
    ImagingError::Format(FormatError::Malformed {
        what: what.to_owned(),
        found: found.to_string(),
        expected: expected.to_owned(),
        path: path.to_owned(),
    })
}
