//! The whole way: movie -> registration -> decomposition -> demixing -> traces, stage by stage in a folder.
//!
//! Every stage leaves its product in the folder with a record of what it was made from. Stopped at any moment, the
//! same call goes on after the last stage that was finished; a setting that changes repeats its stage and those after.

mod cells;
mod config;
mod files;
mod stage;
#[cfg(test)]
mod tests;

use std::path::Path;

use ndarray::Array2;
use striate_base::{CancelToken, Progress};

pub use cells::Cells;
pub use config::{ExtractionConfig, Register, ValidExtraction};
use stage::Stages;

use crate::decomposition::{DecompositionDiagnostics, FactorisedMovie, decompose};
use crate::deconvolution::{Deconvolved, Event, deconvolve_all, events};
use crate::registration::{Registered, RegistrationQuality, Shifts, register};
use crate::traces::dff_all;
use crate::{Footprint, ImagingError, Movie, MovieShape};

/// Where a movie was registered: shifts, and how good they are.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundShifts {
    /// Shift of every frame.
    pub shifts: Shifts,
    /// Measures before and after.
    pub quality: RegistrationQuality,
}

/// All that was made of a movie.
#[derive(Debug)]
pub struct Extraction {
    /// Frames, rows and columns.
    pub shape: MovieShape,
    /// Frames per second.
    pub frame_rate_hz: f64,
    /// Shifts, where the movie was registered.
    pub registration: Option<FoundShifts>,
    /// The compressed movie.
    pub factors: FactorisedMovie,
    /// What the decomposition left out.
    pub diagnostics: DecompositionDiagnostics,
    /// The cells, strongest first, and their fluorescence.
    pub cells: Cells,
    /// Fluorescence relative to its baseline, `[cell, frame]`.
    pub dff: Array2<f32>,
    /// Calcium and spikes of each cell, in dF/F.
    pub deconvolved: Vec<Deconvolved>,
    /// Events of each cell.
    pub events: Vec<Vec<Event>>,
    /// The stages with the seconds that each took when it was run.
    pub seconds: Vec<(String, f64)>,
}

/// The spikes of an extraction's cells, `[cell, frame]`, in dF/F.
pub fn spikes(found: &Extraction) -> Array2<f32> {
    files::rows(found, |cell| &cell.spikes)
}

/// Frames that name a movie.
const FRAMES_HASHED: usize = 32;

/// A hash of a movie's shape and of up to 32 of its frames, evenly spread: a change elsewhere is not noticed.
///
/// # Errors
/// Where frames cannot be read.
pub fn identity(movie: &dyn Movie) -> Result<String, ImagingError> {
    let shape = movie.shape();
    let mut bytes = format!("{shape:?}").into_bytes();
    let mut frame = vec![0.0; shape.n_pixels()];
    let n = FRAMES_HASHED.min(shape.n_frames);
    for i in 0..n {
        let t = i * (shape.n_frames - 1) / (n - 1).max(1);
        movie.read(t..t + 1, &mut frame)?;
        frame.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
    }
    Ok(striate_base::provenance::hash_bytes(&bytes))
}

/// Extract the cells of `movie` into `folder`. `identity` names the movie's contents (a hash): with another one,
/// everything is made anew. With `seeds`, the cells are those, refined.
///
/// # Errors
/// For a movie that cannot be used, files that cannot be written, and when cancelled.
pub fn extract(
    movie: &dyn Movie,
    identity: &str,
    config: &ValidExtraction,
    seeds: Option<&[Footprint]>,
    folder: &Path,
    progress: &mut dyn Progress,
    cancel: &CancelToken,
) -> Result<Extraction, ImagingError> {
    let shape = movie.shape();
    let rate = config.frame_rate_hz;
    let mut stages = Stages::new(folder, identity)?;
    let wanted = config.registration_wanted();
    let registration = match &wanted {
        None => None,
        Some(settings) => Some(stages.run(
            "registration",
            settings,
            || files::read_shifts(folder),
            || {
                let found = register(movie, settings, progress, cancel)?;
                let found = FoundShifts { shifts: found.shifts, quality: found.quality };
                files::write_shifts(folder, &found)?;
                Ok(found)
            },
        )?),
    };
    let registered = match (&registration, &wanted) {
        (Some(found), Some(settings)) => {
            Some(Registered::new(movie, &found.shifts, settings.applied_interpolation())?)
        }
        _ => None,
    };
    let movie: &dyn Movie = registered.as_ref().map_or(movie, |registered| registered);
    let path = folder.join(files::FACTORS);
    let factors = stages.run(
        "decomposition",
        &config.decomposition,
        || FactorisedMovie::open(&path),
        || {
            let scratch = folder.join("factors.scratch");
            // What a killed call left; the folder is ours.
            let _ = std::fs::remove_file(&scratch);
            let found = decompose(movie, &config.decomposition, Some(&scratch), progress, cancel)?;
            found.save(&path)?;
            FactorisedMovie::open(&path)
        },
    )?;
    let diagnostics = stages.run(
        "diagnostics",
        &(),
        || files::read_diagnostics(folder),
        || {
            let found = factors.diagnose(movie, progress, cancel)?;
            files::write_diagnostics(folder, &found)?;
            Ok(found)
        },
    )?;
    let demixing = config.demixing_of(shape);
    let cells = stages.run(
        "demixing",
        &(&demixing, seeds),
        || Cells::read(folder),
        || {
            let found = Cells::find(movie, &factors, &demixing, seeds, progress, cancel)?;
            found.write(folder)?;
            Ok(found)
        },
    )?;
    let dff = dff_all(&cells.fluorescence, rate, &config.dff)?;
    let deconvolved = deconvolve_all(&dff, rate, &config.deconvolution.check()?)?;
    let events = deconvolved.iter().map(|cell| events(cell, config.event_threshold)).collect();
    let seconds = stages.seconds;
    let extraction = Extraction {
        shape,
        frame_rate_hz: rate,
        registration,
        factors,
        diagnostics,
        cells,
        dff,
        deconvolved,
        events,
        seconds,
    };
    files::write_results(folder, &extraction)?;
    Ok(extraction)
}
