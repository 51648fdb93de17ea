//! Learning curves.

use super::page::Page;
use crate::data::{CurvePoint, ReportData};
use crate::figure::{Axis, ColourBy, Line, Plot, Points, Rule, colour};

/// Panels of full width that fit on a line.
const WIDE: usize = 3;

pub(super) fn write(data: &ReportData, page: &mut Page) {
    if data.curves.is_empty() {
        return;
    }
    let lead =
        "Left of the dashed line the twin was fitted without its latents, right of it with them.";
    page.section("Learning curves", border(&data.curves).map_or("", |_| lead));
    let last = data.curves.iter().map(|point| point.epoch).fold(1.0, f64::max);
    let mut figures =
        vec![(loss(&data.curves, last), "Training loss, without regularisers.".to_owned())];
    figures.extend(validation(&data.curves, last));
    figures.extend(divergence(&data.curves, last));
    figures.push((learning_rate(&data.curves, last), "Learning rate.".to_owned()));
    if figures.len() > WIDE {
        let narrow = |(plot, caption): (Plot, String)| (plot.size(268.0, 210.0), caption);
        figures = figures.into_iter().map(narrow).collect();
    }
    page.figures(&figures);
}

fn epochs(curves: &[CurvePoint]) -> Vec<f64> {
    curves.iter().map(|point| point.epoch).collect()
}

/// An empty panel; all panels show the same epochs.
fn empty(last_epoch: f64, label: Axis) -> Plot {
    Plot::new(Axis::new("epoch").range(0.0, last_epoch), label).size(365.0, 230.0)
}

/// The same with the border between the stages, where there are two.
fn panel(curves: &[CurvePoint], last_epoch: f64, label: Axis) -> Plot {
    border(curves).into_iter().fold(empty(last_epoch, label), Plot::rule)
}

/// Where the latents came in.
fn border(curves: &[CurvePoint]) -> Option<Rule> {
    let of = curves.windows(2).find(|of| of[0].without_latents && !of[1].without_latents)?;
    Some(Rule::vertical(f64::midpoint(of[0].epoch, of[1].epoch), colour::GREY))
}

fn loss(curves: &[CurvePoint], last: f64) -> Plot {
    let loss: Vec<f64> = curves.iter().map(|point| point.loss).collect();
    // The loss falls: the word has its place here.
    let border = border(curves).map(|border| border.label("with latents"));
    let empty = empty(last, Axis::new("loss per value"));
    let plot = border.into_iter().fold(empty, Plot::rule);
    plot.line(Line::new(&epochs(curves), &loss, colour::INK))
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
    let plot = panel(curves, last, Axis::new("validation correlation"))
        .line(Line::new(&x, &y, colour::TWIN))
        .points(Points::new(&[*epoch], &[*score], ColourBy::Same(colour::TWIN)));
    Some((plot, format!("Validation score; best {score:.3} at epoch {epoch}.")))
}

/// What the latents say, over the epochs that fitted them.
fn divergence(curves: &[CurvePoint], last: f64) -> Option<(Plot, String)> {
    let fitted = curves.iter().filter(|point| !point.without_latents);
    let (x, y): (Vec<f64>, Vec<f64>) = fitted.map(|point| (point.epoch, point.divergence)).unzip();
    if y.iter().all(|&divergence| divergence == 0.0) {
        return None;
    }
    let plot = panel(curves, last, Axis::new("divergence (nats per frame)"))
        .rule(Rule::horizontal(0.0, colour::LIGHT))
        .line(Line::new(&x, &y, colour::PURPLE));
    let caption = "Divergence of the latents from their prior, summed over latents: 0 where they \
                   say nothing.";
    Some((plot, caption.to_owned()))
}

fn learning_rate(curves: &[CurvePoint], last: f64) -> Plot {
    let rate: Vec<f64> = curves.iter().map(|point| point.learning_rate).collect();
    panel(curves, last, Axis::new("learning rate").logarithmic()).line(Line::new(
        &epochs(curves),
        &rate,
        colour::GREEN,
    ))
}
