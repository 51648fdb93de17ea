//! Welch's spectrum over the upper half of frequencies, in two conventions.

use std::f64::consts::TAU;

use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

/// Frames of a segment.
pub(super) const SEGMENT: usize = 256;
const STEP: usize = SEGMENT / 2;

/// Symmetric window, no detrending; a short trace is one segment, padded with zeros.
pub(super) fn symmetric(trace: &[f64]) -> f64 {
    let length = trace.len().min(SEGMENT);
    let window = hann(length, (length - 1) as f64);
    let n_segments = trace.len().saturating_sub(SEGMENT) / STEP + 1;
    upper_half(trace, &window, n_segments, false)
}

/// Periodic window, each segment centred.
pub(super) fn periodic(trace: &[f64]) -> f64 {
    let n_segments = (trace.len() - STEP) / STEP;
    upper_half(trace, &hann(SEGMENT, SEGMENT as f64), n_segments, true)
}

fn hann(length: usize, period: f64) -> Vec<f64> {
    (0..length).map(|l| 0.5 * (1.0 - (TAU * l as f64 / period).cos())).collect()
}

/// Mean over bins 65 to 128 of half the one-sided spectrum. Both conventions double every bin but
/// the first and the last and then halve all, so the last bin is half of what it should be.
fn upper_half(trace: &[f64], window: &[f64], n_segments: usize, centred: bool) -> f64 {
    let transform = RealFftPlanner::<f64>::new().plan_fft_forward(SEGMENT);
    let mut spectrum = transform.make_output_vec();
    let mut power = 0.0;
    for segment in 0..n_segments {
        let values = &trace[segment * STEP..][..window.len()];
        let centre = if centred { super::mean(values) } else { 0.0 };
        let mut padded = vec![0.0; SEGMENT];
        for ((out, value), weight) in padded.iter_mut().zip(values).zip(window) {
            *out = (value - centre) * weight;
        }
        transform.process(&mut padded, &mut spectrum).expect("lengths of the plan");
        power += spectrum[65..128].iter().map(Complex::norm_sqr).sum::<f64>();
        power += 0.5 * spectrum[128].norm_sqr();
    }
    let energy: f64 = window.iter().map(|weight| weight * weight).sum();
    power / (64.0 * n_segments as f64 * energy)
}
