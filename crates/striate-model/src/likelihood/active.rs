//! What responses say about the frames in which a neuron is active: how often, how much, and the shape
//! of a gamma distribution.

use super::special::{digamma, trigamma};

/// Larger responses count as this, as in the released code of Schmidt et al. 2024.
const LARGEST: f32 = 80.0;

/// Active frames below which a neuron's shape says nothing.
const LEAST_ACTIVE: u64 = 10;

/// Shapes are kept within this range. Where all active responses are equal (a neuron with never more
/// than one spike in a frame) the likelihood grows with the shape without end.
const SHAPES: [f64; 2] = [0.05, 100.0];

/// Running statistics of the responses of a session's neurons.
#[derive(Debug, Clone)]
pub struct ResponseStatistics {
    above: f32,
    neurons: Vec<Sums>,
    n_frames: u64,
}

/// Over the active frames of one neuron, `x` the response above the threshold.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    n: u64,
    x: f64,
    log_x: f64,
}

/// Per neuron what a zero-inflated likelihood starts from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ActiveResponses {
    /// Shape `k` of the gamma distribution of active responses.
    pub shape: Vec<f32>,
    /// Fraction of frames that are active.
    pub fraction: Vec<f32>,
    /// Mean of active responses above the threshold; 0 without any.
    pub mean: Vec<f32>,
}

impl ResponseStatistics {
    /// Nothing seen yet; responses above `above` are active.
    pub fn new(n_neurons: usize, above: f32) -> Self {
        Self { above, neurons: vec![Sums::default(); n_neurons], n_frames: 0 }
    }

    /// One frame's responses `[neuron]`. NaN counts as silent.
    pub fn add<'r>(&mut self, responses: impl IntoIterator<Item = &'r f32>) {
        for (sums, &response) in self.neurons.iter_mut().zip(responses) {
            // Exactly the threshold is silent: its logarithm would be minus infinity.
            if response > self.above {
                let x = f64::from(response.min(LARGEST) - self.above);
                sums.n += 1;
                sums.x += x;
                sums.log_x += x.ln();
            }
        }
        self.n_frames += 1;
    }

    /// The statistics of all neurons. A neuron with fewer than 10 active frames gets the median shape
    /// of the others, 1 where there is none. Shapes are within 0.05 and 100.
    pub fn finish(&self) -> ActiveResponses {
        let found: Vec<Option<f64>> = self.neurons.iter().map(Sums::shape).collect();
        let fallback = median(found.iter().flatten().copied().collect());
        let n_frames = self.n_frames.max(1) as f64;
        ActiveResponses {
            shape: found.into_iter().map(|shape| shape.unwrap_or(fallback) as f32).collect(),
            fraction: self.neurons.iter().map(|sums| (sums.n as f64 / n_frames) as f32).collect(),
            mean: self.neurons.iter().map(|sums| sums.mean() as f32).collect(),
        }
    }
}

impl Sums {
    fn mean(&self) -> f64 {
        self.x / self.n.max(1) as f64
    }

    /// The most likely shape; `None` with too few active frames.
    fn shape(&self) -> Option<f64> {
        (self.n >= LEAST_ACTIVE).then(|| gamma_shape(self.mean().ln() - self.log_x / self.n as f64))
    }
}

/// The most likely shape of a gamma distribution from `s = log(mean x) - mean(log x)`: the root of
/// `log k - digamma(k) = s` by Newton's method. (Minka 2002, "Estimating a gamma distribution",
/// section 1, with his closed form as the start.)
fn gamma_shape(s: f64) -> f64 {
    let [least, most] = SHAPES;
    // About 1 / (2 s) for small s.
    if s < 0.4 / most {
        return most;
    }
    let mut k = (3.0 - s + ((s - 3.0).powi(2) + 24.0 * s).sqrt()) / (12.0 * s);
    for _ in 0..50 {
        let step = (k.ln() - digamma(k) - s) / (1.0 / k - trigamma(k));
        // Never beyond 0, where the function ends.
        k = (k - step).max(0.5 * k);
        if step.abs() < 1e-13 * k {
            break;
        }
    }
    k.clamp(least, most)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use striate_base::Streams;

    use super::*;

    #[test]
    fn shape_solves_the_likelihood_equation() {
        for k in [0.06f64, 0.43, 0.58, 1.0, 3.0, 40.0] {
            let found = gamma_shape(k.ln() - digamma(k));
            assert!((found - k).abs() < 1e-9 * k, "{found}, not {k}");
        }
        assert_eq!(gamma_shape(0.0), SHAPES[1]);
        assert_eq!(gamma_shape(1e3), SHAPES[0]);
    }

    #[test]
    fn known_shapes_are_found_in_samples() {
        let shapes = [0.43, 0.58, 1.0, 2.5];
        let mut random = Streams::new(1).stream("samples");
        let mut statistics = ResponseStatistics::new(shapes.len(), 0.005);
        let n = 40_000;
        for frame in 0..n {
            let draw = |&k: &f64| random.gamma(k, 1.7) as f32 + 0.005;
            let drawn: Vec<f32> = shapes.iter().map(draw).collect();
            // A quarter silent, at exactly 0 and exactly the threshold.
            let silent = [0.0, 0.005];
            let responses =
                drawn.iter().map(|y| if frame % 4 == 0 { &silent[frame / 4 % 2] } else { y });
            statistics.add(responses);
        }
        let found = statistics.finish();
        for (i, k) in shapes.into_iter().enumerate() {
            // Standard error of the estimate (Fisher information per sample: trigamma(k) - 1 / k),
            // times four.
            let n_active = 0.75 * f64::from(n as u32);
            let error = 4.0 / (n_active * (trigamma(k) - 1.0 / k)).sqrt();
            assert!((f64::from(found.shape[i]) - k).abs() < error, "{} {k}", found.shape[i]);
            assert!((found.fraction[i] - 0.75).abs() < 1e-3);
            assert!((f64::from(found.mean[i]) - 1.7 * k).abs() < 0.05 * k.max(1.0));
        }
    }

    #[test]
    fn silent_neurons_get_the_median_of_the_others() {
        let mut statistics = ResponseStatistics::new(4, 0.005);
        for frame in 0..100 {
            let x = 0.1 + frame as f32;
            statistics.add(&[0.0, x, f32::NAN, x * x]);
        }
        let found = statistics.finish();
        assert_eq!(found.shape[0], found.shape[1].max(found.shape[3]));
        assert_eq!(found.shape[0], found.shape[2]);
        assert_eq!((found.fraction[0], found.mean[0]), (0.0, 0.0));
        let empty = ResponseStatistics::new(1, 0.005).finish();
        assert_eq!((empty.shape[0], empty.fraction[0]), (1.0, 0.0));
    }
}
