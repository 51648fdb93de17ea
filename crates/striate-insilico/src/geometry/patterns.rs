//! Responses on one scale.

use ndarray::{Array1, Array2, Axis};

use super::stimuli::Responses;

/// Responses in units of the standard deviation of recorded single responses, less each neuron's mean over
/// stimuli. A neuron that never varies is 0.
pub(super) struct Patterns {
    /// `[stimulus]`: which trials it was shown in.
    pub(super) groups: Vec<usize>,
    /// Places of the neurons whose correlations are looked at.
    pub(super) pair_neurons: Vec<usize>,
    /// Recorded, `[repeat, neuron]` for each stimulus.
    pub(super) repeats: Vec<Array2<f64>>,
    /// Recorded, mean over repeats, `[stimulus, neuron]`.
    pub(super) recorded: Array2<f64>,
    /// `[stimulus, neuron]`.
    pub(super) twin: Array2<f64>,
    /// Drawn from the twin, `[repeat, pair neuron]` for each stimulus, on no particular scale.
    pub(super) drawn: Vec<Array2<f64>>,
}

impl Patterns {
    pub(super) fn new(responses: Responses) -> Self {
        let wide = |values: Vec<Array2<f32>>| values.into_iter().map(|v| v.mapv(f64::from));
        let mut repeats: Vec<Array2<f64>> = wide(responses.recorded).collect();
        let mut twin = responses.twin.mapv(f64::from);
        let scale = deviations(&repeats).mapv(|d| if d > 0.0 { 1.0 / d } else { 0.0 });
        let mut recorded = means(&repeats);
        let centre = recorded.mean_axis(Axis(0)).unwrap_or_default();
        recorded = (recorded - &centre) * &scale;
        for repeats in &mut repeats {
            *repeats -= &centre;
            *repeats *= &scale;
        }
        twin -= &twin.mean_axis(Axis(0)).unwrap_or_default();
        twin *= &scale;
        let drawn = wide(responses.drawn).collect();
        let (groups, pair_neurons) = (responses.groups, responses.pair_neurons);
        Self { groups, pair_neurons, repeats, recorded, twin, drawn }
    }

    /// Whether every stimulus was shown twice or more.
    pub(super) fn is_repeated(&self) -> bool {
        self.repeats.iter().all(|repeats| repeats.nrows() >= 2)
    }
}

/// Mean over the repeats of each stimulus.
fn means(repeats: &[Array2<f64>]) -> Array2<f64> {
    let n_neurons = repeats.first().map_or(0, Array2::ncols);
    let mut means = Array2::zeros((repeats.len(), n_neurons));
    for (mut mean, repeats) in means.rows_mut().into_iter().zip(repeats) {
        mean.assign(&(repeats.sum_axis(Axis(0)) / repeats.nrows() as f64));
    }
    means
}

/// Standard deviation of each neuron over all stimuli and repeats; 0 for what is only rounding.
fn deviations(repeats: &[Array2<f64>]) -> Array1<f64> {
    let n: f64 = repeats.iter().map(|repeats| repeats.nrows() as f64).sum();
    let n_neurons = repeats.first().map_or(0, Array2::ncols);
    let mut mean = Array1::<f64>::zeros(n_neurons);
    repeats.iter().for_each(|repeats| mean += &(repeats.sum_axis(Axis(0)) / n));
    let mut variance = Array1::<f64>::zeros(n_neurons);
    for row in repeats.iter().flat_map(|repeats| repeats.rows()) {
        variance += &(&row - &mean).mapv(|value| value * value / n);
    }
    let deviation = |(variance, mean): (&f64, &f64)| {
        let deviation = variance.sqrt();
        if deviation > 1e-6 * mean.abs() { deviation } else { 0.0 }
    };
    variance.iter().zip(&mean).map(deviation).collect()
}
