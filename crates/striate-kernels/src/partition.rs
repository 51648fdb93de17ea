//! Sums in parts that do not depend on the number of threads.

use std::ops::Range;

use rayon::prelude::*;

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
    let n_parts = PARTS.min(VALUES / length.max(1)).clamp(1, n_units.max(1));
    let parts: Vec<Vec<f32>> = (0..n_parts)
        .into_par_iter()
        .map(|part| {
            let mut sums = vec![0.0; length];
            for unit in part_of(n_units, n_parts, part) {
                add(&mut sums, unit);
            }
            sums
        })
        .collect();
    let total = |i: usize| parts.iter().map(|part| f64::from(part[i])).sum::<f64>() as f32;
    (0..length).map(total).collect()
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
        let [ones] = sum_chunks(7, 1, |chunk| [vec![chunk as f64]]);
        assert_eq!(ones, [21.0]);
    }
}
