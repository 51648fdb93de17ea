//! The marks of each kind of layer.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::super::Plot;
use super::super::colour::Colour;
use super::super::frame::{Frame, TICK_SIZE};
use super::super::layer::{
    Arrows, Band, Bars, ColourBy, Layer, Line, Note, Picture, Points, Raster, Rule, RulePlace,
};
use super::super::svg::{Anchor, Canvas, TextStyle, number};

/// Above this many points each colour is one path: smaller files, no see-through overlaps.
const MAX_CIRCLES: usize = 4000;
/// Colours told apart in a coloured cloud of points.
const COLOUR_LEVELS: f64 = 32.0;

pub(super) fn draw(canvas: &mut Canvas, layer: &Layer, frame: &Frame<'_>) {
    match layer {
        Layer::Line(line) => draw_line(canvas, line, frame),
        Layer::Band(band) => draw_band(canvas, band, frame),
        Layer::Points(points) => draw_points(canvas, points, frame),
        Layer::Bars(bars) => draw_bars(canvas, bars, frame),
        Layer::Rule(rule) => draw_rule(canvas, rule, frame),
        Layer::Arrows(arrows) => draw_arrows(canvas, arrows, frame),
        Layer::Picture(picture) => draw_picture(canvas, picture, frame),
        Layer::Raster(raster) => draw_raster(canvas, raster, frame),
        Layer::Note(note) => draw_note(canvas, note, frame),
    }
}

fn draw_line(canvas: &mut Canvas, line: &Line, frame: &Frame<'_>) {
    let points = line.x.iter().zip(&line.y).map(|(&x, &y)| frame.at(x, y));
    let (width, opacity) = (number(line.width), number(line.opacity));
    path(
        canvas,
        &path_through(points),
        &[
            ("fill", "none"),
            ("stroke", &line.colour.css()),
            ("stroke-width", &width),
            ("stroke-opacity", &opacity),
            ("stroke-linejoin", "round"),
            ("stroke-linecap", "round"),
        ],
    );
}

fn draw_band(canvas: &mut Canvas, band: &Band, frame: &Frame<'_>) {
    let upper = band.x.iter().zip(&band.high);
    let lower = band.x.iter().zip(&band.low).rev();
    let outline = upper.chain(lower).filter_map(|(&x, &y)| frame.at(x, y)).map(Some);
    let fill = band.colour.css();
    path(canvas, &path_through(outline), &[("fill", &fill), ("fill-opacity", "0.18")]);
}

fn draw_points(canvas: &mut Canvas, points: &Points, frame: &Frame<'_>) {
    let mut by_colour: BTreeMap<Colour, Vec<[f64; 2]>> = BTreeMap::new();
    for (i, (&x, &y)) in points.x.iter().zip(&points.y).enumerate() {
        if let Some(at) = frame.at(x, y) {
            by_colour.entry(colour_of(&points.colour, i)).or_default().push(at);
        }
    }
    let opacity = number(points.opacity);
    let as_circles = points.x.len() <= MAX_CIRCLES;
    for (colour, places) in by_colour {
        let colour = colour.css();
        if as_circles {
            if points.hollow {
                let style = [("fill", "#ffffff"), ("stroke", &*colour), ("stroke-width", "1.5")];
                canvas.open("g", &style);
            } else {
                canvas.open("g", &[("fill", &colour), ("fill-opacity", &opacity)]);
            }
            for [x, y] in places {
                let (x, y, r) = (number(x), number(y), number(points.radius));
                canvas.element("circle", &[("cx", &x), ("cy", &y), ("r", &r)]);
            }
            canvas.raw("</g>");
        } else {
            draw_dots(canvas, &places, points.radius, &colour);
        }
    }
}

/// Many dots as one path of strokes without length, which round caps make visible.
fn draw_dots(canvas: &mut Canvas, places: &[[f64; 2]], radius: f64, colour: &str) {
    let mut data = String::new();
    for [x, y] in places {
        let _ = write!(data, "M{} {}h0", number(*x), number(*y));
    }
    let width = number(2.0 * radius);
    path(
        canvas,
        &data,
        &[("stroke", colour), ("stroke-width", &width), ("stroke-linecap", "round")],
    );
}

