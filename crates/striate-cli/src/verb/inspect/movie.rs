//! `striate inspect` of a calcium movie.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::json;
use striate::base::machine;
use striate::fit::config::read_settings;
use striate::formats::image::write_png_rgb;
use striate::formats::stack::{Access, ImageStack, StackFacts, StackOptions};
use striate::imaging::{Movie, MovieInspection, MovieInspectionConfig, StackMovie, inspect_movie};
use striate::report::{ExampleFrame, MoviePicture, movie_picture};

use super::{InspectArguments, WORKING_BYTES};
use crate::context::Context;
use crate::failure::Failure;

/// Extensions of files that are movies.
const EXTENSIONS: [&str; 11] =
    ["tif", "tiff", "btf", "h5", "hdf5", "nwb", "npy", "npz", "bin", "raw", "mmap"];

/// Keys of how a movie is read that have no default.
pub(in crate::verb) const OPTIONAL_KEYS: [&str; 11] = [
    "movie.dataset",
    "movie.raw",
    "movie.raw.shape",
    "movie.raw.pixel_type",
    "movie.raw.offset",
    "movie.raw.big_endian",
    "movie.axes",
    "movie.channel",
    "movie.channels",
    "movie.plane",
    "movie.planes",
];

/// Frames named in a list.
const MOST_NAMED: usize = 10;

/// What `--set` can change.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    movie: StackOptions,
    inspection: MovieInspectionConfig,
}

/// Whether what lies at `path` is to be read as a movie.
pub(super) fn is_movie(arguments: &InspectArguments) -> bool {
    let path = &arguments.path;
    if path.is_dir() {
        return std::fs::read_dir(path).is_ok_and(|entries| {
            let mut names = entries.flatten().map(|entry| entry.file_name().to_ascii_lowercase());
            names.any(|name| {
                name.to_str().is_some_and(|name| name.ends_with(".tif") || name.ends_with(".tiff"))
            })
        });
    }
    let extension = path.extension().and_then(|extension| extension.to_str());
    let is_known = extension.is_some_and(|e| EXTENSIONS.contains(&e.to_ascii_lowercase().as_str()));
    is_known || arguments.overrides.iter().any(|text| text.trim_start().starts_with("movie."))
}

pub(super) fn run(arguments: &InspectArguments, context: &Context) -> Result<(), Failure> {
    if arguments.session.is_some() {
        return Err(Failure::usage("found --session, expected none: a movie has no sessions"));
    }
    let mut settings: Settings =
        read_settings(&Settings::default(), "", &arguments.overrides, &OPTIONAL_KEYS)?;
    if let Some(max_values) = arguments.max_values {
        settings.inspection.max_values = max_values;
    }
    let stack = ImageStack::open(&arguments.path, &settings.movie)?;
    let movie = StackMovie(stack);
    let resident = movie.0.describe().resident_bytes;
    let needed = WORKING_BYTES + resident + settings.inspection.memory_bytes(movie.shape());
    context.remark(&format!("needs about {} of memory", machine::format_bytes(needed)));
    context.check_memory(needed)?;
    let found =
        inspect_movie(&movie, &settings.inspection, &mut context.progress(), &context.cancel)?;
    if let Some(path) = &arguments.picture {
        paint(&movie.0, &found, path)?;
    }
    let value = json!({
        "path": arguments.path,
        "shape": movie.0.shape(),
        "pixel_type": movie.0.pixel_type().to_string(),
        "bytes_on_disk": movie.0.bytes_on_disk(),
        "file": movie.0.describe(),
        "inspection": found,
        "picture": arguments.picture,
    });
    context.result(&describe(&movie.0, &found), &value);
    Ok(())
}

