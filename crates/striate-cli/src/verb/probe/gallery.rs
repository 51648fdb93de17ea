//! Small pictures of many neurons on one sheet.

use std::path::Path;

use striate::formats::image::write_png_rgb;
use striate::report::figure::ColourMap;
use striate::report::figure::colour::{Colour, INK};
use striate::report::figure::pixel::{CHARACTER_SIZE, PixelCanvas};

use crate::failure::Failure;

/// Most neurons on a sheet.
const MOST_NEURONS: usize = 60;

/// Neurons side by side, about.
const COLUMNS: usize = 12;

/// Width of a picture in pixels, about.
const PICTURE_WIDTH: usize = 100;

const GAP: usize = 6;

/// Write the pictures `[row, column]` of the first neurons, those of one neuron above each other, each in
/// diverging colours around 0 up to its own largest value. `of` gives those of the neuron at a place.
pub(super) fn write(
    neurons: &[usize],
    [height, width]: [usize; 2],
    of: impl Fn(usize) -> Vec<Vec<f32>>,
    path: &Path,
) -> Result<(), Failure> {
    let pictures: Vec<_> = (0..neurons.len().min(MOST_NEURONS)).map(of).collect();
    let scale = (PICTURE_WIDTH / width.max(1)).max(1);
    let (columns, line) = (pictures.len().clamp(1, COLUMNS), CHARACTER_SIZE + 4);
    let deepest = pictures.iter().map(Vec::len).max().unwrap_or(0);
    let cell = [scale * width + GAP, line + deepest * (scale * height + 2) + GAP];
    let size = [GAP + columns * cell[0], GAP + pictures.len().div_ceil(columns) * cell[1]];
    let mut canvas = PixelCanvas::new(size[0], size[1], Colour([255; 3]));
    for (place, (pictures, neuron)) in pictures.iter().zip(neurons).enumerate() {
        let left = GAP + place % columns * cell[0];
        let mut top = GAP + place / columns * cell[1];
        canvas.text([left, top], &neuron.to_string(), 1, INK);
        top += line;
        for values in pictures {
            let highest = values.iter().fold(f32::MIN_POSITIVE, |highest, v| highest.max(v.abs()));
            for (i, value) in values.iter().enumerate() {
                let at = [left + scale * (i % width), top + scale * (i / width)];
                let level = 0.5 + 0.5 * f64::from(value / highest);
                canvas.fill(at, [scale; 2], ColourMap::Diverging.at(level));
            }
            top += scale * height + 2;
        }
    }
    Ok(write_png_rgb(path, canvas.width(), canvas.height(), canvas.pixels())?)
}