fn colour_of(colour: &ColourBy, i: usize) -> Colour {
    match colour {
        ColourBy::Same(colour) => *colour,
        ColourBy::Value { values, range, map, .. } => {
            let value = values.get(i).copied().unwrap_or(f64::NAN);
            let t = (value - range[0]) / (range[1] - range[0]);
            map.at((t * COLOUR_LEVELS).round() / COLOUR_LEVELS)
        }
    }
}

fn draw_bars(canvas: &mut Canvas, bars: &Bars, frame: &Frame<'_>) {
    let colour = bars.colour.css();
    if bars.outline {
        let steps = bars.edges.windows(2).zip(&bars.heights);
        let ends = steps.flat_map(|(edge, &height)| [(edge[0], height), (edge[1], height)]);
        let data = path_through(ends.map(|(x, y)| frame.at(x, y)));
        path(canvas, &data, &[("fill", "none"), ("stroke", &colour), ("stroke-width", "1.4")]);
        return;
    }
    canvas.open("g", &[("fill", &colour), ("fill-opacity", "0.75")]);
    for (edge, &height) in bars.edges.windows(2).zip(&bars.heights) {
        let (Some(low), Some(high)) = (frame.at(edge[0], 0.0), frame.at(edge[1], height)) else {
            continue;
        };
        let [x, y, width, tall] =
            [low[0] + 0.4, high[1], (high[0] - low[0] - 0.8).max(0.3), low[1] - high[1]]
                .map(number);
        canvas.element("rect", &[("x", &x), ("y", &y), ("width", &width), ("height", &tall)]);
    }
    canvas.raw("</g>");
}

fn draw_rule(canvas: &mut Canvas, rule: &Rule, frame: &Frame<'_>) {
    let colour = rule.colour.css();
    let low = frame.x[0].max(frame.y[0]);
    let high = frame.x[1].min(frame.y[1]);
    let (from, to) = match rule.place {
        RulePlace::Vertical(x) => {
            ([frame.x_pixel(x), frame.top], [frame.x_pixel(x), frame.bottom()])
        }
        RulePlace::Horizontal(y) => {
            ([frame.left, frame.y_pixel(y)], [frame.right(), frame.y_pixel(y)])
        }
        RulePlace::Diagonal => {
            ([frame.x_pixel(low), frame.y_pixel(low)], [frame.x_pixel(high), frame.y_pixel(high)])
        }
    };
    let dashes = [("stroke", &*colour), ("stroke-width", "1"), ("stroke-dasharray", "4 3")];
    canvas.line(from, to, &dashes);
    let Some(label) = &rule.label else { return };
    let (at, anchor) = match rule.place {
        RulePlace::Vertical(_) => ([from[0] + 4.0, frame.top + TICK_SIZE], Anchor::Start),
        RulePlace::Horizontal(_) => ([frame.right(), from[1] - 4.0], Anchor::End),
        RulePlace::Diagonal => ([to[0] - 8.0, to[1] + TICK_SIZE - 2.0], Anchor::End),
    };
    canvas.text(at, label, label_style(&colour, anchor));
}

fn draw_arrows(canvas: &mut Canvas, arrows: &Arrows, frame: &Frame<'_>) {
    let mut data = String::new();
    for (from, to) in arrows.from.iter().zip(&arrows.to) {
        let (Some(a), Some(b)) = (frame.at(from[0], from[1]), frame.at(to[0], to[1])) else {
            continue;
        };
        let shaft = [b[0] - a[0], b[1] - a[1]];
        let length = shaft[0].hypot(shaft[1]);
        data.push_str(&path_through([Some(a), Some(b)].into_iter()));
        if length > 4.0 {
            // Two short strokes back from the tip, 30 degrees either side of the shaft.
            let head = (length * 0.35).min(4.0) / length;
            for side in [0.5f64, -0.5] {
                let back = [
                    b[0] - head * (0.866 * shaft[0] - side * shaft[1]),
                    b[1] - head * (0.866 * shaft[1] + side * shaft[0]),
                ];
                data.push_str(&path_through([Some(b), Some(back)].into_iter()));
            }
        }
    }
    let colour = arrows.colour.css();
    path(
        canvas,
        &data,
        &[
            ("fill", "none"),
            ("stroke", &colour),
            ("stroke-width", "0.9"),
            ("stroke-opacity", "0.8"),
        ],
    );
}

