//! Where the plotting area lies and how data become pixels.

use super::Plot;
use super::axis::Axis;
use super::layer::{Layer, RulePlace};
use super::svg::text_width;

pub(super) const TICK_SIZE: f64 = 11.0;
pub(super) const LABEL_SIZE: f64 = 12.0;
pub(super) const TITLE_SIZE: f64 = 13.0;

/// The plotting area in pixels and the data ranges it shows, on the axes' own scales.
pub(super) struct Frame<'a> {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) x: [f64; 2],
    pub(super) y: [f64; 2],
    pub(super) x_ticks: Vec<(f64, String)>,
    pub(super) y_ticks: Vec<(f64, String)>,
    plot: &'a Plot,
}

impl<'a> Frame<'a> {
    pub(super) fn of(plot: &'a Plot) -> Self {
        let x = axis_range(&plot.x, plot, 0);
        let y = axis_range(&plot.y, plot, 1);
        let y_ticks = plot.y.ticks_in(y, (plot.size[1] / 52.0) as usize);
        let tick_width = y_ticks.iter().map(|(_, t)| text_width(t, TICK_SIZE)).fold(0.0, f64::max);
        let label_width = if plot.y.label.is_empty() { 2.0 } else { 20.0 };
        let left = label_width + tick_width + if y_ticks.is_empty() { 4.0 } else { 12.0 };
        let top = if plot.title.is_some() { 30.0 } else { 10.0 };
        let bottom = if plot.x.label.is_empty() { 24.0 } else { 42.0 };
        let width = (plot.size[0] - left - right_margin(plot)).max(10.0);
        let height = (plot.size[1] - top - bottom).max(10.0);
        let x_ticks = plot.x.ticks_in(x, (width / 50.0) as usize);
        let mut frame = Self { left, top, width, height, x, y, x_ticks, y_ticks, plot };
        if plot.equal_aspect {
            frame.equalise();
        }
        frame
    }

    /// The pixel of a point, `None` where it has none.
    pub(super) fn at(&self, x: f64, y: f64) -> Option<[f64; 2]> {
        Some([self.x_pixel(self.plot.x.scaled(x)?), self.y_pixel(self.plot.y.scaled(y)?)])
    }

    /// The pixel column of a value on the x axis' own scale.
    pub(super) fn x_pixel(&self, scaled: f64) -> f64 {
        let t = (scaled - self.x[0]) / (self.x[1] - self.x[0]);
        self.left + self.width * if self.plot.x.downwards { 1.0 - t } else { t }
    }

    /// The pixel row of a value on the y axis' own scale.
    pub(super) fn y_pixel(&self, scaled: f64) -> f64 {
        let t = (scaled - self.y[0]) / (self.y[1] - self.y[0]);
        self.top + self.height * if self.plot.y.downwards { t } else { 1.0 - t }
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    pub(super) fn right(&self) -> f64 {
        self.left + self.width
    }

    /// Shrink the area until one unit is equally long on both axes.
    fn equalise(&mut self) {
        let (x_span, y_span) = (self.x[1] - self.x[0], self.y[1] - self.y[0]);
        let scale = (self.width / x_span).min(self.height / y_span);
        self.top += (self.height - y_span * scale) / 2.0;
        self.width = x_span * scale;
        self.height = y_span * scale;
    }
}

fn right_margin(plot: &Plot) -> f64 {
    let mut margin: f64 = 14.0;
    for layer in &plot.layers {
        match layer {
            Layer::Line(line) => {
                let label = line.label.as_deref().unwrap_or_default();
                margin = margin.max(text_width(label, TICK_SIZE) + 14.0);
            }
            layer if layer.colour_bar().is_some() => margin = margin.max(74.0),
            _ => {}
        }
    }
    margin
}

/// The range of an axis: as fixed, or the data's with a little air.
fn axis_range(axis: &Axis, plot: &Plot, side: usize) -> [f64; 2] {
    if let Some([low, high]) = axis.range
        && let (Some(low), Some(high)) = (axis.scaled(low), axis.scaled(high))
        && low < high
    {
        return [low, high];
    }
    let mut range = [f64::INFINITY, f64::NEG_INFINITY];
    let mut air = 0.0;
    let mut from_zero = false;
    for layer in &plot.layers {
        for value in extent(layer, side).into_iter().filter_map(|v| axis.scaled(v)) {
            range = [range[0].min(value), range[1].max(value)];
        }
        let airy = side == 1 || matches!(layer, Layer::Points(_) | Layer::Arrows(_));
        air =
            if airy && !matches!(layer, Layer::Raster(_) | Layer::Picture(_)) { 0.05 } else { air };
        from_zero |= side == 1 && matches!(layer, Layer::Bars(_));
    }
    if range[0] > range[1] {
        return [0.0, 1.0];
    }
    let span = range[1] - range[0];
    if span <= f64::EPSILON * range[0].abs().max(1.0) {
        return [range[0] - 0.5, range[1] + 0.5];
    }
    let low = if from_zero { range[0] } else { range[0] - air * span };
    [low, range[1] + air * span]
}

/// Every value of a layer that its axis must show.
fn extent(layer: &Layer, side: usize) -> Vec<f64> {
    match layer {
        Layer::Line(line) => if side == 0 { &line.x } else { &line.y }.clone(),
        Layer::Band(band) if side == 0 => band.x.clone(),
        Layer::Band(band) => [&band.low[..], &band.high[..]].concat(),
        Layer::Points(points) => if side == 0 { &points.x } else { &points.y }.clone(),
        Layer::Bars(bars) if side == 0 => bars.edges.clone(),
        Layer::Bars(bars) => [&bars.heights[..], &[0.0]].concat(),
        Layer::Rule(rule) => match (rule.place, side) {
            (RulePlace::Vertical(value), 0) | (RulePlace::Horizontal(value), 1) => vec![value],
            _ => Vec::new(),
        },
        Layer::Arrows(arrows) => arrows.from.iter().chain(&arrows.to).map(|p| p[side]).collect(),
        Layer::Picture(picture) => if side == 0 { picture.x } else { picture.y }.to_vec(),
        Layer::Raster(raster) if side == 0 => raster.rows.concat(),
        Layer::Raster(raster) => vec![0.0, raster.rows.len() as f64],
        Layer::Note(_) => Vec::new(),
    }
}
