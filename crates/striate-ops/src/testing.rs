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
/// result with respect to every argument. The second time on memory full of NaN.
pub(crate) fn check(
    case: &Case,
    operation: impl Fn(&mut Tape, &[Var]) -> Result<Var, OpError>,
    reference: impl Fn(&[Vec<f64>]) -> Vec<f64>,
) {
    let wide = |values: &Vec<f32>| values.iter().map(|&v| f64::from(v)).collect();
    let point: Vec<Vec<f64>> = case.arguments.iter().map(|(_, values)| wide(values)).collect();
    let expected = reference(&point);
    let weights: Vec<f32> = (0..expected.len()).map(|i| 0.3 + (i % 7) as f32).collect();
    let objective = |point: &[Vec<f64>]| -> f64 {
        reference(point).iter().zip(&weights).map(|(r, &w)| r * f64::from(w)).sum()
    };
    let slopes: Vec<Vec<f64>> =
        (0..point.len()).map(|argument| differences(objective, &point, argument)).collect();
    let pool = Pool::new();
    for _ in 0..2 {
        let mut tape = Tape::recording(&pool);
        let leaves: Vec<Var> =
            case.arguments.iter().map(|(s, v)| tape.leaf(s.clone(), v).unwrap()).collect();
        let result = operation(&mut tape, &leaves).unwrap();
        assert_close("result", result.values(), &expected);
        let seed = Seed::weighted(&tape, &result, &weights).unwrap();
        drop(result);
        let mut gradients = tape.backward(vec![seed]);
        for (argument, (leaf, slopes)) in leaves.iter().zip(&slopes).enumerate() {
            let found = gradients.take(leaf).unwrap();
            assert_close(&format!("gradient of argument {argument}"), &found, slopes);
        }
        drop((leaves, gradients));
        pool.poison();
    }
}

/// Central differences of a function with respect to one argument.
fn differences(
    function: impl Fn(&[Vec<f64>]) -> f64,
    point: &[Vec<f64>],
    argument: usize,
) -> Vec<f64> {
    let beside = |element: usize, by: f64| {
        let mut point = point.to_vec();
        point[argument][element] += by;
        function(&point)
    };
    let slope = |element| (beside(element, STEP) - beside(element, -STEP)) / (2.0 * STEP);
    (0..point[argument].len()).map(slope).collect()
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
