//! Correlations between neurons that the stimulus does not explain, recorded and in the twin.

use serde::{Deserialize, Serialize};
use striate_base::{RandomStream, Streams};

use super::trial::Trial;
use crate::error::ScoreError;

/// Most pairs that are kept for a picture.
const MOST_PAIRS: usize = 1000;

/// Correlations, over frames, of what is left of responses once the prediction from the stimulus is taken
/// away: of recorded responses, and of responses drawn from the twin. What the twin mispredicts from the
/// stimulus in several neurons alike counts as recorded noise correlation too.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NoiseCorrelations {
    /// Pairs of neurons.
    pub n_pairs: usize,
    /// Mean over pairs, recorded.
    pub recorded_mean: f64,
    /// Mean over pairs, in the twin.
    pub twin_mean: f64,
    /// Standard deviation over pairs, recorded.
    pub recorded_deviation: f64,
    /// Standard deviation over pairs, in the twin.
    pub twin_deviation: f64,
    /// Correlation between both over pairs.
    pub agreement: f64,
    /// Some pairs, evenly spread: recorded and in the twin.
    pub pairs: Vec<[f64; 2]>,
}

pub(super) struct RunningNoise {
    neurons: Vec<usize>,
    recorded: Moments,
    drawn: Moments,
    random: RandomStream,
}

/// Sums of values and of their products, `[neuron]` and `[neuron, neuron]`.
struct Moments {
    n: f64,
    sums: Vec<f64>,
    products: Vec<f64>,
}

impl RunningNoise {
    pub(super) fn new(session: &str, n_neurons: usize, max_neurons: usize) -> Self {
        let n = n_neurons.min(max_neurons);
        Self {
            neurons: (0..n).map(|i| i * n_neurons / n).collect(),
            recorded: Moments::new(n),
            drawn: Moments::new(n),
            random: Streams::new(42).stream(&format!("noise correlations {session}")),
        }
    }

    pub(super) fn add(&mut self, trial: &Trial<'_>) -> Result<(), ScoreError> {
        let (input, prior) = (trial.input(), trial.prior());
        let rates = trial.twin.predict_given(&input, std::slice::from_ref(&prior))?;
        let Some(rates) = rates.first() else { return Ok(()) };
        let drawn = trial.twin.sample_given(&input, &prior, &mut self.random)?;
        let n_neurons = trial.n_neurons;
        let rates = trial.scored(rates).chunks_exact(n_neurons);
        let recorded = trial.scored(trial.targets()).chunks_exact(n_neurons);
        for ((rates, recorded), drawn) in
            rates.zip(recorded).zip(trial.scored(&drawn).chunks_exact(n_neurons))
        {
            let residual = |of: &[f32]| -> Vec<f64> {
                self.neurons.iter().map(|&n| f64::from(of[n]) - f64::from(rates[n])).collect()
            };
            self.recorded.add(&residual(recorded));
            self.drawn.add(&residual(drawn));
        }
        Ok(())
    }

    /// `None` for fewer than two neurons that vary.
    pub(super) fn finish(&self) -> Option<NoiseCorrelations> {
        let both: Vec<[f64; 2]> = self
            .recorded
            .correlations()
            .into_iter()
            .zip(self.drawn.correlations())
            .filter_map(|(recorded, drawn)| Some([recorded?, drawn?]))
            .collect();
        let n = both.len();
        if n == 0 {
            return None;
        }
        let mean = |which: usize| both.iter().map(|pair| pair[which]).sum::<f64>() / n as f64;
        let means = [mean(0), mean(1)];
        let product = |a: usize, b: usize| {
            both.iter().map(|p| (p[a] - means[a]) * (p[b] - means[b])).sum::<f64>() / n as f64
        };
        let deviations = [product(0, 0).sqrt(), product(1, 1).sqrt()];
        let agreement = product(0, 1) / (deviations[0] * deviations[1]);
        let kept = n.min(MOST_PAIRS);
        Some(NoiseCorrelations {
            n_pairs: n,
            recorded_mean: means[0],
            twin_mean: means[1],
            recorded_deviation: deviations[0],
            twin_deviation: deviations[1],
            agreement: if agreement.is_finite() { agreement } else { 0.0 },
            pairs: (0..kept).map(|i| both[i * n / kept]).collect(),
        })
    }
}

impl Moments {
    fn new(n: usize) -> Self {
        Self { n: 0.0, sums: vec![0.0; n], products: vec![0.0; n * n] }
    }

    fn add(&mut self, values: &[f64]) {
        let n = values.len();
        self.n += 1.0;
        for (a, &value) in values.iter().enumerate() {
            self.sums[a] += value;
            for (product, other) in self.products[a * n..].iter_mut().zip(&values[..a]) {
                *product += value * other;
            }
            self.products[a * n + a] += value * value;
        }
    }

    /// Of each pair, the later neuron first; `None` for a neuron that does not vary.
    fn correlations(&self) -> Vec<Option<f64>> {
        let n = self.sums.len();
        let covariance = |a: usize, b: usize| {
            self.products[a * n + b] / self.n - self.sums[a] / self.n * (self.sums[b] / self.n)
        };
        let of = |a: usize, b: usize| {
            let variances = covariance(a, a) * covariance(b, b);
            let found = covariance(a, b) / variances.sqrt();
            (variances > 0.0 && found.is_finite()).then_some(found)
        };
        (0..n).flat_map(|a| (0..a).map(move |b| (a, b))).map(|(a, b)| of(a, b)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_are_those_of_the_definition() {
        let mut moments = Moments::new(3);
        for frame in [[1.0, 2.0, 5.0], [2.0, 4.0, 5.0], [4.0, 1.0, 5.0]] {
            moments.add(&frame);
        }
        let found = moments.correlations();
        // Covariance -7/9 of deviations sqrt(14)/3 twice.
        assert!((found[0].unwrap() + 0.5).abs() < 1e-12);
        assert_eq!(found[1..], [None, None]);
    }
}
