//! Found cells against known ones.

use ndarray::Array2;

use super::data::{ExtractionReport, Truth};
use super::panel::{Contours, Panel, legend};
use super::short;
use crate::figure::{Axis, Bars, ColourBy, Line, Plot, Points, Rule, colour};
use crate::html::page::{Page, median};

/// Longest side of the image under the contours.
const SMALL: usize = 256;

pub(super) fn write(report: &ExtractionReport, page: &mut Page) {
    let Some(truth) = &report.truth else { return };
    let (n_found, n_matched) = (report.cells.len(), truth.matched.len());
    page.section("Against the truth", &lead(truth));
    let share = |n: usize| short(n_matched as f64 / n.max(1) as f64);
    let row = [n_found.to_string(), truth.n_true.to_string(), n_matched.to_string()];
    let scores = [share(n_found), share(truth.n_true), short(f1(report, truth))];
    let header = ["found", "true", "matched", "precision", "recall", "F1"];
    page.table((0, &header), &[row.into_iter().chain(scores).collect()]);
    let image = report.images.correlation.as_ref().or(report.images.mean.as_ref());
    page.raw("<div class=\"figures\">\n<div>\n");
    if let Some(image) = image {
        map(report, truth, image, page);
    }
    page.raw("</div>\n<div class=\"beside\">\n");
    let figures = [
        curve(truth),
        histogram(&truth.trace_correlation, "correlation with the true trace"),
        histogram(&truth.spike_correlation, "correlation with the true spikes"),
    ];
    page.figures(&figures.into_iter().flatten().collect::<Vec<_>>());
    page.raw("</div>\n</div>\n");
}

/// Harmonic mean of precision and recall.
pub(super) fn f1(report: &ExtractionReport, truth: &Truth) -> f64 {
    let n = report.cells.len() + truth.n_true;
    2.0 * truth.matched.len() as f64 / n.max(1) as f64
}

fn lead(truth: &Truth) -> String {
    let mut text = String::new();
    if !truth.source.is_empty() {
        text += &format!("Truth: {}. ", truth.source);
    }
    if !truth.rule.is_empty() {
        text += &format!("A found cell stands for a true one under this rule: {}.", truth.rule);
    }
    text
}

fn map(report: &ExtractionReport, truth: &Truth, image: &Array2<f32>, page: &mut Page) {
    let found = |matched: bool| {
        let cells = report.cells.iter().enumerate();
        let cells = cells.filter(|(i, _)| truth.matched.contains(i) == matched);
        cells.map(|(_, c)| (format!("cell {}", c.id), None, &c.footprint)).collect()
    };
    let missed = truth.missed.iter().map(|f| ("missed cell".to_owned(), None, f)).collect();
    let of =
        |colour, dashed, name: &str, cells| Contours { colour, dashed, name: name.into(), cells };
    let contours = [
        of(colour::SKY, false, "found and true", found(true)),
        of(colour::ORANGE, false, "found, not among the true", found(false)),
        of(colour::VERMILLION, true, "true, missed", missed),
    ];
    legend(page, &contours);
    let panel = Panel::new(image, 578.0).contours(&contours, report.contour_level);
    let panel = panel.most(SMALL).scale(report.pixel_size_um);
    panel.write(page, "Found and true cells over the field of view.");
}

fn curve(truth: &Truth) -> Option<(Plot, String)> {
    let (recall, precision) = (truth.recall.last()?, truth.precision.last()?);
    let axis = |name: &str| Axis::new(name).range(0.0, 1.0);
    let plot = Plot::new(axis("recall"), axis("precision"))
        .size(280.0, 240.0)
        .line(Line::new(&truth.recall, &truth.precision, colour::BLUE))
        .points(Points::new(&[*recall], &[*precision], ColourBy::Same(colour::BLUE)));
    Some((plot, "As more cells are taken, the surest first; the dot stands for all.".into()))
}

fn histogram(values: &[f64], label: &str) -> Option<(Plot, String)> {
    let middle = median(values.iter().copied())?;
    let low = if values.iter().any(|&value| value < 0.0) { -1.0 } else { 0.0 };
    let plot = Plot::new(Axis::new(label).range(low, 1.0), Axis::new("matched cells"))
        .size(280.0, 240.0)
        .bars(Bars::histogram(values, 25, [low, 1.0], colour::BLUE))
        .rule(Rule::vertical(middle, colour::INK));
    Some((plot, format!("{} matched cells; median {} (dashed).", values.len(), short(middle))))
}
