//! Learning curves.

use super::page::Page;
use crate::data::{CurvePoint, ReportData};
use crate::figure::{Axis, ColourBy, Line, Plot, Points, colour};

pub(super) fn write(data: &ReportData, page: &mut Page) {
    if data.curves.is_empty() {
        return;
    }
    page.section("Learning curves", "");
    let last = data.curves.iter().map(|point| point.epoch).fold(1.0, f64::max);
    let mut figures =
        vec![(loss(&data.curves, last), "Training loss, without regularisers.".to_owned())];
    figures.extend(validation(&data.curves, last));
    figures.push((learning_rate(&data.curves, last), "Learning rate.".to_owned()));
    page.figures(&figures);
}

fn epochs(curves: &[CurvePoint]) -> Vec<f64> {
    curves.iter().map(|point| point.epoch).collect()
}

/// An empty panel; all panels show the same epochs.
fn panel(last_epoch: f64, label: Axis) -> Plot {
    Plot::new(Axis::new("epoch").range(0.0, last_epoch), label).size(365.0, 230.0)
}

fn loss(curves: &[CurvePoint], last: f64) -> Plot {
    let loss: Vec<f64> = curves.iter().map(|point| point.loss).collect();
    panel(last, Axis::new("loss per value")).line(Line::new(&epochs(curves), &loss, colour::INK))
}

/// The validation score, its best epoch marked.
fn validation(curves: &[CurvePoint], last: f64) -> Option<(Plot, String)> {
    let (x, y): (Vec<f64>, Vec<f64>) =
        curves.iter().filter_map(|p| Some((p.epoch, p.validation?))).unzip();
    let (epoch, score) = x
        .iter()
        .zip(&y)
        .filter(|(_, score)| score.is_finite())
        .max_by(|a, b| a.1.total_cmp(b.1))?;
    let plot = panel(last, Axis::new("validation correlation"))
        .line(Line::new(&x, &y, colour::TWIN))
        .points(Points::new(&[*epoch], &[*score], ColourBy::Same(colour::TWIN)));
    Some((plot, format!("Validation score; best {score:.3} at epoch {epoch}.")))
}

fn learning_rate(curves: &[CurvePoint], last: f64) -> Plot {
    let rate: Vec<f64> = curves.iter().map(|point| point.learning_rate).collect();
    panel(last, Axis::new("learning rate").logarithmic()).line(Line::new(
        &epochs(curves),
        &rate,
        colour::GREEN,
    ))
}
