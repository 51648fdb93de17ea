//! What an extraction leaves in its folder, beside the cells.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use ndarray::{Array2, ArrayView2};
use serde::Serialize;
use serde::de::DeserializeOwned;
use striate_base::files::write_atomic_bytes;
use striate_formats::npy;
use striate_formats::safetensors::{NamedTensor, OwnedTensor, read, write};

use super::{Extraction, FoundShifts};
use crate::decomposition::{DecompositionDiagnostics, MovieImages, Triple};
use crate::deconvolution::Deconvolved;
use crate::matching::write_regions;
use crate::registration::Shifts;
use crate::{Footprint, ImagingError};

/// The compressed movie.
pub(super) const FACTORS: &str = "factors.safetensors";
const SHIFTS: &str = "shifts.safetensors";
const REGISTRATION: &str = "registration.json";
const DECOMPOSITION: &str = "decomposition.json";
const IMAGES: &str = "images.safetensors";

/// Images of each of the three movies.
const OF_MOVIES: [&str; 3] = ["variance", "lag_one", "neighbour_correlation"];

pub(super) fn read_shifts(folder: &Path) -> Result<FoundShifts, ImagingError> {
    let quality = read_json(&folder.join(REGISTRATION))?;
    Ok(FoundShifts { shifts: Shifts::read(&folder.join(SHIFTS))?, quality })
}

pub(super) fn write_shifts(folder: &Path, found: &FoundShifts) -> Result<(), ImagingError> {
    found.shifts.write(&folder.join(SHIFTS))?;
    write_json(&folder.join(REGISTRATION), &found.quality)
}

pub(super) fn read_diagnostics(folder: &Path) -> Result<DecompositionDiagnostics, ImagingError> {
    let (tensors, _) = read(&folder.join(IMAGES))?;
    let mut tensors: BTreeMap<String, OwnedTensor> =
        tensors.into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect();
    let mut take = |name: String| {
        let tensor = tensors.remove(&name).map(|tensor| tensor.values);
        tensor.ok_or_else(|| ImagingError::input(IMAGES, format!("no image `{name}`"), "one"))
    };
    let mut images_of = |movie: &str| -> Result<MovieImages, ImagingError> {
        let [variance, lag_one, neighbour_correlation] =
            OF_MOVIES.map(|name| take(format!("{movie}.{name}")));
        Ok(MovieImages {
            variance: variance?,
            lag_one: lag_one?,
            neighbour_correlation: neighbour_correlation?,
        })
    };
    let images = Triple {
        raw: images_of("raw")?,
        denoised: images_of("denoised")?,
        residual: images_of("residual")?,
    };
    let rank = take("rank".to_owned())?;
    Ok(DecompositionDiagnostics { summary: read_json(&folder.join(DECOMPOSITION))?, images, rank })
}

pub(super) fn write_diagnostics(
    folder: &Path,
    found: &DecompositionDiagnostics,
) -> Result<(), ImagingError> {
    let shape = [found.summary.shape.height, found.summary.shape.width];
    let mut named = Vec::new();
    let images = &found.images;
    for (movie, images) in
        [("raw", &images.raw), ("denoised", &images.denoised), ("residual", &images.residual)]
    {
        let values = [&images.variance, &images.lag_one, &images.neighbour_correlation];
        named.extend(OF_MOVIES.iter().zip(values).map(|(name, v)| (format!("{movie}.{name}"), v)));
    }
    named.push(("rank".to_owned(), &found.rank));
    let tensors: Vec<NamedTensor<'_>> =
        named.iter().map(|(name, values)| NamedTensor { name, shape: &shape, values }).collect();
    write(&folder.join(IMAGES), &tensors, &BTreeMap::new())?;
    write_json(&folder.join(DECOMPOSITION), &found.summary)
}

/// Arrays for other programs, cells and events as tables, regions.
pub(super) fn write_results(folder: &Path, found: &Extraction) -> Result<(), ImagingError> {
    let (calcium, spikes) = (rows(found, |cell| &cell.calcium), super::spikes(found));
    let arrays: [(&str, ArrayView2<'_, f32>); 5] = [
        ("fluorescence.npy", found.cells.fluorescence.view()),
        ("roi_means.npy", found.cells.roi_means.view()),
        ("dff.npy", found.dff.view()),
        ("calcium.npy", calcium.view()),
        ("spikes.npy", spikes.view()),
    ];
    for (name, array) in arrays {
        npy::write_f32(&folder.join(name), &array.into_dyn())?;
    }
    write_regions(&folder.join("regions.json"), &found.cells.footprints, found.shape.width)?;
    write_text(&folder.join("cells.csv"), &cells_table(found))?;
    write_text(&folder.join("events.csv"), &events_table(found))
}

/// Courses of all cells, `[cell, frame]`.
pub(super) fn rows(found: &Extraction, of: fn(&Deconvolved) -> &Vec<f32>) -> Array2<f32> {
    let values = found.deconvolved.iter().flat_map(of).copied().collect();
    let shape = (found.deconvolved.len(), found.shape.n_frames);
    Array2::from_shape_vec(shape, values).expect("a value for each frame")
}

fn cells_table(found: &Extraction) -> String {
    let mut text = String::from(
        "cell,y_px,x_px,area_px,strength,peak_snr,skewness,noise_dff,n_events,light_at_rest\n",
    );
    let minutes = found.cells.footprints.iter().zip(&found.cells.quality).enumerate();
    for (k, (footprint, quality)) in minutes {
        let [y, x] = Footprint::centroid(footprint, found.shape.width);
        let (noise, n_events) = (found.deconvolved[k].noise, found.events[k].len());
        let mut trace = found.cells.fluorescence.row(k).to_vec();
        let middle = trace.len() / 2;
        let (_, rest, _) = trace.select_nth_unstable_by(middle, f32::total_cmp);
        let _ = writeln!(
            text,
            "{k},{y:.2},{x:.2},{},{:.2},{:.2},{:.2},{noise:.4},{n_events},{rest:.1}",
            quality.area_px, quality.strength, quality.peak_snr, quality.skewness,
        );
    }
    text
}

fn events_table(found: &Extraction) -> String {
    let mut text = String::from("cell,time_s,amplitude_sd\n");
    for (k, events) in found.events.iter().enumerate() {
        for event in events {
            let time = event.frame / found.frame_rate_hz;
            let _ = writeln!(text, "{k},{time:.4},{:.2}", event.amplitude);
        }
    }
    text
}

fn write_text(path: &Path, text: &str) -> Result<(), ImagingError> {
    write_atomic_bytes(path, text.as_bytes()).map_err(ImagingError::io("write", path))
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), ImagingError> {
    let text = serde_json::to_string_pretty(value).expect("numbers and text");
    write_text(path, &text)
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, ImagingError> {
    let bytes = std::fs::read(path).map_err(ImagingError::io("read", path))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let expected = "what extract wrote there";
        ImagingError::input(path.display().to_string(), error, expected)
    })
}
