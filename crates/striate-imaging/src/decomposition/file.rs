//! A factorised movie in a file.
//!
//! One safetensors file, all values 32-bit floats:
//!
//! | tensor | axes | |
//! | --- | --- | --- |
//! | `mean`, `noise` | y, x | in units of the recording; NaN where the recording has any |
//! | `places` | block, 4 | first row, row after the last, first column, column after the last |
//! | `ranks` | block | components of each block; they follow each other in the next two |
//! | `spatial` | component, y of the block, x of the block | of norm 1, not blended; orthogonal within a block without a penalty only |
//! | `temporal` | frame, component | in noise units |
//! | `weights` | block, y of the block, x of the block | blend the blocks; those at a pixel add up to 1 |
//!
//! The metadata hold `format`, `format_version`, `config` (the settings as JSON), `spatial_threshold`,
//! `temporal_threshold` and `definition`. Any frames in Python:
//!
//! ```python
//! import numpy as np
//! from safetensors import safe_open
//!
//! def frames(path, first, last):
//!     with safe_open(path, "numpy") as file:
//!         temporal = file.get_slice("temporal")[first:last]
//!         mean, noise, places, ranks, spatial, weights = (
//!             file.get_tensor(name) for name in ["mean", "noise", "places", "ranks", "spatial", "weights"])
//!     out, end = np.zeros((last - first, *mean.shape), np.float32), 0
//!     for (y0, y1, x0, x1), rank, weight in zip(places.astype(int), ranks.astype(int), weights):
//!         start, end = end, end + rank
//!         out[:, y0:y1, x0:x1] += weight * np.tensordot(temporal[:, start:end], spatial[start:end], 1)
//!     return mean + noise * out
//! ```

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use striate_formats::FormatError;
use striate_formats::safetensors::{NamedTensor, TensorFile, TensorRows, write_rows};

use super::config::DecompositionConfig;
use super::factorised::{BlockComponents, FactorisedMovie};
use super::grid::BlockGrid;
use super::moments::Standard;
use super::roughness::Thresholds;
use super::rows::RowStore;
use crate::{ImagingError, MovieShape};

const FORMAT: &str = "striate-factorised-movie";
const VERSION: &str = "1";
const DEFINITION: &str =
    "frame = mean + noise * sum over blocks of weights * sum over components of spatial * temporal";

impl FactorisedMovie {
    /// Write the movie to `path`, as `decomposition/file.rs` describes: safetensors, for Python as well. The
    /// temporal components pass through memory a mebibyte at a time.
    ///
    /// # Errors
    /// Where the temporal components cannot be read or the file cannot be written; what was there before stays.
    pub fn save(&self, path: &Path) -> Result<(), ImagingError> {
        let block = self.grid.block(0);
        let sides = [block.rows.len(), block.columns.len()];
        let (n_blocks, n_components) = (self.blocks.len(), self.n_components());
        let places: Vec<f32> = self.blocks.iter().flat_map(place_values).collect();
        let ranks: Vec<f32> = self.blocks.iter().map(|block| block.rank as f32).collect();
        let spatial: Vec<f32> =
            self.blocks.iter().flat_map(|block| &block.spatial).copied().collect();
        let weights: Vec<f32> =
            self.blocks.iter().flat_map(|block| &block.weights).copied().collect();
        let image = [self.shape.height, self.shape.width];
        let of_components = [n_components, sides[0], sides[1]];
        let of_blocks = [n_blocks, sides[0], sides[1]];
        let tensors = [
            NamedTensor { name: "mean", shape: &image, values: &self.standard.mean },
            NamedTensor { name: "noise", shape: &image, values: &self.standard.noise },
            NamedTensor { name: "places", shape: &[n_blocks, 4], values: &places },
            NamedTensor { name: "ranks", shape: &[n_blocks], values: &ranks },
            NamedTensor { name: "spatial", shape: &of_components, values: &spatial },
            NamedTensor { name: "weights", shape: &of_blocks, values: &weights },
        ];
        let temporal = TensorRows::new("temporal", self.shape.n_frames, n_components);
        write_rows(path, &tensors, temporal, &self.metadata(), |rows, out| {
            self.temporal.read(rows, out)
        })
    }

