//! The inputs of all channels on one sheet.

use std::path::Path;

use ndarray::{Axis, Ix3};
use striate::insilico::Experiment;

use crate::failure::Failure;
use crate::verb::probe::captions::Captions;
use crate::verb::probe::gallery::{Cell, Gallery, luminance, strip_of_frames};

/// Most channels on the sheet.
const MOST_CHANNELS: usize = 64;

/// Most frames of an input that are shown, evenly spread.
const MOST_FRAMES: usize = 5;

/// Write `PATH.svg`: a cell for each channel, frames side by side.
pub(in crate::verb::probe) fn write(found: &Experiment, path: &Path) -> Result<(), Failure> {
    let Some(input) = found.array_of("input") else { return Ok(()) };
    let &[_, n_frames, ..] = input.values.shape() else { return Ok(()) };
    let captions = Captions(found);
    let places = captions.spread(MOST_CHANNELS);
    let shown = n_frames.min(MOST_FRAMES);
    // The last frame is that of the response.
    let frames: Vec<usize> = (1..=shown).map(|i| (n_frames * i).div_ceil(shown) - 1).collect();
    let (colours, range) = luminance(&input.values);
    let cell = |&place: &usize| {
        let clip = input.values.index_axis(Axis(0), place).into_dimensionality::<Ix3>().ok()?;
        let number = |label, name| captions.number(label, name, "", place);
        let response = number("response", "response");
        let best = number("best in training", "best_training_response");
        let both: Vec<String> = response.into_iter().chain(best).collect();
        Some(Cell {
            title: format!("channel {}", found.neurons[place]),
            lines: std::iter::once(both.join(", ")).chain(captions.farther("", place)).collect(),
            strips: vec![strip_of_frames(&clip, &frames, range)],
            plot: None,
        })
    };
    let mut notes = vec![captions.origin(places.len(), "channel")];
    if n_frames > 1 {
        notes.push(format!(
            "{shown} of {n_frames} frames, with their numbers from 0; the response is to the last."
        ));
    }
    let gallery = Gallery {
        title: "What excites each channel of the core".into(),
        notes,
        colours,
        cells: places.iter().filter_map(cell).collect(),
    };
    gallery.write(path)
}
