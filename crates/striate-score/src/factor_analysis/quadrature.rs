//! Means of functions of a normal variable.

use ndarray::Array2;

use super::FactorError;
use super::linear::eigen;

/// Nodes of the rule; exact for polynomials up to degree 39.
const N_NODES: usize = 20;

/// Gauss-Hermite quadrature for the standard normal density: nodes and weights.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Quadrature {
    nodes: Vec<(f64, f64)>,
}

impl Quadrature {
    /// The rule from the eigenvectors of its Jacobi matrix (Golub & Welsch, "Calculation of Gauss
    /// quadrature rules", Math. Comp. 23:221, 1969).
    pub(super) fn new() -> Result<Self, FactorError> {
        let jacobi = Array2::from_shape_fn((N_NODES, N_NODES), |(i, j)| {
            if i.abs_diff(j) == 1 { (i.max(j) as f64).sqrt() } else { 0.0 }
        });
        let (values, vectors) = eigen(&jacobi)?;
        let nodes = (0..N_NODES).map(|k| (values[k], vectors[[0, k]].powi(2))).collect();
        Ok(Self { nodes })
    }

    /// Mean of `function` of a normal variable.
    pub(super) fn mean(&self, mean: f64, variance: f64, function: impl Fn(f64) -> f64) -> f64 {
        let deviation = variance.max(0.0).sqrt();
        self.nodes.iter().map(|(node, weight)| weight * function(mean + deviation * node)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_the_normal_density_are_exact() {
        let rule = Quadrature::new().unwrap();
        // Moments of N(0, 1): (2k - 1)!!; rounding of eigenvectors is amplified by the largest node^8.
        for (power, expected) in [(0, 1.0), (1, 0.0), (2, 1.0), (4, 3.0), (6, 15.0), (8, 105.0)] {
            let found = rule.mean(0.0, 1.0, |x| x.powi(power));
            assert!((found - expected).abs() < 1e-10 * expected.max(1.0), "{power}: {found}");
        }
        let found = rule.mean(1.0, 0.25, f64::exp);
        assert!((found - (1.0f64 + 0.125).exp()).abs() < 1e-12, "{found}");
    }
}
