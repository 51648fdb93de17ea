//! How rough a component is, and how noisy an image.

use crate::noise::mean;
use crate::traces::percentile_of;

/// Sum of absolute differences of neighbours, 4 for each pixel.
pub(super) fn variation(image: &[f64], width: usize) -> f64 {
    let down = image.iter().zip(image.iter().skip(width)).map(|(a, b)| (b - a).abs());
    let across = image.chunks_exact(width).flat_map(|row| row.windows(2));
    down.sum::<f64>() + across.map(|pair| (pair[1] - pair[0]).abs()).sum::<f64>()
}

/// Roughness of an image `[y, x]`: mean absolute difference of neighbours over the mean absolute
/// value. White noise has `sqrt 2`; the image of a cell less.
///
/// ```
/// assert_eq!(striate_imaging::penalised::spatial_roughness(&[1.0, 1.0, -1.0, -1.0], 2), 1.0);
/// ```
pub fn spatial_roughness(image: &[f64], width: usize) -> f64 {
    let height = image.len() / width;
    let n_edges = height * (width - 1) + width * (height - 1);
    let size = image.iter().map(|value| value.abs()).sum::<f64>() / image.len() as f64;
    variation(image, width) / n_edges as f64 / size
}

/// Roughness of a trace: sum of absolute second differences over the sum of absolute values. White
/// noise has `sqrt 6 (T - 2) / T`: this is the ratio of sums, not of means.
///
/// ```
/// assert_eq!(striate_imaging::penalised::temporal_roughness(&[1.0, -1.0, 1.0, -1.0]), 2.0);
/// ```
pub fn temporal_roughness(trace: &[f64]) -> f64 {
    let second = trace.windows(3).map(|t| (2.0 * t[1] - t[0] - t[2]).abs());
    second.sum::<f64>() / trace.iter().map(|value| value.abs()).sum::<f64>()
}

/// Variance of the noise of an image `[y, x]` as PMD(TF,TV) takes it: the 25th percentile of the
/// squared deviation from the mean of the 5 x 5 pixels around each, cut off at the borders. Of
/// white noise it is about 0.10 of the variance: a deliberate under-estimate that keeps the
/// total variation mild.
pub fn spatial_noise(image: &[f64], width: usize) -> f64 {
    let height = image.len() / width;
    let around = |at: usize, length: usize| at.saturating_sub(2)..(at + 3).min(length);
    let deviation = |pixel: usize| {
        let (y, x) = (pixel / width, pixel % width);
        let rows = around(y, height).map(|row| &image[row * width..][around(x, width)]);
        let values: Vec<f64> = rows.flatten().copied().collect();
        (image[pixel] - mean(&values)).powi(2)
    };
    percentile_of((0..image.len()).map(deviation).collect(), 25.0)
}
