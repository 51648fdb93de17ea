//! Smooth random images and slow random courses.

use striate_base::RandomStream;

/// A random image `[y, x]` blurred by a Gaussian of s.d. `sigma` pixels, mean 0 and s.d. 1 over it.
pub(super) fn smooth_field(
    (height, width): (usize, usize),
    sigma: f64,
    stream: &mut RandomStream,
) -> Vec<f32> {
    let mut field = vec![0.0; height * width];
    stream.fill_normal(&mut field);
    blur(&mut field, (height, width), sigma);
    standardise(&mut field);
    field
}

/// Blur by a Gaussian cut at 3 s.d., the image mirrored at its borders.
pub(super) fn blur(image: &mut [f32], (height, width): (usize, usize), sigma: f64) {
    let half = (3.0 * sigma).ceil() as isize;
    let kernel: Vec<f64> =
        (-half..=half).map(|i| (-0.5 * (i as f64 / sigma).powi(2)).exp()).collect();
    let sum: f64 = kernel.iter().sum();
    let kernel: Vec<f32> = kernel.iter().map(|k| (k / sum) as f32).collect();
    let source = image.to_vec();
    for y in 0..height {
        for x in 0..width {
            let at = |i: isize| source[y * width + mirrored(x as isize + i, width)];
            image[y * width + x] = kernel.iter().zip(-half..).map(|(k, i)| k * at(i)).sum();
        }
    }
    let source = image.to_vec();
    image.fill(0.0);
    for y in 0..height {
        for (k, i) in kernel.iter().zip(-half..) {
            let from = mirrored(y as isize + i, height) * width;
            let rows = image[y * width..(y + 1) * width].iter_mut();
            rows.zip(&source[from..from + width]).for_each(|(out, value)| *out += k * value);
        }
    }
}

fn mirrored(index: isize, length: usize) -> usize {
    let period = 2 * length as isize;
    let wrapped = index.rem_euclid(period);
    (if wrapped < length as isize { wrapped } else { period - 1 - wrapped }) as usize
}

fn standardise(field: &mut [f32]) {
    let n = field.len() as f64;
    let mean = field.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    let variance = field.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n;
    let scale = 1.0 / variance.sqrt().max(f64::MIN_POSITIVE);
    field.iter_mut().for_each(|v| *v = ((f64::from(*v) - mean) * scale) as f32);
}

/// A stationary autoregression of order 1, s.d. 1, that forgets after `time_constant` frames.
pub(super) fn slow_course(
    n_frames: usize,
    time_constant: f64,
    stream: &mut RandomStream,
) -> Vec<f64> {
    let gamma = (-1.0 / time_constant).exp();
    let innovation = (1.0 - gamma * gamma).sqrt();
    let mut value = stream.normal();
    (0..n_frames)
        .map(|_| {
            let now = value;
            value = gamma * value + innovation * stream.normal();
            now
        })
        .collect()
}
