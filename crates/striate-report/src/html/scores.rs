//! How the scores of the neurons are distributed, and how they stand against their ceilings.

use super::page::{Page, median};
use crate::data::{NeuronScore, ReportData};
use crate::figure::{Axis, Bars, Colour, ColourBy, Line, Note, Plot, Points, Rule, colour};

const N_BINS: usize = 30;

pub(super) fn write(data: &ReportData, page: &mut Page) {
    let neurons: Vec<&NeuronScore> =
        data.neurons.iter().filter(|neuron| neuron.score.is_finite()).collect();
    if neurons.is_empty() {
        return;
    }
    let lead = format!(
        "Every dot is a neuron; {} on the tier \u{201c}{}\u{201d}.",
        data.neuron_metric, data.neuron_tier
    );
    page.section("Scores of the neurons", &lead);
    let mut figures = vec![histogram(&neurons, &data.neuron_metric)];
    figures.extend(against(&neurons, Other::Ceiling));
    figures.extend(against(&neurons, Other::Baseline));
    if figures.len() == 1 {
        figures.push(sorted(&neurons, &data.neuron_metric));
    }
    page.figures(&figures);
}

fn histogram(neurons: &[&NeuronScore], metric: &str) -> (Plot, String) {
    let twin: Vec<f64> = neurons.iter().map(|n| n.score).collect();
    let baseline: Vec<f64> = neurons.iter().filter_map(|n| n.baseline).collect();
    let ceiling: Vec<f64> = neurons.iter().filter_map(|n| n.ceiling).collect();
    let all = || twin.iter().chain(&baseline).chain(&ceiling).copied().filter(|v| v.is_finite());
    let low = (all().fold(0.0, f64::min) * 20.0).floor() / 20.0;
    let high = (all().fold(0.05, f64::max) * 20.0).ceil() / 20.0;
    let mut plot = Plot::new(Axis::new(metric), Axis::new("neurons"))
        .size(365.0, 270.0)
        .bars(Bars::histogram(&twin, N_BINS, [low, high], colour::TWIN));
    let mut notes = vec![("twin", colour::TWIN, &twin)];
    for (name, values, colour) in
        [("baseline", &baseline, colour::BASELINE), ("ceiling", &ceiling, colour::CEILING)]
    {
        if !values.is_empty() {
            plot = plot.bars(Bars::histogram(values, N_BINS, [low, high], colour).outline());
            notes.push((name, colour, values));
        }
    }
    for (i, (name, colour, values)) in notes.into_iter().enumerate() {
        plot = plot.note(median_note(name, colour, values, i));
    }
    (plot, format!("Distribution over {} neurons, with medians.", neurons.len()))
}

fn median_note(name: &str, colour: Colour, values: &[f64], line: usize) -> Note {
    let text = median(values.iter().copied()).map_or(String::new(), |m| format!("{name} {m:.2}"));
    Note::new(text, [1.0, 0.96 - 0.075 * line as f64], colour).ending()
}

#[derive(Clone, Copy)]
enum Other {
    Ceiling,
    Baseline,
}

/// The twin's score over the neuron's ceiling or baseline; `None` where no neuron has one.
fn against(neurons: &[&NeuronScore], other: Other) -> Option<(Plot, String)> {
    let (x, y): (Vec<f64>, Vec<f64>) = neurons
        .iter()
        .filter_map(|neuron| {
            let x = match other {
                Other::Ceiling => neuron.ceiling,
                Other::Baseline => neuron.baseline,
            };
            Some((x.filter(|x| x.is_finite())?, neuron.score))
        })
        .unzip();
    if x.is_empty() {
        return None;
    }
    let above = x.iter().zip(&y).filter(|(x, y)| y > x).count();
    let (label, caption) = match other {
        Other::Ceiling => ("noise ceiling", "Twin against each neuron's noise ceiling.".to_owned()),
        Other::Baseline => (
            "baseline",
            format!("Twin against baseline: better in {above} of {} neurons.", x.len()),
        ),
    };
    let both = || x.iter().chain(&y).copied();
    let low = (both().fold(0.0, f64::min) * 10.0).floor() / 10.0;
    let high = (both().fold(0.1, f64::max) * 10.0).ceil() / 10.0;
    let plot = Plot::new(Axis::new(label).range(low, high), Axis::new("twin").range(low, high))
        .size(300.0, 270.0)
        .equal_aspect()
        .rule(Rule::diagonal(colour::GREY))
        .points(Points::new(&x, &y, ColourBy::Same(colour::TWIN)));
    Some((plot, caption))
}

/// Scores in falling order: what is left to show where there is neither ceiling nor baseline.
fn sorted(neurons: &[&NeuronScore], metric: &str) -> (Plot, String) {
    let mut scores: Vec<f64> = neurons.iter().map(|n| n.score).collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    let place: Vec<f64> = (1..=scores.len()).map(|i| i as f64).collect();
    let plot = Plot::new(Axis::new("neuron, best first"), Axis::new(metric))
        .size(365.0, 270.0)
        .line(Line::new(&place, &scores, colour::TWIN));
    (plot, "Scores in falling order.".to_owned())
}
