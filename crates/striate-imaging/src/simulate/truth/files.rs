//! The truth as files.

use std::fs;
use std::path::Path;

use ndarray::{Array1, ArrayD, Dimension, Ix1, Ix2, Ix3};
use serde::{Deserialize, Serialize};
use striate_base::files::write_atomic_bytes;
use striate_formats::npy::{self, NpyFile};

use super::MovieTruth;
use crate::simulate::{MovieSimulationConfig, activity};
use crate::{Footprint, ImagingError, MovieShape};

const VERSION: u32 = 1;

/// `truth.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    version: u32,
    n_cells: usize,
    config: MovieSimulationConfig,
}

pub(super) fn write(truth: &MovieTruth, folder: &Path) -> Result<(), ImagingError> {
    fs::create_dir_all(folder).map_err(io("make the folder", folder))?;
    let float = |name: &str, values: ArrayD<f32>| {
        npy::write_f32(&folder.join(format!("{name}.npy")), &values.view())
    };
    float("traces", truth.traces.clone().into_dyn())?;
    float("spikes", truth.spikes.clone().into_dyn())?;
    float("baselines", Array1::from(truth.baselines.clone()).into_dyn())?;
    float("amplitudes", Array1::from(truth.amplitudes.clone()).into_dyn())?;
    float("peak_snrs", Array1::from(truth.peak_snrs.clone()).into_dyn())?;
    float("shifts", truth.shifts.clone().into_dyn())?;
    float("background", truth.background.clone().into_dyn())?;
    float("neuropil_fields", truth.neuropil_fields.clone().into_dyn())?;
    float("neuropil_courses", truth.neuropil_courses.clone().into_dyn())?;
    float("noise_sd", truth.noise_sd.clone().into_dyn())?;
    let weights = truth.footprints.iter().flat_map(|f| f.weights.clone());
    float("footprint_weights", weights.collect::<Array1<f32>>().into_dyn())?;
    write_indices(&truth.footprints, folder)?;
    let header =
        Header { version: VERSION, n_cells: truth.footprints.len(), config: truth.config.clone() };
    // Last: a folder with a header is whole.
    let path = folder.join("truth.json");
    let text = serde_json::to_string_pretty(&header).expect("numbers and text only");
    write_atomic_bytes(&path, text.as_bytes()).map_err(io("write", &path))
}

fn write_indices(footprints: &[Footprint], folder: &Path) -> Result<(), ImagingError> {
    let pixels = footprints.iter().flat_map(|f| f.pixels.iter().map(|&p| i64::from(p)));
    let mut starts = vec![0];
    starts.extend(footprints.iter().scan(0, |sum, f| {
        *sum += f.pixels.len() as i64;
        Some(*sum)
    }));
    let pixels = pixels.collect::<Array1<i64>>().into_dyn();
    npy::write_i64(&folder.join("footprint_pixels.npy"), &pixels.view())?;
    let starts = Array1::from(starts).into_dyn();
    npy::write_i64(&folder.join("footprint_starts.npy"), &starts.view())?;
    Ok(())
}

pub(super) fn read(folder: &Path) -> Result<MovieTruth, ImagingError> {
    let Header { n_cells, config, .. } = read_header(folder)?;
    let (n_frames, height, width) = (config.n_frames, config.height, config.width);
    let n_components = config.neuropil.n_components;
    let per_cell = |name| Ok::<_, ImagingError>(float::<Ix1>(folder, name, &[n_cells])?.to_vec());
    Ok(MovieTruth {
        shape: MovieShape { n_frames, height, width },
        footprints: read_footprints(folder, n_cells, height * width)?,
        traces: float::<Ix2>(folder, "traces", &[n_cells, n_frames])?,
        spikes: float::<Ix2>(folder, "spikes", &[n_cells, n_frames])?,
        baselines: per_cell("baselines")?,
        amplitudes: per_cell("amplitudes")?,
        peak_snrs: per_cell("peak_snrs")?,
        autoregression: activity::autoregression(&config.indicator, config.frame_rate_hz),
        shifts: float::<Ix2>(folder, "shifts", &[n_frames, 2])?,
        background: float::<Ix2>(folder, "background", &[height, width])?,
        neuropil_fields: float::<Ix3>(folder, "neuropil_fields", &[n_components, height, width])?,
        neuropil_courses: float::<Ix2>(folder, "neuropil_courses", &[n_components, n_frames])?,
        noise_sd: float::<Ix2>(folder, "noise_sd", &[height, width])?,
        config,
    })
}

fn read_header(folder: &Path) -> Result<Header, ImagingError> {
    let path = folder.join("truth.json");
    let text = fs::read_to_string(&path).map_err(io("read", &path))?;
    let header: Header = serde_json::from_str(&text).map_err(|error| {
        ImagingError::input(path.display().to_string(), error, "the truth of a simulated movie")
    })?;
    if header.version != VERSION {
        return Err(ImagingError::input(
            format!("version of {}", path.display()),
            header.version,
            VERSION.to_string(),
        ));
    }
    header.config.check()?;
    Ok(header)
}

fn read_footprints(
    folder: &Path,
    n_cells: usize,
    n_pixels: usize,
) -> Result<Vec<Footprint>, ImagingError> {
    let integers = |name: &str| NpyFile::open(&folder.join(name))?.read_i64();
    let starts = integers("footprint_starts.npy")?;
    let pixels = integers("footprint_pixels.npy")?;
    let weights = float::<Ix1>(folder, "footprint_weights", &[pixels.len()])?;
    let starts: Vec<usize> =
        starts.iter().map(|&s| usize::try_from(s).unwrap_or(usize::MAX)).collect();
    let whole = starts.len() == n_cells + 1 && starts.is_sorted();
    if !whole || starts.last() != Some(&pixels.len()) {
        let path = folder.join("footprint_starts.npy");
        return Err(ImagingError::input(
            path.display().to_string(),
            format!("{} numbers", starts.len()),
            format!("{} ascending ones, the last {}", n_cells + 1, pixels.len()),
        ));
    }
    let pixels: Vec<u32> = pixels.iter().map(|&p| u32::try_from(p).unwrap_or(u32::MAX)).collect();
    if let Some(pixel) = pixels.iter().find(|&&p| p as usize >= n_pixels) {
        let path = folder.join("footprint_pixels.npy");
        let expected = format!("pixels below {n_pixels}");
        return Err(ImagingError::input(path.display().to_string(), pixel, expected));
    }
    let weights = weights.to_vec();
    let cell = |range: &[usize]| Footprint {
        pixels: pixels[range[0]..range[1]].to_vec(),
        weights: weights[range[0]..range[1]].to_vec(),
    };
    Ok(starts.windows(2).map(cell).collect())
}

/// An array of the shape it should have.
fn float<D: Dimension>(
    folder: &Path,
    name: &str,
    shape: &[usize],
) -> Result<ndarray::Array<f32, D>, ImagingError> {
    let path = folder.join(format!("{name}.npy"));
    let file = NpyFile::open(&path)?;
    if file.shape() != shape {
        return Err(ImagingError::input(
            format!("shape of {}", path.display()),
            format!("{:?}", file.shape()),
            format!("{shape:?}"),
        ));
    }
    Ok(file.read_f32()?.into_dimensionality().expect("the shape was checked"))
}

fn io<'a>(
    action: &'static str,
    path: &'a Path,
) -> impl FnOnce(std::io::Error) -> ImagingError + 'a {
    move |source| ImagingError::Io { action, source, path: path.to_owned() }
}
