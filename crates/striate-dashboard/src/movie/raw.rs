//! The movie that an extraction was made of, as far as it is still there.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use striate_formats::stack::ImageStack;
use striate_imaging::extraction::ExtractionConfig;
use striate_imaging::registration::{Interpolation, Registered, Shifts};
use striate_imaging::{Movie, MovieShape, StackMovie};

use crate::library::file;
use crate::reply::Refusal;

/// Where the movie lay.
#[derive(Deserialize)]
struct Source {
    path: PathBuf,
}

/// The movie, and how it was registered.
pub(super) struct RawMovie {
    movie: StackMovie,
    shifts: Option<Shifts>,
    interpolation: Interpolation,
}

impl RawMovie {
    /// The movie that `folder` was made of, which must be of that shape.
    pub(super) fn open(
        folder: &Path,
        config: &ExtractionConfig,
        shape: MovieShape,
    ) -> Result<Self, Refusal> {
        let source: Source = file::read_json(&folder.join("movie.json"))
            .map_err(|_| Refusal::no("movie: this extraction does not say where its movie lies"))?;
        let movie = StackMovie(ImageStack::open(&source.path, &config.movie)?);
        if movie.shape() != shape {
            return Err(Refusal::unusable("the movie is another one by now"));
        }
        let path = folder.join("shifts.safetensors");
        let shifts = file::is_file(&path).then(|| Shifts::read(&path)).transpose()?;
        Ok(Self { movie, shifts, interpolation: config.registration.applied_interpolation() })
    }

    /// Frames, registered where the extraction registered them.
    pub(super) fn frames(&self, frames: Range<usize>) -> Result<Vec<f32>, Refusal> {
        let mut values = vec![0.0; frames.len() * self.movie.shape().n_pixels()];
        match &self.shifts {
            None => self.movie.read(frames, &mut values)?,
            Some(shifts) => {
                Registered::new(&self.movie, shifts, self.interpolation)?
                    .read(frames, &mut values)?;
            }
        }
        Ok(values)
    }

    pub(super) fn n_bytes(&self) -> usize {
        self.movie.0.describe().resident_bytes as usize
    }
}
