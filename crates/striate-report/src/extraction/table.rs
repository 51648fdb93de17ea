//! All cells in numbers.

use super::data::{Cell, ExtractionReport};
use super::short;
use crate::html::page::Page;

/// Cells listed; the others are in cells.csv.
const MOST: usize = 200;

const HEADER: [&str; 9] = [
    "cell",
    "y (px)",
    "x (px)",
    "area (px)",
    "strength",
    "peak SNR",
    "skewness",
    "noise (dF/F)",
    "events/min",
];

pub(super) fn write(report: &ExtractionReport, page: &mut Page) {
    if report.cells.is_empty() {
        return;
    }
    page.section("All cells", &lead(report.cells.len()));
    let order = report.by_strength();
    let rows: Vec<_> = order.iter().take(MOST).map(|&i| row(&report.cells[i])).collect();
    page.raw("<div class=\"rows\" tabindex=\"0\" role=\"region\" aria-label=\"All cells\">\n");
    page.table((0, &HEADER), &rows);
    page.raw("</div>\n");
}

fn lead(n_cells: usize) -> String {
    let mut text = "The surest first. Strength: root of the summed squares of what the trace rises above 3 times its \
                    noise, in units of that noise. Peak SNR: largest rise over the noise of a pixel."
        .to_owned();
    if n_cells > MOST {
        text += &format!(" The first {MOST} of {n_cells} cells; cells.csv lists all.");
    }
    text
}

fn row(cell: &Cell) -> Vec<String> {
    let [y, x] = cell.centroid.map(|place| format!("{place:.1}"));
    let numbers = [cell.strength, cell.peak_snr, cell.skewness, cell.noise, cell.events_per_minute];
    let area = cell.footprint.pixels.len().to_string();
    [cell.id.to_string(), y, x, area].into_iter().chain(numbers.map(short)).collect()
}
