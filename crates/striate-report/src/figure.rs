//! A small plotting layer: publication-like SVG figures without a dependency.
//!
//! A [`Plot`] is two axes and a list of layers; [`Plot::to_svg`] draws it. Lines are labelled where
//! they end instead of in a legend box, colours come from a palette that colour-blind readers can
//! tell apart, and values that are not finite leave a gap instead of an error.
//!
//! ```
//! use striate_report::figure::{Axis, Line, Plot, colour};
//!
//! let svg = Plot::new(Axis::new("time (s)"), Axis::new("response"))
//!     .line(Line::new(&[0.0, 1.0, 2.0], &[0.1, 0.5, 0.2], colour::TWIN).label("twin"))
//!     .to_svg();
//! assert!(svg.starts_with("<svg") && svg.contains("time (s)") && svg.contains("twin"));
//! ```

mod axis;
pub mod colour;
mod frame;
mod image;
mod layer;
pub mod pixel;
mod render;
mod svg;

pub(crate) use axis::round_ticks;
pub use axis::{Axis, TickLabels};
pub use colour::{Colour, ColourMap};
pub use image::data_uri_image;
pub use layer::{Arrows, Band, Bars, ColourBy, Line, Note, Picture, Points, Raster, Rule};
pub(crate) use svg::number;
pub use svg::{base64, data_uri_png, data_uri_svg, escape};

use layer::Layer;

/// A figure: two axes and what is drawn between them, in the order it was added.
#[derive(Debug, Clone)]
pub struct Plot {
    size: [f64; 2],
    title: Option<String>,
    x: Axis,
    y: Axis,
    equal_aspect: bool,
    layers: Vec<Layer>,
}

impl Plot {
    /// An empty plot of 380 by 260 pixels.
    pub fn new(x: Axis, y: Axis) -> Self {
        Self { size: [380.0, 260.0], title: None, x, y, equal_aspect: false, layers: Vec::new() }
    }

    /// Set the outer size in pixels.
    #[must_use]
    pub fn size(mut self, width: f64, height: f64) -> Self {
        self.size = [width, height];
        self
    }

    /// The outer width in pixels.
    pub(crate) fn width(&self) -> f64 {
        self.size[0]
    }

    /// Set the title above the axes.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Give one unit the same length on both axes.
    #[must_use]
    pub fn equal_aspect(mut self) -> Self {
        self.equal_aspect = true;
        self
    }

    /// Add a line.
    #[must_use]
    pub fn line(self, line: Line) -> Self {
        self.with(Layer::Line(line))
    }

    /// Add the area between two lines.
    #[must_use]
    pub fn band(self, band: Band) -> Self {
        self.with(Layer::Band(band))
    }

    /// Add a cloud of points.
    #[must_use]
    pub fn points(self, points: Points) -> Self {
        self.with(Layer::Points(points))
    }

    /// Add bars, as of a histogram.
    #[must_use]
    pub fn bars(self, bars: Bars) -> Self {
        self.with(Layer::Bars(bars))
    }

    /// Add a straight reference line across the whole area.
    #[must_use]
    pub fn rule(self, rule: Rule) -> Self {
        self.with(Layer::Rule(rule))
    }

    /// Add arrows.
    #[must_use]
    pub fn arrows(self, arrows: Arrows) -> Self {
        self.with(Layer::Arrows(arrows))
    }

    /// Add a picture, as of a heat map.
    #[must_use]
    pub fn picture(self, picture: Picture) -> Self {
        self.with(Layer::Picture(picture))
    }

    /// Add a raster of events.
    #[must_use]
    pub fn raster(self, raster: Raster) -> Self {
        self.with(Layer::Raster(raster))
    }

    /// Add a short text.
    #[must_use]
    pub fn note(self, note: Note) -> Self {
        self.with(Layer::Note(note))
    }

    /// Draw the figure as a stand-alone SVG document.
    pub fn to_svg(&self) -> String {
        render::render(self)
    }

    fn with(mut self, layer: Layer) -> Self {
        self.layers.push(layer);
        self
    }
}

#[cfg(test)]
mod tests;
