//! Which neurons the encoder sees.

use striate_base::Streams;

use super::config::HiddenHalf;

/// Seed of the halves: the same ones in every fit and score.
const SEED: u64 = 42;

/// For each neuron whether the encoder sees it.
pub type VisibleNeurons = Vec<bool>;

/// Halves of a session's neurons to be hidden one after the other, as what is seen while they are: two
/// that complement each other, or the one that hides the first half of all neurons.
///
/// A random half depends on the session's id and number of neurons alone.
///
/// ```
/// use striate_model::latent::{HiddenHalf, hidden_halves};
///
/// assert_eq!(hidden_halves("m", 5, HiddenHalf::First), [[false, false, true, true, true]]);
/// let [first, second] = &hidden_halves("m", 5, HiddenHalf::Random)[..] else { panic!() };
/// assert!(first.iter().zip(second).all(|(a, b)| a != b));
/// ```
pub fn hidden_halves(session: &str, n_neurons: usize, half: HiddenHalf) -> Vec<VisibleNeurons> {
    let mut order: Vec<usize> = (0..n_neurons).collect();
    if half == HiddenHalf::Random {
        Streams::new(SEED).stream(&format!("hidden half {session}")).shuffle(&mut order);
    }
    let mut visible = vec![true; n_neurons];
    for &neuron in &order[..n_neurons / 2] {
        visible[neuron] = false;
    }
    if half == HiddenHalf::First {
        return vec![visible];
    }
    let others = visible.iter().map(|visible| !visible).collect();
    vec![visible, others]
}
