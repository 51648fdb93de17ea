//! The metrics of one neuron from arrays, term by term as they are defined.

use std::collections::BTreeMap;

use ndarray::ArrayView1;

use super::{DEVIATION_FLOOR, ceiling_of, feve_of};

/// Single-trial correlation: mean of the product of z-scores, ddof 0, 1e-8 added to each standard
/// deviation; what is not a number counts as 0.
///
/// Both arrays have shape `[observation]`.
///
/// ```
/// use ndarray::array;
/// use striate_score::metric::correlation;
///
/// let recorded = array![1.0f32, 2.0, 3.0];
/// assert!((correlation(recorded.view(), recorded.view()) - 1.0).abs() < 1e-6);
/// assert_eq!(correlation(array![5.0f32, 5.0, 5.0].view(), recorded.view()), 0.0);
/// ```
pub fn correlation(predicted: ArrayView1<'_, f32>, recorded: ArrayView1<'_, f32>) -> f64 {
    let wide = |values: ArrayView1<'_, f32>| values.iter().map(|&v| f64::from(v)).collect();
    z_product(wide(predicted), wide(recorded))
}

/// Correlation between prediction and response, both averaged over the repeats of each stimulus.
///
/// All arrays have shape `[observation]`; equal numbers in `stimuli` are the same stimulus. `None`
/// without repeats.
pub fn correlation_to_average(
    predicted: ArrayView1<'_, f32>,
    recorded: ArrayView1<'_, f32>,
    stimuli: &[usize],
) -> Option<f64> {
    let averages = |values| groups(values, stimuli).into_iter().map(|g| mean(&g)).collect();
    let (predicted, recorded): (Vec<f64>, Vec<f64>) = (averages(predicted), averages(recorded));
    (!recorded.is_empty()).then(|| z_product(predicted, recorded))
}

/// Fraction of explainable variance explained.
///
/// All arrays have shape `[observation]`; equal numbers in `stimuli` are the same stimulus. `None`
/// without repeats, and for a neuron whose explainable share of the variance is below 0.15.
pub fn feve(
    predicted: ArrayView1<'_, f32>,
    recorded: ArrayView1<'_, f32>,
    stimuli: &[usize],
) -> Option<f64> {
    let predicted = groups(predicted, stimuli).concat();
    let groups = groups(recorded, stimuli);
    let recorded = groups.concat();
    let squares = predicted.iter().zip(&recorded).map(|(p, y)| (y - p).powi(2));
    let squared_error = squares.sum::<f64>() / recorded.len() as f64;
    let noise: Vec<f64> = groups.iter().map(|repeats| variance(repeats, 1)).collect();
    feve_of(squared_error, mean(&noise), variance(&recorded, 1))
}

/// Correlation between each response and the mean of the other repeats of its stimulus.
///
/// Both arrays have shape `[observation]`; equal numbers in `stimuli` are the same stimulus. `None`
/// without repeats.
pub fn oracle(recorded: ArrayView1<'_, f32>, stimuli: &[usize]) -> Option<f64> {
    let groups = groups(recorded, stimuli);
    let others = |repeats: &Vec<f64>| {
        let (n, sum) = (repeats.len() as f64, repeats.iter().sum::<f64>());
        repeats.iter().map(move |y| (sum - y) / (n - 1.0)).collect::<Vec<_>>()
    };
    let left_out = groups.iter().flat_map(others).collect();
    (!groups.is_empty()).then(|| z_product(left_out, groups.concat()))
}

/// Expected single-trial correlation of a perfect predictor.
///
/// Both arrays have shape `[observation]`; equal numbers in `stimuli` are the same stimulus. `None`
/// with fewer than two repeated stimuli; 0 where the noise explains all variance.
pub fn noise_ceiling(recorded: ArrayView1<'_, f32>, stimuli: &[usize]) -> Option<f64> {
    let groups = groups(recorded, stimuli);
    let n_stimuli = groups.len() as f64;
    let averages: Vec<f64> = groups.iter().map(|repeats| mean(repeats)).collect();
    let noise: Vec<f64> = groups.iter().map(|repeats| variance(repeats, 1)).collect();
    let of_means: Vec<f64> =
        groups.iter().zip(&noise).map(|(repeats, noise)| noise / repeats.len() as f64).collect();
    let signal = variance(&averages, 0) - (1.0 - 1.0 / n_stimuli) * mean(&of_means);
    if groups.len() < 2 { None } else { ceiling_of(signal, mean(&noise)) }
}

/// The repeats of each stimulus that has two observations or more.
fn groups(values: ArrayView1<'_, f32>, stimuli: &[usize]) -> Vec<Vec<f64>> {
    let mut groups: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for (&value, &stimulus) in values.iter().zip(stimuli) {
        groups.entry(stimulus).or_default().push(f64::from(value));
    }
    groups.into_values().filter(|repeats| repeats.len() >= 2).collect()
}

fn z_product(x: Vec<f64>, y: Vec<f64>) -> f64 {
    let z = |values: Vec<f64>| {
        let (mean, deviation) = (mean(&values), variance(&values, 0).sqrt());
        values.into_iter().map(move |v| (v - mean) / (deviation + DEVIATION_FLOOR))
    };
    let n = x.len() as f64;
    let value = z(x).zip(z(y)).map(|(a, b)| a * b).sum::<f64>() / n;
    if value.is_finite() { value } else { 0.0 }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn variance(values: &[f64], ddof: usize) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    squares / (values.len() as f64 - ddof as f64)
}
