//! Example neurons: what they did and what the twin says they do.

use super::page::Page;
use crate::data::{Example, ReportData, Responses};
use crate::figure::{Axis, ColourBy, Line, Note, Plot, Points, Rule, colour};

pub(super) fn write(data: &ReportData, page: &mut Page) {
    if data.examples.is_empty() {
        return;
    }
    let lead = "The twin never saw these trials. Thin lines are single repeats of the same stimulus, \
                the black line is their mean (or the only trial).";
    let video = data.examples.iter().any(|e| matches!(e.responses, Responses::Video { .. }));
    page.section("Recorded and predicted", if video { lead } else { "" });
    let figures: Vec<_> = data.examples.iter().map(figure).collect();
    page.figures(&figures);
}

fn figure(example: &Example) -> (Plot, String) {
    let caption = format!(
        "{}: session {}, neuron {}, score {:.3}.",
        example.rank, example.session, example.neuron, example.score
    );
    let plot = match &example.responses {
        Responses::Video { frame_rate_hz, recorded, predicted } => {
            traces(*frame_rate_hz, recorded, predicted)
        }
        Responses::Images { recorded, predicted } => images(recorded, predicted),
    };
    (plot, caption)
}

/// What an axis of time is called, and what one frame is on it.
pub(super) fn time_axis(frame_rate_hz: Option<f64>) -> (&'static str, f64) {
    match frame_rate_hz {
        Some(rate) if rate > 0.0 => ("time (s)", 1.0 / rate),
        _ => ("frame", 1.0),
    }
}

fn traces(frame_rate_hz: Option<f64>, recorded: &[Vec<f64>], predicted: &[f64]) -> Plot {
    let (label, step) = time_axis(frame_rate_hz);
    let time = |n: usize| -> Vec<f64> { (0..n).map(|i| i as f64 * step).collect() };
    let mut plot = Plot::new(Axis::new(label), Axis::new("response")).size(560.0, 185.0);
    if recorded.len() > 1 {
        for repeat in recorded {
            let line = Line::new(&time(repeat.len()), repeat, colour::GREY);
            plot = plot.line(line.width(0.6).opacity(0.45));
        }
    }
    let mean = mean_of(recorded);
    plot.line(Line::new(&time(mean.len()), &mean, colour::RECORDED).width(1.2).label("recorded"))
        .line(Line::new(&time(predicted.len()), predicted, colour::TWIN).width(1.6).label("twin"))
}

/// Mean over repeats, frame by frame; a frame that no repeat has is left out.
fn mean_of(repeats: &[Vec<f64>]) -> Vec<f64> {
    let n_frames = repeats.iter().map(Vec::len).max().unwrap_or(0);
    (0..n_frames)
        .map(|frame| {
            let values = repeats.iter().filter_map(|repeat| repeat.get(frame));
            let finite: Vec<f64> = values.copied().filter(|v| v.is_finite()).collect();
            finite.iter().sum::<f64>() / finite.len() as f64
        })
        .collect()
}

fn images(recorded: &[f64], predicted: &[f64]) -> Plot {
    let n = recorded.len().min(predicted.len());
    Plot::new(Axis::new("predicted response"), Axis::new("recorded response"))
        .size(300.0, 260.0)
        .rule(Rule::diagonal(colour::GREY))
        .points(Points::new(predicted, recorded, ColourBy::Same(colour::TWIN)))
        .note(Note::new(format!("{n} images"), [0.02, 0.95], colour::CEILING))
}
