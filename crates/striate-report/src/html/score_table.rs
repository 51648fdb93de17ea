//! The scores as tables: every predictor between baseline and ceiling, and the log-likelihood.

use std::fmt::Write;

use striate_score::WITHOUT_LATENTS;

use super::page::{Page, score};
use crate::data::{ReportData, ScoreRow};
use crate::figure::{Colour, colour, data_uri_svg, escape};

pub(super) fn write(data: &ReportData, page: &mut Page) {
    table(data, page);
    bits(data, page);
}

/// A column of scores: its class, its heading, and what it says of a row.
type Column<'a> = (&'static str, &'a str, Box<dyn Fn(&ScoreRow) -> Option<f64>>);

/// The columns, a baseline only where there is one.
fn columns(data: &ReportData) -> Vec<Column<'_>> {
    let mut columns: Vec<Column<'_>> = Vec::new();
    let mut rows = data.tiers.iter().flat_map(|tier| &tier.rows);
    if rows.any(|row| row.baseline.is_some()) {
        columns.push(("baseline", "baseline", Box::new(|row| row.baseline)));
    }
    for (i, name) in data.beside.iter().enumerate() {
        columns.push((class(name), name, Box::new(move |row| *row.beside.get(i)?)));
    }
    // What the latents add stands right of what the twin is by itself.
    let n_before = columns.iter().filter(|(class, _, _)| *class != "given").count();
    columns.insert(n_before, ("twin", "twin", Box::new(|row| row.twin)));
    columns.push(("ceiling", "ceiling", Box::new(|row| row.ceiling)));
    columns
}

/// How a predictor beside the twin is marked.
fn class(predictor: &str) -> &'static str {
    if predictor == WITHOUT_LATENTS { "without" } else { "given" }
}

fn table(data: &ReportData, page: &mut Page) {
    let columns = columns(data);
    let rows = data.tiers.iter().flat_map(|tier| &tier.rows);
    let span = scale(rows.flat_map(|row| columns.iter().filter_map(|(_, _, of)| of(row))));
    page.raw("<table>\n<tr><th class=\"text\">tier</th><th class=\"text\">measure</th>");
    for (class, name, _) in &columns {
        page.raw(&format!("<th class=\"{class}\">{}</th>", escape(name)));
    }
    let names: Vec<&str> = columns.iter().map(|(_, name, _)| *name).collect();
    let strip_name =
        if data.beside.is_empty() { names.join(", ") } else { format!("from 0 to {span:.1}") };
    page.raw(&format!(
        "<th>twin, median</th><th>neurons</th><th class=\"text\">{strip_name}</th></tr>\n"
    ));
    for tier in &data.tiers {
        for (i, row) in tier.rows.iter().enumerate() {
            let (class, name) = if i == 0 { (" class=\"tier\"", &*tier.tier) } else { ("", "") };
            page.raw(&format!(
                "<tr{class}><td class=\"text\">{}</td><td class=\"text\">{}</td>",
                escape(name),
                escape(&row.metric)
            ));
            for (class, _, of) in &columns {
                page.raw(&format!("<td class=\"{class}\">{}</td>", score(of(row))));
            }
            page.raw(&format!(
                "<td>{}</td><td>{}</td><td><img alt=\"\" src=\"{}\"></td></tr>\n",
                score(row.twin_median),
                tier.n_neurons,
                data_uri_svg(&strip(row, &columns, span)),
            ));
        }
    }
    page.raw("</table>\n");
}

/// The upper end of the strips: at least 0.1, at most 1 where nothing lies above.
fn scale(values: impl Iterator<Item = f64>) -> f64 {
    let highest = values.filter(|v| v.is_finite()).fold(0.1, f64::max);
    (highest * 10.0).ceil() / 10.0
}

/// Every column as a mark on a line from 0 to `span`, the twin on top.
fn strip(row: &ScoreRow, columns: &[Column<'_>], span: f64) -> String {
    let (width, height) = (220.0, 18.0);
    let place = |value: f64| 6.0 + (width - 12.0) * (value / span).clamp(0.0, 1.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\">\
         <line x1=\"6\" y1=\"9\" x2=\"{}\" y2=\"9\" stroke=\"#d9d9d9\" stroke-width=\"2\"/>",
        width - 6.0
    );
    let (twin, others): (Vec<_>, Vec<_>) = columns.iter().partition(|(of, _, _)| *of == "twin");
    for (class, _, of) in others.into_iter().chain(twin) {
        let Some(x) = of(row).filter(|value| value.is_finite()).map(place) else { continue };
        match *class {
            "baseline" => tick(&mut out, x, colour::BASELINE),
            "ceiling" => tick(&mut out, x, colour::CEILING),
            "without" => dot(&mut out, x, "#ffffff", colour::WITHOUT),
            "given" => dot(&mut out, x, &colour::GIVEN.css(), colour::GIVEN),
            _ => dot(&mut out, x, &colour::TWIN.css(), colour::TWIN),
        }
    }
    out + "</svg>"
}

fn dot(out: &mut String, x: f64, fill: &str, edge: Colour) {
    let stroke = edge.css();
    let _ = write!(
        out,
        "<circle cx=\"{x:.1}\" cy=\"9\" r=\"4\" fill=\"{fill}\" stroke=\"{stroke}\" \
         stroke-width=\"1.5\"/>"
    );
}

fn tick(out: &mut String, x: f64, colour: Colour) {
    let stroke = colour.css();
    let _ = write!(
        out,
        "<line x1=\"{x:.1}\" y1=\"2\" x2=\"{x:.1}\" y2=\"16\" stroke=\"{stroke}\" stroke-width=\"2.5\"/>"
    );
}

/// The log-likelihood of those that have one.
fn bits(data: &ReportData, page: &mut Page) {
    if data.tiers.iter().all(|tier| tier.bits.is_empty()) {
        return;
    }
    page.heading("Log-likelihood");
    page.paragraph(
        "Bits per neuron and frame, mean over neurons: how likely the recorded responses were, more is \
         better. The conventions differ in what a silent frame counts: C a proper density, B a point \
         mass, A as the code released by Schmidt et al. (2024) counts it. Bits compare only down a \
         column, within one convention, and only on the same responses.",
    );
    let mut rows = Vec::new();
    for tier in &data.tiers {
        for (i, of) in tier.bits.iter().enumerate() {
            let name = if i == 0 { tier.tier.clone() } else { String::new() };
            let bits = [of.density, of.point_mass, of.released].map(score);
            rows.push([vec![name, of.predictor.clone()], bits.into()].concat());
        }
    }
    page.table((2, &["tier", "predictor", "C, density", "B, point mass", "A, as released"]), &rows);
}
