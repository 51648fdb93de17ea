//! Learning curves.

use super::page::Page;
use crate::data::{CurvePoint, ReportData};
use crate::figure::{Axis, ColourBy, Line, Plot, Points, colour};

pub(super) fn write(data: &ReportData, page: &mut Page) {
    if data.curves.is_empty() {
        return;
    }
    page.section("Learning curves", "");
    let mut figures = vec![(loss(&data.curves), "Training loss, without regularisers.".to_owned())];
    figures.extend(validation(&data.curves));
    figures.push((learning_rate(&data.curves), "Learning rate.".to_owned()));
    page.figures(&figures);
}

fn epochs(curves: &[CurvePoint]) -> Vec<f64> {
    curves.iter().map(|point| point.epoch).collect()
}

fn panel(label: Axis) -> Plot {
    Plot::new(Axis::new("epoch"), label).size(365.0, 230.0)
}

fn loss(curves: &[CurvePoint]) -> Plot {
    let loss: Vec<f64> = curves.iter().map(|point| point.loss).collect();
    panel(Axis::new("loss per value")).line(Line::new(&epochs(curves), &loss, colour::INK))
}

/// The validation score, its best epoch marked.
fn validation(curves: &[CurvePoint]) -> Option<(Plot, String)> {
    let (x, y): (Vec<f64>, Vec<f64>) =
        curves.iter().filter_map(|p| Some((p.epoch, p.validation?))).unzip();
    let (epoch, score) = x
        .iter()
        .zip(&y)
        .filter(|(_, score)| score.is_finite())
        .max_by(|a, b| a.1.total_cmp(b.1))?;
    let plot = panel(Axis::new("validation correlation"))
        .line(Line::new(&x, &y, colour::TWIN))
        .points(Points::new(&[*epoch], &[*score], ColourBy::Same(colour::TWIN)));
    Some((plot, format!("Validation score; best {score:.3} at epoch {epoch}.")))
}

fn learning_rate(curves: &[CurvePoint]) -> Plot {
    let rate: Vec<f64> = curves.iter().map(|point| point.learning_rate).collect();
    panel(Axis::new("learning rate").logarithmic()).line(Line::new(
        &epochs(curves),
        &rate,
        colour::GREEN,
    ))
}
