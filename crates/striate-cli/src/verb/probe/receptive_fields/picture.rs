//! Receptive fields as a sheet of pictures.

use std::path::Path;

use striate::insilico::{Experiment, NamedArray};

use crate::failure::Failure;
use crate::verb::probe::gallery;

/// What is drawn of each neuron, one above the other.
const DRAWN: [&str; 2] = ["filter_spatial", "sta_spatial"];

/// Write the sheet: the filters of the first neurons, and below each its average of white noise.
pub(super) fn write(found: &Experiment, path: &Path) -> Result<(), Failure> {
    let drawn: Vec<&NamedArray> = DRAWN.iter().filter_map(|&name| found.array_of(name)).collect();
    let Some(&[_, height, width]) = drawn.first().map(|array| array.values.shape()) else {
        return Ok(());
    };
    let of = |place: usize| {
        let of_neuron = |array: &&NamedArray| {
            array.values.index_axis(ndarray::Axis(0), place).iter().copied().collect()
        };
        drawn.iter().map(of_neuron).collect()
    };
    gallery::write(&found.neurons, [height, width], of, &path.with_extension("png"))
}
