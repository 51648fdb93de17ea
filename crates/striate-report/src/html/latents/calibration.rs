//! Whether the predicted distributions are right.

use striate_score::latents::{CalibrationCurve, SessionLatents};

use super::super::page::{Page, score};
use super::colour_of;
use crate::figure::{Axis, Line, Note, Plot, Rule, colour};

pub(super) fn write(session: &SessionLatents, page: &mut Page) {
    let curves = session.calibration.as_ref().map_or(&[][..], |found| &found.curves);
    let Some(first) = curves.first() else { return };
    page.subheading("Calibration");
    page.paragraph(
        "Where a response falls in the distribution that was predicted for it (probability integral \
         transform): uniform, and the curve on the diagonal, where the distribution is right.",
    );
    let mut header = vec!["central interval".to_owned()];
    header.extend(first.coverage.iter().map(|[wanted, _]| format!("{:.0} %", 100.0 * wanted)));
    header.push("responses".to_owned());
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let rows: Vec<Vec<String>> = curves.iter().map(coverage).collect();
    page.figures_with(&[cumulative(curves), off_diagonal(curves)], |page| {
        page.table((1, &header), &rows);
    });
}

/// Upper ends of the classes and the share of responses below each, from 0 on.
fn shares(curve: &CalibrationCurve) -> (Vec<f64>, Vec<f64>) {
    let n = curve.histogram.len().max(1) as f64;
    let sums = curve.histogram.iter().scan(0.0, |sum, share| {
        *sum += share;
        Some(*sum)
    });
    let ends = (0..=curve.histogram.len()).map(|end| end as f64 / n).collect();
    (ends, std::iter::once(0.0).chain(sums).collect())
}

fn cumulative(curves: &[CalibrationCurve]) -> (Plot, String) {
    let axis = |label: &str| Axis::new(label).range(0.0, 1.0);
    let mut plot = Plot::new(axis("predicted probability"), axis("share of responses below"))
        .size(300.0, 280.0)
        .equal_aspect()
        .rule(Rule::diagonal(colour::GREY));
    for (i, curve) in curves.iter().enumerate() {
        let (x, y) = shares(curve);
        let line = (curves.len() - 1 - i) as f64;
        let text = format!("{}, {}", curve.name, score(Some(curve.error)));
        let note = Note::new(text, [1.0, 0.03 + 0.07 * line], colour_of(&curve.name)).ending();
        plot = plot.line(Line::new(&x, &y, colour_of(&curve.name))).note(note);
    }
    let caption =
        "Cumulative transform. The numbers are mean distances to the diagonal: 0 is perfect.";
    (plot, caption.to_owned())
}

/// The same without the diagonal, where small errors can be seen.
fn off_diagonal(curves: &[CalibrationCurve]) -> (Plot, String) {
    let x = Axis::new("predicted probability").range(0.0, 1.0);
    let mut plot = Plot::new(x, Axis::new("distance to the diagonal"))
        .size(340.0, 280.0)
        .rule(Rule::horizontal(0.0, colour::GREY));
    for curve in curves {
        let (x, y) = shares(curve);
        let distances: Vec<f64> = x.iter().zip(&y).map(|(x, y)| y - x).collect();
        plot = plot.line(Line::new(&x, &distances, colour_of(&curve.name)));
    }
    (plot, "The same, less the diagonal; below 0 responses are larger than predicted.".to_owned())
}

fn coverage(curve: &CalibrationCurve) -> Vec<String> {
    let percent = |value: f64| {
        if value.is_finite() { format!("{:.1} %", 100.0 * value) } else { score(None) }
    };
    let mut row = vec![curve.name.clone()];
    row.extend(curve.coverage.iter().map(|&[_, found]| percent(found)));
    row.push(curve.n_responses.to_string());
    row
}
