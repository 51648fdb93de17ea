use proptest::prelude::*;

use super::*;
use crate::testing::{
    TOLERANCE, assert_close, at_every_level, at_native_speed, cases, random, with_threads,
};

/// Values of several channels, statistics and an affine map of them.
struct Case {
    values: Vec<f32>,
    gradient: Vec<f32>,
    scale: Vec<f32>,
    shift: Vec<f32>,
    mean: Vec<f64>,
    inverse_deviation: Vec<f64>,
    activation: Activation,
}

impl Case {
    fn new(n_rows: usize, n_channels: usize, activation: Activation) -> Self {
        let values = random(n_rows * n_channels, 1);
        let (mean, variance) = naive_statistics(&values, n_channels);
        let inverse_deviation: Vec<f64> =
            variance.iter().map(|variance| 1.0 / (variance + 1e-3).sqrt()).collect();
        let gamma = random(n_channels, 3);
        let scale: Vec<f32> =
            gamma.iter().zip(&inverse_deviation).map(|(&g, i)| (f64::from(g) * i) as f32).collect();
        let gradient = random(values.len(), 2);
        let shift = random(n_channels, 4);
        Self { values, gradient, scale, shift, mean, inverse_deviation, activation }
    }

    fn forward(&self) -> NormBackward<'_> {
        NormBackward {
            values: &self.values,
            scale: &self.scale,
            shift: &self.shift,
            mean: &self.mean,
            inverse_deviation: &self.inverse_deviation,
            activation: self.activation,
        }
    }

    /// `scale x + shift`
    fn linear(&self, index: usize) -> f64 {
        let channel = index % self.scale.len();
        f64::from(self.scale[channel]) * f64::from(self.values[index])
            + f64::from(self.shift[channel])
    }

    /// Gradient before the activation.
    fn inner_gradient(&self, index: usize) -> f64 {
        let slope = match self.activation {
            Activation::Elu => self.linear(index).min(0.0).exp(),
            Activation::Identity => 1.0,
        };
        slope * f64::from(self.gradient[index])
    }

    fn normal(&self, index: usize) -> f64 {
        let channel = index % self.scale.len();
        (f64::from(self.values[index]) - self.mean[channel]) * self.inverse_deviation[channel]
    }

    /// Gradients of input, gamma and beta, for constant statistics or those of the batch.
    fn naive(&self, of_batch: bool) -> [Vec<f64>; 3] {
        let n_channels = self.scale.len();
        let n_rows = (self.values.len() / n_channels) as f64;
        let mut sums = [vec![0.0; n_channels], vec![0.0; n_channels]];
        for index in 0..self.values.len() {
            sums[0][index % n_channels] += self.inner_gradient(index) * self.normal(index);
            sums[1][index % n_channels] += self.inner_gradient(index);
        }
        let input = |index: usize| {
            let channel = index % n_channels;
            let through = (sums[1][channel] + self.normal(index) * sums[0][channel]) / n_rows;
            let through = if of_batch { through } else { 0.0 };
            f64::from(self.scale[channel]) * (self.inner_gradient(index) - through)
        };
        let input = (0..self.values.len()).map(input).collect();
        let [gamma, beta] = sums;
        [input, gamma, beta]
    }
}

fn naive_statistics(values: &[f32], n_channels: usize) -> (Vec<f64>, Vec<f64>) {
    let of =
        |channel: usize| values.iter().skip(channel).step_by(n_channels).map(|&x| f64::from(x));
    let n_rows = (values.len() / n_channels.max(1)) as f64;
    let mean: Vec<f64> = (0..n_channels).map(|c| of(c).sum::<f64>() / n_rows).collect();
    let variance = |c: usize| of(c).map(|x| (x - mean[c]).powi(2)).sum::<f64>() / n_rows;
    let variance = (0..n_channels).map(variance).collect();
    (mean, variance)
}

fn assert_close_wide(what: &str, found: &[f64], expected: &[f64]) {
    let found: Vec<f32> = found.iter().map(|&x| x as f32).collect();
    assert_close(what, &found, expected, TOLERANCE);
}

