//! An image with contours over it, drawn within the page: it keeps its colours in the dark.

use std::fmt::Write;

use ndarray::Array2;

use super::data::Footprint;
use super::outline::outline;
use super::picture::fitted;
use super::short;
use crate::figure::{Colour, ColourMap, data_uri_image, escape, number};
use crate::html::page::Page;
use crate::picture::stretch;

/// Longest side of an image that is not averaged down.
const MOST_PIXELS: usize = 512;

/// Contours of one colour.
pub(super) struct Contours<'a> {
    pub(super) colour: Colour,
    pub(super) dashed: bool,
    /// What the legend says.
    pub(super) name: String,
    /// What each is called, and its number where it has one.
    pub(super) cells: Vec<(String, Option<usize>, &'a Footprint)>,
}

/// An image and what lies over it.
pub(super) struct Panel<'a> {
    image: &'a Array2<f32>,
    map: ColourMap,
    range: [f32; 2],
    width: f64,
    most: usize,
    contours: &'a [Contours<'a>],
    level: f64,
    scale_um: Option<Option<f64>>,
}

impl<'a> Panel<'a> {
    /// A grey image, `width` pixels wide on the page, stretched over its own values but for a few outliers.
    pub(super) fn new(image: &'a Array2<f32>, width: f64) -> Self {
        let (low, high) = stretch(image);
        let (map, range, most) = (ColourMap::Grey, [low, high], MOST_PIXELS);
        Self { image, map, range, width, most, contours: &[], level: 0.0, scale_um: None }
    }

    pub(super) fn map(self, map: ColourMap, range: [f32; 2]) -> Self {
        Self { map, range, ..self }
    }

    pub(super) fn most(self, most: usize) -> Self {
        Self { most, ..self }
    }

