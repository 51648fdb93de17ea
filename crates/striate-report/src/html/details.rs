//! What made this run: configuration and provenance.

use std::fmt::Write;

use super::page::Page;
use crate::data::ReportData;

pub(super) fn write(data: &ReportData, page: &mut Page) {
    if data.config.is_empty() && data.provenance.is_empty() {
        return;
    }
    page.section("How to get these numbers again", "");
    let width = data.provenance.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in &data.provenance {
        let _ = writeln!(text, "{name:width$}  {value}");
    }
    if !text.is_empty() {
        page.details("Provenance", &text);
    }
    if !data.config.is_empty() {
        page.details("Configuration", &data.config);
    }
}
