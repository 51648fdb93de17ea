//! Sums in parts that do not depend on the number of threads.

use std::ops::Range;

use rayon::prelude::*;

use crate::scratch::with_scratch;

/// Parts of one sum: enough to keep many cores busy.
const PARTS: usize = 32;
/// Values that the parts of one sum may take together: 64 MiB.
const VALUES: usize = 1 << 24;

/// Sum of what `add` adds to a buffer of `length` zeros for each of `n_units`. Units are added in
/// order within some 32 parts, and the parts in order and in `f64`.
pub(crate) fn sum_over(
    n_units: usize,
    length: usize,
    add: impl Fn(&mut [f32], usize) + Sync,
) -> Vec<f32> {
    sum_over_each((0..n_units).collect(), length, add)
}

/// [`sum_over`] for units that bring something along, such as a place for a result of their own.
pub(crate) fn sum_over_each<T: Send>(
    units: Vec<T>,
    length: usize,
    add: impl Fn(&mut [f32], T) + Sync,
) -> Vec<f32> {
    let n_units = units.len();
    // A part is there even where its sums are of nothing.
    let step = length.max(1);
    let n_parts = PARTS.min(VALUES / step).clamp(1, n_units.max(1));
    let mut units = units.into_iter();
    let of_parts = (0..n_parts).map(|part| part_of(n_units, n_parts, part).len());
    let of_parts: Vec<Vec<T>> = of_parts.map(|n| units.by_ref().take(n).collect()).collect();
    let mut total = vec![0.0; length];
    with_scratch(n_parts * step, |parts| {
        let parts_with_units = parts.par_chunks_exact_mut(step).zip(of_parts);
        parts_with_units.for_each(|(sums, units)| {
            let sums = &mut sums[..length];
            sums.fill(0.0);
            for unit in units {
                add(sums, unit);
            }
        });
        add_rows(parts, step, &mut total);
    });
    total
}

/// Overwrite `out` with the sum of rows, `step` apart and each as long as `out`; in order and in
/// `f64`.
pub(crate) fn add_rows(rows: &[f32], step: usize, out: &mut [f32]) {
    /// Values per task.
    const CHUNK: usize = 1 << 11;
    out.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, out)| {
        let mut sums = [0.0f64; CHUNK];
        let first = chunk * CHUNK;
        for row in rows.chunks(step.max(1)) {
            for (sum, &value) in sums.iter_mut().zip(&row[first..][..out.len()]) {
                *sum += f64::from(value);
            }
        }
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = sum as f32;
        }
    });
}

/// Units of one of `n_parts` parts, as even as can be.
pub(crate) fn part_of(n_units: usize, n_parts: usize, part: usize) -> Range<usize> {
    n_units * part / n_parts..n_units * (part + 1) / n_parts
}

/// Add up the vectors that `of` gives for each chunk, in order.
pub(crate) fn sum_chunks<const N: usize>(
    n_chunks: usize,
    length: usize,
    of: impl Fn(usize) -> [Vec<f64>; N] + Sync + Send,
) -> [Vec<f64>; N] {
    let chunks: Vec<[Vec<f64>; N]> = (0..n_chunks).into_par_iter().map(of).collect();
    std::array::from_fn(|which| {
        let mut sums = vec![0.0; length];
        for chunk in &chunks {
            for (sum, more) in sums.iter_mut().zip(&chunk[which]) {
                *sum += more;
            }
        }
        sums
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_in_one_part() {
        for (n_units, n_parts) in [(0, 1), (5, 5), (7, 3), (100, 32)] {
            let units: Vec<usize> =
                (0..n_parts).flat_map(|part| part_of(n_units, n_parts, part)).collect();
            assert!(units.into_iter().eq(0..n_units));
        }
    }

    #[test]
    fn sums_are_those_of_all_units() {
        let sums = sum_over(100, 2, |sums, unit| {
            sums[0] += unit as f32;
            sums[1] += 1.0;
        });
        assert_eq!(sums, [4950.0, 100.0]);
        assert_eq!(sum_over(0, 1, |_, _| unreachable!("no unit")), [0.0]);
        let mut sums = [9.0; 2];
        add_rows(&[1.0, 2.0, 0.0, 4.0, 5.0], 3, &mut sums);
        assert_eq!(sums, [5.0, 7.0]);
        let [ones] = sum_chunks(7, 1, |chunk| [vec![chunk as f64]]);
        assert_eq!(ones, [21.0]);
    }
}
