//! Receptive fields as a sheet of pictures.

use std::path::Path;

use striate::formats::image::write_png_rgb;
use striate::insilico::{Experiment, NamedArray};
use striate::report::figure::ColourMap;
use striate::report::figure::colour::{Colour, INK};
use striate::report::figure::pixel::{CHARACTER_SIZE, PixelCanvas};

use crate::failure::Failure;

/// Most neurons on the sheet.
const MOST_NEURONS: usize = 60;

/// Pictures side by side, about.
const COLUMNS: usize = 12;

/// Width of a picture in pixels, about.
const PICTURE_WIDTH: usize = 100;

const GAP: usize = 6;

/// What is drawn of each neuron, one above the other.
const DRAWN: [&str; 2] = ["filter_spatial", "sta_spatial"];

/// Write the sheet: the filters of the first neurons, and below each its average of white noise.
pub(super) fn write(found: &Experiment, path: &Path) -> Result<(), Failure> {
    let drawn: Vec<&NamedArray> = DRAWN
        .iter()
        .filter_map(|name| found.arrays.iter().find(|array| array.name == *name))
        .collect();
    let n = found.neurons.len().min(MOST_NEURONS);
    let Some(&[_, height, width]) = drawn.first().map(|array| array.values.shape()) else {
        return Ok(());
    };
    let scale = (PICTURE_WIDTH / width.max(1)).max(1);
    let (columns, line) = (n.min(COLUMNS), CHARACTER_SIZE + 4);
    let cell = [scale * width + GAP, line + drawn.len() * (scale * height + 2) + GAP];
    let size = [GAP + columns * cell[0], GAP + n.div_ceil(columns.max(1)) * cell[1]];
    let mut canvas = PixelCanvas::new(size[0], size[1], Colour([255; 3]));
    for (place, neuron) in found.neurons.iter().take(n).enumerate() {
        let [left, mut top] = [place % columns, place / columns];
        let left = GAP + left * cell[0];
        top = GAP + top * cell[1];
        canvas.text([left, top], &neuron.to_string(), 1, INK);
        top += line;
        for array in &drawn {
            let values = array.values.index_axis(ndarray::Axis(0), place);
            let highest = values.iter().fold(0.0f32, |highest, v| highest.max(v.abs()));
            for (i, value) in values.iter().enumerate() {
                let at = [left + scale * (i % width), top + scale * (i / width)];
                let level = 0.5 + 0.5 * f64::from(value / highest.max(f32::MIN_POSITIVE));
                canvas.fill(at, [scale; 2], ColourMap::Diverging.at(level));
            }
            top += scale * height + 2;
        }
    }
    let path = path.with_extension("png");
    Ok(write_png_rgb(&path, canvas.width(), canvas.height(), canvas.pixels())?)
}
