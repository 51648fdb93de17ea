//! Lists of neurons, as 0,5,10-20.

use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::failure::Failure;

/// Numbers and ranges of neurons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NeuronList(Vec<RangeInclusive<usize>>);

impl FromStr for NeuronList {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.trim().parse::<usize>().ok();
        let part = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let range = number(first).zip(number(last)).filter(|(first, last)| first <= last);
            let (first, last) = range
                .ok_or_else(|| format!("found `{part}`, expected a number or a range as 10-20"))?;
            Ok(first..=last)
        };
        text.split(',').map(part).collect::<Result<_, String>>().map(Self)
    }
}

impl NeuronList {
    /// The neurons, each once and in ascending order.
    pub(super) fn below(&self, n_neurons: usize) -> Result<Vec<usize>, Failure> {
        if let Some(range) = self.0.iter().find(|range| *range.end() >= n_neurons) {
            let found = range.end();
            let message = format!("--neurons: found {found}, expected numbers below {n_neurons}");
            return Err(Failure::usage(message));
        }
        let mut neurons: Vec<usize> = self.0.iter().cloned().flatten().collect();
        neurons.sort_unstable();
        neurons.dedup();
        Ok(neurons)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_ranges_in_any_order() {
        let list: NeuronList = "7, 2-4,3".parse().unwrap();
        assert_eq!(list.below(8).unwrap(), [2, 3, 4, 7]);
        let failure = list.below(7).unwrap_err();
        assert!(failure.message().contains("found 7, expected numbers below 7"));
        for wrong in ["", "a", "4-2", "1,,2", "-1"] {
            assert!(wrong.parse::<NeuronList>().is_err(), "{wrong}");
        }
    }
}
