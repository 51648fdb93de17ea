//! What pictures of an experiment say in words and numbers.

use striate::insilico::Experiment;

/// Numbers of an experiment for those who read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Captions<'a>(pub(super) &'a Experiment);

impl Captions<'_> {
    /// The places of at most `most` rows, evenly spread, so that a sorted recording shows all its kinds.
    pub(super) fn spread(self, most: usize) -> Vec<usize> {
        let n = self.0.neurons.len();
        let shown = n.min(most);
        (0..shown).map(|i| i * n / shown).collect()
    }

    /// A column's value at a place, where it is known.
    pub(super) fn value(self, name: &str, place: usize) -> Option<f64> {
        self.0.values_of(name)?.get(place).copied().flatten()
    }

    /// `LABEL 2.1 ± 0.1UNIT` at a place, where it is known.
    pub(super) fn number(
        self,
        label: &str,
        name: &str,
        unit: &str,
        place: usize,
    ) -> Option<String> {
        let error = self.value(&format!("{name}_error"), place);
        let mut said = with_error(self.value(name, place)?, error);
        // More than three decimals matter only beside an error.
        if error.is_none() && said.split('.').nth(1).is_some_and(|decimals| decimals.len() > 3) {
            said.truncate(said.find('.').map_or(said.len(), |point| point + 4));
        }
        Some(format!("{label} {said}{unit}"))
    }

    /// How far from training what a column with that prefix is about lies.
    pub(super) fn farther(self, prefix: &str, place: usize) -> Option<String> {
        let share = self.value(&format!("{prefix}share_of_training_farther"), place)?;
        Some(match share {
            share if share <= 0.0 => "farther out than all training clips".into(),
            share if share < 0.0095 => {
                format!("farther out than {:.1} % of training", (100.0 * (1.0 - share)).min(99.9))
            }
            share => format!("farther out than {:.0} % of training", 100.0 * (1.0 - share)),
        })
    }

    /// How many of `what` are shown, of which session, by how many twins.
    pub(super) fn origin(self, shown: usize, what: &str) -> String {
        let Experiment { session, origin, neurons, .. } = self.0;
        let n = neurons.len();
        let how_many = if shown < n {
            format!("{shown} of {n} {what}s, evenly spread")
        } else {
            format!("{n} {what}{}", if n == 1 { "" } else { "s" })
        };
        let twins = match origin.twins.len() {
            1 => "1 twin".to_owned(),
            n_twins => format!("{n_twins} twins, ± standard errors"),
        };
        format!("Session {session}: {how_many}; {twins}; seed {}.", origin.seed)
    }
}

/// A value with as many digits as its error has a use for, or with three.
pub(super) fn with_error(value: f64, error: Option<f64>) -> String {
    let digits = |size: f64, wanted: i32| {
        let first = if size > 0.0 { size.log10().floor() as i32 } else { 0 };
        (wanted - 1 - first).clamp(0, 6) as usize
    };
    match error.filter(|error| error.is_finite()) {
        Some(error) => {
            // Two digits of the error, or one where the value has enough.
            let places = digits(error, 2).min(digits(value.abs(), 4).max(digits(error, 1)));
            minus(&format!("{value:.places$} ± {error:.places$}"))
        }
        None => minus(&format!("{value:.0$}", digits(value.abs(), 3))),
    }
}

/// With a real minus sign.
fn minus(text: &str) -> String {
    text.replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_their_errors_have_a_use_for() {
        assert_eq!(with_error(2.0877, Some(0.1032)), "2.09 ± 0.10");
        assert_eq!(with_error(-101.23, Some(4.8)), "\u{2212}101.2 ± 4.8");
        assert_eq!(with_error(39.069, Some(0.0031)), "39.069 ± 0.003");
        assert_eq!(with_error(101.98, None), "102");
        assert_eq!(with_error(0.004_61, None), "0.00461");
        assert_eq!(with_error(1.5, Some(f64::NAN)), "1.50");
        assert_eq!(with_error(0.0, None), "0.00");
    }

    #[test]
    fn a_caption_says_which_neurons_and_what_is_not_known() {
        let mut found = Experiment::default();
        found.session = "mouse".into();
        found.neurons = (0..10).collect();
        found.origin.twins = vec!["a".into()];
        found.column("size", "px", "", (0..10).map(f64::from));
        found.column(
            "share_of_training_farther",
            "",
            "",
            [0.0, 0.25].into_iter().chain([f64::NAN; 8]),
        );
        let captions = Captions(&found);
        assert_eq!(captions.spread(4), [0, 2, 5, 7]);
        assert_eq!(captions.number("size", "size", " px", 2).as_deref(), Some("size 2.00 px"));
        assert_eq!(captions.number("lag", "lag", "", 2), None);
        assert_eq!(captions.farther("", 0).as_deref(), Some("farther out than all training clips"));
        assert_eq!(captions.farther("", 1).as_deref(), Some("farther out than 75 % of training"));
        assert_eq!(captions.farther("", 2), None);
        let said = captions.origin(4, "neuron");
        assert_eq!(said, "Session mouse: 4 of 10 neurons, evenly spread; 1 twin; seed 0.");
    }
}
