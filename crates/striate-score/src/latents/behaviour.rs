//! How much of behaviour the latents know, although it was never shown to them.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::cca::{CcaConfig, CcaError, Folds, PairedSeries, pearson, shifted_control, validate};

/// The link between all latents and one trace of behaviour: held-out canonical correlation, which for
/// one trace is that of a linear regression.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BehaviourLink {
    /// The trace.
    pub name: String,
    /// Mean over folds that deal single frames, as published: neighbours leak.
    pub shuffled: f64,
    /// Standard deviation over folds.
    pub shuffled_deviation: f64,
    /// Mean over folds that deal whole trials.
    pub blocked: f64,
    /// Standard deviation over folds.
    pub blocked_deviation: f64,
    /// The same of trials paired wrongly on purpose, ascending.
    pub control: Vec<f64>,
    /// 95 % quantile of these.
    pub control_95: f64,
    /// Share of wrongly paired ones that reach the right one, as a one-sided p-value.
    pub p_value: f64,
    /// Plain correlation with each latent.
    pub pearson: Vec<f64>,
}

impl BehaviourLink {
    /// The link between latents `[frame, dim]` and a trace `[frame]`, trials one after the other.
    pub(super) fn of(
        name: String,
        latents: &Array2<f64>,
        trace: &[f64],
        lengths: &[usize],
        n_shifts: usize,
    ) -> Result<Self, CcaError> {
        let trace = Array2::from_shape_fn((trace.len(), 1), |(frame, _)| trace[frame]);
        let series = PairedSeries::new(latents.view(), trace.view(), lengths)?;
        let blocked = CcaConfig::default();
        let shuffled = CcaConfig { folds: Folds::Shuffled, ..blocked.clone() };
        let (of_frames, of_trials) = (validate(&series, &shuffled)?, validate(&series, &blocked)?);
        let control = shifted_control(&series, &blocked, n_shifts)?;
        let mut of_control: Vec<f64> = control.test.iter().map(|test| test[0]).collect();
        of_control.sort_by(f64::total_cmp);
        Ok(Self {
            name,
            shuffled: of_frames.test[0],
            shuffled_deviation: of_frames.test_deviation[0],
            blocked: of_trials.test[0],
            blocked_deviation: of_trials.test_deviation[0],
            control_95: control.quantile(0, 0.95),
            p_value: control.p_value(0, of_trials.test[0]),
            control: of_control,
            pearson: pearson(latents.view(), trace.view())?.column(0).to_vec(),
        })
    }
}
