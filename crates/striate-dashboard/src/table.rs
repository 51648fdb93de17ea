//! All neurons of a run, a column for everything that is known of each.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;
use striate_score::{Metric, ScoreFile, Scores};

use crate::api::{all_metrics, main_tier};
use crate::experiment::Experiment;
use crate::library::SessionLine;
use crate::reply::Problems;

/// The table.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Table {
    columns: Vec<Column>,
    /// Number of each neuron's session.
    session: Vec<usize>,
    /// Its number in the session.
    neuron: Vec<usize>,
    /// What could not be read.
    pub(crate) problems: Problems,
    #[serde(skip)]
    sessions: Vec<SessionLine>,
}

#[derive(Debug, Serialize)]
struct Column {
    name: String,
    unit: String,
    about: String,
    /// Tier or experiment that it is from.
    source: String,
    /// NaN, which is sent as null, where there is none.
    values: Vec<f32>,
}

impl Table {
    /// The neurons of some sessions, with nothing known of them.
    pub(crate) fn of(sessions: &[SessionLine]) -> Self {
        let mut table = Self { sessions: sessions.to_vec(), ..Self::default() };
        for (number, session) in sessions.iter().enumerate() {
            table.session.extend(std::iter::repeat_n(number, session.n_neurons));
            table.neuron.extend(0..session.n_neurons);
        }
        table
    }

    /// Scores of the twin on the main tier, and of the baseline beside it.
    pub(crate) fn add_scores(&mut self, file: &ScoreFile) {
        let (Some(twin), Some(tier)) = (file.scores.last(), main_tier(file)) else { return };
        all_metrics().for_each(|metric| self.add_metric(twin, tier, metric, ""));
        if let Some(baseline) = crate::api::baseline(file) {
            self.add_metric(baseline, tier, Metric::SingleTrialCorrelation, "baseline_");
        }
    }

    fn add_metric(&mut self, scores: &Scores, tier: &str, metric: Metric, prefix: &str) {
        let Some(of_tier) = scores.tiers.get(tier) else { return };
        let mut values = Vec::with_capacity(self.neuron.len());
        for session in &self.sessions {
            let found = of_tier.sessions.get(&session.id).map(|scores| scores.values(metric));
            let found = found.filter(|found| found.len() == session.n_neurons);
            match found {
                Some(found) => values.extend(found.into_iter().map(single)),
                None => values.extend(std::iter::repeat_n(f32::NAN, session.n_neurons)),
            }
        }
        let name = format!("{prefix}{}", metric.key());
        let is_bits = Metric::OF_LIKELIHOOD.contains(&metric);
        let unit = if is_bits { "bit/frame" } else { "" };
        let about = format!("{} of {} on tier {tier}", metric.title(), scores.predictor);
        self.add(name, unit, &about, tier, values);
    }

    /// The columns of an experiment; one of `experiments` a session.
    pub(crate) fn add_experiment(&mut self, kind: &str, experiments: &[Option<Arc<Experiment>>]) {
        let mut names = BTreeSet::new();
        let all = experiments.iter().flatten().flat_map(|experiment| &experiment.columns);
        // Standard errors have columns of their own: they can be sorted by.
        for column in all.filter(|column| names.insert(&column.name)) {
            let mut values = Vec::with_capacity(self.neuron.len());
            for (session, experiment) in self.sessions.iter().zip(experiments) {
                let start = values.len();
                values.resize(start + session.n_neurons, f32::NAN);
                let Some(experiment) = experiment else { continue };
                let found = experiment.columns.iter().find(|found| found.name == column.name);
                let found = found.map(|found| &found.values[..]).unwrap_or_default();
                for (&neuron, &value) in experiment.neurons.iter().zip(found) {
                    if neuron < session.n_neurons {
                        values[start + neuron] = single(value);
                    }
                }
            }
            let name = format!("{kind}/{}", column.name);
            self.add(name, &column.unit, &column.about, kind, values);
        }
    }

    /// Add a column that has something to say.
    fn add(&mut self, name: String, unit: &str, about: &str, source: &str, values: Vec<f32>) {
        if values.iter().any(|value| value.is_finite()) {
            let (unit, about, source) = (unit.to_owned(), about.to_owned(), source.to_owned());
            self.columns.push(Column { name, unit, about, source, values });
        }
    }
}

/// As many digits as anybody looks at.
fn single(value: Option<f64>) -> f32 {
    value.map_or(f32::NAN, |value| value as f32)
}