fn check(n_rows: usize, n_channels: usize) {
    for activation in [Activation::Elu, Activation::Identity] {
        let case = Case::new(n_rows, n_channels, activation);
        let activate = |x: f64| {
            if activation == Activation::Identity || x > 0.0 { x } else { x.exp_m1() }
        };
        let output: Vec<f64> = (0..case.values.len()).map(|i| activate(case.linear(i))).collect();
        at_every_level(|| {
            let (mean, variance) = batch_statistics(&case.values, n_channels);
            let expected = naive_statistics(&case.values, n_channels);
            assert_close_wide("mean", &mean, &expected.0);
            assert_close_wide("variance", &variance, &expected.1);
            let mut found = vec![f32::NAN; case.values.len()];
            scale_shift_elu(&case.values, &case.scale, &case.shift, &mut found, activation);
            assert_close("output", &found, &output, TOLERANCE);
            for of_batch in [true, false] {
                let backward =
                    if of_batch { batch_norm_elu_backward } else { frozen_norm_elu_backward };
                let mut gradient = case.gradient.clone();
                let (gamma, beta) = backward(&case.forward(), &mut gradient);
                let [input, of_gamma, of_beta] = case.naive(of_batch);
                assert_close("input", &gradient, &input, TOLERANCE);
                assert_close_wide("gamma", &gamma, &of_gamma);
                assert_close_wide("beta", &beta, &of_beta);
            }
        });
    }
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn results_are_those_of_the_definition(n_rows in 1..at_native_speed(200usize, 20), n_channels in 1..at_native_speed(40usize, 6)) {
        check(n_rows, n_channels);
    }
}

#[test]
#[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
fn several_chunks_fit_together() {
    check(CHUNK / 100 * 2 + 3, 100);
}

#[test]
fn variance_far_from_zero_keeps_its_digits() {
    // Half of the values 1000, half 1001: variance 1/4.
    let values: Vec<f32> =
        (0..at_native_speed(100_000, 1000)).map(|i| 1000.0 + (i % 2) as f32).collect();
    at_every_level(|| {
        let (mean, variance) = batch_statistics(&values, 1);
        assert_eq!((mean[0], variance[0]), (1000.5, 0.25));
    });
}

#[test]
fn nothing_in_nothing_out() {
    assert_eq!(batch_statistics(&[], 2), (vec![0.0; 2], vec![0.0; 2]));
    assert_eq!(batch_statistics(&[], 0), (vec![], vec![]));
    scale_shift_elu(&[], &[1.0], &[0.0], &mut [], Activation::Elu);
    for activation in [Activation::Elu, Activation::Identity] {
        for n_channels in [0, 2] {
            let case = Case::new(0, n_channels, activation);
            for backward in [batch_norm_elu_backward, frozen_norm_elu_backward] {
                let nothing = vec![0.0; n_channels];
                assert_eq!(backward(&case.forward(), &mut []), (nothing.clone(), nothing));
            }
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let case = Case::new(at_native_speed(30_000, 5), 7, Activation::Elu);
    at_every_level(|| {
        let run = || {
            let mut gradient = case.gradient.clone();
            let sums = batch_norm_elu_backward(&case.forward(), &mut gradient);
            let mut output = vec![f32::NAN; case.values.len()];
            let Case { values, scale, shift, activation, .. } = &case;
            scale_shift_elu(values, scale, shift, &mut output, *activation);
            (gradient, sums, output, batch_statistics(values, 7))
        };
        assert_eq!(with_threads(1, run), with_threads(3, run));
    });
}

#[test]
fn nan_spoils_its_own_channel_only() {
    at_every_level(|| {
        let (mean, _) = batch_statistics(&[1.0, 1.0, f32::NAN, 1.0], 2);
        assert!(mean[0].is_nan() && mean[1] == 1.0);
        let mut output = [0.0; 2];
        scale_shift_elu(&[f32::NAN, 1.0], &[1.0; 2], &[0.0; 2], &mut output, Activation::Elu);
        assert!(output[0].is_nan() && output[1] == 1.0);
    });
}

#[test]
#[should_panic(expected = "values has 3 values, expected the shape [1, 2]")]
fn rows_that_are_not_whole_are_refused() {
    batch_statistics(&[0.0; 3], 2);
}
