//! Images made ready to be compared.

/// Weights along an axis that rise from 0 to 1 over `fade` pixels (at most a third of the length)
/// as a squared sine, and fall as they rose.
pub(super) fn taper(length: usize, fade: f64) -> Vec<f32> {
    let fade = fade.min(length as f64 / 3.0).max(1.0);
    let weight = |i: usize| {
        let from_border = i.min(length - 1 - i) as f64 + 0.5;
        (0.5 * std::f64::consts::PI * (from_border / fade).min(1.0)).sin().powi(2) as f32
    };
    (0..length).map(weight).collect()
}

/// Subtract the mean of the box of `half_width` pixels to each side, cut at the borders.
pub(in crate::registration) fn highpass(image: &mut [f32], width: usize, half_width: usize) {
    let height = image.len() / width;
    let mut smooth = image.to_vec();
    for row in smooth.chunks_exact_mut(width) {
        let means = box_means(row.iter().copied(), half_width);
        row.copy_from_slice(&means);
    }
    for x in 0..width {
        let column = (0..height).map(|y| smooth[y * width + x]);
        for (y, mean) in box_means(column, half_width).into_iter().enumerate() {
            image[y * width + x] -= mean;
        }
    }
}

/// Means over up to `half_width` neighbours on each side, from running sums.
fn box_means(values: impl Iterator<Item = f32>, half_width: usize) -> Vec<f32> {
    let mut sum = 0.0;
    let mut sums = vec![0.0];
    sums.extend(values.map(|value| {
        sum += f64::from(value);
        sum
    }));
    let length = sums.len() - 1;
    let mean = |i: usize| {
        let (from, to) = (i.saturating_sub(half_width), (i + half_width + 1).min(length));
        ((sums[to] - sums[from]) / (to - from) as f64) as f32
    };
    (0..length).map(mean).collect()
}
