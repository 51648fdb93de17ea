//! Where the receptive fields lie on the stimulus.

use std::collections::BTreeMap;

use super::page::{Page, median};
use crate::data::{NeuronScore, ReportData};
use crate::figure::{Arrows, Axis, ColourBy, ColourMap, Line, Plot, Points, colour};

/// Sessions with a figure of their own; the others share the list in words.
const MAX_SESSIONS: usize = 9;

pub(super) fn write(data: &ReportData, page: &mut Page) {
    let Some(size) = data.stimulus_size else { return };
    let mut sessions: BTreeMap<&str, Vec<&NeuronScore>> = BTreeMap::new();
    for neuron in data.neurons.iter().filter(|neuron| neuron.position_px.is_some()) {
        sessions.entry(&neuron.session).or_default().push(neuron);
    }
    if sessions.is_empty() {
        return;
    }
    let range = colour_range(sessions.values().flatten().map(|neuron| neuron.score));
    page.section("Receptive-field positions", &lead(data, sessions.len()));
    let figures: Vec<_> = sessions
        .iter()
        .take(MAX_SESSIONS)
        .map(|(session, neurons)| {
            let plot = map(neurons, size, range, &data.neuron_metric);
            (plot, format!("{session}: {} neurons.", neurons.len()))
        })
        .collect();
    page.figures(&figures);
}

fn lead(data: &ReportData, n_sessions: usize) -> String {
    let mut text = "Centres of the readout on the stimulus frame, coloured by score.".to_owned();
    let errors = || {
        data.neurons.iter().filter_map(|neuron| {
            let (a, b) = (neuron.position_px?, neuron.true_position_px?);
            Some((neuron.ceiling, (a[0] - b[0]).hypot(a[1] - b[1])))
        })
    };
    if let Some(all) = median(errors().map(|(_, error)| error)) {
        text += &format!(" Arrows lead to the true centres; median distance {all:.2} px");
        let responsive = errors().filter(|(ceiling, _)| ceiling.is_some_and(|c| c > 0.3));
        if let Some(error) = median(responsive.map(|(_, error)| error)) {
            text += &format!(", {error:.2} px for neurons with a ceiling above 0.3");
        }
        text += ".";
    }
    if n_sessions > MAX_SESSIONS {
        text += &format!(" The first {MAX_SESSIONS} of {n_sessions} sessions are shown.");
    }
    text
}

/// From 0, or the lowest score below it, to the highest score, in round numbers.
fn colour_range(scores: impl Iterator<Item = f64>) -> [f64; 2] {
    let (low, high) = scores
        .filter(|score| score.is_finite())
        .fold((0.0f64, 0.1f64), |(low, high), score| (low.min(score), high.max(score)));
    [(low * 10.0).floor() / 10.0, (high * 10.0).ceil() / 10.0]
}

fn map(neurons: &[&NeuronScore], size: [usize; 2], range: [f64; 2], metric: &str) -> Plot {
    let [height, width] = size.map(|n| n as f64);
    // Pixel centres are whole numbers, so the frame reaches half a pixel beyond them.
    let (left, right, top, bottom) = (-0.5, width - 0.5, -0.5, height - 0.5);
    let at = |side: usize| -> Vec<f64> {
        neurons.iter().filter_map(|neuron| Some(neuron.position_px?[side])).collect()
    };
    let values = neurons.iter().map(|neuron| neuron.score).collect();
    let (from, to): (Vec<_>, Vec<_>) = neurons
        .iter()
        .filter_map(|neuron| Some((neuron.position_px?, neuron.true_position_px?)))
        .unzip();
    let border_x = [left, right, right, left, left];
    let border_y = [top, top, bottom, bottom, top];
    let mut plot = Plot::new(
        Axis::new("x (px)").range(left, right),
        Axis::new("y (px)").range(top, bottom).downwards(),
    )
    .size(520.0, (380.0 * height / width + 60.0).clamp(160.0, 460.0))
    .equal_aspect()
    .line(Line::new(&border_x, &border_y, colour::GREY).width(1.0));
    if !from.is_empty() {
        plot = plot.arrows(Arrows::new(&from, &to, colour::CEILING));
    }
    plot.points(Points::new(
        &at(0),
        &at(1),
        ColourBy::Value { values, range, map: ColourMap::Sequential, label: metric.to_owned() },
    ))
}
