//! Monotone transforms of single neurons that make responses more normal.

use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::FactorError;

/// What is done to the responses of every neuron before factors are fitted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Transform {
    /// Nothing.
    None,
    /// `sqrt(y + offset)`, for counts. Yu et al. 2009 use an offset of 0, with which a response of 0
    /// has an infinite density; with 3/8 (Anscombe 1948, "The transformation of Poisson, binomial and
    /// negative-binomial data") all densities are finite.
    SquareRoot {
        /// What is added to responses; at least 0.
        offset: f64,
    },
    /// Yeo & Johnson's family ("A new family of power transformations to improve normality or symmetry",
    /// Biometrika 87:954, 2000) of the response over its standard deviation, with the power
    /// of largest likelihood, within -4 to 4, for each neuron.
    #[default]
    YeoJohnson,
}

/// Range of powers.
const POWERS: [f64; 2] = [-4.0, 4.0];

/// The transform of one neuron.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fitted {
    shape: Shape,
    /// Range of the transformed responses fitted on.
    range: [f64; 2],
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape {
    None,
    SquareRoot { offset: f64 },
    YeoJohnson { power: f64, scale: f64 },
}

impl Fitted {
    /// The transform of neuron `neuron` that suits its responses `[frame]`.
    pub(super) fn new(
        transform: Transform,
        responses: ArrayView1<'_, f64>,
        neuron: usize,
    ) -> Result<Self, FactorError> {
        let shape = match transform {
            Transform::None => Shape::None,
            Transform::SquareRoot { offset } => Shape::SquareRoot { offset },
            Transform::YeoJohnson => yeo_johnson(responses),
        };
        let mut fitted = Self { shape, range: [f64::INFINITY, f64::NEG_INFINITY] };
        for &response in responses {
            fitted.check(response, neuron)?;
            let value = fitted.forward(response);
            fitted.range = [fitted.range[0].min(value), fitted.range[1].max(value)];
        }
        Ok(fitted)
    }

    /// Refuse a response that has no transform.
    pub(super) fn check(&self, response: f64, neuron: usize) -> Result<(), FactorError> {
        match self.shape {
            Shape::SquareRoot { offset } if response + offset < 0.0 => {
                let (found, expected) = (response, "0 or more, as the square root needs");
                Err(FactorError::Response { neuron, found, expected })
            }
            _ => Ok(()),
        }
    }

    /// The power, where there is one.
    pub(super) fn power(&self) -> Option<f64> {
        match self.shape {
            Shape::YeoJohnson { power, .. } => Some(power),
            _ => None,
        }
    }

    pub(super) fn forward(&self, response: f64) -> f64 {
        match self.shape {
            Shape::None => response,
            Shape::SquareRoot { offset } => (response + offset).max(0.0).sqrt(),
            Shape::YeoJohnson { power, scale } => power_of(response / scale, power),
        }
    }

    /// Natural logarithm of the derivative.
    pub(super) fn log_derivative(&self, response: f64) -> f64 {
        match self.shape {
            Shape::None => 0.0,
            Shape::SquareRoot { offset } => -(2.0 * (response + offset).max(0.0).sqrt()).ln(),
            Shape::YeoJohnson { power, scale } => {
                let y = response / scale;
                (power - 1.0) * y.signum() * y.abs().ln_1p() - scale.ln()
            }
        }
    }

    /// The response of a transformed value, confined to the range of responses fitted on: beyond it
    /// some powers have no response at all.
    pub(super) fn inverse(&self, value: f64) -> f64 {
        let confined = value.max(self.range[0]).min(self.range[1]);
        match self.shape {
            // Nothing to be confined: means of normal densities stay exact.
            Shape::None => value,
            Shape::SquareRoot { offset } => confined.powi(2) - offset,
            Shape::YeoJohnson { power, scale } => scale * inverse_power_of(confined, power),
        }
    }
}

fn power_of(y: f64, power: f64) -> f64 {
    let one_sided = |y: f64, power: f64| {
        let log = y.ln_1p();
        // (exp(power log) - 1) / power without loss where the power is small.
        if power == 0.0 { log } else { (power * log).exp_m1() / power }
    };
    if y >= 0.0 { one_sided(y, power) } else { -one_sided(-y, 2.0 - power) }
}

fn inverse_power_of(value: f64, power: f64) -> f64 {
    let one_sided = |value: f64, power: f64| {
        let log = if power == 0.0 { value } else { (power * value).max(-1.0).ln_1p() / power };
        log.exp_m1()
    };
    if value >= 0.0 { one_sided(value, power) } else { -one_sided(-value, 2.0 - power) }
}