fn draw_picture(canvas: &mut Canvas, picture: &Picture, frame: &Frame<'_>) {
    let corners = (frame.at(picture.x[0], picture.y[0]), frame.at(picture.x[1], picture.y[1]));
    let (Some(a), Some(b)) = corners else { return };
    let [x, y] = [a[0].min(b[0]), a[1].min(b[1])].map(number);
    let [width, height] = [(a[0] - b[0]).abs(), (a[1] - b[1]).abs()].map(number);
    canvas.element(
        "image",
        &[
            ("x", &x),
            ("y", &y),
            ("width", &width),
            ("height", &height),
            ("preserveAspectRatio", "none"),
            ("style", "image-rendering:pixelated"),
            ("href", &picture.uri),
        ],
    );
}

fn draw_raster(canvas: &mut Canvas, raster: &Raster, frame: &Frame<'_>) {
    let mut data = String::new();
    for (row, times) in raster.rows.iter().enumerate() {
        for &time in times {
            let ends = [frame.at(time, row as f64 + 0.1), frame.at(time, row as f64 + 0.9)];
            data.push_str(&path_through(ends.into_iter()));
        }
    }
    let colour = raster.colour.css();
    path(canvas, &data, &[("stroke", &colour), ("stroke-width", "0.9")]);
}

fn draw_note(canvas: &mut Canvas, note: &Note, frame: &Frame<'_>) {
    let at =
        [frame.left + note.place[0] * frame.width, frame.bottom() - note.place[1] * frame.height];
    let anchor = if note.end { Anchor::End } else { Anchor::Start };
    canvas.text(at, &note.text, label_style(&note.colour.css(), anchor));
}

/// The names of the lines, right of where they end, pushed apart where they would overlap.
pub(super) fn line_labels(canvas: &mut Canvas, plot: &Plot, frame: &Frame<'_>) {
    let spacing = TICK_SIZE + 2.0;
    let mut labels: Vec<([f64; 2], &str, Colour)> = Vec::new();
    for layer in &plot.layers {
        if let Layer::Line(Line { x, y, colour, label: Some(label), .. }) = layer {
            let last = x.iter().zip(y).rev().find_map(|(&x, &y)| frame.at(x, y));
            labels.extend(last.map(|at| (at, &**label, *colour)));
        }
    }
    labels.sort_by(|a, b| a.0[1].total_cmp(&b.0[1]));
    let mut lowest_free = f64::NEG_INFINITY;
    for (at, _, _) in &mut labels {
        at[1] = at[1].max(lowest_free).clamp(frame.top + 4.0, f64::MAX);
        lowest_free = at[1] + spacing;
    }
    let mut highest_free = frame.bottom();
    for (at, _, _) in labels.iter_mut().rev() {
        at[1] = at[1].min(highest_free);
        highest_free = at[1] - spacing;
    }
    for ([x, y], label, colour) in labels {
        let at = [x.min(frame.right()) + 6.0, y + TICK_SIZE * 0.36];
        canvas.text(at, label, label_style(&colour.css(), Anchor::Start));
    }
}

fn label_style(colour: &str, anchor: Anchor) -> TextStyle<'_> {
    TextStyle { size: TICK_SIZE, colour, anchor, bold: false, rotated: false }
}

fn path(canvas: &mut Canvas, data: &str, attributes: &[(&str, &str)]) {
    if !data.is_empty() {
        let mut all = vec![("d", data)];
        all.extend_from_slice(attributes);
        canvas.element("path", &all);
    }
}

/// Path data through the points; a missing one lifts the pen.
fn path_through(points: impl Iterator<Item = Option<[f64; 2]>>) -> String {
    let mut data = String::new();
    let mut drawing = false;
    for point in points {
        if let Some([x, y]) = point {
            let command = if drawing { 'L' } else { 'M' };
            let _ = write!(data, "{command}{} {}", number(x), number(y));
        }
        drawing = point.is_some();
    }
    data
}
