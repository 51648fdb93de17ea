//! Learning curves.

use super::page::Page;
use crate::data::{CurvePoint, ReportData};
use crate::figure::{Axis, ColourBy, Line, Plot, Points, Rule, colour};

pub(super) fn write(data: &ReportData, page: &mut Page) {
    if data.curves.is_empty() {
        return;
    }
    page.section("Learning curves", "");
    let last = data.curves.iter().map(|point| point.epoch).fold(1.0, f64::max);
    let mut figures =
        vec![(loss(&data.curves, last), "Training loss, without regularisers.".to_owned())];
    figures.extend(validation(&data.curves, last));
    figures.extend(divergence(&data.curves, last));
    figures.push((learning_rate(&data.curves, last), "Learning rate.".to_owned()));
    page.figures(&figures);
}

fn epochs(curves: &[CurvePoint]) -> Vec<f64> {
    curves.iter().map(|point| point.epoch).collect()
}

/// An empty panel; all panels show the same epochs and where the latents came in.
fn panel(curves: &[CurvePoint], last_epoch: f64, label: Axis) -> Plot {
    let plot = Plot::new(Axis::new("epoch").range(0.0, last_epoch), label).size(365.0, 230.0);
    let border = curves.windows(2).find(|of| of[0].without_latents && !of[1].without_latents);
    match border {
        Some(of) => {
            let epoch = f64::midpoint(of[0].epoch, of[1].epoch);
            plot.rule(Rule::vertical(epoch, colour::GREY).label("with latents"))
        }
        None => plot,
    }
}

fn loss(curves: &[CurvePoint], last: f64) -> Plot {
    let loss: Vec<f64> = curves.iter().map(|point| point.loss).collect();
    panel(curves, last, Axis::new("loss per value")).line(Line::new(
        &epochs(curves),
        &loss,
        colour::INK,
    ))
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
    let plot = panel(curves, last, Axis::new("divergence (nats per frame)")).line(Line::new(
        &x,
        &y,
        colour::PURPLE,
    ));
    let caption = "Divergence of the latents from their prior, summed over latents: 0 where they say nothing.";
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
