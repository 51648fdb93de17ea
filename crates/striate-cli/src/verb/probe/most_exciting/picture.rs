//! Inputs as a sheet of pictures.

use std::path::Path;

use ndarray::Axis;
use striate::insilico::Experiment;

use crate::failure::Failure;
use crate::verb::probe::gallery;

/// Most frames of a video that are drawn.
const MOST_FRAMES: usize = 5;

/// Write the sheet: the frames of each input in which most happens, the first one on top.
pub(super) fn write(found: &Experiment, path: &Path) -> Result<(), Failure> {
    let Some(inputs) = found.array_of("input") else { return Ok(()) };
    let &[_, n_frames, height, width] = inputs.values.shape() else { return Ok(()) };
    let of = |place: usize| {
        let input = inputs.values.index_axis(Axis(0), place);
        let mean = input.mean().unwrap_or_default();
        let frames: Vec<Vec<f32>> = input
            .axis_iter(Axis(0))
            .map(|frame| frame.iter().map(|value| value - mean).collect())
            .collect();
        let energy = |frame: &Vec<f32>| frame.iter().map(|value| value * value).sum::<f32>();
        // The stretch of frames with most contrast.
        let length = n_frames.min(MOST_FRAMES);
        let of_stretch = |first: &usize| frames[*first..first + length].iter().map(energy).sum();
        let stretch = (0..=n_frames - length)
            .max_by(|a, b| f32::total_cmp(&of_stretch(a), &of_stretch(b)))
            .unwrap_or(0);
        frames[stretch..stretch + length].to_vec()
    };
    gallery::write(&found.neurons, [height, width], of, &path.with_extension("png"))
}
