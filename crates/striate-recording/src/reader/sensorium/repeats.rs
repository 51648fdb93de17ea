//! Which trials show the same stimulus, where the recording does not say.

use ndarray::Axis;
use rayon::prelude::*;
use striate_formats::npy::NpyFile;

use super::trials::TrialFiles;
use crate::error::RecordingError;

/// Files up to this number of values are compared in full; of others every fourth row is.
const SMALL: usize = 1 << 17;

/// Rows (first axis) between two that are compared in larger files.
const STRIDE: usize = 4;

/// The same video may have been cut a little shorter in one trial than in another.
const LEAST_SHARED: f64 = 0.8;

/// For each of the trials `places`, the first of them with the same video.
///
/// Videos count as the same where they agree, bit for bit, in every frame both have, and neither is
/// shorter than 0.8 of the other; of videos of more than 131,072 values every fourth row of pixels is
/// looked at.
pub(super) fn same_video(
    trials: &[TrialFiles],
    places: &[usize],
) -> Result<Vec<usize>, RecordingError> {
    let marks: Vec<Vec<u64>> = places
        .par_iter()
        .map(|&place| marks(&trials[place].stimulus, trials[place].n_frames))
        .collect::<Result<_, _>>()?;
    let mut kinds: Vec<usize> = Vec::new();
    let mut first = Vec::with_capacity(places.len());
    for (index, own) in marks.iter().enumerate() {
        let known = kinds.iter().find(|&&kind| is_same(&marks[kind], own)).copied();
        let kind = known.unwrap_or_else(|| {
            kinds.push(index);
            index
        });
        first.push(places[kind]);
    }
    Ok(first)
}

fn is_same(a: &[u64], b: &[u64]) -> bool {
    let shared = a.len().min(b.len());
    shared as f64 >= LEAST_SHARED * a.len().max(b.len()) as f64 && a[..shared] == b[..shared]
}

/// A hash of every frame.
fn marks(file: &NpyFile, n_frames: usize) -> Result<Vec<u64>, RecordingError> {
    let mut marks = vec![0x9e37_79b9_7f4a_7c15u64; n_frames];
    let n_rows = file.shape().first().copied().unwrap_or(0);
    let small = file.shape().iter().product::<usize>() <= SMALL;
    if small || file.fortran_order() {
        // Rows of a Fortran-ordered file do not lie together: picking some saves nothing.
        let frames = file.read_last_axis_f32(0..n_frames)?;
        let step = if small { 1 } else { STRIDE };
        for row in frames.axis_iter(Axis(0)).step_by(step) {
            add(&mut marks, row.iter().copied(), n_frames);
        }
        return Ok(marks);
    }
    let n_stored = file.shape().last().copied().unwrap_or(0);
    for row in (STRIDE / 2..n_rows).step_by(STRIDE) {
        let values = file.read_rows_f32(row..row + 1)?;
        add(&mut marks, values.iter().copied(), n_stored);
    }
    Ok(marks)
}

/// Mix values, of which the frame varies fastest among `n_stored`, into the hashes of their frames.
fn add(marks: &mut [u64], values: impl Iterator<Item = f32>, n_stored: usize) {
    for (place, value) in values.enumerate() {
        if let Some(mark) = marks.get_mut(place % n_stored) {
            // The multiplier of Knuth's linear congruential generator MMIX.
            let mixed = (*mark ^ u64::from(value.to_bits())).wrapping_mul(0x5851_f42d_4c95_7f2d);
            *mark = mixed.rotate_left(29) ^ mixed;
        }
    }
}
