//! What made this run: configuration and provenance.

use std::fmt::Write;

use super::page::Page;

pub(crate) fn write(config: &str, provenance: &[(String, String)], page: &mut Page) {
    if config.is_empty() && provenance.is_empty() {
        return;
    }
    page.section("How to get these numbers again", "");
    let width = provenance.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in provenance {
        let _ = writeln!(text, "{name:width$}  {value}");
    }
    if !text.is_empty() {
        page.details("Provenance", &text);
    }
    if !config.is_empty() {
        page.details("Configuration", config);
    }
}
