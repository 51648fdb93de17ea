//! Simulated populations whose factors are known.

mod flow;
mod independent;
mod smooth;

use ndarray::{Array1, Array2};
use striate_base::{RandomStream, Streams};

use super::kernel::covariance;
use super::linear::Cholesky;
use super::smooth::stacked;
use super::*;

fn random(name: &str) -> RandomStream {
    Streams::new(11).stream(name)
}

fn normal(shape: (usize, usize), random: &mut RandomStream) -> Array2<f64> {
    Array2::from_shape_simple_fn(shape, || random.normal())
}

/// A model with random parameters.
fn truth(n_neurons: usize, n_factors: usize, random: &mut RandomStream) -> FactorAnalysis {
    let loadings = normal((n_neurons, n_factors), random);
    let private = Array1::from_shape_simple_fn(n_neurons, || 0.5 + random.uniform());
    let mean = Array1::from_shape_simple_fn(n_neurons, || random.normal());
    FactorAnalysis::new(mean, loadings, private).unwrap()
}

/// Responses `[frame, neuron]` to given factors `[frame, factor]`.
fn responses(
    model: &FactorAnalysis,
    factors: &Array2<f64>,
    random: &mut RandomStream,
) -> Array2<f64> {
    let noise = normal((factors.nrows(), model.n_neurons()), random);
    factors.dot(&model.loadings().t())
        + model.mean()
        + noise * model.private_variances().mapv(f64::sqrt)
}

/// Mean and covariance of some entries of a normal vector, given the others: by the definition.
fn brute_force(
    mean: &Array1<f64>,
    covariance: &Array2<f64>,
    (hidden, visible): (&[usize], &[usize]),
    values: &Array1<f64>,
) -> (Array1<f64>, Array2<f64>) {
    let block = |rows: &[usize], columns: &[usize]| {
        covariance.select(ndarray::Axis(0), rows).select(ndarray::Axis(1), columns)
    };
    let pick = |places: &[usize]| mean.select(ndarray::Axis(0), places);
    let factor = Cholesky::of(block(visible, visible).view()).unwrap();
    let gain = factor.solve(block(visible, hidden).view()).reversed_axes();
    let found = pick(hidden) + gain.dot(&(values - &pick(visible)));
    (found, block(hidden, hidden) - gain.dot(&block(visible, hidden)))
}

fn largest_difference(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    (a - b).iter().fold(0.0, |most: f64, value| most.max(value.abs()))
}
