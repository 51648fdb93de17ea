//! An extraction: the movie before and after, and its cells.

mod cells;
mod raw;

use std::ops::Range;
use std::path::Path;

use striate_formats::npy::NpyFile;
use striate_imaging::decomposition::FactorisedMovie;
use striate_imaging::extraction::ExtractionConfig;
use striate_imaging::{Movie, MovieShape};

use crate::library::file;
use crate::reply::Refusal;
pub(crate) use cells::Cell;
use raw::RawMovie;

/// Frames looked at for the range of grey values.
const FRAMES_FOR_RANGE: usize = 24;

/// Share of pixels outside the range on either side.
const OUTSIDE: f64 = 0.002;

/// Which movie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// As recorded, registered where the extraction registered it.
    Raw,
    Denoised,
    /// What denoising left out.
    Residual,
}

/// An extraction whose movies can be read.
pub(crate) struct OpenedExtraction {
    denoised: FactorisedMovie,
    raw: Result<RawMovie, Refusal>,
    pub(crate) frame_rate_hz: Option<f64>,
    pub(crate) cells: Vec<Cell>,
    /// Of raw and denoised frames, and of residuals.
    ranges: [[f32; 2]; 2],
}

/// Frames as grey values.
pub(crate) struct Picture {
    /// `[frame, y, x]`.
    pub(crate) pixels: Vec<u8>,
    /// Values that 0 and 255 stand for.
    pub(crate) range: [f32; 2],
}

impl OpenedExtraction {
    pub(crate) fn open(folder: &Path) -> Result<Self, Refusal> {
        let denoised = FactorisedMovie::open(&folder.join("factors.safetensors"))?;
        let shape = denoised.shape();
        let config = config(folder);
        let raw = match &config {
            Ok(config) => RawMovie::open(folder, config, shape),
            Err(refusal) => Err(refusal.clone()),
        };
        let frame_rate_hz =
            config.ok().map(|config| config.frame_rate_hz).filter(|&rate| rate > 0.0);
        let cells = cells::read(folder, shape.width)?;
        let mut opened = Self { denoised, raw, frame_rate_hz, cells, ranges: [[0.0, 1.0]; 2] };
        opened.ranges = opened.find_ranges()?;
        Ok(opened)
    }

    pub(crate) fn shape(&self) -> MovieShape {
        self.denoised.shape()
    }

    /// Whether the movie itself was found.
    pub(crate) fn has_raw(&self) -> bool {
        self.raw.is_ok()
    }

    /// Bytes in memory, about.
    pub(crate) fn n_bytes(&self) -> usize {
        let factors: usize = self
            .denoised
            .blocks()
            .iter()
            .map(|block| block.spatial.len() + block.weights.len())
            .sum();
        let contours: usize = self.cells.iter().map(Cell::n_bytes).sum();
        let raw = self.raw.as_ref().map_or(0, RawMovie::n_bytes);
        4 * factors + 8 * self.shape().n_pixels() + contours + raw
    }

    /// Frames of one of the movies, which must exist.
    pub(crate) fn picture(&self, kind: Kind, frames: Range<usize>) -> Result<Picture, Refusal> {
        let range = self.ranges[usize::from(kind == Kind::Residual)];
        let scale = 255.0 / (range[1] - range[0]);
        // What is not a number becomes black.
        let grey = |value: f32| ((value - range[0]) * scale).round().clamp(0.0, 255.0) as u8;
        Ok(Picture { pixels: self.frames(kind, frames)?.into_iter().map(grey).collect(), range })
    }

    fn frames(&self, kind: Kind, frames: Range<usize>) -> Result<Vec<f32>, Refusal> {
        let denoised = || {
            let mut values = vec![0.0; frames.len() * self.shape().n_pixels()];
            self.denoised.read(frames.clone(), &mut values)?;
            Ok::<_, Refusal>(values)
        };
        match kind {
            Kind::Denoised => denoised(),
            Kind::Raw => self.raw()?.frames(frames),
            Kind::Residual => {
                let (raw, denoised) = (self.raw()?.frames(frames.clone())?, denoised()?);
                Ok(raw.into_iter().zip(denoised).map(|(raw, denoised)| raw - denoised).collect())
            }
        }
    }

    fn raw(&self) -> Result<&RawMovie, Refusal> {
        self.raw.as_ref().map_err(Clone::clone)
    }

    /// Ranges that hold for the whole movie, so that frames can be compared.
    fn find_ranges(&self) -> Result<[[f32; 2]; 2], Refusal> {
        let n_frames = self.shape().n_frames;
        let (mut values, mut residuals) = (Vec::new(), Vec::new());
        for i in 0..FRAMES_FOR_RANGE.min(n_frames) {
            let frame = i * n_frames / FRAMES_FOR_RANGE.min(n_frames);
            let of = |kind| Ok::<_, Refusal>(thinned(self.frames(kind, frame..frame + 1)?));
            values.extend(of(Kind::Denoised)?);
            if self.has_raw() {
                values.extend(of(Kind::Raw)?);
                residuals.extend(of(Kind::Residual)?);
            }
        }
        let residual = range(residuals);
        let most = residual[0].abs().max(residual[1].abs());
        Ok([range(values), [-most, most]])
    }
}

/// Some of the values, for large frames.
fn thinned(values: Vec<f32>) -> impl Iterator<Item = f32> {
    let step = values.len().div_ceil(20_000).max(1);
    values.into_iter().step_by(step)
}

/// All but a few of the values lie in it; never empty.
fn range(mut values: Vec<f32>) -> [f32; 2] {
    values.retain(|value| value.is_finite());
    values.sort_unstable_by(f32::total_cmp);
    let last = values.len().saturating_sub(1) as f64;
    let at = |share: f64| values.get((share * last).round() as usize).copied().unwrap_or(0.0);
    let (low, high) = (at(OUTSIDE), at(1.0 - OUTSIDE));
    if low < high { [low, high] } else { [low, low + 1.0] }
}

fn config(folder: &Path) -> Result<ExtractionConfig, Refusal> {
    let path = folder.join("config.toml");
    let text = String::from_utf8(file::read(&path, 1 << 20)?).unwrap_or_default();
    toml::from_str(&text)
        .map_err(|error| Refusal::unusable(format!("settings: {error}: {}", path.display())))
}

/// One cell's row of an array of the extraction.
pub(crate) fn row(folder: &Path, name: &str, cell: usize) -> Result<Vec<f32>, Refusal> {
    let path = folder.join(name);
    if !file::is_file(&path) {
        return Err(Refusal::no("file of traces"));
    }
    let array = NpyFile::open(&path)?;
    if array.shape().first().is_none_or(|&n| cell >= n) {
        return Err(Refusal::no("cell"));
    }
    Ok(array.read_rows_f32(cell..cell + 1)?.into_iter().collect())
}