    fn metadata(&self) -> BTreeMap<String, String> {
        let config = serde_json::to_string(&self.config).expect("numbers and names");
        let texts = [
            ("format", FORMAT.to_owned()),
            ("format_version", VERSION.to_owned()),
            ("config", config),
            ("spatial_threshold", self.thresholds.spatial.to_string()),
            ("temporal_threshold", self.thresholds.temporal.to_string()),
            ("definition", DEFINITION.to_owned()),
        ];
        texts.into_iter().map(|(key, text)| (key.to_owned(), text)).collect()
    }

    /// A movie that [`save`](Self::save) wrote. Its temporal components stay in the file and are read when frames
    /// are; the file must not change meanwhile.
    ///
    /// # Errors
    /// For a file that cannot be read, is of another kind or version, or whose parts do not fit each other.
    ///
    /// ```
    /// use striate_base::{CancelToken, NoProgress};
    /// use striate_imaging::{ArrayMovie, Movie, decomposition::{DecompositionConfig, FactorisedMovie, decompose}};
    ///
    /// let movie = ndarray::Array3::from_shape_fn((100, 12, 12), |(t, y, x)| ((t / 9) as f32).sin() * (x + y) as f32);
    /// let movie = ArrayMovie::new(movie);
    /// let found = decompose(&movie, &DecompositionConfig::default(), None, &mut NoProgress, &CancelToken::new())?;
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("factorised.safetensors");
    /// found.save(&path)?;
    /// let (mut before, mut after) = ([0.0; 144], [0.0; 144]);
    /// found.read(70..71, &mut before)?;
    /// FactorisedMovie::open(&path)?.read(70..71, &mut after)?;
    /// assert_eq!(before, after);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(path: &Path) -> Result<Self, ImagingError> {
        let parts = Parts::open(path)?;
        let (config, thresholds) = (parts.config()?, parts.thresholds()?);
        let (shape, n_components) = parts.shape()?;
        let grid = BlockGrid::new(shape.height, shape.width, config.block);
        let image = [shape.height, shape.width];
        let (mean, noise) = (parts.tensor("mean", &image)?, parts.tensor("noise", &image)?);
        if !noise.iter().all(|&noise| noise > 0.0 && noise.is_finite()) {
            return Err(parts.malformed(
                "tensor `noise`",
                "a value that is not",
                "numbers above 0",
            ));
        }
        let blocks = parts.blocks(&grid, n_components)?;
        let temporal = RowStore::in_file(parts.file, "temporal")?;
        let standard = Standard { mean, noise };
        Ok(Self { config, shape, grid, standard, thresholds, blocks, temporal })
    }
}

fn place_values(block: &BlockComponents) -> [f32; 4] {
    let (rows, columns) = (&block.place.rows, &block.place.columns);
    [rows.start, rows.end, columns.start, columns.end].map(|cut| cut as f32)
}

/// A file that is being taken apart.
struct Parts {
    file: TensorFile,
    text: BTreeMap<String, String>,
}

impl Parts {
    fn open(path: &Path) -> Result<Self, ImagingError> {
        let file = TensorFile::open(path)?;
        let parts = Self { text: file.metadata(), file };
        for (key, expected) in [("format", FORMAT), ("format_version", VERSION)] {
            let found = parts.text(key)?;
            if found != expected {
                return Err(parts.malformed(key, found, expected));
            }
        }
        Ok(parts)
    }

    fn malformed(&self, what: &str, found: impl ToString, expected: impl ToString) -> ImagingError {
        let (what, found, expected) = (what.to_owned(), found.to_string(), expected.to_string());
        FormatError::Malformed { what, found, expected, path: self.file.path().to_owned() }.into()
    }

    fn text(&self, key: &str) -> Result<&str, ImagingError> {
        let expected = "the text of a factorised movie";
        self.text.get(key).map(String::as_str).ok_or_else(|| self.malformed(key, "none", expected))
    }

