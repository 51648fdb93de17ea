//! What two series correlate by accident.

use serde::{Deserialize, Serialize};

use super::{CcaConfig, CcaError, PairedSeries, validate};

/// Held-out canonical correlations of series whose trials are paired wrongly on purpose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ControlBand {
    /// By how many trials the second series was shifted, ascending.
    pub shifts: Vec<usize>,
    /// Shape `[shift][component]`: mean held-out correlations, as in `CcaScores::test`.
    pub test: Vec<Vec<f64>>,
}

/// Pair trial `i` of the first series with trial `i + shift` of the second, round the end, and
/// analyse as before, for up to `n_shifts` different shifts spread evenly over all there are.
///
/// What is left of the correlation is what the series have in common without being simultaneous:
/// their slowness, their course within a trial. Trials of different length are cut to the shorter of
/// a pair. Where the series drift over many trials, small shifts keep some of what is real.
///
/// # Errors
/// As [`validate`], and [`CcaError`] for fewer than two trials or no shift.
///
/// ```
/// use ndarray::Array2;
/// use striate_score::cca::{CcaConfig, PairedSeries, shifted_control, validate};
///
/// let signal = Array2::from_shape_fn((300, 1), |(t, _)| ((t * t) as f64 * 0.013).sin());
/// let series = PairedSeries::new(signal.view(), signal.view(), &[10; 30])?;
/// let config = CcaConfig::default();
/// let (real, control) = (validate(&series, &config)?, shifted_control(&series, &config, 19)?);
/// assert!(real.test[0] > control.quantile(0, 0.95));
/// assert_eq!(control.p_value(0, real.test[0]), 0.05);
/// # Ok::<(), striate_score::cca::CcaError>(())
/// ```
pub fn shifted_control(
    series: &PairedSeries,
    config: &CcaConfig,
    n_shifts: usize,
) -> Result<ControlBand, CcaError> {
    let n_trials = series.n_trials();
    if n_trials < 2 {
        return Err(CcaError::shape("trials to be shifted", n_trials, "at least 2"));
    }
    if n_shifts == 0 {
        let (name, found) = ("n_shifts", "0".to_owned());
        return Err(CcaError::Setting { name, found, expected: "at least 1" });
    }
    let n_shifts = n_shifts.min(n_trials - 1);
    // Of the shifts 1..n_trials, the middles of n_shifts equal stretches: no two are the same.
    let shifts: Vec<usize> =
        (0..n_shifts).map(|k| 1 + (2 * k + 1) * (n_trials - 1) / (2 * n_shifts)).collect();
    let test = shifts
        .iter()
        .map(|&shift| Ok(validate(&series.shifted(shift)?, config)?.test))
        .collect::<Result<_, CcaError>>()?;
    Ok(ControlBand { shifts, test })
}

impl ControlBand {
    /// Quantile (0..=1, linear between values) over shifts of a component's correlation; 0 where there
    /// is no such component.
    pub fn quantile(&self, component: usize, at: f64) -> f64 {
        let mut values = self.component(component);
        values.sort_by(f64::total_cmp);
        let Some(last) = values.len().checked_sub(1) else { return 0.0 };
        let place = at.clamp(0.0, 1.0) * last as f64;
        let (low, high) = (values[place.floor() as usize], values[place.ceil() as usize]);
        low + (place - place.floor()) * (high - low)
    }

    /// One-sided p-value of a correlation: `(1 + shifts that reach it) / (1 + shifts)`.
    pub fn p_value(&self, component: usize, correlation: f64) -> f64 {
        let values = self.component(component);
        let reached = values.iter().filter(|&&value| value >= correlation).count();
        (1 + reached) as f64 / (1 + values.len()) as f64
    }

    fn component(&self, component: usize) -> Vec<f64> {
        self.test.iter().filter_map(|of_shift| of_shift.get(component).copied()).collect()
    }
}
