//! Adam and `AdamW`.

use rayon::prelude::*;

use crate::check::check_length;

/// Parameters per task.
const CHUNK: usize = 1 << 14;

/// Settings of one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamWStep {
    /// Size of the step.
    pub learning_rate: f64,
    /// Decay of the first moment, in [0, 1).
    pub beta1: f64,
    /// Decay of the second moment, in [0, 1).
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub eps: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Whether the decay shrinks the parameters themselves (`AdamW`), or is added to the gradient
    /// (Adam with an L2 penalty).
    pub decoupled: bool,
    /// Number of this step, from 1 on.
    pub step: u64,
}

/// Move `parameters` by one step, and bring their moments up to date. NaN in a gradient reaches its
/// parameter and moments.
///
/// Adam: Kingma & Ba 2015, "Adam: a method for stochastic optimization", algorithm 1. `AdamW`:
/// Loshchilov & Hutter 2019, "Decoupled weight decay regularization", algorithm 2, with the decay
/// multiplied by the learning rate (schedule multiplier and learning rate are one number here).
///
/// # Shapes
/// All slices have one value per parameter; moments start as zeros.
///
/// # Panics
/// Where lengths differ or `step` is 0.
///
/// ```
/// use striate_kernels::optimiser::{AdamWStep, adamw_step};
///
/// let settings = AdamWStep {
///     learning_rate: 0.1,
///     beta1: 0.9,
///     beta2: 0.999,
///     eps: 1e-8,
///     weight_decay: 0.0,
///     decoupled: true,
///     step: 1,
/// };
/// let (mut parameter, mut first, mut second) = ([1.0], [0.0], [0.0]);
/// adamw_step(&settings, &mut parameter, &[5.0], &mut first, &mut second);
/// // The first step has the length of the learning rate.
/// assert!((parameter[0] - 0.9).abs() < 1e-6);
/// ```
pub fn adamw_step(
    settings: &AdamWStep,
    parameters: &mut [f32],
    gradient: &[f32],
    first: &mut [f32],
    second: &mut [f32],
) {
    assert!(settings.step > 0, "steps count from 1");
    check_length("gradient", gradient.len(), &[parameters.len()]);
    check_length("first moment", first.len(), &[parameters.len()]);
    check_length("second moment", second.len(), &[parameters.len()]);
    let factors = Factors::new(settings);
    let moments = first.par_chunks_mut(CHUNK).zip(second.par_chunks_mut(CHUNK));
    let chunks = parameters.par_chunks_mut(CHUNK).zip(gradient.par_chunks(CHUNK)).zip(moments);
    chunks.for_each(|((parameters, gradient), (first, second))| {
        let moments = first.iter_mut().zip(second);
        for ((parameter, &gradient), (first, second)) in
            parameters.iter_mut().zip(gradient).zip(moments)
        {
            factors.update(parameter, gradient, first, second);
        }
    });
}

/// What is the same for all parameters.
struct Factors {
    shrink: f32,
    penalty: f32,
    keep: [f32; 2],
    add: [f32; 2],
    /// `learning_rate / (1 - beta1^step)`
    step: f32,
    /// `1 / sqrt(1 - beta2^step)`
    root: f32,
    eps: f32,
}

impl Factors {
    fn new(settings: &AdamWStep) -> Self {
        let &AdamWStep { learning_rate, beta1, beta2, eps, weight_decay, decoupled, step } =
            settings;
        let left = |beta: f64| 1.0 - beta.powf(step as f64);
        Self {
            shrink: if decoupled { (1.0 - learning_rate * weight_decay) as f32 } else { 1.0 },
            penalty: if decoupled { 0.0 } else { weight_decay as f32 },
            keep: [beta1 as f32, beta2 as f32],
            add: [(1.0 - beta1) as f32, (1.0 - beta2) as f32],
            step: (learning_rate / left(beta1)) as f32,
            root: (1.0 / left(beta2).sqrt()) as f32,
            eps: eps as f32,
        }
    }

    #[inline]
    fn update(&self, parameter: &mut f32, gradient: f32, first: &mut f32, second: &mut f32) {
        let gradient = gradient + self.penalty * *parameter;
        *first = self.keep[0] * *first + self.add[0] * gradient;
        *second = self.keep[1] * *second + self.add[1] * gradient * gradient;
        let size = second.sqrt() * self.root + self.eps;
        *parameter = self.shrink * *parameter - self.step * *first / size;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TOLERANCE, assert_close, cases, random, with_threads};
    use proptest::prelude::*;

