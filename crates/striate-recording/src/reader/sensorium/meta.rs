//! Files of `meta`: what is known of neurons and trials.

use std::path::Path;

use ndarray::{Array2, Ix2};
use striate_formats::npy::NpyFile;

use crate::error::RecordingError;

/// Tier of each trial, from `meta/trials/tiers.npy`.
pub(super) fn tiers(folder: &Path) -> Result<Vec<String>, RecordingError> {
    let path = folder.join("meta/trials/tiers.npy");
    if !path.is_file() {
        return Err(RecordingError::Missing {
            what: "tier of each trial".to_owned(),
            expected: "an array of texts such as `train`".to_owned(),
            path,
        });
    }
    let tiers = NpyFile::open(&path)?.read_strings()?;
    if tiers.is_empty() {
        let what = "tier of each trial";
        return Err(RecordingError::shape(what, &[0], "one or more trials", &path));
    }
    Ok(tiers)
}

/// Identifiers of the neurons, from `meta/neurons/unit_ids.npy`, where there are any.
pub(super) fn neuron_ids(folder: &Path) -> Result<Option<Vec<i64>>, RecordingError> {
    integers(&folder.join("meta/neurons/unit_ids.npy"), "identifiers of neurons")
}

/// Positions of the neurons `[neuron, axis]`, where known.
pub(super) fn coordinates(
    folder: &Path,
    n_neurons: usize,
) -> Result<Option<Array2<f32>>, RecordingError> {
    let path = folder.join("meta/neurons/cell_motor_coordinates.npy");
    if !path.is_file() {
        return Ok(None);
    }
    let file = NpyFile::open(&path)?;
    let fits = matches!(file.shape(), [n, axes] if *n == n_neurons && (2..=3).contains(axes));
    if !fits {
        let expected = format!("[{n_neurons}, 3] (neuron, axis)");
        let error = RecordingError::shape("motor coordinates", file.shape(), expected, &path);
        return Err(match file.shape() {
            [2 | 3, n] if *n == n_neurons => error.with_hint("transpose it"),
            _ => error,
        });
    }
    let values = file.read_f32()?.into_dimensionality::<Ix2>();
    let values = values.expect("two axes, as checked");
    // Positions that are not known do more harm than none.
    Ok(values.iter().all(|value| value.is_finite()).then_some(values))
}

/// One number per trial, from `meta/trials/NAME.npy`, where there is such a file.
pub(super) fn trial_numbers(
    folder: &Path,
    name: &str,
    n_trials: usize,
) -> Result<Option<Vec<i64>>, RecordingError> {
    let path = folder.join("meta/trials").join(format!("{name}.npy"));
    let Some(numbers) = integers(&path, name)? else { return Ok(None) };
    if numbers.len() == n_trials {
        return Ok(Some(numbers));
    }
    let expected = format!("[{n_trials}], as tiers.npy");
    Err(RecordingError::shape(name, &[numbers.len()], expected, &path))
}

fn integers(path: &Path, what: &str) -> Result<Option<Vec<i64>>, RecordingError> {
    if !path.is_file() {
        return Ok(None);
    }
    let file = NpyFile::open(path)?;
    let long = file.shape().iter().filter(|&&length| length != 1).count();
    if long > 1 || file.shape().is_empty() {
        return Err(RecordingError::shape(what, file.shape(), "one axis", path));
    }
    Ok(Some(file.read_i64()?.into_iter().collect()))
}
