//! Which neurons a conditioned prediction may look at.

use std::fmt;
use std::str::FromStr;

use striate_base::Streams;
use striate_model::latent::{HiddenHalf, VisibleNeurons, hidden_halves};
use striate_recording::SessionInfo;

use crate::error::ScoreError;

/// Which neurons are seen while others are predicted. Every neuron is predicted from others, never from
/// itself.
///
/// ```
/// use striate_score::Condition;
///
/// assert_eq!("half".parse::<Condition>().unwrap(), Condition::Half);
/// assert_eq!("0.25".parse::<Condition>().unwrap(), Condition::Fraction(0.25));
/// assert_eq!("depth:250".parse::<Condition>().unwrap().to_string(), "depth:250");
/// assert!("1.5".parse::<Condition>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Condition {
    /// One random half of the population from the other, and the other way round.
    Half,
    /// The first half in the order of the neurons from the second, and the other way round.
    FirstHalf,
    /// From a random share of the population, above 0 and below 1.
    Fraction(f64),
    /// Each neuron from all others.
    LeaveOneOut,
    /// Neurons above a depth in micrometres (the third coordinate) from those below, and the other way
    /// round.
    Depth(f64),
}

impl Condition {
    /// What is seen, in turns: each neuron is hidden at least once. None for [`Condition::LeaveOneOut`],
    /// which has a turn for every neuron.
    pub(crate) fn visible(self, info: &SessionInfo) -> Result<Vec<VisibleNeurons>, ScoreError> {
        let n_neurons = info.n_neurons;
        let complementary = |visible: VisibleNeurons| {
            let others = visible.iter().map(|visible| !visible).collect();
            vec![visible, others]
        };
        let turns = match self {
            Self::Half => hidden_halves(&info.id, n_neurons, HiddenHalf::Random).to_vec(),
            Self::FirstHalf => hidden_halves(&info.id, n_neurons, HiddenHalf::First).to_vec(),
            Self::Fraction(fraction) => random_share(&info.id, n_neurons, fraction),
            Self::LeaveOneOut => Vec::new(),
            Self::Depth(depth) => {
                let coordinates = info.neuron_coordinates.as_ref().filter(|c| c.ncols() >= 3);
                let coordinates = coordinates.ok_or_else(|| {
                    let expected = "three coordinates, for a depth";
                    ScoreError::mismatch(
                        format!("neurons of session `{}`", info.id),
                        "none",
                        expected,
                    )
                })?;
                let depths = coordinates.column(2);
                complementary(
                    depths.iter().map(|&of_neuron| f64::from(of_neuron) < depth).collect(),
                )
            }
        };
        let is_empty = |visible: &VisibleNeurons| !visible.contains(&true);
        if n_neurons < 2 || turns.iter().any(is_empty) {
            let what = format!("neurons to be seen in session `{}`", info.id);
            return Err(ScoreError::mismatch(what, "none in one of the turns", "at least one"));
        }
        Ok(turns)
    }
}

/// Turns that each show `fraction` of all neurons, at least one, and hide all others.
fn random_share(session: &str, n_neurons: usize, fraction: f64) -> Vec<VisibleNeurons> {
    let mut order: Vec<usize> = (0..n_neurons).collect();
    Streams::new(42).stream(&format!("visible share {session}")).shuffle(&mut order);
    let most = n_neurons.saturating_sub(1).max(1);
    let n_visible = ((fraction * n_neurons as f64).round() as usize).clamp(1, most);
    // The hidden ones of the turns, one after the other, cover the population.
    let n_hidden = n_neurons - n_visible;
    let turn = |turn: usize| {
        let mut visible = vec![true; n_neurons];
        for place in 0..n_hidden {
            visible[order[(turn * n_hidden + place) % n_neurons]] = false;
        }
        visible
    };
    (0..n_neurons.div_ceil(n_hidden.max(1))).map(turn).collect()
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || {
            format!(
                "found `{text}`, expected half, first-half, leave-one-out, a share such as 0.25, or \
                 depth:MICROMETRES"
            )
        };
        match text {
            "half" => return Ok(Self::Half),
            "first-half" => return Ok(Self::FirstHalf),
            "leave-one-out" => return Ok(Self::LeaveOneOut),
            _ => {}
        }
        if let Some(depth) = text.strip_prefix("depth:") {
            let depth: f64 = depth.parse().map_err(|_| refused())?;
            return if depth.is_finite() { Ok(Self::Depth(depth)) } else { Err(refused()) };
        }
        let share: f64 = text.parse().map_err(|_| refused())?;
        if share > 0.0 && share < 1.0 { Ok(Self::Fraction(share)) } else { Err(refused()) }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Half => f.write_str("half"),
            Self::FirstHalf => f.write_str("first-half"),
            Self::LeaveOneOut => f.write_str("leave-one-out"),
            Self::Fraction(share) => write!(f, "{share}"),
            Self::Depth(depth) => write!(f, "depth:{depth}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_neuron_is_hidden_in_some_turn_and_as_many_seen_as_asked_for() {
        for (n_neurons, fraction) in [(10, 0.25), (10, 0.9), (7, 0.5), (2, 0.01), (101, 0.99)] {
            let turns = random_share("m", n_neurons, fraction);
            for visible in &turns {
                let n_visible = visible.iter().filter(|&&visible| visible).count();
                let wanted =
                    (fraction * n_neurons as f64).round().clamp(1.0, n_neurons as f64 - 1.0);
                assert_eq!(n_visible, wanted as usize);
            }
            assert!((0..n_neurons).all(|neuron| turns.iter().any(|visible| !visible[neuron])));
        }
    }
}
