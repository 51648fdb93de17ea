//! Correlation per neuron from running sums, so that no tier's predictions are held in memory.
//!
//! The definition is that of the Sensorium benchmarks: the mean of the product of z-scores, ddof 0,
//! 1e-8 added to each standard deviation; what is not a number counts as 0.

/// Added to each standard deviation.
const EPS: f64 = 1e-8;

/// Sums of both variables, their squares and their product, around the first value seen: near
/// the mean, the squares lose no digits.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    predicted: f64,
    recorded: f64,
    predicted_squared: f64,
    recorded_squared: f64,
    product: f64,
}

/// One running correlation per neuron.
#[derive(Debug, Clone)]
pub(crate) struct Correlations {
    n_frames: u64,
    origins: Vec<(f64, f64)>,
    sums: Vec<Sums>,
}

impl Correlations {
    pub(crate) fn new(n_neurons: usize) -> Self {
        let sums = vec![Sums::default(); n_neurons];
        Self { n_frames: 0, origins: vec![(0.0, 0.0); n_neurons], sums }
    }

    /// Let every neuron see further frames, both `[frame, neuron]`.
    pub(crate) fn add(&mut self, predicted: &[f32], recorded: &[f32]) {
        let n_neurons = self.sums.len().max(1);
        let frames = predicted.chunks_exact(n_neurons).zip(recorded.chunks_exact(n_neurons));
        for (predicted, recorded) in frames {
            let values =
                predicted.iter().zip(recorded).map(|(&p, &r)| (f64::from(p), f64::from(r)));
            if self.n_frames == 0 {
                self.origins = values.clone().collect();
            }
            for ((sums, origin), (p, r)) in self.sums.iter_mut().zip(&self.origins).zip(values) {
                let (p, r) = (p - origin.0, r - origin.1);
                sums.predicted += p;
                sums.recorded += r;
                sums.predicted_squared += p * p;
                sums.recorded_squared += r * r;
                sums.product += p * r;
            }
            self.n_frames += 1;
        }
    }

    /// The correlation of each neuron.
    pub(crate) fn finish(&self) -> Vec<f64> {
        let n = self.n_frames.max(1) as f64;
        let correlation = |sums: &Sums| {
            let (p, r) = (sums.predicted / n, sums.recorded / n);
            let spread = |squared: f64, mean: f64| (squared / n - mean * mean).max(0.0).sqrt();
            let covariance = sums.product / n - p * r;
            let value = covariance
                / ((spread(sums.predicted_squared, p) + EPS)
                    * (spread(sums.recorded_squared, r) + EPS));
            if value.is_finite() { value } else { 0.0 }
        };
        self.sums.iter().map(correlation).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_the_definition_however_it_is_cut() {
        let predicted: Vec<f32> = (0..40).map(|i| (i as f32 * 0.7).sin() + 100.0).collect();
        let recorded: Vec<f32> = (0..40).map(|i| (i as f32 * 0.9).cos() * 3.0).collect();
        let mut whole = Correlations::new(2);
        whole.add(&predicted, &recorded);
        let mut pieces = Correlations::new(2);
        pieces.add(&predicted[..6], &recorded[..6]);
        pieces.add(&predicted[6..], &recorded[6..]);
        assert_eq!(whole.finish(), pieces.finish());
        for neuron in 0..2 {
            let of = |x: &[f32]| x.iter().skip(neuron).step_by(2).map(|&v| f64::from(v)).collect();
            let expected = by_definition(of(&predicted), of(&recorded));
            // Sums of 20 numbers of order 1 in f64; the predictions were rounded to f32 before
            // either side saw them.
            assert!((whole.finish()[neuron] - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn constant_or_broken_values_give_zero() {
        let mut correlations = Correlations::new(2);
        correlations.add(&[1.0, f32::NAN, 1.0, 2.0], &[0.0, 1.0, 5.0, 2.0]);
        assert_eq!(correlations.finish(), [0.0, 0.0]);
    }

    fn by_definition(x: Vec<f64>, y: Vec<f64>) -> f64 {
        let z = |values: &[f64]| -> Vec<f64> {
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let spread = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
            values.iter().map(|v| (v - mean) / (spread + EPS)).collect()
        };
        let (x, y) = (z(&x), z(&y));
        x.iter().zip(&y).map(|(a, b)| a * b).sum::<f64>() / x.len() as f64
    }
}
