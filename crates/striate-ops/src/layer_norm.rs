//! Layer normalisation.

use rayon::prelude::*;

use crate::channel_sums::channel_sums;
use crate::error::OpError;
use crate::shape::check_shape;
use crate::tape::{Tape, Var};

const NAME: &str = "layer normalisation";

/// Rows per task.
const ROWS: usize = 512;

/// `(x - mean) / sqrt(variance + epsilon) * weight + bias`, mean and variance (divided by the number
/// of values) of each row of channels (Ba et al. 2016, "Layer normalization", arXiv 1607.06450).
///
/// # Shapes
/// `input` `[.., channel]`, `weight` and `bias` `[channel]`; result as `input`.
///
/// # Errors
/// [`OpError::Shape`] for shapes that do not fit together.
pub fn layer_norm(
    tape: &mut Tape,
    input: &Var,
    weight: &Var,
    bias: &Var,
    epsilon: f32,
) -> Result<Var, OpError> {
    let &[.., n_channels] = input.shape() else {
        return Err(OpError::shape(NAME, "input", input.shape(), "[.., channel]"));
    };
    check_shape(NAME, "weight", weight.shape(), &[n_channels])?;
    check_shape(NAME, "bias", bias.shape(), &[n_channels])?;
    let mut output = tape.pool().take(input.values().len());
    for_rows(input.values(), &mut output, n_channels, |row, output| {
        let row = Row::new(row, epsilon);
        for (channel, output) in output.iter_mut().enumerate() {
            *output = row.normalised(channel) * weight.values()[channel] + bias.values()[channel];
        }
    });
    let targets = [input, weight, bias].map(Var::target);
    let (x, w) = (input.clone(), weight.clone());
    let shape = input.shape().to_vec();
    Ok(tape.record(shape, output, &[input, weight, bias], move |mut gradient, flow| {
        flow.add(targets[2], |out| channel_sums(&gradient, out));
        if targets[1].needs_gradient() {
            let mut terms = flow.take(gradient.len());
            terms.copy_from_slice(&gradient);
            for_rows(x.values(), &mut terms, n_channels, |row, terms| {
                let row = Row::new(row, epsilon);
                for (channel, term) in terms.iter_mut().enumerate() {
                    *term *= row.normalised(channel);
                }
            });
            flow.add(targets[1], |out| channel_sums(&terms, out));
        }
        if targets[0].needs_gradient() {
            for_rows(x.values(), &mut gradient, n_channels, |row, gradient| {
                Row::new(row, epsilon).input_gradient(w.values(), gradient);
            });
            flow.pass(targets[0], gradient);
        }
    }))
}

/// Run `task` on each row of `input` and of `output`.
fn for_rows(
    input: &[f32],
    output: &mut [f32],
    n_channels: usize,
    task: impl Fn(&[f32], &mut [f32]) + Sync,
) {
    let size = n_channels.max(1);
    let tasks = input.par_chunks(ROWS * size).zip(output.par_chunks_mut(ROWS * size));
    tasks.for_each(|(input, output)| {
        for (input, output) in input.chunks_exact(size).zip(output.chunks_exact_mut(size)) {
            task(input, output);
        }
    });
}

/// A row and its statistics.
struct Row<'a> {
    values: &'a [f32],
    mean: f64,
    /// One over the standard deviation.
    factor: f64,
}

impl<'a> Row<'a> {
    fn new(values: &'a [f32], epsilon: f32) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
        let variance = values.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
        Self { values, mean, factor: 1.0 / (variance + f64::from(epsilon)).sqrt() }
    }

    fn normalised(&self, channel: usize) -> f32 {
        ((f64::from(self.values[channel]) - self.mean) * self.factor) as f32
    }

    /// Turn the gradient of the output into that of the input: what would change mean or variance
    /// of the row has no effect, and is taken away.
    fn input_gradient(&self, weight: &[f32], gradient: &mut [f32]) {
        let (mut of_mean, mut of_deviation) = (0.0f64, 0.0f64);
        for (channel, (gradient, &weight)) in gradient.iter_mut().zip(weight).enumerate() {
            *gradient *= weight;
            of_mean += f64::from(*gradient);
            of_deviation += f64::from(*gradient * self.normalised(channel));
        }
        let n = gradient.len() as f64;
        for (channel, gradient) in gradient.iter_mut().enumerate() {
            let along = of_mean / n + f64::from(self.normalised(channel)) * of_deviation / n;
            *gradient = ((f64::from(*gradient) - along) * self.factor) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, check};

    const EPSILON: f32 = 1e-2;

    fn naive(x: &[Vec<f64>], n_channels: usize) -> Vec<f64> {
        let row = |row: &[f64]| {
            let n = n_channels as f64;
            let mean = row.iter().sum::<f64>() / n;
            let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
            let deviation = (variance + f64::from(EPSILON)).sqrt();
            let value = |(c, v): (usize, &f64)| (v - mean) / deviation * x[1][c] + x[2][c];
            row.iter().enumerate().map(value).collect::<Vec<_>>()
        };
        x[0].chunks(n_channels).flat_map(row).collect()
    }

    #[test]
    fn gradients_agree_with_differences() {
        let case = Case::new().random(&[2, 3, 5], 1).random(&[5], 2).random(&[5], 3);
        check(&case, |t, v| layer_norm(t, &v[0], &v[1], &v[2], EPSILON), |x| naive(x, 5));
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        let mut tape = Tape::forward_only(&crate::Pool::new());
        let input = tape.constant(vec![2, 3], &[0.0; 6]).unwrap();
        let [three, two] = [3, 2].map(|n| tape.constant(vec![n], &[1.0; 3][..n]).unwrap());
        let scalar = tape.constant(vec![], &[1.0]).unwrap();
        assert!(layer_norm(&mut tape, &input, &three, &three, EPSILON).is_ok());
        for [input, weight, bias] in
            [[&input, &two, &three], [&input, &three, &two], [&scalar, &three, &three]]
        {
            assert!(layer_norm(&mut tape, input, weight, bias, EPSILON).is_err());
        }
    }
}