fn paint(stack: &ImageStack, found: &MovieInspection, path: &Path) -> Result<(), Failure> {
    let [_, height, width] = stack.shape();
    let image = |label: &str, pixels: &[f32]| {
        let pixels = ndarray::Array2::from_shape_vec((height, width), pixels.to_vec());
        pixels
            .map(|pixels| ExampleFrame { label: label.to_owned(), pixels })
            .map_err(Failure::other)
    };
    let name = stack.path().file_name().map(|name| name.to_string_lossy().into_owned());
    let picture = movie_picture(&MoviePicture {
        lines: vec![name.unwrap_or_default(), facts(stack)],
        images: vec![
            image("mean", &found.mean_image)?,
            image("max", &found.max_image)?,
            image("correlation with neighbours", &found.correlation_image)?,
        ],
    });
    write_png_rgb(path, picture.width(), picture.height(), picture.pixels())?;
    Ok(())
}

/// One line on a movie.
fn facts(stack: &ImageStack) -> String {
    let [n_frames, height, width] = stack.shape();
    let StackFacts { format, frame_rate_hz, n_channels, n_planes, .. } = stack.describe();
    let rate = frame_rate_hz.map_or("rate not stated".to_owned(), |hz| format!("{hz:.4} Hz"));
    let of =
        |n: usize, what: &str| if n > 1 { format!(", one of {n} {what}") } else { String::new() };
    format!(
        "{format}, {n_frames} frames of {height} x {width} pixels (height x width), {}, {rate}{}{}",
        stack.pixel_type(),
        of(*n_channels, "channels"),
        of(*n_planes, "planes"),
    )
}

/// Everything that is found.
fn describe(stack: &ImageStack, found: &MovieInspection) -> String {
    let facts_of = stack.describe();
    let dataset = facts_of.dataset.as_ref().map_or(String::new(), |name| format!(", array {name}"));
    let read = match found.n_frames_read {
        n if n == found.shape.n_frames => "all frames were read".to_owned(),
        n => format!("{n} of {} frames were read", found.shape.n_frames),
    };
    let saturation = match found.saturation_level {
        None => "no sign".to_owned(),
        Some(level) => format!("{:.4} % of values are {level}", 100.0 * found.saturated_share),
    };
    let mut text = format!(
        "movie {}{dataset}\n{}\n\
         file:        {}, {}, compression {}; {read}\n\
         values:      {} to {}, mean {:.4}, {} not finite\n\
         noise:       {:.4} (standard deviation, median over pixels)\n\
         correlation: {:.4} with neighbouring pixels (median)\n\
         saturation:  {saturation}\n\
         pixels:      {} of {} never change\n\
         frames:      {} repeated{}, {} blank{}, {} far from the others{}\n",
        stack.path().display(),
        facts(stack),
        machine::format_bytes(stack.bytes_on_disk()),
        access(facts_of.access),
        facts_of.compression,
        found.min,
        found.max,
        found.mean,
        found.n_not_finite,
        found.median_noise,
        found.median_correlation,
        found.n_constant_pixels,
        found.shape.n_pixels(),
        found.repeated_frames.len(),
        named(&found.repeated_frames),
        found.blank_frames.len(),
        named(&found.blank_frames),
        found.outlying_frames.len(),
        named(&found.outlying_frames),
    );
    if !facts_of.missing.is_empty() {
        text += &format!("missing:     files numbered {}\n", facts_of.missing.join(", "));
    }
    facts_of.notes.iter().for_each(|note| text += &format!("note: {note}\n"));
    text
}

fn named(frames: &[usize]) -> String {
    if frames.is_empty() {
        return String::new();
    }
    let first: Vec<String> = frames.iter().take(MOST_NAMED).map(usize::to_string).collect();
    let more = if frames.len() > MOST_NAMED { ", ..." } else { "" };
    format!(" ({}{more})", first.join(", "))
}

fn access(access: Access) -> &'static str {
    match access {
        Access::Strided => "read in stretches",
        Access::PageByPage => "read page by page",
        Access::Chunked => "read in chunks",
        Access::FileByFile => "read file by file",
        Access::Gathered => "gathered from the whole file",
        Access::Memory => "unpacked into memory",
        _ => "read",
    }
}
