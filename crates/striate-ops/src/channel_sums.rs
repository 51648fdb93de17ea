//! Sums over everything but the last axis: the gradient of a bias.

use rayon::prelude::*;

/// Rows summed by one task: fixed, so that the result does not depend on the number of threads.
const ROWS: usize = 4096;

/// Sum of the rows of `values` `[row, channel]` into `sums` `[channel]`, in double precision.
pub(crate) fn channel_sums(values: &[f32], sums: &mut [f32]) {
    let n_channels = sums.len().max(1);
    let partial: Vec<Vec<f64>> = values
        .par_chunks(ROWS * n_channels)
        .map(|rows| {
            let mut sums = vec![0.0f64; n_channels];
            for row in rows.chunks_exact(n_channels) {
                for (sum, &value) in sums.iter_mut().zip(row) {
                    *sum += f64::from(value);
                }
            }
            sums
        })
        .collect();
    for (channel, sum) in sums.iter_mut().enumerate() {
        *sum = partial.iter().map(|rows| rows[channel]).sum::<f64>() as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_many_rows_are_exact() {
        let values: Vec<f32> = (0..30_000).map(|i| (i % 3) as f32).collect();
        let mut sums = [0.0; 3];
        channel_sums(&values, &mut sums);
        assert_eq!(sums, [0.0, 10_000.0, 20_000.0]);
    }
}
