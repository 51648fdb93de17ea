//! The first thing a reader sees: facts, notices and the scores.

use std::fmt::Write;

use super::page::Page;
use super::score_table;
use crate::data::ReportData;
use crate::figure::escape;

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
    page.paragraph(beside(data));
    score_table::write(data, page);
    by_session(data, page);
}

/// What the twin is compared with besides.
fn beside(data: &ReportData) -> &'static str {
    if data.beside.is_empty() {
        return "";
    }
    "The twin itself sees no neuron. Without latents it is what it was before they were fitted; given \
     others, each neuron is predicted from those that the condition shows, never from itself. The \
     ceiling is that of a prediction from the stimulus alone: who sees other neurons may pass it."
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
