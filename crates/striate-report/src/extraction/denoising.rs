//! Frames and pixels before and after denoising.

use ndarray::{Array2, s};

use super::cells::time_axis;
use super::data::{DenoisedFrame, Denoising, ExtractionReport, PixelTrace};
use super::panel::Panel;
use super::window::{envelope, length, most_active};
use crate::figure::{Axis, ColourMap, Line, Plot, colour};
use crate::html::page::Page;
use crate::picture::stretch;

/// Longest side of a frame shown; of larger ones a part is, since averaging would hide the noise.
const MOST: usize = 256;
const WIDE: f64 = 378.0;
const N_BINS: usize = 600;

pub(super) fn write(report: &ExtractionReport, page: &mut Page) {
    let Some(denoising) = &report.denoising else { return };
    if denoising.frames.is_empty() && denoising.pixels.is_empty() {
        return;
    }
    page.section(
        "Before and after denoising",
        "Raw and denoised frames share one scale; the residual, raw less denoised, has the same width of scale about \
         0. A good residual looks like noise: no cell can be recognised in it.",
    );
    let corner = corner(denoising);
    for frame in &denoising.frames {
        frames(frame, corner, report, page);
    }
    let traces: Vec<_> = denoising.pixels.iter().map(|pixel| trace(pixel, report)).collect();
    if !traces.is_empty() {
        page.heading("Single pixels");
        page.figures(&traces);
    }
}

/// Upper left corner of the part that is shown: where denoised frames vary most.
fn corner(denoising: &Denoising) -> [usize; 2] {
    let Some(frame) = denoising.frames.first() else { return [0, 0] };
    let (height, width) = frame.denoised.dim();
    let starts = |length: usize| {
        let last = length.saturating_sub(MOST);
        (0..last).step_by(MOST / 4).chain([last])
    };
    let corners = starts(height).flat_map(|y| starts(width).map(move |x| [y, x]));
    let contrast = |corner: &[usize; 2]| {
        let part = cut(&frame.denoised, *corner);
        let (low, high) = stretch(&part);
        high - low
    };
    let scored = corners.map(|corner| (contrast(&corner), corner));
    scored.max_by(|a, b| a.0.total_cmp(&b.0)).map_or([0, 0], |(_, corner)| corner)
}

fn cut(image: &Array2<f32>, [y, x]: [usize; 2]) -> Array2<f32> {
    let (height, width) = image.dim();
    let (y, x) = (y.min(height), x.min(width));
    image.slice(s![y..(y + MOST).min(height), x..(x + MOST).min(width)]).to_owned()
}

fn frames(frame: &DenoisedFrame, corner: [usize; 2], report: &ExtractionReport, page: &mut Page) {
    if frame.raw.dim() != frame.denoised.dim() {
        return;
    }
    let (raw, denoised) = (cut(&frame.raw, corner), cut(&frame.denoised, corner));
    let residual = &raw - &denoised;
    let (low, high) = stretch(&raw);
    let half = (high - low) / 2.0;
    page.heading(&format!("Frame {}{}", frame.frame, moment(frame.frame, report)));
    if raw.dim() != frame.raw.dim() {
        let [y, x] = corner;
        let (height, width) = raw.dim();
        page.paragraph(&format!(
            "Rows {y} to {} and columns {x} to {}, pixel for pixel.",
            y + height - 1,
            x + width - 1
        ));
    }
    page.raw("<div class=\"figures\">\n");
    let panels = [
        (&raw, [low, high], "Raw."),
        (&denoised, [low, high], "Denoised."),
        (&residual, [-half, half], "Residual."),
    ];
    for (image, range, caption) in panels {
        Panel::new(image, WIDE).map(ColourMap::Grey, range).write(page, caption);
    }
    page.raw("</div>\n");
}

fn moment(frame: usize, report: &ExtractionReport) -> String {
    let rate = report.frame_rate_hz.filter(|rate| *rate > 0.0);
    rate.map_or(String::new(), |rate| format!(" ({:.1} s)", frame as f64 / rate))
}

fn trace(pixel: &PixelTrace, report: &ExtractionReport) -> (Plot, String) {
    let rise: Vec<f32> = {
        let mut sorted = pixel.denoised.clone();
        sorted.sort_by(f32::total_cmp);
        let rest = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
        pixel.denoised.iter().map(|value| value - rest).collect()
    };
    let frames = most_active(&rise, length(report.frame_rate_hz));
    let (label, step) = time_axis(report.frame_rate_hz);
    let line = |values: &[f32], colour| {
        let points = envelope(values.get(frames.clone()).unwrap_or_default(), N_BINS);
        let time = |(i, _): &(usize, f64)| (frames.start + i) as f64 * step;
        let x: Vec<f64> = points.iter().map(time).collect();
        let y: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
        Line::new(&x, &y, colour)
    };
    let x = Axis::new(label).range(frames.start as f64 * step, frames.end as f64 * step);
    let plot = Plot::new(x, Axis::new("recorded value"))
        .size(560.0, 185.0)
        .line(line(&pixel.raw, colour::GREY).width(0.8).label("raw"))
        .line(line(&pixel.denoised, colour::BLUE).width(1.5).label("denoised"));
    let [y, x] = pixel.place;
    let caption = format!(
        "Pixel in row {y}, column {x}; frames {} to {}.",
        frames.start,
        frames.end.saturating_sub(1)
    );
    (plot, caption)
}