    pub(super) fn contours(self, contours: &'a [Contours<'a>], level: f64) -> Self {
        Self { contours, level, ..self }
    }

    /// With a bar under it, in micrometres where the width of a pixel is known.
    pub(super) fn scale(self, pixel_size_um: Option<f64>) -> Self {
        Self { scale_um: Some(pixel_size_um), ..self }
    }

    /// What the ends of the map stand for.
    pub(super) fn ends(&self) -> String {
        let [low, high] = self.range.map(|value| short(f64::from(value)));
        let averaged = fitted_side(self.image, self.most);
        let averaged = if averaged > 1 {
            format!(" Shown averaged over {averaged} \u{d7} {averaged} pixels.")
        } else {
            String::new()
        };
        match self.map {
            ColourMap::Sequential => format!("Violet {low}, yellow {high}.{averaged}"),
            _ => format!("Black {low}, white {high}.{averaged}"),
        }
    }

    pub(super) fn write(&self, page: &mut Page, caption: &str) {
        let caption = escape(&format!("{caption} {}", self.ends()));
        let svg = self.svg(&caption);
        let width = self.width;
        page.raw(&format!(
            "<figure>{svg}<figcaption style=\"max-width:{width}px\">{caption}</figcaption></figure>\n"
        ));
    }

    /// Image pixels per pixel on the page.
    fn unit(&self) -> f64 {
        self.image.ncols().max(1) as f64 / self.width
    }

    fn svg(&self, label: &str) -> String {
        let (rows, columns) = self.image.dim();
        let below = if self.scale_um.is_some() { 20.0 * self.unit() } else { 0.0 };
        let tall = rows as f64 + below;
        let (small, side) = fitted(self.image, self.most);
        let (height, view) = (number(tall / self.unit()), number(tall));
        let [wide, high] = [small.ncols() * side, small.nrows() * side];
        let mut out = format!(
            "<svg role=\"img\" aria-label=\"{label}\" width=\"{}\" height=\"{height}\" \
             viewBox=\"0 0 {columns} {view}\"><image width=\"{wide}\" height=\"{high}\" \
             preserveAspectRatio=\"none\" href=\"{}\"/>",
            number(self.width),
            data_uri_image(small.view(), self.map, self.range, 1)
        );
        self.contours.iter().for_each(|contours| self.draw(&mut out, contours));
        self.contours.iter().for_each(|contours| self.number(&mut out, contours));
        if let Some(pixel_size_um) = self.scale_um {
            self.bar(&mut out, pixel_size_um);
        }
        out.push_str("</svg>");
        out
    }

    fn draw(&self, out: &mut String, contours: &Contours<'_>) {
        let dashes = if contours.dashed { " stroke-dasharray=\"4 2\"" } else { "" };
        let _ = write!(out, "<g class=\"contours\" stroke=\"{}\"{dashes}>", contours.colour.css());
        for (name, _, footprint) in &contours.cells {
            let path = outline(footprint, self.image.ncols(), self.level);
            if !path.is_empty() {
                let _ = write!(out, "<path d=\"{path}\"><title>{}</title></path>", escape(name));
            }
        }
        out.push_str("</g>");
    }

    /// Numbers at the centres of the pixels, small enough to fit into their cells.
    fn number(&self, out: &mut String, contours: &Contours<'_>) {
        let numbered = || contours.cells.iter().filter_map(|(_, n, f)| Some(((*n)?, *f)));
        let mut areas: Vec<usize> = numbered().map(|(_, f)| f.pixels.len()).collect();
        areas.sort_unstable();
        let Some(&area) = areas.get(areas.len() / 2) else { return };
        let size = (0.55 * (area as f64).sqrt()).clamp(6.0 * self.unit(), 11.0 * self.unit());
        let size = number(size);
        let _ = write!(out, "<g class=\"numbers\" font-size=\"{size}\">");
        for (id, footprint) in numbered() {
            let n = footprint.pixels.len().max(1) as f64;
            let width = self.image.ncols().max(1);
            let mean = |of: &dyn Fn(usize) -> usize| {
                let sum: usize = footprint.pixels.iter().map(|&pixel| of(pixel as usize)).sum();
                number(sum as f64 / n + 0.5)
            };
            let (x, y) = (mean(&|pixel| pixel % width), mean(&|pixel| pixel / width));
            let _ = write!(out, "<text x=\"{x}\" y=\"{y}\" dy=\".35em\">{id}</text>");
        }
        out.push_str("</g>");
    }

    /// A bar of a round length, about a fifth of the image.
    fn bar(&self, out: &mut String, pixel_size_um: Option<f64>) {
        let (rows, columns) = self.image.dim();
        let per_pixel = pixel_size_um.filter(|size| *size > 0.0);
        let (factor, name) = per_pixel.map_or((1.0, "px"), |size| (size, "\u{b5}m"));
        let length = round_length(0.2 * columns as f64 * factor);
        let unit = self.unit();
        let y = rows as f64 + 11.0 * unit;
        let (y, text, end) = (number(y), number(y + 4.0 * unit), length / factor);
        let (right, after) = (number(end), number(end + 6.0 * unit));
        let (thick, size) = (number(3.0 * unit), number(12.0 * unit));
        let _ = write!(
            out,
            "<path d=\"M0 {y}H{right}\" stroke=\"currentColor\" stroke-width=\"{thick}\"/>\
             <text x=\"{after}\" y=\"{text}\" font-size=\"{size}\" fill=\"currentColor\">{length} {name}</text>"
        );
    }
}

fn fitted_side(image: &Array2<f32>, most: usize) -> usize {
    image.nrows().max(image.ncols()).div_ceil(most).max(1)
}

/// The largest of 1, 2, 5 times a power of ten that is not above `most`.
fn round_length(most: f64) -> f64 {
    let power = 10f64.powf(most.max(1e-3).log10().floor());
    let factor = [5.0, 2.0].into_iter().find(|factor| factor * power <= most);
    factor.unwrap_or(1.0) * power
}

/// Which colour means what.
pub(super) fn legend(page: &mut Page, contours: &[Contours<'_>]) {
    page.raw("<ul class=\"legend\">\n");
    for Contours { colour, dashed, name, cells } in contours {
        let dashes = if *dashed { " stroke-dasharray=\"4 2\"" } else { "" };
        page.raw(&format!(
            "<li><svg aria-hidden=\"true\" width=\"22\" height=\"10\"><path d=\"M1 5H21\" \
             stroke=\"{}\" stroke-width=\"2.5\"{dashes}/></svg> {} ({})</li>\n",
            colour.css(),
            escape(name),
            cells.len()
        ));
    }
    page.raw("</ul>\n");
}
