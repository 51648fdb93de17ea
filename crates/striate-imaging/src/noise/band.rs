//! The periodogram's upper half.

use realfft::RealFftPlanner;

/// Frames taken from each of start, middle and end of a long trace.
const PART: usize = 1024;

/// `|x_f|^2 / T` for frequencies in (0.25, 0.5] of the sampling rate.
pub(super) fn periodogram(trace: &[f64]) -> Vec<f64> {
    let mut values = excerpt(trace);
    // The upper half does not see the mean, but rounding does.
    let centre = super::mean(&values);
    values.iter_mut().for_each(|value| *value -= centre);
    let length = values.len();
    let transform = RealFftPlanner::<f64>::new().plan_fft_forward(length);
    let mut spectrum = transform.make_output_vec();
    transform.process(&mut values, &mut spectrum).expect("lengths of the plan");
    spectrum[length / 4 + 1..].iter().map(|bin| bin.norm_sqr() / length as f64).collect()
}

fn excerpt(trace: &[f64]) -> Vec<f64> {
    if trace.len() <= 3 * PART {
        return trace.to_vec();
    }
    let middle = trace.len() / 2 - PART / 2;
    let parts = [0, middle, trace.len() - PART];
    parts.iter().flat_map(|&start| &trace[start..start + PART]).copied().collect()
}

/// Median, the mean of the two in the middle of an even number.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len() % 2 == 1 { values[half] } else { 0.5 * (values[half - 1] + values[half]) }
}
