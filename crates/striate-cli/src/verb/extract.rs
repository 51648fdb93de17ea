//! `striate extract`: from a calcium movie to cells, their traces and their spikes.

pub(super) mod comparison;
mod recording;
pub(super) mod report;
mod text;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use striate::base::lock::FolderLock;
use striate::base::provenance::{Provenance, hash_bytes};
use striate::base::{files, machine};
use striate::fit::config::read_settings;
use striate::formats::stack::ImageStack;
use striate::imaging::extraction::{
    Extraction, ExtractionConfig, ValidExtraction, extract, identity,
};
use striate::imaging::matching::read_regions;
use striate::imaging::{Footprint, Movie, StackMovie};

use self::comparison::Comparison;
use super::inspect::movie::OPTIONAL_KEYS;
use crate::context::Context;
use crate::failure::Failure;

/// What code, thread stacks and allocator keep for themselves.
const WORKING_BYTES: u64 = 64 << 20;

/// Find the cells of a calcium movie, and their traces and spikes
///
/// MOVIE is a TIFF or BigTIFF file, a folder of TIFF files, an HDF5 or NWB file, an array in an .npy or .npz file, or a
/// raw file with `--set movie.raw.shape=[FRAMES,HEIGHT,WIDTH]`. The movie is registered (if asked for), compressed and
/// denoised by penalized matrix decomposition, and demixed into cells; their fluorescence becomes dF/F and spikes.
/// Nothing has to be tuned, but the diameter of a cell is worth giving (`--set demixing.diameter_px=12`). Stopped at any
/// moment, the same command goes on after the last finished stage. Where the truth of a simulated movie lies beside it
/// (`truth/`), what was found is compared with it.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  striate extract movie.tif --out extracted
  striate extract movie.h5 --out extracted --set movie.dataset=/mov --set frame_rate_hz=30 --set register=rigid
  striate extract movie.tif --out extracted --regions regions.json
  striate extract movie.tif --out extracted --stimulus stimulus.toml")]
