//! Traces of example cells.

use std::ops::Range;

use super::data::{ExampleTraces, ExtractionReport, by_strength};
use super::short;
use super::window::{envelope, length, most_active};
use crate::figure::{Axis, Colour, Line, Note, Plot, TickLabels, colour, round_ticks};
use crate::html::page::Page;

/// Cells shown of best, middle and lowest quality.
const N_SHOWN: [usize; 3] = [6, 3, 3];

/// Stretches of which a line shows the smallest and the largest value.
const N_BINS: usize = 600;

/// Where the parts of a figure stand: spikes, dF/F, mean over the region.
const SPIKES: [f64; 2] = [0.0, 1.2];
const DFF: [f64; 2] = [2.4, 6.4];
const ROI: [f64; 2] = [7.7, 10.7];
const TOP: f64 = 11.7;

/// Indices of up to 12 cells worth a look: the 6 strongest, 3 about the median and the 3 weakest, in this order.
///
/// ```
/// use striate_report::extraction::example_cells;
///
/// assert_eq!(example_cells(&[1.0, 3.0, 2.0]), [1, 2, 0]);
/// let strengths: Vec<f64> = (0..100).map(f64::from).collect();
/// assert_eq!(example_cells(&strengths), [99, 98, 97, 96, 95, 94, 50, 49, 48, 2, 1, 0]);
/// ```
pub fn example_cells(strengths: &[f64]) -> Vec<usize> {
    let order = by_strength(strengths);
    let [best, middle, lowest] = N_SHOWN;
    if order.len() <= best + middle + lowest {
        return order;
    }
    // At least as far from the top as the best reach, so that none is shown twice.
    let from = (order.len() / 2 - middle / 2).clamp(best, order.len() - lowest - middle);
    let parts = [0..best, from..from + middle, order.len() - lowest..order.len()];
    parts.into_iter().flat_map(|part| order[part].to_vec()).collect()
}

pub(super) fn write(report: &ExtractionReport, page: &mut Page) {
    let shown = report.examples.iter().filter(|example| example.cell < report.cells.len());
    let figures: Vec<_> = shown.map(|example| figure(report, example)).collect();
    if figures.is_empty() {
        return;
    }
    page.section(
        "Traces",
        "Cells of the highest, of middle and of the lowest quality. Above: mean of the recording over the cell\u{2019}s \
         pixels, neighbours and neuropil included. Middle: the demixed trace as dF/F, its deconvolved calcium in blue. \
         Below: spikes, as high as the calcium that they add. Each figure shows the stretch of up to 60 s with the \
         most spikes.",
    );
    page.figures(&figures);
}

fn figure(report: &ExtractionReport, example: &ExampleTraces) -> (Plot, String) {
    let activity = if example.spikes.is_empty() { &example.dff } else { &example.spikes };
    let frames = most_active(activity, length(report.frame_rate_hz));
    let (label, step) = time_axis(report.frame_rate_hz);
    let [start, end] = [frames.start, frames.end].map(|frame| frame as f64 * step);
    let mut parts = Parts { start: frames.start, step, ticks: Vec::new(), lines: Vec::new() };
    let [roi, dff, calcium, spikes] =
        [&example.roi, &example.dff, &example.calcium, &example.spikes]
            .map(|trace| trace.get(frames.clone()).unwrap_or_default());
    parts.add(ROI, &[(roi, colour::GREY, 0.9)]);
    parts.add(DFF, &[(dff, colour::INK, 0.8), (calcium, colour::BLUE, 1.3)]);
    parts.strokes(spikes);
    let y = Axis::new("").range(0.0, TOP).ticks(TickLabels::Named(parts.ticks));
    let x = Axis::new(label).range(start, end.max(start + step));
    let mut plot = Plot::new(x, y).size(560.0, 218.0);
    plot = parts.lines.into_iter().fold(plot, Plot::line);
    let notes = [
        (roi, "mean over the cell (units of the recording)", [0.0, ROI[1]], colour::CEILING),
        (dff, "dF/F", [0.0, DFF[1]], colour::INK),
        (calcium, "calcium", [0.08, DFF[1]], colour::BLUE),
        (spikes, "spikes", [0.0, SPIKES[1]], colour::VERMILLION),
    ];
    for (trace, text, [x, y], colour) in notes {
        if !trace.is_empty() {
            plot = plot.note(Note::new(text, [x, (y + 0.3) / TOP], colour));
        }
    }
    (plot, caption(report, example, &frames))
}

/// What an axis of time is called, and what one frame is on it.
pub(super) fn time_axis(frame_rate_hz: Option<f64>) -> (&'static str, f64) {
    match frame_rate_hz {
        Some(rate) if rate > 0.0 => ("time (s)", 1.0 / rate),
        _ => ("frame", 1.0),
    }
}

/// Traces one above the other, each with ticks in its own units.
struct Parts {
    start: usize,
    step: f64,
    ticks: Vec<(f64, String)>,
    lines: Vec<Line>,
}

impl Parts {
    /// Traces of one unit between two heights.
    fn add(&mut self, [low, high]: [f64; 2], traces: &[(&[f32], Colour, f64)]) {
        let values = traces.iter().flat_map(|(trace, ..)| *trace).filter(|v| v.is_finite());
        let [least, most] = values.fold([f64::INFINITY, f64::NEG_INFINITY], |[a, b], &v| {
            [a.min(v.into()), b.max(v.into())]
        });
        if least > most {
            return;
        }
        let span = (most - least).max(f64::MIN_POSITIVE);
        let at = |value: f64| low + (high - low) * (value - least) / span;
        // One tick tells no scale.
        let ticks = (3..9).map(|wanted| round_ticks([least, most], wanted));
        let ticks = ticks.into_iter().find(|ticks| ticks.len() > 1).unwrap_or_default();
        self.ticks.extend(ticks.into_iter().map(|(value, text)| (at(value), text)));
        for (trace, colour, width) in traces {
            let points = envelope(trace, N_BINS);
            let x: Vec<f64> = points.iter().map(|(i, _)| self.time(*i)).collect();
            let y: Vec<f64> = points.iter().map(|(_, value)| at(*value)).collect();
            self.lines.push(Line::new(&x, &y, *colour).width(*width));
        }
    }

    /// A stroke for each spike.
    fn strokes(&mut self, spikes: &[f32]) {
        let most = spikes.iter().copied().fold(0.0, f32::max);
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for (i, &spike) in spikes.iter().enumerate().filter(|(_, spike)| **spike > 0.0) {
            let height = SPIKES[0] + (SPIKES[1] - SPIKES[0]) * f64::from(spike / most);
            x.extend([self.time(i); 3]);
            y.extend([SPIKES[0], height, f64::NAN]);
        }
        self.lines.push(Line::new(&x, &y, colour::VERMILLION).width(1.2));
    }

    fn time(&self, i: usize) -> f64 {
        (self.start + i) as f64 * self.step
    }
}

fn caption(report: &ExtractionReport, example: &ExampleTraces, frames: &Range<usize>) -> String {
    let cell = &report.cells[example.cell];
    let order = report.by_strength();
    let rank = order.iter().position(|&i| i == example.cell).map_or(0, |place| place + 1);
    format!(
        "Cell {}, number {rank} of {} by quality: strength {}, peak SNR {}, {} events per minute. Frames {} to {} of {}.",
        cell.id,
        order.len(),
        short(cell.strength),
        short(cell.peak_snr),
        short(cell.events_per_minute),
        frames.start,
        frames.end.saturating_sub(1),
        report.shape[0]
    )
}
