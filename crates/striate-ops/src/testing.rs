//! Gradients against central differences of a reference in double precision.

use striate_base::Streams;

use crate::error::OpError;
use crate::pool::Pool;
use crate::tape::{Seed, Tape, Var};

/// Relative error that an operation's result or gradient may have: f32 rounding (6e-8) of sums of
/// some tens of terms stays well below it, any wrong term lies far above.
const TOLERANCE: f64 = 1e-5;

/// Step of the central differences: error about `step^2` (1e-10) of the value by truncation and
/// about `1e-16 / step` (1e-11) by rounding, both far below the tolerance.
const STEP: f64 = 1e-5;

/// The arguments of an operation.
#[derive(Default)]
pub(crate) struct Case {
    arguments: Vec<(Vec<usize>, Vec<f32>)>,
}

impl Case {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// One more argument.
    pub(crate) fn argument(mut self, shape: &[usize], values: &[f32]) -> Self {
        self.arguments.push((shape.to_vec(), values.to_vec()));
        self
    }

    /// One more argument, half of standard normal numbers.
    pub(crate) fn random(self, shape: &[usize], seed: u64) -> Self {
        let mut values = vec![0.0; shape.iter().product()];
        Streams::new(seed).stream("argument").fill_normal(&mut values);
        for value in &mut values {
            *value *= 0.5;
        }
        self.argument(shape, &values)
    }
}

/// Compare an operation with a reference: its result, and the gradient of a weighted sum of its
/// result with respect to every argument.
pub(crate) fn check(
    case: &Case,
    operation: impl FnOnce(&mut Tape, &[Var]) -> Result<Var, OpError>,
    reference: impl Fn(&[Vec<f64>]) -> Vec<f64>,
) {
    let mut tape = Tape::recording(&Pool::new());
    let leaves: Vec<Var> =
        case.arguments.iter().map(|(s, v)| tape.leaf(s.clone(), v).unwrap()).collect();
    let result = operation(&mut tape, &leaves).unwrap();
    let mut point: Vec<Vec<f64>> =
        case.arguments.iter().map(|(_, v)| v.iter().map(|&v| f64::from(v)).collect()).collect();
    assert_close("result", result.values(), &reference(&point));
    let weights: Vec<f32> = (0..result.values().len()).map(|i| 0.3 + (i % 7) as f32).collect();
    let seed = Seed::weighted(&tape, &result, &weights).unwrap();
    let mut gradients = tape.backward(vec![seed]);
    let objective = |point: &[Vec<f64>]| -> f64 {
        reference(point).iter().zip(&weights).map(|(r, &w)| r * f64::from(w)).sum()
    };
    for (index, leaf) in leaves.iter().enumerate() {
        let expected: Vec<f64> = (0..point[index].len())
            .map(|element| {
                let at = point[index][element];
                let mut beside = |by: f64| {
                    point[index][element] = at + by;
                    let value = objective(&point);
                    point[index][element] = at;
                    value
                };
                (beside(STEP) - beside(-STEP)) / (2.0 * STEP)
            })
            .collect();
        let found = gradients.take(leaf).unwrap();
        assert_close(&format!("gradient of argument {index}"), &found, &expected);
    }
}

fn assert_close(what: &str, found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let square = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let difference = square(&mut found.iter().zip(expected).map(|(&f, e)| f64::from(f) - e));
    let size = square(&mut expected.iter().copied());
    assert!(
        difference <= TOLERANCE * size.max(1e-3),
        "{what}: found {found:?}, expected {expected:?}"
    );
}
