//! The first thing a reader sees: facts, notices and the table of scores.

use std::fmt::Write;

use super::page::{Page, score};
use crate::data::{ReportData, ScoreRow};
use crate::figure::{Colour, colour, data_uri_svg, escape};

pub(super) fn write(data: &ReportData, page: &mut Page) {
    let mut facts = String::from("<dl class=\"facts\">\n");
    for (name, value) in &data.facts {
        let _ = writeln!(facts, "<div><dt>{}</dt><dd>{}</dd></div>", escape(name), escape(value));
    }
    page.raw(&facts);
    page.raw("</dl>\n");
    for notice in &data.notices {
        page.raw(&format!("<p class=\"notice\">{}</p>\n", escape(notice)));
    }
    if data.tiers.iter().all(|tier| tier.rows.is_empty()) {
        return;
    }
    page.section(
        "Scores",
        "Means over all neurons. The twin stands between its baseline, a linear-nonlinear or ridge \
         model fitted to the same trials, and the noise ceiling that the repeats allow.",
    );
    table(data, page);
    by_session(data, page);
}

fn table(data: &ReportData, page: &mut Page) {
    let rows = data.tiers.iter().flat_map(|tier| &tier.rows);
    let span = scale(rows.flat_map(|r| [r.baseline, r.twin, r.ceiling]).flatten());
    page.raw(
        "<table>\n<tr><th class=\"text\">tier</th><th class=\"text\">measure</th><th>baseline</th>\
         <th>twin</th><th>ceiling</th><th>twin, median</th><th>neurons</th>\
         <th class=\"text\">baseline, twin, ceiling</th></tr>\n",
    );
    for tier in &data.tiers {
        for (i, row) in tier.rows.iter().enumerate() {
            let (class, name) = if i == 0 { (" class=\"tier\"", &*tier.tier) } else { ("", "") };
            page.raw(&format!(
                "<tr{class}><td class=\"text\">{}</td><td class=\"text\">{}</td>\
                 <td class=\"baseline\">{}</td><td class=\"twin\">{}</td><td class=\"ceiling\">{}</td>\
                 <td>{}</td><td>{}</td><td><img alt=\"\" src=\"{}\"></td></tr>\n",
                escape(name),
                escape(&row.metric),
                score(row.baseline),
                score(row.twin),
                score(row.ceiling),
                score(row.twin_median),
                tier.n_neurons,
                data_uri_svg(&strip(row, span)),
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

/// Baseline, twin and ceiling as marks on a line from 0 to `span`.
fn strip(row: &ScoreRow, span: f64) -> String {
    let (width, height) = (220.0, 18.0);
    let place = |value: f64| 6.0 + (width - 12.0) * (value / span).clamp(0.0, 1.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\">\
         <line x1=\"6\" y1=\"9\" x2=\"{}\" y2=\"9\" stroke=\"#d9d9d9\" stroke-width=\"2\"/>",
        width - 6.0
    );
    let finite = |v: Option<f64>| v.filter(|v| v.is_finite());
    if let Some(value) = finite(row.ceiling) {
        tick(&mut out, place(value), colour::CEILING);
    }
    if let Some(value) = finite(row.baseline) {
        tick(&mut out, place(value), colour::BASELINE);
    }
    if let Some(value) = finite(row.twin) {
        let (x, fill) = (place(value), colour::TWIN.css());
        let _ = write!(out, "<circle cx=\"{x:.1}\" cy=\"9\" r=\"4.5\" fill=\"{fill}\"/>");
    }
    out + "</svg>"
}

fn tick(out: &mut String, x: f64, colour: Colour) {
    let stroke = colour.css();
    let _ = write!(
        out,
        "<line x1=\"{x:.1}\" y1=\"2\" x2=\"{x:.1}\" y2=\"16\" stroke=\"{stroke}\" stroke-width=\"2.5\"/>"
    );
}

/// The twin's scores session by session, where there are several.
fn by_session(data: &ReportData, page: &mut Page) {
    let mut text = String::new();
    for tier in &data.tiers {
        for row in tier.rows.iter().filter(|row| row.sessions.len() > 1) {
            let _ = writeln!(text, "{}, {}", tier.tier, row.metric);
            for (session, value) in &row.sessions {
                let _ = writeln!(text, "  {value:7.3}  {session}");
            }
        }
    }
    if !text.is_empty() {
        page.details("Session by session", &text);
    }
}
