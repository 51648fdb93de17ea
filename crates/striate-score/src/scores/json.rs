//! Scores as JSON.

use serde_json::{Map, Value, json};

use super::{Metric, NeuronScores, Scores, Summary, TierScores};

impl Scores {
    /// The summaries, as `striate score --json` prints them.
    ///
    /// ```json
    /// { "predictor": "twin",
    ///   "statement": { "recording": "...", "normalisation": "...", "data_hash": "...",
    ///                  "scored_from_frame": {"SESSION": 50} },
    ///   "statement_in_words": "...",
    ///   "tiers": { "oracle": {
    ///       "pooled": { "single_trial_correlation": {"mean": 0.2, "median": 0.2, "n_neurons": 7863}, "feve": null },
    ///       "mean_over_sessions": { "single_trial_correlation": 0.2, "feve": null },
    ///       "sessions": { "SESSION": { "single_trial_correlation": {"mean": 0.2, "median": 0.2, "n_neurons": 7863} } },
    ///       "ceilings": { "pooled": { "noise_ceiling": {"mean": 0.4, "median": 0.4, "n_neurons": 7863} },
    ///                     "sessions": { "SESSION": { "noise_ceiling": null, "oracle": null } } },
    ///       "log_likelihood": { "pooled": { "bits_density": {"mean": 1.2, "median": 1.1, "n_neurons": 7863} },
    ///                           "sessions": { "SESSION": { "bits_density": null } } } } },
    ///   "skipped": [] }
    /// ```
    ///
    /// (shortened: each object of metrics holds all of them). A metric that is defined for no neuron
    /// is `null`; so is `log_likelihood` of a predictor whose responses have no density.
    pub fn to_json(&self) -> Value {
        let tiers = self.tiers.iter().map(|(name, tier)| (name.clone(), tier_json(tier)));
        json!({
            "predictor": self.predictor,
            "statement": self.statement,
            "statement_in_words": self.statement.to_string(),
            "tiers": tiers.collect::<Map<_, _>>(),
            "skipped": self.skipped,
        })
    }
}

fn tier_json(tier: &TierScores) -> Value {
    let sessions = |metrics: &[Metric]| -> Map<String, Value> {
        let summaries = |session: &NeuronScores| metrics_json(metrics, |m| session.summary(m));
        tier.sessions.iter().map(|(id, session)| (id.clone(), summaries(session))).collect()
    };
    let over_sessions = Metric::OF_PREDICTOR
        .iter()
        .map(|&metric| (metric.key().to_owned(), json!(tier.mean_over_sessions(metric))));
    let has_density = tier.pooled(Metric::BitsDensity).is_some();
    let log_likelihood = has_density.then(|| {
        json!({
            "pooled": metrics_json(&Metric::OF_LIKELIHOOD, |m| tier.pooled(m)),
            "sessions": sessions(&Metric::OF_LIKELIHOOD),
        })
    });
    json!({
        "pooled": metrics_json(&Metric::OF_PREDICTOR, |m| tier.pooled(m)),
        "mean_over_sessions": over_sessions.collect::<Map<_, _>>(),
        "sessions": sessions(&Metric::OF_PREDICTOR),
        "ceilings": {
            "pooled": metrics_json(&Metric::OF_RECORDING, |m| tier.pooled(m)),
            "sessions": sessions(&Metric::OF_RECORDING),
        },
        "log_likelihood": log_likelihood,
    })
}

fn metrics_json(metrics: &[Metric], summary: impl Fn(Metric) -> Option<Summary>) -> Value {
    let entries = metrics.iter().map(|&metric| (metric.key().to_owned(), json!(summary(metric))));
    Value::Object(entries.collect())
}
