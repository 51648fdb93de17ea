//! The inputs of all channels on one sheet.

use std::path::Path;

use ndarray::{Axis, Ix2};
use striate::formats::image::write_png_rgb;
use striate::insilico::Experiment;
use striate::report::figure::{Colour, ColourMap, pixel::PixelCanvas};

use crate::failure::Failure;

/// Most frames of an input that are shown, evenly spread.
const MOST_FRAMES: usize = 6;

/// Pixels on the sheet for a pixel of an input, and between inputs.
const SCALE: usize = 3;
const GAP: usize = 6;

/// Space for a channel's number.
const LABEL: usize = 30;

/// Write `PATH.png`: a row for each channel, a column for each frame, its own contrast for each channel.
pub(super) fn write(found: &Experiment, path: &Path) -> Result<(), Failure> {
    let Some(input) = found.arrays.iter().find(|array| array.name == "input") else {
        return Ok(());
    };
    let &[n_channels, n_frames, height, width] = input.values.shape() else { return Ok(()) };
    // Two columns of channels, so that the sheet is not a ribbon.
    let n_rows = n_channels.div_ceil(2);
    let shown = n_frames.min(MOST_FRAMES);
    let block = [LABEL + shown * (width * SCALE + GAP), height * SCALE + GAP];
    let (sheet_width, sheet_height) = (2 * block[0] + GAP, n_rows * block[1] + GAP);
    let mut canvas = PixelCanvas::new(sheet_width, sheet_height, Colour([255; 3]));
    for channel in 0..n_channels {
        let at = [GAP + channel / n_rows * block[0], GAP + channel % n_rows * block[1]];
        canvas.text(at, &channel.to_string(), 1, Colour([0; 3]));
        let clip = input.values.index_axis(Axis(0), channel);
        let middle = clip.mean().unwrap_or(0.0);
        let span =
            clip.iter().map(|value| (value - middle).abs()).fold(f32::MIN_POSITIVE, f32::max);
        for column in 0..shown {
            let frame = (n_frames - 1) * (column + 1) / shown;
            let Ok(frame) = clip.index_axis(Axis(0), frame).into_dimensionality::<Ix2>() else {
                continue;
            };
            let at = [at[0] + LABEL + column * (width * SCALE + GAP), at[1]];
            canvas.picture(at, [width, height], SCALE, |row, column| {
                let share = 0.5 + 0.5 * (frame[[row, column]] - middle) / span;
                ColourMap::Grey.at(f64::from(share))
            });
        }
    }
    let path = path.with_extension("png");
    Ok(write_png_rgb(&path, canvas.width(), canvas.height(), canvas.pixels())?)
}
