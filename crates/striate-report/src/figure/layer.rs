//! What can be drawn between two axes.

use super::colour::{Colour, ColourMap};

/// One thing drawn.
#[derive(Debug, Clone)]
pub(super) enum Layer {
    Line(Line),
    Band(Band),
    Points(Points),
    Bars(Bars),
    Rule(Rule),
    Arrows(Arrows),
    Picture(Picture),
    Raster(Raster),
    Note(Note),
}

/// A line through points; a value that is not finite interrupts it.
#[derive(Debug, Clone)]
pub struct Line {
    pub(super) x: Vec<f64>,
    pub(super) y: Vec<f64>,
    pub(super) colour: Colour,
    pub(super) width: f64,
    pub(super) opacity: f64,
    pub(super) label: Option<String>,
}

impl Line {
    /// A line through `(x[i], y[i])`; the longer of the two is cut.
    pub fn new(x: &[f64], y: &[f64], colour: Colour) -> Self {
        let (x, y) = (x.to_vec(), y.to_vec());
        Self { x, y, colour, width: 1.4, opacity: 1.0, label: None }
    }

    /// Name the line where it ends.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Set the width in pixels.
    #[must_use]
    pub fn width(mut self, width: f64) -> Self {
        self.width = width;
        self
    }

    /// Set the opacity, 0 to 1.
    #[must_use]
    pub fn opacity(mut self, opacity: f64) -> Self {
        self.opacity = opacity;
        self
    }
}

/// The area between a lower and an upper line.
#[derive(Debug, Clone)]
pub struct Band {
    pub(super) x: Vec<f64>,
    pub(super) low: Vec<f64>,
    pub(super) high: Vec<f64>,
    pub(super) colour: Colour,
}

impl Band {
    /// The area between `low` and `high` over `x`.
    pub fn new(x: &[f64], low: &[f64], high: &[f64], colour: Colour) -> Self {
        Self { x: x.to_vec(), low: low.to_vec(), high: high.to_vec(), colour }
    }
}

/// A cloud of points.
#[derive(Debug, Clone)]
pub struct Points {
    pub(super) x: Vec<f64>,
    pub(super) y: Vec<f64>,
    pub(super) radius: f64,
    pub(super) opacity: f64,
    pub(super) hollow: bool,
    pub(super) colour: ColourBy,
}

/// What decides the colour of a point.
#[derive(Debug, Clone)]
pub enum ColourBy {
    /// The same for all.
    Same(Colour),
    /// A value each, over a range, explained by a bar beside the axes.
    Value {
        /// One value a point.
        values: Vec<f64>,
        /// Values at the two ends of the map.
        range: [f64; 2],
        /// The map.
        map: ColourMap,
        /// What the bar says.
        label: String,
    },
}

impl Points {
    /// Points at `(x[i], y[i])`; the longer of the two is cut, points not finite are left out.
    pub fn new(x: &[f64], y: &[f64], colour: ColourBy) -> Self {
        let radius = match x.len() {
            0..=60 => 3.4,
            61..=600 => 2.6,
            601..=4000 => 1.8,
            _ => 1.1,
        };
        let opacity = if x.len() <= 150 { 0.85 } else { 0.6 };
        Self { x: x.to_vec(), y: y.to_vec(), radius, opacity, hollow: false, colour }
    }

    /// Set the radius in pixels.
    #[must_use]
    pub fn radius(mut self, radius: f64) -> Self {
        self.radius = radius;
        self
    }

    /// Draw rings instead of discs.
    #[must_use]
    pub fn hollow(mut self) -> Self {
        self.hollow = true;
        self
    }
}

/// Bars standing on 0.
#[derive(Debug, Clone)]
pub struct Bars {
    pub(super) edges: Vec<f64>,
    pub(super) heights: Vec<f64>,
    pub(super) colour: Colour,
    pub(super) outline: bool,
}

impl Bars {
    /// A bar of height `heights[i]` from `edges[i]` to `edges[i + 1]`.
    pub fn new(edges: &[f64], heights: &[f64], colour: Colour) -> Self {
        Self { edges: edges.to_vec(), heights: heights.to_vec(), colour, outline: false }
    }

