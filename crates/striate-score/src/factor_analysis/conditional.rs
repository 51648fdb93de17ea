//! What is known of hidden neurons once others are seen.

use ndarray::Array2;

use super::FactorError;

/// The normal density of each hidden neuron, given the visible ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditional {
    /// Places of the hidden neurons: all that are not visible, ascending.
    pub hidden: Vec<usize>,
    /// Means, shape `[frame, hidden]`.
    pub mean: Array2<f64>,
    /// Variances, shape `[frame, hidden]`.
    pub variance: Array2<f64>,
}

/// The neurons that are not visible; refuse places that are repeated or not there.
pub(super) fn hidden_of(visible: &[usize], n_neurons: usize) -> Result<Vec<usize>, FactorError> {
    let mut is_visible = vec![false; n_neurons];
    for &neuron in visible {
        match is_visible.get_mut(neuron) {
            Some(seen) if !*seen => *seen = true,
            Some(_) => {
                let expected = "each neuron once";
                return Err(FactorError::shape(
                    "visible neurons",
                    format!("{neuron} twice"),
                    expected,
                ));
            }
            None => {
                let expected = format!("less than {n_neurons}, the number of neurons");
                return Err(FactorError::shape("place of a visible neuron", neuron, expected));
            }
        }
    }
    Ok((0..n_neurons).filter(|&neuron| !is_visible[neuron]).collect())
}
