//! Which neurons the encoder sees.

use striate_base::Streams;

use super::config::HiddenHalf;

/// Seed of the halves: the same ones in every fit and score.
const SEED: u64 = 42;

/// For each neuron whether the encoder sees it.
pub type VisibleNeurons = Vec<bool>;

/// Two halves of a session's neurons to be hidden one after the other, as what is seen while they are:
/// each neuron is hidden once. The first of them hides `n_neurons / 2`.
///
/// A random half depends on the session's id and number of neurons alone.
///
/// ```
/// use striate_model::latent::{HiddenHalf, hidden_halves};
///
/// let [first, second] = hidden_halves("m", 5, HiddenHalf::First);
/// assert_eq!(first, [false, false, true, true, true]);
/// assert_eq!(second, [true, true, false, false, false]);
/// ```
pub fn hidden_halves(session: &str, n_neurons: usize, half: HiddenHalf) -> [VisibleNeurons; 2] {
    let mut order: Vec<usize> = (0..n_neurons).collect();
    if half == HiddenHalf::Random {
        Streams::new(SEED).stream(&format!("hidden half {session}")).shuffle(&mut order);
    }
    let mut visible = vec![true; n_neurons];
    for &neuron in &order[..n_neurons / 2] {
        visible[neuron] = false;
    }
    let others = visible.iter().map(|visible| !visible).collect();
    [visible, others]
}

/// Of values `[row, neuron]` found with different neurons visible, those of each neuron that were found
/// while it was hidden (the first time); NaN for one that never was.
///
/// ```
/// use striate_model::latent::where_hidden;
///
/// let visible = [vec![false, true], vec![true, false]];
/// assert_eq!(where_hidden(&visible, &[vec![1.0, 2.0], vec![3.0, 4.0]]), [1.0, 4.0]);
/// ```
pub fn where_hidden(visible: &[VisibleNeurons], values: &[Vec<f32>]) -> Vec<f32> {
    let n_neurons = visible.first().map_or(0, Vec::len);
    let choice: Vec<Option<usize>> =
        (0..n_neurons).map(|neuron| visible.iter().position(|seen| !seen[neuron])).collect();
    let n_values = values.first().map_or(0, Vec::len);
    let of = |(index, choice): (usize, &Option<usize>)| {
        choice.and_then(|which| values.get(which)?.get(index).copied()).unwrap_or(f32::NAN)
    };
    (0..n_values).zip(choice.iter().cycle()).map(of).collect()
}
