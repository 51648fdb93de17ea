//! Inputs as a sheet of pictures.

use std::path::Path;

use ndarray::{ArrayView3, Axis, Ix3};
use striate::insilico::Experiment;

use crate::failure::Failure;
use crate::verb::probe::captions::Captions;
use crate::verb::probe::gallery::{Cell, Gallery, luminance, strip_of_frames};

/// Most neurons on the sheet.
const MOST_NEURONS: usize = 40;

/// Most frames of a video that are drawn.
const MOST_FRAMES: usize = 5;

/// Write the sheet: the frames of each input in which most happens.
pub(in crate::verb::probe) fn write(found: &Experiment, path: &Path) -> Result<(), Failure> {
    let Some(inputs) = found.array_of("input") else { return Ok(()) };
    // Distinct inputs of a neuron have an axis of their own, or none.
    let &[_, n_frames, ..] = inputs.values.shape() else { return Ok(()) };
    let captions = Captions(found);
    let places = captions.spread(MOST_NEURONS);
    let (colours, range) = luminance(&inputs.values);
    let cell = |&place: &usize| {
        let clip = inputs.values.index_axis(Axis(0), place).into_dimensionality::<Ix3>().ok()?;
        let first = liveliest(&clip, MOST_FRAMES);
        let frames: Vec<usize> = (first..n_frames.min(first + MOST_FRAMES)).collect();
        Some(Cell {
            title: format!("neuron {}", found.neurons[place]),
            lines: lines(captions, place),
            strips: vec![strip_of_frames(&clip, &frames, range)],
            plot: None,
        })
    };
    let what = if found.kind.starts_with("least") { "Least" } else { "Most" };
    let frames = if n_frames > 1 {
        format!(
            "Of {n_frames} frames those {MOST_FRAMES} in a row in which most happens, with their numbers from 0. "
        )
    } else {
        String::new()
    };
    let gallery = Gallery {
        title: format!("{what} exciting inputs"),
        notes: vec![
            captions.origin(places.len(), "neuron"),
            frames + "Inputs lie in each neuron's window of the screen.",
        ],
        colours,
        cells: places.iter().filter_map(cell).collect(),
    };
    gallery.write(path)
}

fn lines(captions: Captions<'_>, place: usize) -> Vec<String> {
    let best = captions.number("best in training", "best_training_response", "", place);
    let response = captions.number("response", "response", "", place);
    let both = [response, best].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let verified = captions.number("other twin", "verified_response", "", place);
    [Some(both), verified, captions.farther("", place)].into_iter().flatten().collect()
}

/// The first of those `most` frames in a row that have most contrast.
fn liveliest(clip: &ArrayView3<'_, f32>, most: usize) -> usize {
    let n_frames = clip.dim().0;
    let mean = clip.mean().unwrap_or_default();
    let energy: Vec<f32> = clip
        .axis_iter(Axis(0))
        .map(|frame| frame.iter().map(|value| (value - mean).powi(2)).sum())
        .collect();
    let length = n_frames.min(most);
    let of_stretch = |first: &usize| energy[*first..first + length].iter().sum::<f32>();
    (0..=n_frames - length)
        .max_by(|a, b| f32::total_cmp(&of_stretch(a), &of_stretch(b)))
        .unwrap_or(0)
}
