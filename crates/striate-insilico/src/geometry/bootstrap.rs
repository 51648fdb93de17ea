//! Standard errors from drawing the stimuli anew.

use rayon::prelude::*;
use striate_base::Streams;

/// Stimuli drawn with replacement, several times; where never, nothing has an error.
pub(super) struct Bootstrap {
    n_stimuli: usize,
    draws: Vec<Vec<usize>>,
}

impl Bootstrap {
    pub(super) fn new(n_stimuli: usize, n_draws: usize, streams: &Streams) -> Self {
        let mut random = streams.stream("bootstrap of stimuli");
        let draws = (0..n_draws).map(|_| (0..n_stimuli).map(|_| random.below(n_stimuli)).collect());
        Self { n_stimuli, draws: draws.collect() }
    }

    /// Values of some statistics of the stimuli drawn, and their standard errors: the deviation over draws
    /// of each, as far as it is a number.
    pub(super) fn of(&self, statistics: impl Fn(&[usize]) -> Vec<f64> + Sync) -> Estimates {
        let values = statistics(&(0..self.n_stimuli).collect::<Vec<_>>());
        let drawn: Vec<Vec<f64>> = self.draws.par_iter().map(|draw| statistics(draw)).collect();
        let error = |place: usize| {
            let of_draws = drawn.iter().map(|values| values[place]).filter(|v| v.is_finite());
            deviation(&of_draws.collect::<Vec<_>>())
        };
        let errors = (0..values.len()).map(error).collect();
        Estimates { values, errors }
    }
}

/// Values and their standard errors.
pub(super) struct Estimates {
    pub(super) values: Vec<f64>,
    pub(super) errors: Vec<f64>,
}

impl Estimates {
    pub(super) fn get(&self, place: usize) -> [f64; 2] {
        [self.values[place], self.errors[place]]
    }
}

/// Standard deviation (ddof 1); not a number for fewer than two values.
fn deviation(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return f64::NAN;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_mean_is_that_of_its_formula() {
        let mut random = Streams::new(2).stream("values");
        let values: Vec<f64> = (0..100).map(|_| random.normal()).collect();
        let mean = |places: &[usize]| {
            vec![places.iter().map(|&place| values[place]).sum::<f64>() / places.len() as f64]
        };
        let found = Bootstrap::new(100, 2000, &Streams::new(1)).of(mean);
        let expected = deviation(&values) / 10.0;
        // A deviation over 2000 draws has a relative error of 1 / sqrt(4000).
        assert!((found.errors[0] / expected - 1.0).abs() < 5.0 / 4000f64.sqrt());
        assert!((found.values[0] - values.iter().sum::<f64>() / 100.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_not_known_has_no_error() {
        let found = Bootstrap::new(10, 20, &Streams::new(1)).of(|_| vec![f64::NAN, 1.0]);
        assert!(found.errors[0].is_nan() && found.errors[1] == 0.0, "{:?}", found.errors);
        assert!(Bootstrap::new(10, 0, &Streams::new(1)).of(|_| vec![1.0]).errors[0].is_nan());
    }
}
