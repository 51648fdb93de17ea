//! Score tables of a report.

use std::collections::BTreeMap;

use striate_score::{
    Metric, NeuronScores, Scores, TierScores, readout_positions_px, true_positions_px,
};

use super::ReportSources;
use crate::data::{self, NeuronScore, ScoreRow};
use crate::error::ReportError;

/// What neurons are ranked by.
pub(super) const METRIC: Metric = Metric::SingleTrialCorrelation;

/// The tier whose neurons are shown one by one: the first with noise ceilings, else the first.
pub(super) struct MainTier<'a> {
    pub(super) tier: &'a str,
    twin: &'a TierScores,
    baseline: Option<&'a TierScores>,
}

impl<'a> MainTier<'a> {
    pub(super) fn of(scores: &'a [Scores]) -> Option<Self> {
        let (twin, baselines) = scores.split_last()?;
        let with_ceiling = |of: &TierScores| of.pooled(Metric::NoiseCeiling).is_some();
        let found = twin.tiers.iter().find(|(_, of)| with_ceiling(of));
        let (tier, of_twin) = found.or_else(|| twin.tiers.iter().next())?;
        let baseline = baselines.last().and_then(|baseline| baseline.tiers.get(tier));
        Some(Self { tier, twin: of_twin, baseline })
    }
}

/// Every tier, the twin between its baseline and its ceiling.
pub(super) fn tiers(scores: &[Scores]) -> Vec<data::TierScores> {
    let Some((twin, baselines)) = scores.split_last() else { return Vec::new() };
    let baseline = baselines.last();
    let tier = |(name, of_twin): (&String, &TierScores)| data::TierScores {
        tier: name.clone(),
        n_neurons: of_twin.pooled(METRIC).map_or(0, |summary| summary.n_neurons),
        rows: Metric::OF_PREDICTOR
            .into_iter()
            .filter(|&metric| of_twin.pooled(metric).is_some())
            .map(|metric| row(metric, of_twin, baseline.and_then(|of| of.tiers.get(name))))
            .collect(),
    };
    twin.tiers.iter().map(tier).collect()
}

fn row(metric: Metric, twin: &TierScores, baseline: Option<&TierScores>) -> ScoreRow {
    let pooled = twin.pooled(metric);
    // A ceiling is known for single trials only; the other metrics have it in their definition.
    let ceiling = (metric == METRIC).then(|| twin.pooled(Metric::NoiseCeiling)).flatten();
    let session =
        |(id, scores): (&String, &NeuronScores)| Some((id.clone(), scores.summary(metric)?.mean));
    ScoreRow {
        metric: metric.title().to_owned(),
        baseline: baseline.and_then(|of| of.pooled(metric)).map(|summary| summary.mean),
        twin: pooled.map(|summary| summary.mean),
        twin_median: pooled.map(|summary| summary.median),
        ceiling: ceiling.map(|summary| summary.mean),
        sessions: twin.sessions.iter().filter_map(session).collect::<BTreeMap<_, _>>(),
    }
}

/// Every neuron of every session.
pub(super) fn neurons(
    main: &MainTier<'_>,
    sources: &ReportSources<'_>,
) -> Result<Vec<NeuronScore>, ReportError> {
    let mut neurons = Vec::new();
    for (session, scores) in &main.twin.sessions {
        let found = readout_positions_px(sources.twin, session)?;
        let truth = sources.truth.and_then(|truth| true_positions_px(truth, session));
        let baseline = main.baseline.and_then(|of| of.sessions.get(session));
        let baseline = baseline.map(|of| of.values(METRIC)).unwrap_or_default();
        for (neuron, &score) in scores.single_trial_correlation.iter().enumerate() {
            neurons.push(NeuronScore {
                session: session.clone(),
                neuron,
                score,
                baseline: baseline.get(neuron).copied().flatten(),
                ceiling: scores.noise_ceiling.get(neuron).copied().flatten(),
                position_px: found.get(neuron).copied(),
                true_position_px: truth.as_ref().and_then(|of| of.get(neuron).copied()),
            });
        }
    }
    Ok(neurons)
}
