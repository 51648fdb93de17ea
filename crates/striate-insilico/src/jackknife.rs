//! Columns with standard errors from independent parts of the data.

use crate::experiment::Experiment;

/// What a column holds.
#[derive(Debug, Clone)]
pub(crate) struct Quantity {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) about: &'static str,
    pub(crate) error: Error,
}

/// How a quantity's standard error is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Error {
    /// Not at all.
    Untold,
    /// From differences.
    Linear,
    /// From differences on a circle of this length.
    Circular(f64),
}

impl Quantity {
    /// A number with an error.
    pub(crate) fn new(name: impl Into<String>, unit: &'static str, about: &'static str) -> Self {
        Self { name: name.into(), unit, about, error: Error::Linear }
    }

    /// The same, without an error or on a circle.
    pub(crate) fn with(self, error: Error) -> Self {
        Self { error, ..self }
    }
}

/// Add a column for each quantity, and `NAME_error` behind it where there is more than one part:
///
/// ```text
/// error^2 = (n - 1) / n  sum over parts of (without - mean of without)^2
/// ```
///
/// (Efron & Stein 1981, "The jackknife estimate of variance", equation 1.3). `all` is
/// `[neuron][quantity]` from all parts, `without[part]` the same from all others.
pub(crate) fn columns(
    found: &mut Experiment,
    quantities: &[Quantity],
    all: &[Vec<f64>],
    without: &[Vec<Vec<f64>>],
) {
    for (place, quantity) in quantities.iter().enumerate() {
        let (name, unit) = (&quantity.name, quantity.unit);
        found.column(name, unit, quantity.about, all.iter().map(|values| values[place]));
        found.uncertain(name, quantity.error);
        if without.len() < 2 || quantity.error == Error::Untold {
            continue;
        }
        let errors = all.iter().enumerate().map(|(neuron, values)| {
            let others = without.iter().map(|part| part[neuron][place]);
            standard_error(values[place], others, quantity.error)
        });
        let about = "Standard error of the column before.";
        found.column(&format!("{name}_error"), unit, about, errors);
    }
}

/// From `from` to `to`, on a circle the short way round.
pub(crate) fn difference(to: f64, from: f64, error: Error) -> f64 {
    match error {
        Error::Circular(length) => (to - from + 0.5 * length).rem_euclid(length) - 0.5 * length,
        Error::Linear | Error::Untold => to - from,
    }
}

/// The jackknife's standard error.
fn standard_error(all: f64, without: impl Iterator<Item = f64>, error: Error) -> f64 {
    let differences: Vec<f64> = without.map(|value| difference(value, all, error)).collect();
    let n = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / n;
    let squares: f64 = differences.iter().map(|d| (d - mean).powi(2)).sum();
    ((n - 1.0) / n * squares).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_of_a_mean_is_the_usual_one() {
        let values = [1.0, 4.0, 2.0, 7.0, 3.0];
        let total: f64 = values.iter().sum();
        let (mean, n) = (total / 5.0, 5.0);
        let without = values.iter().map(|value| (total - value) / 4.0);
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let expected = (squares / (n - 1.0) / n).sqrt();
        assert!((standard_error(mean, without, Error::Linear) - expected).abs() < 1e-12);
    }

    #[test]
    fn angles_differ_the_short_way_round() {
        let found = standard_error(179.0, [1.0, 177.0].into_iter(), Error::Circular(180.0));
        // Differences of 2 and -2: sqrt(1/2 * 8).
        assert!((found - 2.0).abs() < 1e-12, "{found}");
    }
}
