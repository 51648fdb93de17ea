//! `striate simulate movie`: a calcium movie with its truth.

use std::path::Path;

use serde_json::json;
use striate::base::machine;
use striate::fit::config::read_settings;
use striate::formats::stack::{PixelType, TiffWriter};
use striate::imaging::simulate::{MovieSimulationConfig, MovieTruth, SimulatedMovie};
use striate::imaging::{ImagingError, Movie};

use super::super::extract::comparison::TRUTH;
use super::{Preset, SimulateArguments};
use crate::context::Context;
use crate::failure::Failure;

/// File name of the movie.
pub(in crate::verb) const MOVIE: &str = "movie.tif";

/// Frames computed at a time.
const FRAMES: usize = 32;

/// What code, thread stacks and allocator keep for themselves.
const WORKING_BYTES: u64 = 64 << 20;

pub(super) fn run(arguments: &SimulateArguments, context: &Context) -> Result<(), Failure> {
    let config = settings(arguments, context)?;
    let out = &arguments.out;
    simulate_into(&config, out, context)?;
    let (movie, truth) = (out.join(MOVIE), out.join(TRUTH));
    let value = json!({
        "movie": movie,
        "truth": truth,
        "seed": config.seed,
        "shape": [config.n_frames, config.height, config.width],
        "frame_rate_hz": config.frame_rate_hz,
        "n_cells": config.cells.n_cells,
        "disk_bytes": disk_bytes(&config),
    });
    let text = format!(
        "{} frames of {} x {} pixels at {} Hz, {} cells\nmovie: {}\ntruth: {}\nnext:  striate extract {} --out FOLDER\n",
        config.n_frames,
        config.height,
        config.width,
        config.frame_rate_hz,
        config.cells.n_cells,
        movie.display(),
        truth.display(),
        movie.display(),
    );
    context.result(&text, &value);
    Ok(())
}

/// Simulate, after saying what it will take. The movie comes last: where it lies, its truth is complete.
pub(in crate::verb) fn simulate_into(
    config: &MovieSimulationConfig,
    out: &Path,
    context: &Context,
) -> Result<(), Failure> {
    let (disk, memory) = (disk_bytes(config), memory_bytes(config));
    let [disk, in_words] = [disk, memory].map(machine::format_bytes);
    context.remark(&format!("the movie needs about {disk} of disk and {in_words} of memory"));
    context.check_memory(memory)?;
    refuse_others(config, out)?;
    let movie = SimulatedMovie::new(config.clone())?;
    std::fs::create_dir_all(out).map_err(|e| Failure::io("cannot make the folder", &e, out))?;
    movie.truth().write(&out.join(TRUTH))?;
    write_frames(&movie, &out.join(MOVIE), context)
}

fn refuse_others(config: &MovieSimulationConfig, out: &Path) -> Result<(), Failure> {
    let path = out.join(MOVIE);
    // A truth without a movie is what a stopped simulation leaves; it must be this one's.
    let other = MovieTruth::read(&out.join(TRUTH)).is_ok_and(|truth| truth.config != *config);
    if path.exists() || other {
        return Err(Failure::usage(format!(
            "found a simulated movie or the truth of another one, expected neither; nothing is overwritten: {}",
            out.display()
        )));
    }
    Ok(())
}

fn write_frames(movie: &SimulatedMovie, path: &Path, context: &Context) -> Result<(), Failure> {
    use striate::base::Progress as _;
    let (shape, rate) = (movie.shape(), movie.config().frame_rate_hz);
    let of = (Some(shape.n_frames), Some(rate));
    let mut writer =
        TiffWriter::create_at_rate(path, [shape.height, shape.width], PixelType::U16, of)?;
    let mut values = vec![0.0; FRAMES.min(shape.n_frames) * shape.n_pixels()];
    let mut progress = context.progress();
    progress.start("frames", Some(shape.n_frames as u64));
    for start in (0..shape.n_frames).step_by(FRAMES) {
        if context.cancel.is_cancelled() {
            return Err(ImagingError::Interrupted.into());
        }
        let frames = start..(start + FRAMES).min(shape.n_frames);
        let values = &mut values[..frames.len() * shape.n_pixels()];
        progress.advance(frames.len() as u64);
        movie.read(frames, values)?;
        for frame in values.chunks_exact(shape.n_pixels()) {
            writer.write_frame(frame)?;
        }
    }
    progress.finish();
    Ok(writer.finish()?)
}

/// The movie, and the true traces, spikes and images.
fn disk_bytes(config: &MovieSimulationConfig) -> u64 {
    let (frames, pixels) = (config.n_frames as u64, (config.height * config.width) as u64);
    let cells = config.cells.n_cells as u64;
    frames * (2 * pixels + 256) + 4 * (2 * cells * frames + 8 * pixels)
}

/// True traces and spikes twice, some images, and the frames being computed.
fn memory_bytes(config: &MovieSimulationConfig) -> u64 {
    let (frames, pixels) = (config.n_frames as u64, (config.height * config.width) as u64);
    let cells = config.cells.n_cells as u64;
    WORKING_BYTES + 4 * (4 * cells * frames + (2 * FRAMES as u64 + 32) * pixels)
}

fn settings(
    arguments: &SimulateArguments,
    context: &Context,
) -> Result<MovieSimulationConfig, Failure> {
    let start = match arguments.preset {
        Preset::Default | Preset::Demo => MovieSimulationConfig::demo(),
        Preset::Acceptance => MovieSimulationConfig::acceptance(),
        Preset::DemoLatent | Preset::Tiny => {
            return Err(Failure::usage(
                "--preset: found one of a recording, expected `demo` or `acceptance` for a movie",
            ));
        }
    };
    let text = super::config_text(arguments)?;
    let mut overrides = arguments.overrides.clone();
    overrides.extend(context.seed.map(|seed| format!("seed={seed}")));
    let config: MovieSimulationConfig = read_settings(&start, &text, &overrides, &[])?;
    config.check()?;
    Ok(config)
}