    /// How many of `values` fall into each of `n_bins` equal bins of `range`; the last bin includes
    /// its upper edge, values outside or not finite are left out.
    ///
    /// ```
    /// use striate_report::figure::{Bars, colour};
    /// let bars = Bars::histogram(&[0.1, 0.2, 0.9, 1.0, 7.0], 2, [0.0, 1.0], colour::BLUE);
    /// assert_eq!(bars.heights(), [2.0, 2.0]);
    /// ```
    pub fn histogram(values: &[f64], n_bins: usize, range: [f64; 2], colour: Colour) -> Self {
        let n_bins = n_bins.max(1);
        let width = (range[1] - range[0]) / n_bins as f64;
        let edges = (0..=n_bins).map(|i| range[0] + width * i as f64).collect();
        let mut heights = vec![0.0; n_bins];
        for value in values.iter().filter(|v| (range[0]..=range[1]).contains(v)) {
            heights[(((value - range[0]) / width) as usize).min(n_bins - 1)] += 1.0;
        }
        Self { edges, heights, colour, outline: false }
    }

    /// Draw the outline alone, to lie over other bars.
    #[must_use]
    pub fn outline(mut self) -> Self {
        self.outline = true;
        self
    }

    /// The height of each bar.
    pub fn heights(&self) -> &[f64] {
        &self.heights
    }
}

/// A straight line across the whole area.
#[derive(Debug, Clone)]
pub struct Rule {
    pub(super) place: RulePlace,
    pub(super) colour: Colour,
    pub(super) label: Option<String>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum RulePlace {
    Vertical(f64),
    Horizontal(f64),
    Diagonal,
}

impl Rule {
    /// A vertical line at `x`.
    pub fn vertical(x: f64, colour: Colour) -> Self {
        Self { place: RulePlace::Vertical(x), colour, label: None }
    }

    /// A horizontal line at `y`.
    pub fn horizontal(y: f64, colour: Colour) -> Self {
        Self { place: RulePlace::Horizontal(y), colour, label: None }
    }

    /// The line of equal values.
    pub fn diagonal(colour: Colour) -> Self {
        Self { place: RulePlace::Diagonal, colour, label: None }
    }

    /// Name the line.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }
}

/// Arrows from points to points.
#[derive(Debug, Clone)]
pub struct Arrows {
    pub(super) from: Vec<[f64; 2]>,
    pub(super) to: Vec<[f64; 2]>,
    pub(super) colour: Colour,
}

impl Arrows {
    /// An arrow from each `from[i]` to `to[i]`, as `[x, y]`.
    pub fn new(from: &[[f64; 2]], to: &[[f64; 2]], colour: Colour) -> Self {
        Self { from: from.to_vec(), to: to.to_vec(), colour }
    }
}

/// A picture laid over a rectangle of the axes.
#[derive(Debug, Clone)]
pub struct Picture {
    pub(super) uri: String,
    pub(super) x: [f64; 2],
    pub(super) y: [f64; 2],
    pub(super) bar: Option<([f64; 2], ColourMap, String)>,
}

impl Picture {
    /// A picture, by its URI, whose left and right edges stand at `x`, top and bottom edges at `y`.
    pub fn new(uri: String, x: [f64; 2], y: [f64; 2]) -> Self {
        Self { uri, x, y, bar: None }
    }

    /// Explain its colours by a bar beside the axes.
    #[must_use]
    pub fn bar(mut self, range: [f64; 2], map: ColourMap, label: impl Into<String>) -> Self {
        self.bar = Some((range, map, label.into()));
        self
    }
}

/// Short vertical strokes, one row of events a unit.
#[derive(Debug, Clone)]
pub struct Raster {
    pub(super) rows: Vec<Vec<f64>>,
    pub(super) colour: Colour,
}

impl Raster {
    /// Row `i` has a stroke from `i` to `i + 1` at each of its times.
    pub fn new(rows: Vec<Vec<f64>>, colour: Colour) -> Self {
        Self { rows, colour }
    }
}

/// A short text inside the axes.
#[derive(Debug, Clone)]
pub struct Note {
    pub(super) text: String,
    pub(super) place: [f64; 2],
    pub(super) colour: Colour,
    pub(super) end: bool,
}

impl Note {
    /// A text that begins at `place`, given as fractions of the area from its lower left corner.
    pub fn new(text: impl Into<String>, place: [f64; 2], colour: Colour) -> Self {
        Self { text: text.into(), place, colour, end: false }
    }

    /// Let the text end at its place instead.
    #[must_use]
    pub fn ending(mut self) -> Self {
        self.end = true;
        self
    }
}
