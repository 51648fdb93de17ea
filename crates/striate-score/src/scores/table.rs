//! Scores as text.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::{Metric, Scores, Summary, TierScores};

/// A table per tier: predictors as rows in the order given (baselines first, then the twin), and the
/// noise ceiling as the last row; then what the numbers refer to and what was not scored.
///
/// All scores are of the same recording.
pub fn render_table(scores: &[Scores]) -> String {
    let mut text = String::new();
    let tiers: BTreeSet<&String> = scores.iter().flat_map(|scores| scores.tiers.keys()).collect();
    for tier in tiers {
        let rows: Vec<(&str, &TierScores)> = scores
            .iter()
            .filter_map(|scores| Some((scores.predictor.as_str(), scores.tiers.get(tier)?)))
            .collect();
        text.push_str(&tier_table(tier, &rows));
        for (name, scores) in &rows {
            text.push_str(&likelihood_line(name, scores).unwrap_or_default());
        }
        text.push('\n');
    }
    if let Some(first) = scores.first() {
        let _ = writeln!(text, "{}", first.statement);
        for skipped in &first.skipped {
            let _ = writeln!(text, "Not scored: {skipped}.");
        }
    }
    text
}

fn tier_table(tier: &str, rows: &[(&str, &TierScores)]) -> String {
    let mut cells = vec![header(tier)];
    cells.extend(rows.iter().map(|(name, scores)| predictor_row(name, scores)));
    if let Some((_, scores)) = rows.first() {
        cells.extend(ceiling_row(scores));
    }
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..cells[0].len()).map(|c| width(c).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in &cells {
        for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            let _ = match column {
                0 => write!(text, "{cell:<width$}"),
                _ => write!(text, "  {cell:>width$}"),
            };
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

/// The log-likelihood under each convention, where there is one.
fn likelihood_line(name: &str, scores: &TierScores) -> Option<String> {
    let [released, point_mass, density] =
        Metric::OF_LIKELIHOOD.map(|metric| scores.pooled(metric).map(|summary| summary.mean));
    Some(format!(
        "log-likelihood of {name}, bits per neuron and frame: {:.3} (C: density), {:.3} (B: silent as \
         point mass), {:.3} (A: as released)\n",
        density?, point_mass?, released?
    ))
}

fn header(tier: &str) -> Vec<String> {
    let mut cells = vec![tier.to_owned(), "single trial".to_owned(), "median".to_owned()];
    cells.extend(["to average", "FEVE", "of ceiling", "neurons"].map(str::to_owned));
    cells
}

fn predictor_row(name: &str, scores: &TierScores) -> Vec<String> {
    let single = scores.pooled(Metric::SingleTrialCorrelation);
    let mean = |metric| cell(scores.pooled(metric).map(|summary| summary.mean));
    vec![
        name.to_owned(),
        cell(single.map(|summary| summary.mean)),
        cell(single.map(|summary| summary.median)),
        mean(Metric::CorrelationToAverage),
        mean(Metric::Feve),
        mean(Metric::FractionOfCeiling),
        neurons(single),
    ]
}

/// The ceiling, where there are repeats.
fn ceiling_row(scores: &TierScores) -> Option<Vec<String>> {
    let ceiling = scores.pooled(Metric::NoiseCeiling)?;
    let none = String::new;
    Some(vec![
        Metric::NoiseCeiling.title().to_owned(),
        cell(Some(ceiling.mean)),
        cell(Some(ceiling.median)),
        none(),
        none(),
        none(),
        neurons(Some(ceiling)),
    ])
}

fn neurons(summary: Option<Summary>) -> String {
    summary.map_or(0, |summary| summary.n_neurons).to_string()
}

fn cell(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}