    fn config(&self) -> Result<DecompositionConfig, ImagingError> {
        let expected = "settings of the decomposition";
        let config: DecompositionConfig = serde_json::from_str(self.text("config")?)
            .map_err(|error| self.malformed("config", error, expected))?;
        config.check().map_err(|error| self.malformed("config", error, expected))?;
        Ok(config)
    }

    fn thresholds(&self) -> Result<Thresholds, ImagingError> {
        let number = |key| {
            let text = self.text(key)?;
            text.parse::<f64>().map_err(|_| self.malformed(key, text, "a number"))
        };
        Ok(Thresholds {
            spatial: number("spatial_threshold")?,
            temporal: number("temporal_threshold")?,
        })
    }

    /// Shape of the movie, and its number of components.
    fn shape(&self) -> Result<(MovieShape, usize), ImagingError> {
        let (image, temporal) = (self.file.shape("mean")?, self.file.shape("temporal")?);
        match (image, temporal) {
            (&[height, width], &[n_frames, n]) if height > 0 && width > 0 => {
                Ok((MovieShape { n_frames, height, width }, n))
            }
            _ => {
                let found = format!("{image:?} and {temporal:?}");
                Err(self.malformed(
                    "axes of `mean` and `temporal`",
                    found,
                    "[y, x] and [frame, component]",
                ))
            }
        }
    }

    /// A tensor that must be of that shape.
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, ImagingError> {
        let found = self.file.shape(name)?;
        if found != shape {
            let (what, found) = (format!("axes of `{name}`"), format!("{found:?}"));
            return Err(self.malformed(&what, found, format!("{shape:?}")));
        }
        Ok(self.file.read(name)?.values)
    }

    fn blocks(
        &self,
        grid: &BlockGrid,
        n_components: usize,
    ) -> Result<Vec<BlockComponents>, ImagingError> {
        let (n_blocks, block) = (grid.n_blocks(), grid.block(0));
        let (height, width, d) = (block.rows.len(), block.columns.len(), block.n_pixels());
        let ranks = self.ranks(n_blocks, n_components)?;
        let places = self.tensor("places", &[n_blocks, 4])?;
        let spatial = self.tensor("spatial", &[n_components, height, width])?;
        let weights = self.tensor("weights", &[n_blocks, height, width])?;
        let (mut first, mut blocks) = (0, Vec::with_capacity(n_blocks));
        for (i, (rank, weights)) in ranks.into_iter().zip(weights.chunks_exact(d)).enumerate() {
            let spatial = spatial[first * d..(first + rank) * d].to_vec();
            let weights = weights.to_vec();
            let block = BlockComponents { place: grid.block(i), first, rank, spatial, weights };
            if place_values(&block) != places[4 * i..4 * i + 4] {
                let found = format!("{:?}", &places[4 * i..4 * i + 4]);
                return Err(self.malformed(
                    "tensor `places`",
                    found,
                    format!("{:?}", place_values(&block)),
                ));
            }
            blocks.push(block);
            first += rank;
        }
        Ok(blocks)
    }

    /// Components of each block, which must add up.
    fn ranks(&self, n_blocks: usize, n_components: usize) -> Result<Vec<usize>, ImagingError> {
        let ranks = self.tensor("ranks", &[n_blocks])?;
        let is_rank =
            |&rank: &f32| rank.fract() == 0.0 && (0.0..=n_components as f32).contains(&rank);
        if let Some(rank) = ranks.iter().find(|rank| !is_rank(rank)) {
            return Err(self.malformed(
                "tensor `ranks`",
                rank,
                format!("whole numbers up to {n_components}"),
            ));
        }
        let ranks: Vec<usize> = ranks.into_iter().map(|rank| rank as usize).collect();
        let sum = ranks.iter().fold(0usize, |sum, &rank| sum.saturating_add(rank));
        if sum != n_components {
            return Err(self.malformed("sum of `ranks`", sum, n_components));
        }
        Ok(ranks)
    }
}
