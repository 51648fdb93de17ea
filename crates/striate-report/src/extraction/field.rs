//! The field of view with its cells.

use ndarray::Array2;

use super::data::ExtractionReport;
use super::panel::{Contours, Panel, legend};
use crate::figure::{ColourMap, colour};
use crate::html::page::Page;

const WIDE: f64 = 578.0;
const NARROW: f64 = 378.0;
/// Longest side of a small image.
const SMALL: usize = 256;

pub(super) fn write(report: &ExtractionReport, page: &mut Page) {
    let images = &report.images;
    let wide = [(&images.mean, MEAN), (&images.correlation, CORRELATION)];
    let narrow = [(&images.max, MAX), (&images.rank, RANK), (&images.noise, NOISE)];
    if wide.iter().chain(&narrow).all(|(image, _)| image.is_none()) {
        return;
    }
    page.section("Field of view", &lead(report));
    let contours = contours(report);
    legend(page, &contours);
    page.raw("<div class=\"figures\">\n");
    for (image, caption) in wide {
        let Some(image) = image else { continue };
        let panel = Panel::new(image, WIDE).contours(&contours, report.contour_level);
        panel.scale(report.pixel_size_um).write(page, caption);
    }
    page.raw("</div>\n<div class=\"figures\">\n");
    for (image, caption) in narrow {
        let Some(image) = image else { continue };
        let mut panel = Panel::new(image, NARROW).most(SMALL);
        if caption == RANK {
            panel = panel.map(ColourMap::Sequential, [0.0, largest(image)]);
        }
        panel.write(page, caption);
    }
    page.raw("</div>\n");
}

const MEAN: &str = "Mean over frames, in units of the recording.";
const CORRELATION: &str =
    "Mean correlation of each pixel with its neighbours: active cells stand out.";
const MAX: &str = "Largest value of each pixel.";
const RANK: &str = "Components of the blocks at each pixel: where denoising found signal.";
const NOISE: &str = "Standard deviation of the noise of each pixel.";

fn largest(image: &Array2<f32>) -> f32 {
    image.iter().copied().filter(|value| value.is_finite()).fold(1.0, f32::max)
}

fn lead(report: &ExtractionReport) -> String {
    if report.cells.is_empty() {
        return "No cells were found.".into();
    }
    format!(
        "Contours enclose the pixels whose weight is at least {} of the cell\u{2019}s largest. Numbers are those of \
         cells.csv; point at a contour to read its number.",
        report.contour_level
    )
}

/// Cells whose traces are shown, and the others.
fn contours(report: &ExtractionReport) -> Vec<Contours<'_>> {
    let is_example = |i: usize| report.examples.iter().any(|example| example.cell == i);
    let group = |examples: bool| {
        let cells = report.cells.iter().enumerate().filter(|(i, _)| is_example(*i) == examples);
        cells.map(|(_, c)| (format!("cell {}", c.id), Some(c.id), &c.footprint)).collect()
    };
    let of =
        |colour, name: &str, cells| Contours { colour, dashed: false, name: name.into(), cells };
    let groups = [
        of(colour::SKY, "cells", group(false)),
        of(colour::ORANGE, "cells with traces below", group(true)),
    ];
    groups.into_iter().filter(|contours| !contours.cells.is_empty()).collect()
}
