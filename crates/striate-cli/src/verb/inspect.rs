//! `striate inspect`: what is in a recording or a calcium movie, and what is odd about it.

pub(super) mod movie;
mod text;

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use striate::base::machine;
use striate::fit::FitConfig;
use striate::formats::image::write_png_rgb;
use striate::recording::{
    Inspection, InspectionConfig, Recording, RecordingConfig, Session, examples, inspect,
};
use striate::report::{ExampleFrame, SessionPicture, session_picture};

use crate::context::Context;
use crate::failure::Failure;
use crate::run::toml_text;

/// Example frames in the picture.
const N_FRAMES: usize = 6;

/// Columns of responses in the picture.
const N_COLUMNS: usize = 900;

/// What code, thread stacks and allocator keep for themselves, and what a piece of a trial takes.
const WORKING_BYTES: u64 = 64 << 20;

/// Show what is in a recording or a calcium movie, and what is odd about it
///
/// PATH is a session folder or a folder of session folders (Sensorium 2023 or 2022 layout), a
/// recording manifest, or a fit configuration. Values are read once, piece by piece: sessions,
/// neurons, trials of each tier, rates, missing values, noise ceilings where stimuli were repeated,
/// and warnings, gravest first.
///
/// Or PATH is a calcium movie: a TIFF, HDF5, NWB, NPY, NPZ, CaImAn or raw file, or a folder of TIFFs. It
/// is read once: format, noise, saturation, local correlations, frames that are repeated, blank or
/// far from the others. What a file does not say itself is given by --set: movie.dataset, movie.axes,
/// movie.channel, movie.channels, movie.plane, movie.planes, and for raw files as in the example.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  striate inspect data/dynamic29515-10-12
  striate inspect configs/rgc-whitenoise.toml --set recording.root=DATA --picture rgc.png
  striate inspect my-recording.toml --json
  striate inspect movie.tif --picture movie.png
  striate inspect data.bin --set movie.raw.shape=[0,512,512] --set movie.raw.pixel_type=i16")]
pub(crate) struct InspectArguments {
    /// Recording folder, session folder, manifest (.toml), fit configuration (.toml) or movie
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Override a key of the recording, as recording.root=FOLDER, or of a movie, as movie.channel=0;
    /// may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Paint example frames and responses of the first session (or of --session), or a movie's mean,
    /// maximum and local correlations
    #[arg(long, value_name = "FILE.png")]
    picture: Option<PathBuf>,
    /// The session to paint
    #[arg(long, value_name = "ID", requires = "picture")]
    session: Option<String>,
    /// Read at most so many values of each session or of the movie, an evenly spread part
    /// [default: 1073741824, of a movie 8000000000]
    #[arg(long, value_name = "N")]
    max_values: Option<u64>,
}

pub(crate) fn run(arguments: &InspectArguments, context: &Context) -> Result<(), Failure> {
    if movie::is_movie(arguments) {
        return movie::run(arguments, context);
    }
    let recording = Recording::open(&recording_config(&arguments.path, &arguments.overrides)?)
        .map_err(|e| Failure::from(e).at(&arguments.path))?;
    let needed = WORKING_BYTES + recording.resident_bytes();
    context.remark(&format!("needs about {} of memory", machine::format_bytes(needed)));
    context.check_memory(needed)?;
    if let Some(path) = &arguments.picture {
        paint(&recording, arguments.session.as_deref(), path)?;
    }
    let max_values = arguments.max_values.unwrap_or(InspectionConfig::default().max_values);
    let config = InspectionConfig { max_values };
    let found = inspect(&recording, &config, &mut context.progress(), &context.cancel)?;
    let text = text::describe(&recording, &found);
    context.result(&text, &value(&found, arguments.picture.as_deref()));
    Ok(())
}

fn value(found: &Inspection, picture: Option<&Path>) -> serde_json::Value {
    let mut value = json!(found);
    if let Some(object) = value.as_object_mut() {
        object.insert("picture".into(), json!(picture));
        object.insert("worst".into(), json!(found.worst()));
    }
    value
}

/// What to open at `path`: a fit configuration has a table `[recording]`, anything else is a
/// recording itself.
fn recording_config(path: &Path, overrides: &[String]) -> Result<RecordingConfig, Failure> {
    let is_toml = path.extension().is_some_and(|extension| extension == "toml");
    if is_toml && path.is_file() {
        let text = std::fs::read_to_string(path)
            .map_err(|e| Failure::io("cannot read the configuration", &e, path))?;
        // What is no TOML is told by the reader of manifests, which knows what it expects.
        if text.parse::<toml::Table>().is_ok_and(|table| table.contains_key("recording")) {
            let config = FitConfig::open(path, overrides).map_err(|e| Failure::from(e).at(path))?;
            return Ok(config.recording);
        }
    }
    let absolute =
        std::path::absolute(path).map_err(|e| Failure::io("cannot find the folder", &e, path))?;
    let mut given = vec![format!("recording.path={}", toml_text(&absolute)?)];
    given.extend_from_slice(overrides);
    let config = FitConfig::from_toml("", &std::env::current_dir().unwrap_or_default(), &given);
    Ok(config.map_err(|e| Failure::from(e).at(path))?.recording)
}

fn paint(recording: &Recording, id: Option<&str>, path: &Path) -> Result<(), Failure> {
    let session = match id {
        None => recording.sessions.first(),
        Some(id) => recording.sessions.iter().find(|session| session.info.id == id),
    };
    let session = session.ok_or_else(|| {
        let known: Vec<&str> = recording.sessions.iter().map(|s| s.info.id.as_str()).collect();
        let id = id.unwrap_or_default();
        Failure::usage(format!("found no session `{id}`, expected one of: {}", known.join(", ")))
    })?;
    let picture = session_picture(&contents(session)?);
    write_png_rgb(path, picture.width(), picture.height(), picture.pixels())?;
    Ok(())
}

fn contents(session: &Session) -> Result<SessionPicture, Failure> {
    let found = examples(session, N_FRAMES, N_COLUMNS)?;
    let frames = found.frames.into_iter();
    Ok(SessionPicture {
        lines: vec![session.info.id.clone(), text::facts(session)],
        frames: frames.map(|f| ExampleFrame { label: f.label, pixels: f.pixels }).collect(),
        responses: found.responses,
        column: (found.column_name, found.column_step),
    })
}