pub(crate) struct ExtractArguments {
    /// The movie
    #[arg(value_name = "MOVIE")]
    movie: PathBuf,
    /// Folder to leave everything in
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Settings (TOML) that differ from the defaults
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Override a setting, as `demixing.diameter_px=10` or `register=rigid`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Cells to extract instead of looking for them (neurofinder's regions.json)
    #[arg(long, value_name = "FILE.json")]
    regions: Option<PathBuf>,
    /// What was shown: a recording's manifest without [responses], for a recording that `striate fit` takes
    #[arg(long, value_name = "FILE.toml")]
    stimulus: Option<PathBuf>,
    /// When each image of the stimulus was shown: a table `image,first_frame,end_frame`
    #[arg(long, value_name = "FILE.csv", requires = "stimulus")]
    presentations: Option<PathBuf>,
}

pub(crate) fn run(arguments: &ExtractArguments, context: &Context) -> Result<(), Failure> {
    let clock = Instant::now();
    let extracted = extracted(arguments, context)?;
    let seconds = clock.elapsed().as_secs_f64();
    let value = text::value(&extracted, &arguments.out, seconds);
    context.result(&text::describe(&extracted, &arguments.out), &value);
    Ok(())
}

/// What was found, and how it compares with the truth where that lies beside the movie.
pub(super) struct Extracted {
    pub(super) found: Extraction,
    pub(super) comparison: Option<Comparison>,
}

impl ExtractArguments {
    /// Extract `movie` into `out` with some settings.
    pub(super) fn new(movie: PathBuf, out: PathBuf, overrides: Vec<String>) -> Self {
        Self {
            movie,
            out,
            config: None,
            overrides,
            regions: None,
            stimulus: None,
            presentations: None,
        }
    }
}

/// Extract, and leave everything in the folder: arrays, recording and page.
pub(super) fn extracted(
    arguments: &ExtractArguments,
    context: &Context,
) -> Result<Extracted, Failure> {
    let mut config = settings(arguments)?;
    let stack = ImageStack::open(&arguments.movie, &config.movie)?;
    let found_rate = stack.describe().frame_rate_hz;
    if config.frame_rate_hz == 0.0 {
        config.frame_rate_hz = found_rate.ok_or_else(|| {
            Failure::usage(format!(
                "frame rate: found none in the file, expected --set frame_rate_hz=RATE: {}",
                arguments.movie.display()
            ))
        })?;
    }
    if let Some(seed) = context.seed {
        config.decomposition.seed = seed;
    }
    let (config, movie) = (config.check()?, StackMovie(stack));
    recording::check(arguments, movie.shape().n_frames)?;
    let _lock = claim(&movie, &config, &arguments.out, context)?;
    let found = into(&movie, &config, arguments, context)?;
    text::doubts(&found).iter().for_each(|doubt| context.remark(doubt));
    recording::write(arguments, &config, &found)?;
    // Cells that were given say nothing when they are found again.
    let truth = match &arguments.regions {
        None => comparison::beside(&arguments.movie, &found)?,
        Some(_) => None,
    };
    let comparison = truth.map(|truth| Comparison::of(&found, &config, &truth)).transpose()?;
    let title = arguments.movie.file_name().unwrap_or_default().to_string_lossy();
    report::write(&movie, &title, &config, &found, comparison.as_ref(), &arguments.out)?;
    Ok(Extracted { found, comparison })
}

/// Make the folder this call's own, after saying what the work will take.
fn claim(
    movie: &StackMovie,
    config: &ValidExtraction,
    out: &Path,
    context: &Context,
) -> Result<FolderLock, Failure> {
    let resident = movie.0.describe().resident_bytes;
    let needed = WORKING_BYTES + resident + config.memory_bytes(movie.shape());
    context.remark(&format!("needs about {} of memory", machine::format_bytes(needed)));
    context.check_memory(needed)?;
    std::fs::create_dir_all(out).map_err(|e| Failure::io("cannot make the folder", &e, out))?;
    Ok(FolderLock::acquire(out)?)
}

/// Lengths and times of the files of a movie: a change that the hash of some frames does not see.
fn stamp(path: &Path) -> Result<String, Failure> {
    let failed = |e: std::io::Error| Failure::io("cannot look at the movie", &e, path);
    let mut files = vec![path.to_owned()];
    if path.is_dir() {
        let entries: Result<Vec<_>, _> = std::fs::read_dir(path).map_err(failed)?.collect();
        files = entries.map_err(failed)?.into_iter().map(|entry| entry.path()).collect();
        files.sort_unstable();
    }
    let mut text = String::new();
    for file in files {
        let metadata = std::fs::metadata(&file).map_err(failed)?;
        text += &format!("{} {:?};", metadata.len(), metadata.modified().map_err(failed)?);
    }
    Ok(hash_bytes(text.as_bytes()))
}

/// Extract into the folder.
fn into(
    movie: &StackMovie,
    config: &ValidExtraction,
    arguments: &ExtractArguments,
    context: &Context,
) -> Result<Extraction, Failure> {
    let seeds = seeds(arguments.regions.as_deref(), movie)?;
    let (seeds, out) = (seeds.as_deref(), &arguments.out);
    let data_hash = identity(movie)?;
    describe(config, &data_hash, out, context)?;
    name_movie(movie.0.path(), out)?;
    let (mut progress, cancel) = (context.progress(), &context.cancel);
    let contents = format!("{data_hash} {}", stamp(movie.0.path())?);
    let found = extract(movie, &contents, config, seeds, out, &mut progress, cancel);
    found.map_err(|error| match Failure::from(error) {
        failure if cancel.is_cancelled() => {
            failure.while_doing("stopped; the same command goes on after the last finished stage")
        }
        failure => failure,
    })
}

/// Write settings and provenance.
fn describe(
    config: &ValidExtraction,
    data_hash: &str,
    out: &Path,
    context: &Context,
) -> Result<(), Failure> {
    let text = toml::to_string(&**config).map_err(Failure::other)?;
    let provenance = Provenance::new(
        config.decomposition.seed,
        context.threads,
        data_hash,
        hash_bytes(text.as_bytes()),
    );
    let provenance = serde_json::to_string_pretty(&provenance).map_err(Failure::other)?;
    for (name, text) in [("config.toml", &text), ("provenance.json", &provenance)] {
        let path = out.join(name);
        files::write_atomic_bytes(&path, text.as_bytes())
            .map_err(|e| Failure::io("cannot write", &e, &path))?;
    }
    Ok(())
}

/// Say where the movie lies, for those who show it beside what was made of it.
fn name_movie(movie: &Path, out: &Path) -> Result<(), Failure> {
    let movie =
        std::path::absolute(movie).map_err(|e| Failure::io("cannot find the movie", &e, movie))?;
    let path = out.join("movie.json");
    let text = format!("{:#}\n", serde_json::json!({ "path": movie }));
    files::write_atomic_bytes(&path, text.as_bytes())
        .map_err(|e| Failure::io("cannot write", &e, &path))
}

fn settings(arguments: &ExtractArguments) -> Result<ExtractionConfig, Failure> {
    let text = match &arguments.config {
        Some(path) => std::fs::read_to_string(path).map_err(|e| {
            Failure::usage(format!("cannot read the settings: {e}: {}", path.display()))
        })?,
        None => String::new(),
    };
    let optional: Vec<&str> = OPTIONAL_KEYS.iter().chain(&MORE_OPTIONAL_KEYS).copied().collect();
    let config =
        read_settings(&ExtractionConfig::default(), &text, &arguments.overrides, &optional);
    match &arguments.config {
        Some(path) => config.map_err(|e| Failure::from(e).at(path)),
        None => Ok(config?),
    }
}

/// Keys that have no default, beside those of the file.
const MORE_OPTIONAL_KEYS: [&str; 6] = [
    "registration.piecewise",
    "registration.piecewise.patch_px",
    "registration.piecewise.max_deviation_px",
    "registration.piecewise.n_smoothings",
    "deconvolution.decay_s",
    "deconvolution.rise_s",
];

fn seeds(path: Option<&Path>, movie: &StackMovie) -> Result<Option<Vec<Footprint>>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let shape = movie.shape();
    Ok(Some(read_regions(path, (shape.height, shape.width))?))
}
