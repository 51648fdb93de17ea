use std::f64::consts::TAU;

use rustfft::num_complex::Complex32;

use super::super::spectrum::{Peak, Plans, frequency};

fn noise(n: usize) -> Vec<f32> {
    let mut values = vec![0.0; n];
    striate_base::Streams::new(3).stream("noise").fill_normal(&mut values);
    values
}

#[test]
fn forward_is_the_discrete_fourier_transform() {
    let (height, width) = (5, 6);
    let plans = Plans::new((height, width), 0.5);
    let image = noise(30);
    let spectrum = plans.forward(&mut image.clone());
    assert_eq!(spectrum.len(), 4 * 5);
    for k in 0..4 {
        for l in 0..height {
            let mut sum = [0.0; 2];
            for (pixel, &value) in image.iter().enumerate() {
                let turns = frequency(l, height) * (pixel / width) as f64
                    + frequency(k, width) * (pixel % width) as f64;
                sum[0] += f64::from(value) * (TAU * turns).cos();
                sum[1] -= f64::from(value) * (TAU * turns).sin();
            }
            let error = spectrum[k * height + l] - Complex32::new(sum[0] as f32, sum[1] as f32);
            assert!(error.norm() < 1e-5);
        }
    }
}

#[test]
fn translating_there_and_back_changes_nothing() {
    // Odd sizes: no frequency is its own conjugate, so that nothing is lost.
    let plans = Plans::new((45, 37), 0.5);
    let image = noise(45 * 37);
    let mut spectrum = plans.forward(&mut image.clone());
    plans.translate(&mut spectrum, [1.3, -2.7]);
    plans.translate(&mut spectrum, [-1.3, 2.7]);
    let mut back = vec![0.0; image.len()];
    plans.backward(spectrum, &mut back);
    assert!(image.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-5));
}

#[test]
fn a_whole_translation_rolls_the_image() {
    for (height, width) in [(8, 6), (7, 9)] {
        let plans = Plans::new((height, width), 0.5);
        let image = noise(height * width);
        let mut spectrum = plans.forward(&mut image.clone());
        plans.translate(&mut spectrum, [2.0, -1.0]);
        let mut rolled = vec![0.0; image.len()];
        plans.backward(spectrum, &mut rolled);
        for (pixel, value) in rolled.iter().enumerate() {
            let y = (pixel / width + height - 2) % height;
            let x = (pixel % width + 1) % width;
            assert!((value - image[y * width + x]).abs() < 1e-5);
        }
    }
}

#[test]
fn the_neighbourhood_of_zero_is_that_of_the_whole_image() {
    let plans = Plans::new((12, 10), 0.5);
    let image = noise(120);
    let near = plans.near_zero(&plans.forward(&mut image.clone()), 3);
    for (i, value) in near.iter().enumerate() {
        let y = (i / 7 + 12 - 3) % 12;
        let x = (i % 7 + 10 - 3) % 10;
        assert!((value / 120.0 - image[y * 10 + x]).abs() < 1e-5);
    }
}

#[test]
fn the_fine_peak_is_where_a_gaussian_was_put() {
    // A periodic Gaussian of s.d. 2 pixels; the parabola through three values 0.2 pixels apart is off
    // by less than 1e-3 pixels.
    for (height, width) in [(32, 40), (33, 41)] {
        let plans = Plans::new((height, width), 0.5);
        for place in [[0.0, 0.0], [2.37, -1.81], [-3.5, 0.49]] {
            let wrapped = |d: f64, n: usize| d - n as f64 * (d / n as f64).round();
            let value = |pixel: usize| {
                let dy = wrapped((pixel / width) as f64 - place[0], height);
                let dx = wrapped((pixel % width) as f64 - place[1], width);
                (-(dy * dy + dx * dx) / 8.0).exp() as f32
            };
            let mut image: Vec<f32> = (0..height * width).map(value).collect();
            let spectrum = plans.forward(&mut image);
            let whole = plans.whole_peak(&spectrum, 5);
            assert!(whole.shift.iter().zip(place).all(|(a, b)| (a - b).abs() <= 0.51));
            let Peak { shift, .. } = plans.fine_peak(&spectrum, whole, 5);
            assert!(shift.iter().zip(place).all(|(a, b)| (a - b).abs() < 1e-3), "{shift:?}");
        }
    }
}

#[test]
fn nothing_moves_for_nothing() {
    let plans = Plans::new((16, 16), 0.5);
    assert_eq!(plans.whole_peak(&vec![Complex32::ZERO; 9 * 16], 3), Peak::default());
}

#[test]
fn the_root_mean_square_is_that_of_the_whole_image() {
    for (height, width) in [(12, 10), (11, 9)] {
        let plans = Plans::new((height, width), 0.5);
        let image = noise(height * width);
        let n = image.len() as f64;
        let peak = plans.whole_peak(&plans.forward(&mut image.clone()), 3);
        // Transforms are not scaled: the image of a spectrum is n times the image.
        let rms = n * (image.iter().map(|v| f64::from(v * v)).sum::<f64>() / n).sqrt();
        assert!((peak.rms / rms - 1.0).abs() < 1e-5);
    }
}
