//! Score tables of a report.

use std::collections::BTreeMap;

use striate_score::{
    GIVEN, Metric, NeuronScores, Scores, TierScores, WITHOUT_LATENTS, readout_positions_px,
    true_positions_px,
};

use super::ReportSources;
use crate::data::{self, BitsRow, NeuronScore, ScoreRow};
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
        let twin = scores.last()?;
        let with_ceiling = |of: &TierScores| of.pooled(Metric::NoiseCeiling).is_some();
        let found = twin.tiers.iter().find(|(_, of)| with_ceiling(of));
        let (tier, of_twin) = found.or_else(|| twin.tiers.iter().next())?;
        let baseline = baseline(scores).and_then(|baseline| baseline.tiers.get(tier));
        Some(Self { tier, twin: of_twin, baseline })
    }
}

/// Every tier, the twin between its baseline and its ceiling.
pub(super) fn tiers(scores: &[Scores]) -> Vec<data::TierScores> {
    let Some(twin) = scores.last() else { return Vec::new() };
    let tier = |(name, of_twin): (&String, &TierScores)| data::TierScores {
        tier: name.clone(),
        n_neurons: of_twin.pooled(METRIC).map_or(0, |summary| summary.n_neurons),
        rows: Metric::OF_PREDICTOR
            .into_iter()
            .filter(|&metric| of_twin.pooled(metric).is_some())
            .map(|metric| row(metric, name, of_twin, scores))
            .collect(),
        bits: scores.iter().filter_map(|of| bits(of, name)).collect(),
    };
    twin.tiers.iter().map(tier).collect()
}

/// Whether scores are of the twin itself, as it is without latents or when it sees other neurons.
fn is_of_twin(of: &Scores) -> bool {
    of.predictor == WITHOUT_LATENTS || of.predictor.starts_with(GIVEN)
}

/// The scores of the last baseline.
fn baseline(scores: &[Scores]) -> Option<&Scores> {
    let (_, others) = scores.split_last()?;
    others.iter().rev().find(|of| !is_of_twin(of))
}

/// What the twin is when something is taken from it or given to it.
pub(super) fn beside(scores: &[Scores]) -> impl Iterator<Item = &Scores> {
    scores.iter().take(scores.len().saturating_sub(1)).filter(|of| is_of_twin(of))
}

/// The log-likelihood under every convention; `None` where there is none.
fn bits(of: &Scores, tier: &str) -> Option<BitsRow> {
    let scores = of.tiers.get(tier)?;
    let [released, point_mass, density] = Metric::OF_LIKELIHOOD.map(|metric| mean(scores, metric));
    density.or(point_mass).or(released)?;
    Some(BitsRow { predictor: of.predictor.clone(), density, point_mass, released })
}

fn mean(of: &TierScores, metric: Metric) -> Option<f64> {
    of.pooled(metric).map(|summary| summary.mean)
}

fn row(metric: Metric, tier: &str, twin: &TierScores, scores: &[Scores]) -> ScoreRow {
    let pooled = twin.pooled(metric);
    // A ceiling is known for single trials only; the other metrics have it in their definition.
    let ceiling = (metric == METRIC).then(|| twin.pooled(Metric::NoiseCeiling)).flatten();
    let of_tier = |of: Option<&Scores>| mean(of?.tiers.get(tier)?, metric);
    let session =
        |(id, scores): (&String, &NeuronScores)| Some((id.clone(), scores.summary(metric)?.mean));
    ScoreRow {
        metric: metric.title().to_owned(),
        baseline: of_tier(baseline(scores)),
        beside: beside(scores).map(|of| of_tier(Some(of))).collect(),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(predictor: &str, score: f64, bits: &[f64]) -> Scores {
        let bits: Vec<Option<f64>> = bits.iter().copied().map(Some).collect();
        let neurons = NeuronScores {
            single_trial_correlation: vec![score],
            bits_density: bits,
            ..NeuronScores::default()
        };
        let sessions = [("a".to_owned(), neurons)].into();
        Scores {
            predictor: predictor.to_owned(),
            tiers: [("test".to_owned(), TierScores { sessions })].into(),
            ..Scores::default()
        }
    }

    #[test]
    fn the_twin_under_other_conditions_is_no_baseline() {
        let [baseline, without, given, twin] =
            [("ridge", 0.1), (WITHOUT_LATENTS, 0.2), ("twin given half", 0.4), ("twin", 0.3)]
                .map(|(name, score)| scores(name, score, if score > 0.1 { &[4.5] } else { &[] }));
        let all = [baseline, without.clone(), given.clone(), twin.clone()];
        let tier = &tiers(&all)[0];
        assert_eq!((tier.rows[0].baseline, tier.rows[0].twin), (Some(0.1), Some(0.3)));
        assert_eq!(tier.rows[0].beside, [Some(0.2), Some(0.4)]);
        let with_bits: Vec<&str> = tier.bits.iter().map(|row| row.predictor.as_str()).collect();
        assert_eq!(with_bits, [WITHOUT_LATENTS, "twin given half", "twin"]);
        assert_eq!(tier.bits[0].density, Some(4.5));
        // Without a baseline none of the others stands in for it.
        let none = [without, given, twin];
        assert_eq!(tiers(&none)[0].rows[0].baseline, None);
        assert!(MainTier::of(&none).is_some_and(|main| main.baseline.is_none()));
    }
}
