//! Drawing a plot: axes first, then the layers clipped to the area, then their labels.

mod marks;

use std::fmt::Write;

use super::colour::INK;
use super::frame::{Frame, LABEL_SIZE, TICK_SIZE, TITLE_SIZE};
use super::layer::{ColourBy, Layer, Picture, Points};
use super::svg::{Anchor, Canvas, TextStyle, escape, number};
use super::{ColourMap, Plot};

const FONT: &str = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";
const TICK_LENGTH: f64 = 4.0;

impl Layer {
    /// Range, map and label of the bar that explains its colours.
    pub(super) fn colour_bar(&self) -> Option<([f64; 2], ColourMap, &str)> {
        match self {
            Self::Points(Points { colour: ColourBy::Value { range, map, label, .. }, .. })
            | Self::Picture(Picture { bar: Some((range, map, label)), .. }) => {
                Some((*range, *map, label))
            }
            _ => None,
        }
    }
}

pub(super) fn render(plot: &Plot) -> String {
    let frame = Frame::of(plot);
    let mut canvas = Canvas::default();
    let (width, height) = (number(plot.size[0]), number(plot.size[1]));
    let _ = write!(
        canvas.out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"{FONT}\">"
    );
    if let Some(title) = &plot.title {
        let _ = write!(canvas.out, "<title>{}</title>", escape(title));
    }
    canvas.element("rect", &[("width", &width), ("height", &height), ("fill", "#ffffff")]);
    layers(&mut canvas, plot, &frame);
    axes(&mut canvas, plot, &frame);
    marks::line_labels(&mut canvas, plot, &frame);
    for layer in &plot.layers {
        if let Some((range, map, label)) = layer.colour_bar() {
            colour_bar(&mut canvas, &frame, range, map, label);
        }
    }
    canvas.raw("</svg>");
    canvas.out
}

/// The layers, clipped to the plotting area by an inner `svg` element.
fn layers(canvas: &mut Canvas, plot: &Plot, frame: &Frame<'_>) {
    // Marks on the border may stand out by this much.
    let air = 3.0;
    let [x, y] = [frame.left - air, frame.top - air].map(number);
    let [width, height] = [frame.width + 2.0 * air, frame.height + 2.0 * air].map(number);
    let view = format!("{x} {y} {width} {height}");
    canvas.open(
        "svg",
        &[("x", &x), ("y", &y), ("width", &width), ("height", &height), ("viewBox", &view)],
    );
    for layer in &plot.layers {
        marks::draw(canvas, layer, frame);
    }
    canvas.raw("</svg>");
}

fn axes(canvas: &mut Canvas, plot: &Plot, frame: &Frame<'_>) {
    let ink = INK.css();
    let stroke = [("stroke", &*ink), ("stroke-width", "0.9")];
    let (left, right, top, bottom) = (frame.left, frame.right(), frame.top, frame.bottom());
    let tick_style = TextStyle {
        size: TICK_SIZE,
        colour: &ink,
        anchor: Anchor::Middle,
        bold: false,
        rotated: false,
    };
    // The spines stand a little off the data, so that points at 0 stay visible.
    let off = 4.0;
    if !frame.x_ticks.is_empty() {
        canvas.line([left, bottom + off], [right, bottom + off], &stroke);
    }
    if !frame.y_ticks.is_empty() {
        canvas.line([left - off, top], [left - off, bottom], &stroke);
    }
    for (value, label) in &frame.x_ticks {
        let x = frame.x_pixel(*value);
        canvas.line([x, bottom + off], [x, bottom + off + TICK_LENGTH], &stroke);
        canvas.text([x, bottom + off + TICK_LENGTH + TICK_SIZE], label, tick_style);
    }
    for (value, label) in &frame.y_ticks {
        let y = frame.y_pixel(*value);
        canvas.line([left - off - TICK_LENGTH, y], [left - off, y], &stroke);
        let at = [left - off - TICK_LENGTH - 3.0, y + TICK_SIZE * 0.36];
        canvas.text(at, label, TextStyle { anchor: Anchor::End, ..tick_style });
    }
    axis_labels(canvas, plot, frame, TextStyle { size: LABEL_SIZE, ..tick_style });
}

fn axis_labels(canvas: &mut Canvas, plot: &Plot, frame: &Frame<'_>, style: TextStyle<'_>) {
    let middle = [frame.left + frame.width / 2.0, frame.top + frame.height / 2.0];
    let below = frame.bottom() + if frame.x_ticks.is_empty() { 18.0 } else { 36.0 };
    canvas.text([middle[0], below], &plot.x.label, style);
    if !plot.y.label.is_empty() {
        canvas.text([13.0, middle[1]], &plot.y.label, TextStyle { rotated: true, ..style });
    }
    if let Some(title) = &plot.title {
        let style = TextStyle { size: TITLE_SIZE, anchor: Anchor::Start, bold: true, ..style };
        canvas.text([frame.left - 4.0, 16.0], title, style);
    }
}

/// The bar that explains a colour map, right of the area.
fn colour_bar(
    canvas: &mut Canvas,
    frame: &Frame<'_>,
    range: [f64; 2],
    map: ColourMap,
    label: &str,
) {
    let n_steps = 48;
    let height = frame.height.min(150.0);
    let (x, top) = (frame.right() + 16.0, frame.top + (frame.height - height) / 2.0);
    let step = height / f64::from(n_steps);
    for i in 0..n_steps {
        let colour = map.at((f64::from(i) + 0.5) / f64::from(n_steps)).css();
        let y = number(top + height - f64::from(i + 1) * step);
        let (x, tall) = (number(x), number(step + 0.4));
        canvas.element(
            "rect",
            &[("x", &x), ("y", &y), ("width", "8"), ("height", &tall), ("fill", &colour)],
        );
    }
    let ink = INK.css();
    let style = TextStyle {
        size: TICK_SIZE,
        colour: &ink,
        anchor: Anchor::Start,
        bold: false,
        rotated: false,
    };
    for (value, text) in super::axis::round_ticks(range, 4) {
        let t = (value - range[0]) / (range[1] - range[0]);
        let y = top + height * (1.0 - t);
        canvas.line([x + 8.0, y], [x + 11.0, y], &[("stroke", &ink), ("stroke-width", "0.9")]);
        canvas.text([x + 14.0, y + TICK_SIZE * 0.36], &text, style);
    }
    let at = [x + 50.0, top + height / 2.0];
    canvas.text(at, label, TextStyle { anchor: Anchor::Middle, rotated: true, ..style });
}