/// The power of largest likelihood of normal transformed responses of unknown mean and variance, on a
/// grid and then by golden sections between the neighbours of its best point.
fn yeo_johnson(responses: ArrayView1<'_, f64>) -> Shape {
    let n = responses.len().max(1) as f64;
    let mean = responses.sum() / n;
    let scale = (responses.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n).sqrt();
    if !(scale > 0.0 && scale.is_finite()) {
        return Shape::YeoJohnson { power: 1.0, scale: 1.0 };
    }
    let logs: f64 =
        responses.iter().map(|y| (y / scale).signum() * (y / scale).abs().ln_1p()).sum();
    let log_likelihood = |power: f64| {
        let values: Vec<f64> = responses.iter().map(|y| power_of(y / scale, power)).collect();
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
        -0.5 * n * variance.ln() + (power - 1.0) * logs
    };
    let power = highest(log_likelihood, POWERS);
    Shape::YeoJohnson { power, scale }
}

/// The place in `range` where `function` is highest.
fn highest(function: impl Fn(f64) -> f64, range: [f64; 2]) -> f64 {
    let (n, step) = (32, (range[1] - range[0]) / 32.0);
    let grid = (0..=n).map(|i| range[0] + f64::from(i) * step);
    let best = grid
        .map(|x| (function(x), x))
        .fold((f64::NEG_INFINITY, 1.0), |best, next| if next.0 > best.0 { next } else { best });
    let (mut low, mut high) = ((best.1 - step).max(range[0]), (best.1 + step).min(range[1]));
    let ratio = (5f64.sqrt() - 1.0) / 2.0;
    // The interval of two steps shrinks to 1e-6 of its length: f64 cannot tell maxima much closer.
    for _ in 0..30 {
        let (a, b) = (high - ratio * (high - low), low + ratio * (high - low));
        if function(a) < function(b) { low = a } else { high = b }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array1;
    use striate_base::Streams;

    #[test]
    fn inverse_and_derivative_fit_the_transform() {
        let responses = Array1::linspace(-3.0, 5.0, 33);
        for power in [-2.0, -0.5, 0.0, 0.7, 1.0, 2.0, 3.0] {
            let shape = Shape::YeoJohnson { power, scale: 1.7 };
            let fitted = Fitted { shape, range: [f64::NEG_INFINITY, f64::INFINITY] };
            for &y in &responses {
                let back = fitted.inverse(fitted.forward(y));
                assert!((back - y).abs() < 1e-9, "{power}: {y} comes back as {back}");
                let h = 1e-5;
                let slope = (fitted.forward(y + h) - fitted.forward(y - h)) / (2.0 * h);
                // The second derivative of a power jumps at 0, hence h and not h^2.
                assert!((slope.ln() - fitted.log_derivative(y)).abs() < 1e-4, "{power} at {y}");
            }
        }
    }

    #[test]
    fn power_of_transformed_normal_responses_is_found() {
        let mut random = Streams::new(4).stream("responses");
        for power in [0.0, 0.5] {
            let normal = Array1::from_shape_simple_fn(4000, || 2.0 + 0.5 * random.normal());
            let responses = normal.mapv(|value| inverse_power_of(value, power));
            let fitted = Fitted::new(Transform::YeoJohnson, responses.view(), 0).unwrap();
            // The scale changes the family: what must be found is a transform that is normal again.
            let values = responses.mapv(|y| fitted.forward(y));
            let (mean, deviation) = (values.mean().unwrap(), values.std(0.0));
            let skew = values.mapv(|v| ((v - mean) / deviation).powi(3)).mean().unwrap();
            // Five standard errors of the skewness of a normal sample, sqrt(6 / n).
            assert!(skew.abs() < 5.0 * (6.0f64 / 4000.0).sqrt(), "{power}: {skew}");
        }
    }

    #[test]
    fn square_root_refuses_negative_responses_and_constant_neurons_stay() {
        let transform = Transform::SquareRoot { offset: 0.0 };
        let error = Fitted::new(transform, ndarray::array![1.0, -2.0].view(), 7).unwrap_err();
        assert!(error.to_string().starts_with("neuron 7 has a response of -2"), "{error}");
        let constant = Fitted::new(Transform::YeoJohnson, Array1::ones(5).view(), 0).unwrap();
        assert_eq!((constant.power(), constant.forward(1.0)), (Some(1.0), 1.0));
    }
}
