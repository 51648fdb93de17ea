//! A page of text, plots and images as one SVG.

use std::fmt::Write;
use std::path::Path;

use striate::base::files::write_atomic;
use striate::report::figure::colour::{CEILING, Colour, INK};
use striate::report::figure::{Plot, escape};

use crate::failure::Failure;

/// Free space around everything, in pixels.
pub(super) const MARGIN: f64 = 16.0;

/// Height of a line of text of a size.
const LEADING: f64 = 1.35;

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text {
    size: f64,
    colour: Colour,
    is_bold: bool,
}

/// What the sheet is of.
pub(super) const TITLE: Text = Text { size: 17.0, colour: INK, is_bold: true };
/// What holds for all of it.
pub(super) const NOTE: Text = Text { size: 12.0, colour: CEILING, is_bold: false };
/// What a part is of.
pub(super) const HEADING: Text = Text { size: 12.0, colour: INK, is_bold: true };
/// Numbers of a part.
pub(super) const SMALL: Text = Text { size: 10.5, colour: INK, is_bold: false };

impl Text {
    /// Height of a line.
    pub(super) fn line(self) -> f64 {
        (self.size * LEADING).ceil()
    }

    /// About how wide a text is.
    pub(super) fn width(self, text: &str) -> f64 {
        text.chars().count() as f64 * self.size * if self.is_bold { 0.58 } else { 0.53 }
    }
}

/// The page being made.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    svg: String,
    /// Right and lower end of what is on it.
    size: [f64; 2],
}

impl Sheet {
    /// A page with its title and some notes.
    pub(super) fn new(title: &str, notes: &[String]) -> Self {
        let mut sheet = Self { svg: String::new(), size: [MARGIN; 2] };
        sheet.line(title, TITLE);
        notes.iter().for_each(|note| sheet.line(note, NOTE));
        sheet
    }

    /// The lower end of what is on it.
    pub(super) fn bottom(&self) -> f64 {
        self.size[1]
    }

    /// A line below everything.
    pub(super) fn line(&mut self, text: &str, style: Text) {
        self.text([MARGIN, self.size[1]], text, style);
    }

    /// A text whose upper left corner is at a place.
    pub(super) fn text(&mut self, [x, y]: [f64; 2], text: &str, style: Text) {
        let (size, weight) = (style.size, if style.is_bold { 600 } else { 400 });
        let _ = write!(
            self.svg,
            "<text x=\"{x:.1}\" y=\"{:.1}\" font-size=\"{size}\" font-weight=\"{weight}\" fill=\"{}\">{}</text>",
            y + size,
            style.colour.css(),
            escape(text)
        );
        self.grow([x + style.width(text), y + style.line()]);
    }

    /// An image by its URI.
    pub(super) fn image(&mut self, [x, y]: [f64; 2], [width, height]: [f64; 2], uri: &str) {
        let _ = write!(
            self.svg,
            "<image x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" href=\"{uri}\"/>"
        );
        self.grow([x + width, y + height]);
    }

    /// A filled rectangle.
    pub(super) fn bar(&mut self, [x, y]: [f64; 2], [width, height]: [f64; 2], colour: Colour) {
        let _ = write!(
            self.svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{}\"/>",
            colour.css()
        );
        self.grow([x + width, y + height]);
    }

    /// A plot of a size.
    pub(super) fn plot(&mut self, [x, y]: [f64; 2], [width, height]: [f64; 2], plot: Plot) {
        let plot = plot.size(width, height).to_svg();
        let _ = write!(self.svg, "<g transform=\"translate({x:.1},{y:.1})\">{plot}</g>");
        self.grow([x + width, y + height]);
    }

    /// Plots of a size side by side, below everything, under a heading and a line of numbers.
    pub(super) fn row(&mut self, heading: [&str; 2], plots: Vec<Plot>, size: [f64; 2]) {
        self.size[1] += HEADING.size;
        for (text, style) in heading.into_iter().zip([HEADING, SMALL]) {
            if !text.is_empty() {
                self.line(text, style);
            }
        }
        let top = self.size[1];
        for (column, plot) in plots.into_iter().enumerate() {
            self.plot([MARGIN + column as f64 * size[0], top], size, plot);
        }
    }

    /// Write it to `path` with the ending `svg`.
    pub(super) fn write(&self, path: &Path) -> Result<(), Failure> {
        let [width, height] = self.size.map(|end| (end + MARGIN).ceil());
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', \
             sans-serif\"><rect width=\"100%\" height=\"100%\" fill=\"white\"/>{}</svg>\n",
            self.svg
        );
        let path = path.with_extension("svg");
        write_atomic(&path, |file| file.write_all(svg.as_bytes()))
            .map_err(|e| Failure::io("cannot write the picture", &e, &path))
    }

    fn grow(&mut self, [right, bottom]: [f64; 2]) {
        self.size = [self.size[0].max(right), self.size[1].max(bottom)];
    }
}