    /// The published algorithms in double precision, with the moments divided by what they lack.
    fn naive(settings: &AdamWStep, start: f64, gradients: &[f64]) -> f64 {
        let (mut parameter, mut first, mut second) = (start, 0.0, 0.0);
        for (t, gradient) in (1..).zip(gradients) {
            let (mut decay, mut gradient) = (0.0, *gradient);
            if settings.decoupled {
                decay = settings.learning_rate * settings.weight_decay * parameter;
            } else {
                gradient += settings.weight_decay * parameter;
            }
            first = settings.beta1 * first + (1.0 - settings.beta1) * gradient;
            second = settings.beta2 * second + (1.0 - settings.beta2) * gradient * gradient;
            let whole_first = first / (1.0 - settings.beta1.powi(t));
            let whole_second = second / (1.0 - settings.beta2.powi(t));
            parameter -= decay;
            parameter -=
                settings.learning_rate * whole_first / (whole_second.sqrt() + settings.eps);
        }
        parameter
    }

    fn settings(decoupled: bool) -> AdamWStep {
        AdamWStep {
            learning_rate: 0.05,
            beta1: 0.9,
            beta2: 0.99,
            eps: 1e-6,
            weight_decay: 0.1,
            decoupled,
            step: 0,
        }
    }

    #[test]
    fn steps_are_those_of_the_papers() {
        let gradients = [0.5, -2.0, 0.25, 3.0, 1e-4];
        for decoupled in [true, false] {
            let mut settings = settings(decoupled);
            let (mut parameter, mut first, mut second) = ([0.75f32], [0.0], [0.0]);
            for gradient in gradients {
                settings.step += 1;
                let gradient = [gradient as f32];
                adamw_step(&settings, &mut parameter, &gradient, &mut first, &mut second);
            }
            let expected = naive(&settings, 0.75, &gradients);
            // A few roundings per step.
            assert!((f64::from(parameter[0]) - expected).abs() < 1e-6, "{parameter:?}, {expected}");
        }
    }

    /// Parameters after as many steps as there are gradients, from moments of zero.
    fn found(settings: &AdamWStep, start: &[f32], gradients: &[Vec<f32>]) -> Vec<f32> {
        let mut parameters = start.to_vec();
        let [mut first, mut second] = [vec![0.0; start.len()], vec![0.0; start.len()]];
        for (step, gradient) in (1..).zip(gradients) {
            let settings = AdamWStep { step, ..*settings };
            adamw_step(&settings, &mut parameters, gradient, &mut first, &mut second);
        }
        parameters
    }

    fn check(settings: &AdamWStep, length: usize, n_steps: u64) {
        let start = random(length, 1);
        let gradients: Vec<_> = (0..n_steps).map(|step| random(length, 2 + step)).collect();
        let expected = |index: usize| {
            let own: Vec<f64> = gradients.iter().map(|g| f64::from(g[index])).collect();
            naive(settings, f64::from(start[index]), &own)
        };
        let expected: Vec<f64> = (0..length).map(expected).collect();
        // Some roundings per step, in steps of at most some tenths.
        assert_close("parameters", &found(settings, &start, &gradients), &expected, TOLERANCE);
    }

    proptest! {
        #![proptest_config(cases(100))]

        #[test]
        fn any_settings_and_lengths_are_right(
            (length, n_steps, decoupled) in (0..40usize, 1..6u64, any::<bool>()),
            (learning_rate, eps, weight_decay) in (1e-4..0.1, 1e-8..1e-2, 0.0..0.5),
            (beta1, beta2) in (0.0..0.95, 0.5..0.9999),
        ) {
            let settings = AdamWStep {
                learning_rate, beta1, beta2, eps, weight_decay, decoupled, step: 0,
            };
            check(&settings, length, n_steps);
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
    fn several_tasks_fit_together() {
        check(&settings(true), 2 * CHUNK + 17, 2);
    }

    #[test]
    fn nan_spoils_its_own_parameter_only() {
        let gradient = [vec![1.0, f32::NAN, 1.0]];
        let parameters = found(&settings(true), &[0.5; 3], &gradient);
        assert!(parameters[1].is_nan() && parameters[0] == parameters[2]);
        assert!(parameters[0].is_finite());
    }

    #[test]
    #[should_panic(expected = "second moment has 1 values, expected the shape [2]")]
    fn moments_of_another_length_are_refused() {
        let settings = AdamWStep { step: 1, ..settings(true) };
        adamw_step(&settings, &mut [0.0; 2], &[0.0; 2], &mut [0.0; 2], &mut [0.0]);
    }

    #[test]
    #[cfg_attr(miri, ignore = "too long, and nothing that smaller ones do not do")]
    fn any_number_of_threads_gives_the_same_bits() {
        let length = 2 * CHUNK + 17;
        let step = || {
            let mut parameters = random(length, 1);
            let (mut first, mut second) = (random(length, 2), vec![0.5; length]);
            let settings = AdamWStep { step: 7, ..settings(true) };
            adamw_step(&settings, &mut parameters, &random(length, 3), &mut first, &mut second);
            (parameters, first, second)
        };
        assert_eq!(with_threads(1, step), with_threads(4, step));
    }
}
